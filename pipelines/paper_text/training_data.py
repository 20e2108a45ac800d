"""How likely a sentence says what a report's own model was trained on: signs with weights, added up.

A sentence is judged by what it speaks of (amounts, names, kinds of data), what it does with it (gathers, consists of,
is trained on), where it stands, and by what speaks against it (findings, evaluation, other people's models), and by
plain words and pairs of words that reports of many makers share. No sign decides alone. The signs and their weights
are data: `training_data.yaml`, the words `training_data_words.yaml`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

import msgspec

from output.data_files import load
from output.record import QUOTE_LIMIT
from pipelines.paper_text.sentences import Sentence

BEFORE_SHOWN = 300
WORD = re.compile(r"[a-z0][\w-]*")
NUMBER = re.compile(r"\d[\d.,]*")


class Sign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    where: Literal["text", "section", "heading", "before"]
    weight: float
    said: str


class Signs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: float  # of the surest sentence of a passage
    beside: float  # of the sentences beside it
    about: list[str]  # signs that a sentence speaks of data
    bias: float
    signs: list[Sign]
    measured: dict[str, float]


@cache
def rules() -> Signs:
    return load(Path(__file__).parent / "training_data.yaml", Signs)


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights of words and pairs of words in a sentence, and of words in the headings above it."""

    text: dict[str, float]
    section: dict[str, float]


@cache
def words() -> Words:
    return load(Path(__file__).parent / "training_data_words.yaml", Words)


@cache
def expressions() -> list[tuple[Sign, re.Pattern[str]]]:
    return [(sign, re.compile(sign.said, 0 if sign.where == "text" else re.IGNORECASE)) for sign in rules().signs]


def signs_of(sentence: Sentence) -> dict[str, bool]:
    """Which signs of the file a sentence shows; `heading` is the last one above it, `section` all of
    them; a caption stands where there was room."""
    places = {
        "text": sentence.text,
        "section": "" if sentence.caption else sentence.section,
        "heading": sentence.path[-1] if sentence.path and not sentence.caption else "",
        "before": sentence.before[-BEFORE_SHOWN:],
    }
    return {sign.name: expression.search(places[sign.where]) is not None for sign, expression in expressions()}


def words_of(text: str) -> list[str]:
    """Words of a text in small letters, every number as 0."""
    return WORD.findall(NUMBER.sub("0", text.lower()))


def terms_of(sentence: Sentence) -> tuple[set[str], set[str]]:
    """Words and pairs of words of a sentence, and the words of the headings above it."""
    found = words_of(sentence.text)
    pairs = (f"{first} {second}" for first, second in pairwise(found))
    return {*found, *pairs}, set(words_of(sentence.section))


def probability(seen: Mapping[str, bool], sentence: Sentence) -> float:
    """By all signs that are seen, those of the file and those that were measured, and by the sentence's words.

    The sum is exact, so that it does not depend on the order of a set.
    """
    text, section = terms_of(sentence)
    weights = [rules().bias, *(weight for name, weight in sign_weights().items() if seen[name])]
    weights += [words().text.get(term, 0) for term in text] + [words().section.get(term, 0) for term in section]
    return 1 / (1 + math.exp(-math.fsum(weights)))


@cache
def sign_weights() -> dict[str, float]:
    return {sign.name: sign.weight for sign in rules().signs} | rules().measured


def shows(text: str, names: Collection[str]) -> bool:
    """Whether a text shows one of some signs."""
    return any(expression.search(text) for sign, expression in expressions() if sign.name in names)


def passages(scored: Sequence[tuple[Sentence, float]], rules: Signs) -> Iterator[tuple[Sentence, Sentence, float]]:
    """Runs of sentences that say it together: passage, the surest sentence of it, and how likely that one is.

    The surest sentence has to reach the threshold, those beside it in the same run of text only the lower one, and the
    whole has to fit into a quote.
    """
    taken: set[int] = set()
    for seed in sorted(range(len(scored)), key=lambda n: -scored[n][1]):
        surest, likely = scored[seed]
        if likely < rules.threshold:
            return
        if seed in taken:
            continue
        first = last = seed
        while last + 1 not in taken and goes_on(scored, first, last + 1, rules.beside):
            last += 1
        while first - 1 not in taken and goes_on(scored, first - 1, last, rules.beside):
            first -= 1
        taken.update(range(first, last + 1))
        begin, end = scored[first][0], scored[last][0]
        yield Sentence(surest.flow, begin.start, end.end, surest.path, begin.before), surest, likely


def goes_on(scored: Sequence[tuple[Sentence, float]], first: int, last: int, least: float) -> bool:
    """Whether the sentences `first` to `last`, one of which is new, make one quote."""
    if first < 0 or last >= len(scored) or min(scored[first][1], scored[last][1]) < least:
        return False
    begin, end = scored[first][0], scored[last][0]
    return begin.flow is end.flow and end.flow.places[end.end - 1] - begin.flow.places[begin.start] < QUOTE_LIMIT
