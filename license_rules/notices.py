"""What a text says about its licence without being one: SPDX tags, "licensed under …", addresses of licences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from license_rules.names import normalise_name, url_ids

LONGEST_NAME = 12

_TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+\-() :]{2,200})", re.I)
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'`)\]},;]{4,300}", re.I)
_UNDER = re.compile(
    r"""\b(?:licen[cs]ed|released|distributed|available|provided|published|redistribute|governed|covered|shared|use[d]?)
        [^.;\n]{0,60}?\b(?:under|with|by|through)\s+(?:the\s+)?(?:terms\s+(?:and\s+conditions\s+)?of\s+)?(?:the\s+)?(?:an?\s+)?
        (?P<name>[^\n;:,()\[\]"<>]{2,100}(?:,\s*(?:version|v\.?)\s*[\d.]+)?)""",
    re.I | re.X,
)


@dataclass(frozen=True)
class Notice:
    """A licence that a text names: SPDX id or registry id, how, and the characters that say so."""

    id: str
    via: str  # "tag", "url" or "name"
    start: int
    end: int


def find_notices(text: str) -> Iterator[Notice]:
    for match in _TAG.finditer(text):
        ident = match.group(1).strip().rstrip(".")
        yield Notice(ident, "tag", match.start(), match.start(1) + len(ident))
    for match in _URL.finditer(text):
        for ident in url_ids(match.group().rstrip(".")):
            yield Notice(ident, "url", match.start(), match.end())
    for match in _UNDER.finditer(text):
        for ident in leading_name(match.group("name")):
            yield Notice(ident, "name", match.start(), match.end())


def leading_name(text: str) -> tuple[str, ...]:
    """The longest known name that a piece of text begins with."""
    words = text.split()[:LONGEST_NAME]
    for count in range(len(words), 0, -1):
        name = normalise_name(" ".join(words[:count]).rstrip(".,;:*_`'\" "))
        if name.ids or name.ambiguous:
            return name.ids
    return ()
