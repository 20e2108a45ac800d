"""Licence text as words that can be compared, each with its place in the text.

Follows the SPDX matching guidelines (https://spdx.github.io/spdx-spec/v2.3/license-matching-guidelines-and-templates/):
case, punctuation, white space, comment signs, bullets, copyright notices and spelling variants do not count. What does
not count is blanked by as many spaces, so that offsets stay true.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from license_rules.weight import lexicon, limits

Words = npt.NDArray[np.uint32]

READ_LIMIT = 2_000_000
"""Characters of a text that are looked at; no licence is a tenth as long."""

SAME = {
    "licence": "license", "licences": "licenses", "licenced": "licensed", "sublicence": "sublicense",
    "organisation": "organization", "organisations": "organizations", "favour": "favor", "honour": "honor",
    "judgement": "judgment", "merchantibility": "merchantability", "whilst": "while", "wilful": "willful",
    "acknowledgement": "acknowledgment", "owner": "holder", "owners": "holders", "https": "http",
    "redistribution": "redistributions", "executable": "binary", "executables": "binaries", "must": "shall",
}  # fmt: skip

_HTML = re.compile(r"</(?:p|div|body|html|a|li|span|td|pre|h\d|em|strong|b|i)>", re.I)
_TAG = re.compile(r"<(?:[a-zA-Z/][^<>]{0,2000}|!--[^<>]{0,2000}--)>|&[a-zA-Z]{2,8};")
_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|[lr][ds]quo|[mn]dash|copy|reg|bull|middot|sect|hellip|#x?[\da-f]{2,5});"
)
_SCRIPT = re.compile(r"<(script|style)\b[^>]{0,500}>.{0,200000}?</\1>", re.I | re.S)
_SIGNS = r"""[ \t*#>/;%|"'\-.\u2022\u00b7]{0,40}"""
_BULLET = re.compile(
    rf"\n{_SIGNS}\(?(?:(?:\d{{1,2}}|[a-z]|[ivx]{{2,5}})[.):]|\d{{1,2}}(?:\.\d{{1,2}}){{1,3}}[.):]?)(?=[\s*])"
)
_INLINE_BULLET = re.compile(r"\((?:[a-z]|[ivx]{2,5}|\d{1,2})\)")
_HALF_BULLET = re.compile(r" (?:[a-z]\)|[ivx]{2,5}\)|\d{1,2}(?:\)|\.(?= )))")
_COPYRIGHT = re.compile(
    rf"""\n{_SIGNS}(?:(?:portions|parts)[ \t]+)?"""
    r"""(?:(?:copyrights?\b[ \t]*(?:notice[ \t]*)?(?:\(c\)|\u00a9|\ufffd|\d{4}|[\[<{]|by\b|:|,[ \t]*\d|-|(?=\n))"""
    r"""|\(c\)[ \t]|\u00a9)[^\n]{0,300}|all rights reserved\W{0,20})(?=\n)"""
)
_JOINED = [
    (f"{start}{sign}{rest}", f" {start}{rest}")
    for start, rest in (("sub", "licen"), ("non", "infring"), ("non", "commerc"))
    for sign in "- "
]
_HYPHEN = re.compile(r"(-(?<=[a-z]{2}-)[ \t]*\r?\n[ \t*#/;>%|]{0,40})([a-z]+)")
_STAYS = re.compile(
    r"\b(?:non|self|third|royalty|world|per|no|in|on|as|up|to|open|end|cross|fee|well|built|source|use)$"
)
LONGEST_HEAD = 20  # letters
_PARTED = re.compile(r"\b(sub|non)([ \t]*\r?\n[ \t*#/;>%|]{0,40})(licen|infring|commerc)")
_COPYRIGHT_WORDS = ("copyright", "(c)", "\u00a9", "all rights reserved")


_SAYS_SOMETHING = re.compile(
    r"\b(?:not|only|shall|must|may|research|use[ds]?|licen[sc]e[ds]?|grant\w*|provided|redistribut\w*|warrant\w*"
    r"|conditions?|disclaimer)\b"
)
LONE = 0x3040
"""From here on characters are words of their own (kana, ideographs, Hangul) or rare."""
BASE = 0x9E3779B1
ALONE = ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7AF))


@cache
def _alphanumeric() -> npt.NDArray[np.bool_]:
    """Which characters belong to words, as the patterns above see it."""
    return np.array([chr(code).isalnum() for code in range(LONE)])


def _blank(match: re.Match[str]) -> str:
    return " " * (match.end() - match.start())


def _blank_notice(match: re.Match[str]) -> str:
    """A copyright line is set aside only when it says nothing else."""
    line = match.group()
    return line if _SAYS_SOMETHING.search(line) or limits(line) else "\n" + " " * (len(line) - 1)


def _blank_bullet(match: re.Match[str]) -> str:
    return "\n" + " " * (match.end() - match.start() - 1)


def _rejoin(match: re.Match[str]) -> str:
    """A word parted at the end of a line stands before the line end again."""
    if _STAYS.search(match.string, max(0, match.start() - LONGEST_HEAD), match.start()):
        return match.group()
    gap, rest = match.groups()
    return f"{rest}\n{' ' * (len(gap) - 1)}"


def _rejoin_after(match: re.Match[str]) -> str:
    """A word parted without a hyphen stands on the next line."""
    start, gap, rest = match.groups()
    return f"\n{' ' * (len(gap) - 1)}{start}{rest}"


def join_words(text: str) -> str:
    """`sub-license` and `non commercial` in one word, without moving the words behind."""
    for parted, joined in _JOINED:
        text = text.replace(parted, joined)
    return text


def lower(text: str) -> str:
    """Lower case without moving a character (U+0130 and a few others would grow)."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def common_prefix(text: str) -> str:
    """What nearly every line begins with, as comments in some languages do (`dnl`, `%%Copyright:`); often empty."""
    lines = [line for line in text[:4_000].splitlines() if line.strip()]
    if len(lines) < 6:
        return ""
    word, count = Counter(line.split(maxsplit=1)[0] for line in lines).most_common(1)[0]
    return word if count > 0.8 * len(lines) and any(char.isalnum() for char in word) else ""


def plain(text: str) -> str:
    """The text with markup, bullets and copyright notices blanked: same length, same offsets, lower case."""
    text = text[:READ_LIMIT]
    if "<" in text and _HTML.search(text):
        text = _TAG.sub(_blank, _SCRIPT.sub(_blank, text))
    if "&" in text:
        text = _ENTITY.sub(_blank, text)
    if prefix := common_prefix(text):
        text = re.sub(rf"^[ \t]*{re.escape(prefix)}", _blank, text, flags=re.M)
    text = join_words(f"\n{lower(text)}\n")
    if "-\n" in text or "-\r" in text:
        text = _HYPHEN.sub(_rejoin, text)
    if any(end in text for end in ("sub\n", "sub\r", "non\n", "non\r")):
        text = _PARTED.sub(_rejoin_after, text)
    if any(word in text for word in _COPYRIGHT_WORDS):
        text = _COPYRIGHT.sub(_blank_notice, text)
    text = _BULLET.sub(_blank_bullet, text)
    if ")" in text:
        text = _INLINE_BULLET.sub(_blank, text)
    return _HALF_BULLET.sub(_blank, text)[1:-1]


@dataclass(frozen=True)
class Tokens:
    """Words of a text: `words` are their hashes; `spans` are the first character of each and the one after its last."""

    text: str
    words: Words
    spans: npt.NDArray[np.int64]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Characters from word `first` to before word `last`."""
        return int(self.spans[first, 0]), int(self.spans[last - 1, 1])

    @cached_property
    def trigrams(self) -> Words:
        return trigrams(self.words)


def tokenize(text: str) -> Tokens:
    text = plain(text)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    spans = word_spans(codes)
    return Tokens(text, word_hashes(codes, spans), spans)


def word_spans(codes: Words) -> npt.NDArray[np.int64]:
    """Runs of letters and digits; an ideograph, a kana or a syllable of Hangul is a word of its own."""
    inside = np.zeros(len(codes) + 2, bool)
    if len(codes) and codes.max() >= LONE:
        rare = np.unique(codes[codes >= LONE])
        rare = rare[[chr(code).isalnum() for code in rare.tolist()]]
        inside[1:-1] = _alphanumeric()[np.minimum(codes, LONE - 1)] & (codes < LONE) | np.isin(codes, rare)
        alone = np.zeros(len(codes) + 2, bool)
        for first, last in ALONE:
            alone[1:-1] |= (codes >= first) & (codes <= last)
        alone &= inside
        starts = inside[1:] & (~inside[:-1] | alone[1:] | alone[:-1])
        ends = inside[:-1] & (~inside[1:] | alone[1:] | alone[:-1])
        return np.stack([np.flatnonzero(starts), np.flatnonzero(ends)], axis=1)
    inside[1:-1] = _alphanumeric()[codes]
    return np.flatnonzero(inside[1:] != inside[:-1]).reshape(-1, 2)


def word_hashes(codes: Words, spans: npt.NDArray[np.int64]) -> Words:
    """One number per word: a polynomial of its characters, mixed; the same for words that mean the same."""
    if not len(spans):
        return np.zeros(0, np.uint32)
    powers, inverse = _powers(1 << len(codes).bit_length())
    with np.errstate(over="ignore"):
        sums = np.zeros(len(codes) + 1, np.uint32)
        np.cumsum(codes * powers[: len(codes)], out=sums[1:])
        values = _mixed((sums[spans[:, 1]] - sums[spans[:, 0]]) * inverse[spans[:, 0]])
    known, meant = _same()
    where = np.searchsorted(known, values)
    where[where == len(known)] = 0
    hashed: Words = np.where(known[where] == values, meant[where], values)
    return hashed


def _mixed(values: Words) -> Words:
    values = (values ^ (values >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    mixed: Words = values ^ (values >> np.uint32(12))
    return mixed


@cache
def _powers(size: int) -> tuple[Words, Words]:
    """Powers of an odd number modulo 2**32, and their inverses."""
    with np.errstate(over="ignore"):
        up = np.cumprod(np.full(size, BASE, np.uint32), dtype=np.uint32)
        down = np.cumprod(np.full(size, pow(BASE, -1, 1 << 32), np.uint32), dtype=np.uint32)
    return up, down


@cache
def _same() -> tuple[Words, Words]:
    """Hashes of the words of `SAME`, in order, and of what each means."""
    pairs = sorted((_hash(word), _hash(same)) for word, same in SAME.items())
    return np.array([p[0] for p in pairs], np.uint32), np.array([p[1] for p in pairs], np.uint32)


def _hash(word: str) -> int:
    value = 0
    for place, char in enumerate(word):
        value += ord(char) * pow(BASE, place, 1 << 32)
    return int(_mixed(np.array([value & 0xFFFFFFFF], np.uint32))[0])


def hash_all(words: list[str]) -> Words:
    """The numbers of words in lower case."""
    codes = np.frombuffer(" ".join(words).encode("utf-32-le"), np.uint32)
    return word_hashes(codes, word_spans(codes))


@cache
def idle() -> Words:
    """Words that give and limit nothing, such as articles."""
    return hash_all(list(lexicon().idle))


def trigrams(words: Words) -> Words:
    """Hashes of each three words in a row; empty for fewer than three."""
    if len(words) < 3:
        return np.zeros(0, np.uint32)
    return mix(words[:-2], words[1:-1], words[2:])


def mix(first: Words, second: Words, third: Words) -> Words:
    with np.errstate(over="ignore"):
        value = first * np.uint32(0x9E3779B1) ^ (second * np.uint32(0x85EBCA77) + np.uint32(0x165667B1))
        value = (value ^ (value >> np.uint32(15))) * np.uint32(0xC2B2AE3D) + third * np.uint32(0x27D4EB2F)
        mixed: Words = value ^ (value >> np.uint32(13))
    return mixed
