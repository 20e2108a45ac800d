"""Sentences of running text. Where they end is looked for once in a text, however many stretches of it are read."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import lru_cache

SENTENCE_LIMIT = 2_000
# The first character is looked at first: the engine skips to it. Then what it is decides whether a sentence ends there.
SENTENCE_END = re.compile(
    r"""[.!?。！？\n](?:
        (?<=[。！？])
        |(?<=\n)[ \t]*\n
        |(?<=[.!?])(?<!\be\.g.)(?<!\bi\.e.)(?<!\bet[ ]al.)(?<!\bcf.)(?<!\bvs.)[.!?]*(?=[\s"')\]]|$)
    )""",
    re.X,
)


@lru_cache(maxsize=8)
def ends(text: str) -> list[int]:
    """Where the sentences of a text end, in order."""
    return [match.end() for match in SENTENCE_END.finditer(text)]


def sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Ranges of the sentences between two positions, without white space at their ends."""
    cuts = ends(text)
    found = []
    for cut in (*cuts[bisect_right(cuts, start) : bisect_left(cuts, end)], end):
        if (raw := text[start:cut]) and not raw.isspace():
            found.append(trimmed(raw, start))
        start = cut
    return found


def trimmed(raw: str, start: int) -> tuple[int, int]:
    """The range of a stretch that stands at `start`, without white space at its ends."""
    return start + len(raw) - len(raw.lstrip()), start + len(raw.rstrip())


def sentence_at(text: str, start: int, end: int, low: int, high: int) -> tuple[int, int]:
    """The sentence around a match, inside a paragraph that runs from `low` to `high`; a very long one is cut."""
    cuts = ends(text)
    before, after = bisect_right(cuts, start), bisect_left(cuts, max(end, start + 1))
    low = max(low, start - SENTENCE_LIMIT, *cuts[before - 1 : before])
    high = min(high, end + SENTENCE_LIMIT, *cuts[after : after + 1])
    raw = text[low:high]
    return trimmed(raw, low) if raw.strip() else (start, end)


def cut_around(text: str, at: int, limit: int) -> str:
    """A sentence in at most about `limit` characters around the position that matters, whole words, the rest as "…"."""
    if len(text) <= limit:
        return " ".join(text.split())
    left = max(0, min(at - limit // 3, len(text) - limit))
    left = text.rfind(" ", 0, left) + 1 if left else 0
    right = text.find(" ", max(left + limit, at))
    kept = " ".join(text[left : right if right > 0 else len(text)].split())
    return ("… " if left else "") + kept + (" …" if right > 0 else "")
