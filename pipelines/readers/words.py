"""Words of any stretch of a text, counted without going over it again."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
PLANE = 0x10000  # characters of the table; rarer ones are looked at one by one
IN_WORD, WHOLE_WORD = 1, 2
ONE_EACH = ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7AF))


@cache
def kinds_of_characters() -> NDArray[np.uint8]:
    """Which characters belong to words, and which are one each (Chinese, Japanese, Korean)."""
    kinds = np.fromiter(map(str.isalnum, map(chr, range(PLANE))), np.uint8, PLANE)
    for first, last in ONE_EACH:
        kinds[first : last + 1] = WHOLE_WORD
    return kinds


def kinds_in(text: str) -> NDArray[np.uint8]:
    """The kind of each character of a text."""
    if text.isascii():
        return kinds_of_characters()[np.frombuffer(text.encode(), np.uint8)]
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds = kinds_of_characters()[np.minimum(codes, PLANE - 1)]
    for at in np.flatnonzero(codes >= PLANE):
        kinds[at] = chr(codes[at]).isalnum()
    return kinds


def count_words(text: str) -> int:
    """`len(WORD.findall(text))`."""
    kinds = kinds_in(text)
    going_on = (kinds[1:] == IN_WORD) & (kinds[:-1] == IN_WORD)
    return int(np.count_nonzero(kinds) - np.count_nonzero(going_on))


class WordCount:
    """`between(a, b)` is `len(WORD.findall(text, a, b))`."""

    def __init__(self, text: str) -> None:
        kinds = kinds_in(text)
        goes_on = np.zeros(len(kinds) + 1, np.bool_)
        goes_on[1:-1] = (kinds[1:] == IN_WORD) & (kinds[:-1] == IN_WORD)
        self.goes_on = goes_on
        self.before = np.concatenate(([0], np.cumsum((kinds != 0) & ~goes_on[:-1])))

    def between(self, start: int, end: int) -> int:
        """Words that stand between two positions, also those that are cut there."""
        start, end = min(start, len(self.before) - 1), min(end, len(self.before) - 1)
        return int(self.before[end] - self.before[start]) + bool(self.goes_on[start]) if start < end else 0
