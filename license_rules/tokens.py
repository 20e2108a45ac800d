"""Licence text as words that can be compared, each with its place in the text.

Follows the SPDX matching guidelines (https://spdx.github.io/spdx-spec/v2.3/license-matching-guidelines-and-templates/):
case, punctuation, white space, comment signs, bullets, copyright notices and spelling variants do not count. What does
not count is blanked by as many spaces, so that offsets stay true.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from license_rules.weight import limits

Words = npt.NDArray[np.uint32]

READ_LIMIT = 2_000_000
"""Characters of a text that are looked at; no licence is a tenth as long."""

SAME = {
    "licence": "license", "licences": "licenses", "licenced": "licensed", "sublicence": "sublicense",
    "organisation": "organization", "organisations": "organizations", "favour": "favor", "honour": "honor",
    "judgement": "judgment", "merchantibility": "merchantability", "whilst": "while", "wilful": "willful",
    "acknowledgement": "acknowledgment", "owner": "holder", "owners": "holders", "https": "http",
}  # fmt: skip

_WORD_ASCII = re.compile(r"[a-z0-9]+")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_HTML = re.compile(r"</(?:p|div|body|html|a|li|span|td|pre|h\d|em|strong|b|i)>", re.I)
_TAG = re.compile(r"<(?:[a-zA-Z/][^<>]{0,2000}|!--[^<>]{0,2000}--)>|&[a-zA-Z]{2,8};")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,4});")
_SCRIPT = re.compile(r"<(script|style)\b[^>]{0,500}>.{0,200000}?</\1>", re.I | re.S)
_SIGNS = r"""[ \t*#>/;%|"'\-.\u2022\u00b7]{0,40}"""
_BULLET = re.compile(
    rf"\n{_SIGNS}\(?(?:(?:\d{{1,2}}|[a-z]|[ivx]{{2,5}})[.):]|\d{{1,2}}(?:\.\d{{1,2}}){{1,3}}[.):]?)(?=[\s*])"
)
_INLINE_BULLET = re.compile(r"\((?:[a-z]|[ivx]{2,5}|\d{1,2})\)")
_HALF_BULLET = re.compile(r" (?:[a-z]|[ivx]{2,5}|\d{1,2})\)| \d{1,2}\.(?= )")
_COPYRIGHT = re.compile(
    rf"""\n{_SIGNS}(?:(?:portions|parts)[ \t]+)?"""
    r"""(?:(?:copyrights?\b[ \t]*(?:notice[ \t]*)?(?:\(c\)|\u00a9|\ufffd|\d{4}|[\[<{]|by\b|:|,|-|(?=\n))"""
    r"""|\(c\)[ \t]|\u00a9)[^\n]{0,300}|all rights reserved\W{0,20})(?=\n)"""
)
_JOINED = re.compile(r"\b(sub|non)[- ](?=licen|infring|commerc)")
_HYPHEN = re.compile(
    r"\b(?!(?:non|self|third|royalty|world|per|no|in|on|as|up|to|open|end|cross|fee|well|built|source|use)-)"
    r"([a-z]{2,20})(-[ \t]*\r?\n[ \t*#/;>%|]{0,40})([a-z]+)"
)
_COPYRIGHT_WORDS = ("copyright", "(c)", "\u00a9", "all rights reserved")


class _Hashes(dict[str, int]):
    """Hash of a word, worked out once; forgets all when it grows beyond a book's vocabulary."""

    def __missing__(self, word: str) -> int:
        if len(self) > 200_000:
            self.clear()
        value = zlib.crc32(SAME.get(word, word).encode("utf-8", "surrogatepass"))
        self[word] = value
        return value


_hashes = _Hashes()


LONE = 0x3040
"""From here on characters are words of their own (kana, ideographs, Hangul) or rare."""


@cache
def _alphanumeric() -> npt.NDArray[np.bool_]:
    """Which characters belong to words, as the patterns above see it."""
    return np.array([chr(code).isalnum() for code in range(LONE)])


def _blank(match: re.Match[str]) -> str:
    return " " * (match.end() - match.start())


def _blank_notice(match: re.Match[str]) -> str:
    """A copyright line is set aside only when it says nothing else."""
    line = match.group()
    return line if limits(line) else "\n" + " " * (len(line) - 1)


def _blank_bullet(match: re.Match[str]) -> str:
    return "\n" + " " * (match.end() - match.start() - 1)


def _rejoin(match: re.Match[str]) -> str:
    """A word parted at the end of a line stands before the line end again."""
    start, gap, rest = match.groups()
    return f"{start}{rest}\n{' ' * (len(gap) - 1)}"


def join_words(text: str) -> str:
    """`sub-license` and `non commercial` in one word, without moving the words behind."""
    return _JOINED.sub(r" \1", text)


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
    if any(word in text for word in _COPYRIGHT_WORDS):
        text = _COPYRIGHT.sub(_blank_notice, text)
    text = _BULLET.sub(_blank_bullet, text)
    if ")" in text:
        text = _INLINE_BULLET.sub(_blank, text)
    return _HALF_BULLET.sub(_blank, text)[1:-1]


@dataclass(frozen=True)
class Tokens:
    """Words of a text: `words` are their hashes; `starts` and `ends` count characters of the text as given."""

    text: str
    words: Words

    @cached_property
    def spans(self) -> npt.NDArray[np.int64]:
        """First character and the one after the last, of each word."""
        codes = np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), np.uint32)
        if len(codes) and codes.max() >= LONE:
            places = [m.span() for m in _pattern(self.text).finditer(self.text)]
            return np.array(places, np.int64).reshape(-1, 2)
        inside = np.zeros(len(self.text) + 2, np.int8)
        inside[1:-1] = _alphanumeric()[codes]
        return np.flatnonzero(np.diff(inside)).reshape(-1, 2)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Characters from word `first` to before word `last`."""
        return int(self.spans[first, 0]), int(self.spans[last - 1, 1])

    @cached_property
    def trigrams(self) -> Words:
        return trigrams(self.words)


def _pattern(text: str) -> re.Pattern[str]:
    return _WORD_ASCII if text.isascii() else _WORD


def tokenize(text: str) -> Tokens:
    text = plain(text)
    found = _pattern(text).findall(text)
    return Tokens(text, np.fromiter(map(_hashes.__getitem__, found), np.uint32, len(found)))


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
