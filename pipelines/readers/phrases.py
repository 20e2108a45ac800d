"""Many patterns over one text: a pattern is tried only where a word that it cannot do without stands.

Python's engine tries each alternative of a long pattern at each character. Most patterns of a lexicon hold a literal
word; looking for that word first costs a fraction.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

_parser: Any = importlib.import_module("re._parser")

T = TypeVar("T")

SHORTEST = 2  # a shorter literal stands everywhere, unless it is not ASCII


class Phrase(NamedTuple):
    """A pattern and lower-case literals of which every match holds one; no literals: it must always be tried."""

    pattern: re.Pattern[str]
    literals: tuple[str, ...]

    def may_match(self, lower: str) -> bool:
        return not self.literals or holds_any(lower, self.literals)

    def found_in(self, text: str) -> bool:
        return self.may_match(text.lower()) and bool(self.pattern.search(text))


def holds_any(lower: str, literals: Iterable[str]) -> bool:
    return any(map(lower.__contains__, literals))


class Phrasebook(Generic[T]):
    """Phrases under keys; asked once for a document which of them it can match at all."""

    def __init__(self, entries: Iterable[tuple[T, Phrase]]) -> None:
        self.entries = tuple(entries)
        self.literals = tuple({literal: None for _, phrase in self.entries for literal in phrase.literals})

    def live(self, lower: str, words: str | None = None) -> Phrasebook[T]:
        """The phrases that a text in lower case may match; `literals` are then those that stand in it.

        `words` is a shorter text with every ASCII word of it, where somebody has made one.
        """
        short = lower if words is None else words
        there = {w for w in self.literals if (short if w.isascii() and w.isalnum() else lower).find(w) >= 0}
        book = Phrasebook((k, p) for k, p in self.entries if not p.literals or not there.isdisjoint(p.literals))
        book.literals = tuple(literal for literal in self.literals if literal in there)
        return book

    def reads(self, lower: str) -> bool:
        """Whether a stretch may match any phrase that has literals."""
        return holds_any(lower, self.literals)


def phrase(pattern: re.Pattern[str]) -> Phrase:
    return Phrase(pattern, required(pattern.pattern, pattern.flags))


def lowered(text: str) -> str:
    """Lower case of the same length, so that positions stay."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


@lru_cache(maxsize=4096)
def required(pattern: str, flags: int = 0) -> tuple[str, ...]:
    """Lower-case literals of which every match of a pattern holds at least one; () where none is certain."""
    found = walk(_parser.parse(pattern, flags))
    return tuple(sorted(found)) if found and all(len(f) >= SHORTEST or not f.isascii() for f in found) else ()


def walk(parsed: Any) -> frozenset[str]:
    """The best set of literals of a sequence: the one whose shortest member is longest."""
    best: frozenset[str] = frozenset()
    run = ""
    for op, value in parsed:
        name = str(op)
        if name == "LITERAL":
            run += chr(value).lower()
            continue
        if name in ("AT", "ASSERT", "ASSERT_NOT"):
            continue
        best, run = better(best, frozenset([run] if run else [])), ""
        if name == "SUBPATTERN":
            best = better(best, walk(value[-1]))
        elif name == "BRANCH":
            branches = [walk(branch) for branch in value[1]]
            if all(branches):
                best = better(best, frozenset().union(*branches))
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and value[0] > 0:
            best = better(best, walk(value[2]))
    return better(best, frozenset([run] if run else []))


def better(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    return max(one, other, key=lambda found: min(map(len, found), default=0))
