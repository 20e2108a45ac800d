"""Slips of the pen in the text of a licence: one wrong letter in a long word, a missing space, a space too many."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_lowercase

import numpy as np

from license_rules.index import index
from license_rules.matcher import Region, runs
from license_rules.tokens import Tokens, Words, hash_all, mix

LEAST_LETTERS = 6  # of a word with a wrong letter: `sell` and `tell` are two words
MOST_LETTERS = 24
MOST_WORDS = 20  # looked at in a text


def mend(tokens: Tokens, regions: list[Region]) -> Tokens:
    """The words with the slips put right that stand between words of a known text; the same tokens if there are none.

    A word counts as meant only where it and the words on both sides are together what the text found there has.
    """
    places = ((*place, region) for region in regions if region.changes for place in unexplained(region))
    fixed = {}
    for first, last, region in list(places)[:MOST_WORDS]:
        if first >= 2 and last < len(tokens.words) and (parts := meant(tokens, first, last, region)):
            fixed[first] = (last, parts)
    return replaced(tokens, fixed) if fixed else tokens


def unexplained(region: Region) -> Iterator[tuple[int, int]]:
    for first, last in runs(~(region.covered | region.slots)):
        if last - first <= 2:
            yield region.first + first, region.first + last


def meant(tokens: Tokens, first: int, last: int, region: Region) -> list[str]:
    """The words that the licence has in place of `first` to before `last`, or none."""
    known = index().marked(region.reference)[0]
    before, behind = tokens.words[first - 2 : first], tokens.words[last]
    start, end = tokens.span(first, last)
    word = "".join(tokens.text[start:end].split())
    if not word.isalpha() or not word.isascii() or len(word) > MOST_LETTERS:
        return []

    def fits(*words: Words) -> int | None:
        line = [np.broadcast_to(w, words[0].shape) for w in (before[0], before[1], *words, behind)]
        found = [np.isin(index().lookup(mix(*line[n : n + 3])), known) for n in range(len(line) - 2)]
        hits = np.flatnonzero(np.logical_and.reduce(found))
        return int(hits[0]) if len(hits) else None

    if last - first == 2:
        return [word] if fits(hash_all([word])) is not None else []
    cuts = range(1, len(word))
    if (
        len(word) > 2
        and (at := fits(hash_all([word[:n] for n in cuts]), hash_all([word[n:] for n in cuts]))) is not None
    ):
        return [word[: at + 1], word[at + 1 :]]
    near = list(neighbours(word)) if len(word) >= LEAST_LETTERS else []
    return [near[at]] if near and (at := fits(hash_all(near))) is not None else []


def neighbours(word: str) -> Iterator[str]:
    """Words that differ in one letter, or in two that changed places."""
    for n in range(len(word) + 1):
        head, tail = word[:n], word[n:]
        yield from (head + letter + tail for letter in ascii_lowercase)
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in ascii_lowercase)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]


def replaced(tokens: Tokens, fixed: dict[int, tuple[int, list[str]]]) -> Tokens:
    words, spans, at = [], [], 0
    for first, (last, parts) in sorted(fixed.items()):
        start, end = tokens.span(first, last)
        cut = start + len(parts[0]) if len(parts) > 1 else end
        words += [tokens.words[at:first], hash_all(parts)]
        spans += [tokens.spans[at:first], np.array([(start, cut), (cut, end)][: len(parts)])]
        at = last
    return Tokens(tokens.text, np.concatenate([*words, tokens.words[at:]]), np.concatenate([*spans, tokens.spans[at:]]))
