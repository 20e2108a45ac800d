"""What a licence covers in a sentence: code, weights, data, documentation or the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from pipelines.licenses.lexicon import lexicon
from pipelines.licenses.mentions import Mention, Unit
from pipelines.readers.markdown import Card

FOR = re.compile(r"[\s)\]`*'\"]{0,4}(?:licen[cs]es?\s+)?(?:for|to|covers|applies to)\s", re.I)
SAME = re.compile(
    r"[\s,，、/&\])》`*]*(?:(?:and|or|plus|和|与|及|以及|或|または)\s*)?(?:also\s+)?(?:the\s+)?[\[(《`*\s]*", re.I
)


@dataclass(frozen=True)
class Word:
    """A word for something that a licence covers."""

    start: int
    end: int
    part: str


def words_of(text: str, start: int = 0, end: int | None = None) -> list[Word]:
    """Words for what is covered. Of words that stand side by side the last counts: model code is code."""
    found: list[Word] = []
    for match in lexicon().part.finditer(text, start, len(text) if end is None else end):
        word = Word(match.start(), match.end(), str(match.lastgroup))
        beside = found and not text[found[-1].end : word.start].strip(" \n-_/的")
        if beside and len(text[found[-1].end : word.start]) <= 2 and "/" not in text[found[-1].end : word.start]:
            before = found.pop()
            word = replace(before, end=word.end) if word.part == "own" else replace(word, start=before.start)
        found.append(word)
    return found


def kinds(words: list[Word]) -> tuple[str, ...]:
    """The parts that are named; a word for the whole counts only where it is not the place of another."""
    return tuple(dict.fromkeys(w.part for w in words))


def covered_by(text: str, words: list[Word], start: int) -> tuple[str, ...]:
    """The parts that words before a licence stand for: "code and weights" are two, "code for the model" is one."""
    if any(w.part != "own" for w in words):
        words = [w for w in words if w.part != "own" or not is_place(text, w, words, start)]
    rules, kept = lexicon(), words[:1]
    for last, word in pairwise(words):
        between = text[last.end : word.start]
        if len(between) < 80 and rules.pattern("both").search(between):
            kept.append(word)
        elif not rules.pattern("first").search(between):
            kept = [word]
    return kinds(kept)


def is_place(text: str, word: Word, words: list[Word], start: int) -> bool:
    before = text[max(start, word.start - 30) : word.start]
    after = any(w.part != "own" and 0 <= w.start - word.end <= 3 for w in words)
    if after or lexicon().pattern("place").search(before):
        return True
    return lexicon().pattern("placed").match(text, word.end) is not None


def assigned(
    card: Card, unit: Unit, named: list[Mention], words: list[Word]
) -> Iterator[tuple[list[Mention], tuple[str, ...], int, int]]:
    """Licences with the parts they cover and the passage that says so.

    A licence covers what is named before it, since the licence before; or what follows a "for".
    """
    text = card.visible
    words = [w for w in words if not any(m.start <= w.start < m.end for m in named)]
    groups: list[tuple[list[Mention], tuple[str, ...], int, int]] = []
    begin, used = unit.start, unit.start
    for index, mention in enumerate(named):
        stop = named[index + 1].start if index + 1 < len(named) else unit.end
        before = [w for w in words if used <= w.start < mention.start]
        after = [w for w in words if mention.end <= w.start < stop]
        if groups and not before and SAME.fullmatch(text, groups[-1][0][-1].end, mention.start):
            group, parts, first, _ = groups[-1]
            groups[-1] = ([*group, mention], parts, first, mention.end)
            begin = used = mention.end
            continue
        end = used = mention.end
        if (
            after
            and (FOR.match(text, mention.end) or not (before or groups))
            and not text[mention.end : after[0].start].count(",")
        ):
            before, end, used = after, after[-1].end, after[-1].end
        elif groups and not before and FOR.match(text, mention.end):
            groups.append(([mention], groups[-1][1], begin, end))  # "MIT for the one half, BSD for the other"
            begin = end
            continue
        elif groups and not before:
            begin = mention.end
            continue  # the same licence again, or one of which the sentence does not say what it covers
        groups.append(([mention], covered_by(text, before, unit.start), begin, end))
        begin = end
    if groups:
        group, parts, first, _ = groups[-1]
        groups[-1] = (group, parts, first, unit.end)
    yield from groups
