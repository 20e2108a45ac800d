"""Promises and refusals of code, in the words of a README or a card."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from output.data_files import load
from pipelines.readers.phrases import Phrase
from pipelines.readers.sentences import cut_around, sentences

MOST = 10
SHOWN = 160  # characters of a sentence in a statement
NEAR = 100  # characters before what a rule finds, and
NEAR_AFTER = 60  # after it, among which a word for code must stand
MOST_LINES = 5000
LONGEST_LINE = 1000


class Promise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    says: Literal["promised", "refused"]
    pattern: str


class Promises(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    about: str
    about_code: str
    not_about: str
    rules: list[Promise]


@cache
def rules() -> Promises:
    return load(Path(__file__).with_suffix(".yaml"), Promises)


@cache
def phrases() -> tuple[tuple[Promise, Phrase], ...]:
    return tuple((rule, Phrase(re.compile(rule.pattern, re.IGNORECASE))) for rule in rules().rules)


class Promised(NamedTuple):
    """A sentence from `start` to `end`, whose words of promise begin at `at`, in characters."""

    promise: Promise
    start: int
    end: int
    at: int

    def said(self, text: str) -> str:
        return cut_around(text[self.start : self.end], self.at - self.start, SHOWN)


def promised(text: str, about: str) -> Iterator[Promised]:
    """Sentences that promise or refuse what `about` finds near by; at most ten."""
    return islice(found(text, Phrase(re.compile(about, re.IGNORECASE))), MOST)


def found(text: str, about: Phrase) -> Iterator[Promised]:
    not_about = re.compile(rules().not_about, re.IGNORECASE)
    at = 0
    for line in text.split("\n", MOST_LINES)[:MOST_LINES]:
        lower = line.lower()
        maybe = [(rule, p.pattern) for rule, p in phrases() if p.may_match(lower)] if about.may_match(lower) else []
        for start, end in sentences(line, 0, min(len(line), LONGEST_LINE)) if maybe else ():
            sentence = line[start:end]
            hits = ((rule, hit) for rule, pattern in maybe if (hit := near(pattern, sentence, about.pattern)))
            first = next(hits, None)
            if first and not not_about.search(sentence):
                yield Promised(first[0], at + start, at + end, at + start + first[1].start())
        at += len(line) + 1


def near(pattern: re.Pattern[str], sentence: str, about: re.Pattern[str]) -> re.Match[str] | None:
    """The first thing that a pattern finds with a word of `about` near by."""
    for hit in pattern.finditer(sentence):
        if about.search(sentence[max(0, hit.start() - NEAR) : hit.end() + NEAR_AFTER]):
            return hit
    return None


def in_words(who: str, one: Promised, text: str) -> str:
    does = "says that code is not provided" if one.promise.says == "refused" else "promises code"
    return f"{who} {does}: “{one.said(text)}”."
