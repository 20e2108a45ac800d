"""Many patterns over one text: a pattern is tried only where a word that it cannot do without stands.

Python's engine tries each alternative of a long pattern at each character. Most patterns of a lexicon hold a literal
word; one pass of an automaton (Aho and Corasick 1975) says where all the words of a lexicon stand, and patterns are
tried there alone.
"""

from __future__ import annotations

import importlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any, Generic, Protocol, TypeVar

from ahocorasick_rs import AhoCorasick, Implementation

T = TypeVar("T")
H = TypeVar("H", covariant=True)

SHORT = 300  # characters of a text, an address say, for which an automaton is too much
SHORTEST = 2  # a shorter literal stands everywhere, unless it is not ASCII

Hit = tuple[int, int, int]  # number of a literal, its start, its end
END_OF_HIT = itemgetter(2)


class Phrase:
    """A pattern and lower-case literals of which every match holds one; no literals: it must always be tried."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern

    @cached_property
    def literals(self) -> tuple[str, ...]:
        return required(self.pattern.pattern, self.pattern.flags)

    @cached_property
    def heads(self) -> re.Pattern[str] | None:
        """How a match begins in lower case, where that is known."""
        heads = beginnings(self.pattern.pattern, self.pattern.flags)
        return re.compile("|".join(map(re.escape, heads))) if heads else None

    def first(self, text: str, lower: str, start: int, end: int) -> re.Match[str] | None:
        """As `pattern.search(text, start, end)`; `lower` is the whole text in lower case."""
        if self.heads is None:
            return self.pattern.search(text, start, end)
        while head := self.heads.search(lower, start, end):
            start = head.start()
            if match := self.pattern.match(text, start, end):
                return match
            start += 1
        return None

    def may_match(self, lower: str) -> bool:
        return not self.literals or holds_any(lower, self.literals)

    def search(self, text: str) -> re.Match[str] | None:
        """As the pattern's own."""
        lower = lowered(text)
        return self.first(text, lower, 0, len(text)) if self.may_match(lower) else None

    def found_in(self, text: str) -> bool:
        return self.search(text) is not None


def holds_any(lower: str, literals: Iterable[str]) -> bool:
    return any(map(lower.__contains__, literals))


class Findable(Protocol[H]):
    """Words that can be looked for in a text."""

    def within(self, scan: Scan, /) -> H: ...


class Hits:
    """Where the literals stand in one text, in the order in which they end.

    `numbers` gives the literals their numbers where they were looked for together with others.
    """

    def __init__(self, hits: list[Hit], numbers: Sequence[int] | None = None) -> None:
        self.hits = hits
        self.numbers = numbers
        self.ends = list(map(END_OF_HIT, hits))

    def inside(self, start: int, end: int) -> list[Hit]:
        """Those that stand wholly between two positions."""
        first = bisect_right(self.ends, start)
        last = bisect_right(self.ends, end, first)
        if first == last:
            return []
        found, numbers = self.hits[first:last], self.numbers
        if numbers is None:
            return [hit for hit in found if hit[1] >= start]
        return [(numbers[number], at, upto) for number, at, upto in found if at >= start]

    def stand_in(self, start: int, end: int) -> bool:
        first = bisect_right(self.ends, start)
        if first == len(self.ends) or self.ends[first] > end:
            return False
        return self.hits[first][1] >= start or bool(self.inside(start, end))

    def only(self, wanted: frozenset[int]) -> Hits:
        numbers = self.numbers
        return Hits([hit for hit in self.hits if (numbers[hit[0]] if numbers else hit[0]) in wanted], numbers)


class Literals:
    """Lower-case literals that are looked for together."""

    def __init__(self, literals: Iterable[str]) -> None:
        self.literals = tuple(dict.fromkeys(literals))

    @cached_property
    def automaton(self) -> AhoCorasick:
        return AhoCorasick(self.literals, implementation=Implementation.DFA)

    def over(self, lower: str) -> Hits:
        """Where they stand in a text in lower case, also where they overlap."""
        if not self.literals:
            return Hits([])
        try:
            return Hits(self.automaton.find_matches_as_indexes(lower, overlapping=True))
        except UnicodeEncodeError:  # half of a surrogate pair, as a PDF may hold it
            return self.over(lower.encode("utf-8", "replace").decode())

    def within(self, scan: Scan) -> Hits:
        return scan.hits(self)


class Together:
    """Many sets of literals in one automaton: what stands where is found for all of them in one pass over a text."""

    def __init__(self, members: Iterable[Literals]) -> None:
        self.literals = Literals(literal for member in members for literal in member.literals)
        self.numbers = {member: self.numbers_of(member) for member in members}

    def numbers_of(self, member: Literals) -> list[int]:
        """For each literal its number in one set, -1 where it is none of it."""
        own = {literal: number for number, literal in enumerate(member.literals)}
        return [own.get(literal, -1) for literal in self.literals.literals]


class Scan:
    """A text in lower case that is asked for many sets of literals: the first question finds those of all lexicons.

    A set that no text was asked for before joins the others, so all passes but those of the first text are shared.
    """

    together = Together(())

    def __init__(self, lower: str) -> None:
        self.lower = lower
        self.all: list[Hit] = []
        self.asked: Together | None = None

    def hits(self, literals: Literals) -> Hits:
        if self.asked is None or literals not in self.asked.numbers:
            if literals not in Scan.together.numbers:
                Scan.together = Together((*Scan.together.numbers, literals))
            self.asked = Scan.together
            self.all = self.asked.literals.over(self.lower).hits
        numbers = self.asked.numbers[literals]
        return Hits([hit for hit in self.all if numbers[hit[0]] >= 0], numbers)


class Found(Generic[T]):
    """The phrases of a book over one text."""

    def __init__(self, book: Phrasebook[T], hits: Hits) -> None:
        self.book, self.hits = book, hits

    def inside(self, start: int, end: int) -> Sequence[tuple[T, Phrase]]:
        """Phrases that may match between two positions, in the order of the book."""
        book, hits = self.book, self.hits.inside(start, end)
        if not hits:
            return book.always
        numbers = set(book.always_numbers)
        for number, _, _ in hits:
            numbers.update(book.holders[number])
        return [book.entries[n] for n in sorted(numbers)]

    def stand_in(self, start: int, end: int) -> bool:
        """Whether any phrase that has literals may match between two positions."""
        return self.hits.stand_in(start, end)


class Phrasebook(Generic[T]):
    """Phrases under keys; asked once for a document where each of them may match."""

    def __init__(self, entries: Iterable[tuple[T, Phrase]]) -> None:
        self.entries = tuple(entries)
        holders: dict[str, list[int]] = {}
        for number, (_, one) in enumerate(self.entries):
            for literal in one.literals:
                holders.setdefault(literal, []).append(number)
        self.literals = Literals(holders)
        self.holders = tuple(holders.values())  # entries of each literal
        self.always_numbers = tuple(n for n, (_, one) in enumerate(self.entries) if not one.literals)
        self.always = tuple(self.entries[n] for n in self.always_numbers)

    def over(self, lower: str) -> Found[T]:
        """The book over a text in lower case."""
        return Found(self, self.literals.over(lower))

    def within(self, scan: Scan) -> Found[T]:
        return Found(self, scan.hits(self.literals))

    def numbers(self, wanted: Callable[[T], bool]) -> frozenset[int]:
        """Numbers of the literals that lead to an entry under a wanted key."""
        return frozenset(
            n for n, holders in enumerate(self.holders) if any(wanted(self.entries[h][0]) for h in holders)
        )


class Anchored:
    """A pattern whose matches all begin with one of some literals: it is tried where one of these stands."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.heads = Literals(beginnings(pattern.pattern, pattern.flags))

    def finditer(self, text: str, after: int = 0) -> Iterator[re.Match[str]]:
        """As the pattern's own."""
        if not self.heads.literals:
            yield from self.pattern.finditer(text, after)
            return
        for start in self.starts(text):
            match = self.pattern.match(text, start) if start >= after else None
            if match:
                yield match
                after = match.end()

    def starts(self, text: str) -> Iterable[int]:
        if len(text) <= SHORT:
            return [m.start() for m in self.any_head.finditer(lowered(text))]
        return sorted({start for _, start, _ in self.heads.over(lowered_whole(text)).hits})

    @cached_property
    def any_head(self) -> re.Pattern[str]:
        return re.compile(f"(?={'|'.join(map(re.escape, self.heads.literals))})")

    def search(self, text: str) -> re.Match[str] | None:
        """As the pattern's own."""
        return next(self.finditer(text), None)


@lru_cache(maxsize=8)
def lowered_whole(text: str) -> str:
    """Lower case of a whole document, which several patterns ask for."""
    return lowered(text)


def lowered(text: str) -> str:
    """Lower case of the same length, so that positions stay; `re.IGNORECASE` takes these letters for an s and an i."""
    return text.lower() if text.isascii() else text.replace("ſ", "s").replace("ı", "i").replace("İ", "i").lower()


@lru_cache(maxsize=4096)
def required(pattern: str, flags: int = 0) -> tuple[str, ...]:
    """Lower-case literals of which every match of a pattern holds at least one; () where none is certain."""
    found = walk(parsed(pattern, flags))
    return tuple(sorted(found)) if all(len(f) >= SHORTEST or not f.isascii() for f in found) else ()


@lru_cache(maxsize=256)
def beginnings(pattern: str, flags: int = 0) -> tuple[str, ...]:
    """Lower-case literals of which every match of a pattern begins with one; () where none is certain."""
    found = {text for text, _ in shortest({(text, False) for text, _ in heads(parsed(pattern, flags))})}
    return (
        tuple(sorted(found))
        if all(len(f) >= SHORTEST or (f and not (f.isascii() and f.isalnum())) for f in found)
        else ()
    )


def parsed(pattern: str, flags: int) -> list[tuple[str, Any]]:
    """A pattern as Python's own parser sees it: names of operations with their arguments.

    The parser is no public part of `re`. Should it go, every pattern is tried everywhere: slower, and the same.
    """
    try:
        parser: Any = importlib.import_module("re._parser")
    except ModuleNotFoundError:
        return []
    return named(parser.parse(pattern, flags))


def named(items: Any) -> list[tuple[str, Any]]:
    return [(str(op), value) for op, value in items]


def walk(items: list[tuple[str, Any]]) -> frozenset[str]:
    """The best set of literals of a sequence: the one whose shortest member is longest."""
    best: frozenset[str] = frozenset()
    run = ""
    for op, value in items:
        if op == "LITERAL":
            run += chr(value).lower()
            continue
        if op in NO_WIDTH:
            continue
        best, run = better(best, frozenset([run] if run else [])), ""
        if op == "SUBPATTERN":
            best = better(best, walk(named(value[-1])))
        elif op == "BRANCH":
            branches = [walk(named(branch)) for branch in value[1]]
            if all(branches):
                best = better(best, frozenset().union(*branches))
        elif op in REPEATS and value[0] > 0:
            best = better(best, walk(named(value[2])))
    return better(best, frozenset([run] if run else []))


def better(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    return max(one, other, key=lambda found: min(map(len, found), default=0))


NO_WIDTH = ("AT", "ASSERT", "ASSERT_NOT")
REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
MOST_HEADS = 64
HEAD_LENGTH = 12  # a longer beginning tells no more

Head = tuple[str, bool]  # how a match begins, and whether what was read of the sequence ends there


def heads(items: list[tuple[str, Any]]) -> frozenset[Head]:
    """How the matches of a sequence begin."""
    found: frozenset[Head] = frozenset([("", True)])
    for op, value in items:
        if not any(ends for _, ends in found):
            break
        nexts = step(op, value)
        longer = {
            (text + more, e and len(text + more) < HEAD_LENGTH) for text, ends in found if ends for more, e in nexts
        }
        grown = shortest(longer | {head for head in found if not head[1]})
        if len(grown) > MOST_HEADS:
            return frozenset((text, False) for text, _ in found)
        found = grown
    return found


def shortest(found: set[Head]) -> frozenset[Head]:
    """Without beginnings that a shorter one covers."""
    closed = tuple(text for text, ends in found if not ends)
    return frozenset(h for h in found if not any(h[0].startswith(c) and h != (c, False) for c in closed))


def step(op: str, value: Any) -> frozenset[Head]:
    """How the matches of one operation begin."""
    if op == "LITERAL":
        return frozenset([(chr(value).lower(), True)])
    if op in NO_WIDTH:
        return frozenset([("", True)])
    if op == "IN" and all(str(kind) == "LITERAL" for kind, _ in value):
        return frozenset((chr(code).lower(), True) for _, code in value)
    if op == "SUBPATTERN":
        return heads(named(value[-1]))
    if op == "BRANCH":
        return frozenset().union(*(heads(named(branch)) for branch in value[1]))
    if op in REPEATS:
        least, most, inner = value
        once = frozenset((text, ends and most == 1) for text, ends in heads(named(inner)))
        return once if least else once | {("", True)}
    return frozenset([("", False)])
