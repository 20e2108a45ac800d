"""What a text says about its licence without being one: SPDX tags, "licensed under …", GNU notices, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from license_rules.names import normalise_name, opens_a_name, spdx_list, url_ids

LONGEST_NAME = 12
MOST_NAMES = 500  # places in a text where a name is looked for
_SAYS_LICENSE = re.compile(r"licen[cs]e|agreement|terms|policy", re.I)
NO_NAMES = frozenset(("the", "fair", "intel", "license", "cube", "text", "unlicensed"))
GNU_REACH = 260  # characters behind the name of a GNU licence where its version may stand
SHORT_TEXT = 600  # characters; in so short a text a line that is a name is a statement

_EDGE = re.compile(r"^[ \t]*(?:[*#/;>%|+\-!.@\"'<]+|dnl|rem)[ \t]*", re.M | re.I)
_LINE_ENDS = str.maketrans("\r\n", "  ")
_WORD = re.compile(r"[^\s/]+|/")
_TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+\-() :]{2,200})", re.I)
_IDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]*\+?")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'`)\]},;]{4,300}", re.I)
_UNDER = re.compile(
    r"(?:\b(?:under|by|accept|complies with|subject to)\s+(?:either\s+(?:of\s+)?)?(?:the\s+)?"
    r"(?:(?:terms|conditions|provisions)\s+(?:and\s+conditions\s+)?(?:of|in)\s+)?(?:the\s+|an?\s+|version\s+[\d.]+\s+of\s+the\s+)?"
    r"|\blicen[cs]es?\b[\"']?\s*(?:is|are|type|[:=])\s*[\"'\[(]*(?:the\s+)?|\buses?\s+(?:the|an?)\s+)"
    r"(?=(?P<name>(?!same\b|this\b|the\b|an?\b|license\b)[^\s:;()\[\]<>{}][^:;()\[\]<>{}]{1,110}))",
    re.I,
)
_HEADING = re.compile(
    r"^#{1,6}[ \t]*licen[cs](?:e|ing)[ \t:#]*\r?\n\s{0,20}[*_`]{0,3}(?P<name>[^\s*_`][^\n]{1,80}?)[*_`]{0,3}[ \t]*$",
    re.I | re.M,
)
_VERSION_BEHIND = re.compile(
    r"[\s,(]{0,10}(?:(?:software|public|general)\s+)?(?:licen[cs]e[\s,(]{0,10})?"
    r"(?:(?:version|v\.?)\s{0,10}(?=\d)|(?=\d\.\d))(\d{1,2}(?:\.\d+)*)",
    re.I,
)
VERSION_OF = re.compile(r"-(\d+(?:\.\d+)*)(?=-|$)")
_AND = re.compile(
    r"^(?:\s*or\s+(?:\(at your option\)\s+)?(?:any\s+)?(?:later|newer)(?:\s+versions?)?)?"
    r"[\s,/&]*(?:and/or|and|or)?[\s,/]*(?:under\s+)?(?:the\s+|an?\s+)?",
    re.I,
)
_GNU = re.compile(
    r"\b(?=[agl])(?P<name>(?:\b(?:affero|lesser|library)\s+)?(?:\bgnu\s+)?(?:\b(?:affero|lesser|library)\s+)?"
    r"\b(?:general\s+public\s+licen[cs]e|[al]?gpl))"
)
_GNU_VERSION = re.compile(r"(?:\bversions?\s*|\bv\.?\s?|gpl[\s\-,]*v?\.?\s?)(\d)(?:\.(\d))?(\+?)", re.I)
_LATER = re.compile(
    r"\bany\s+(?:\w+\s+)?later|\bor\s+(?:\(at your option\)\s+)?(?:any\s+)?(?:later|newer|above|greater)", re.I
)
_GNU_REST = re.compile(r"without\s+any\s+warranty|for\s+more\s+details|copy\s+of\s+the")
_GNU_SAID = re.compile(r"redistribute|licen[cs]ed|distributed|released|under|terms|common-licenses")
_GNU_TRUE = {"GPL-1.0", "GPL-2.0", "GPL-3.0", "LGPL-2.0", "LGPL-2.1", "LGPL-3.0", "AGPL-1.0", "AGPL-3.0"}
_CLASSPATH = re.compile(r"[\"'`]?classpath[\"'`]?\s+exception", re.I)


@dataclass(frozen=True)
class Notice:
    """A licence that a text names: SPDX or registry id, how, and the characters that say so."""

    id: str
    via: str  # "tag", "gnu", "name" or "url", the more trusted first
    start: int
    end: int


def find_notices(text: str, start: int = 0, end: int | None = None) -> list[Notice]:
    """All licences that characters `start` to `end` of a text name, in order of their place."""
    text = text[start:end]
    flat = _EDGE.sub(lambda m: " " * len(m.group()), text).translate(_LINE_ENDS)
    told = list(gnu(_URL.sub(lambda m: " " * len(m.group()), flat)))
    names = (n for n in named(flat) if not any(n.start < g.end and g.start < n.end and same_family(n, g) for g in told))
    found = [*tags(text), *told, *names, *headed(text), *addresses(text)]
    if len(text) < SHORT_TEXT and not found:
        found += titles(text)
    return [Notice(n.id, n.via, n.start + start, n.end + start) for n in sorted(found, key=lambda n: n.start)]


def same_family(one: Notice, other: Notice) -> bool:
    """Whether two notices speak of the same GNU licence; the one that knows of later versions is to be kept."""
    return one.id.split("-")[0] == other.id.split("-")[0]


def tags(text: str) -> Iterator[Notice]:
    for match in _TAG.finditer(text):
        for part in _IDENT.finditer(match.group(1)):
            for ident in normalise_name(part.group()).ids or (part.group(),) if "Ref-" in part.group() else ():
                yield Notice(ident, "tag", match.start(), match.start(1) + part.end())
            listed = known_id(part.group())
            if listed:
                yield Notice(listed, "tag", match.start(), match.start(1) + part.end())


def known_id(name: str) -> str | None:
    """The SPDX id that a name is, whatever its case; `+` is -or-later for the GNU licences."""
    if name.endswith("+") and name[:-1] + "-or-later" in spdx_list():
        return name[:-1] + "-or-later"
    if name + "-only" in spdx_list():
        return name + "-only"
    if name in spdx_list():
        return name
    if name.lower() in ("and", "or", "with", "the", "license"):
        return None
    ids = normalise_name(name).ids
    return ids[0] if ids else None


def gnu(text: str) -> Iterator[Notice]:
    """Notices of the GNU licences: which of them, which version, and whether later ones may be taken."""
    text = text.lower()
    if "gpl" not in text and not ("general" in text and "public" in text):
        return
    matches = list(_GNU.finditer(text))
    last = -1
    families = [gnu_family(match.group("name")) for match in matches]
    for n, match in enumerate(matches):
        if match.start() < last:
            continue
        family = families[n]
        end = min(len(text), match.end() + GNU_REACH)
        near_by = zip(matches[n : n + GNU_REACH], families[n : n + GNU_REACH], strict=True)
        end = min(end, next((m.start() for m, name in near_by if name != family), end))
        if stop := _GNU_REST.search(text, match.end(), end):
            end = stop.start()
        begin = max(0, match.start() - 60)
        near = text[begin:end]
        version = _GNU_VERSION.search(text, match.start(), end) or _GNU_VERSION.search(text, begin, match.start())
        if version is None:
            continue
        number = f"{version.group(1)}.{version.group(2) or '0'}"
        if f"{family}-{number}" not in _GNU_TRUE:
            continue
        later = version.group(3) == "+" or _LATER.search(near)
        last = end
        yield Notice(f"{family}-{number}-{'or-later' if later else 'only'}", "gnu", match.start(), match.end())
        if _CLASSPATH.search(text):
            yield Notice("Classpath-exception-2.0", "name", match.start(), match.end())
    if matches and last < 0 and _GNU_SAID.search(text):
        first = matches[0]
        if not re.search(r"lesser|library|affero|lgpl|agpl", text):
            yield Notice("GPL-1.0-or-later", "gnu", first.start(), first.end())
        elif all(re.search(r"lesser|library|lgpl", m.group("name")) for m in matches[:2]):
            yield Notice("LGPL-2.0-or-later", "gnu", first.start(), first.end())


def gnu_family(name: str) -> str:
    if any(word in name for word in ("lesser", "library", "lgpl")):
        return "LGPL"
    return "AGPL" if "affero" in name or "agpl" in name else "GPL"


def named(text: str) -> Iterator[Notice]:
    """Names after "under the …", "license: …" and the like; several where they are strung together."""
    for match in islice(_UNDER.finditer(text), MOST_NAMES):
        rest, at = match.group("name"), match.start("name")
        while rest:
            ids, length = leading_name(rest)
            for ident in ids:
                yield Notice(ident, "name", match.start(), at + length)
            if not length:
                break
            joint = _AND.match(rest[length:])
            skip = length + (joint.end() if joint else 0)
            rest, at = rest[skip:], at + skip


def leading_name(text: str) -> tuple[tuple[str, ...], int]:
    """The longest known name that a piece of text begins with, and its length in characters."""
    words = list(islice(_WORD.finditer(text), LONGEST_NAME))
    if not words or not opens_a_name(words[0].group()):
        return (), 0
    for count in range(len(words), 0, -1):
        end = words[count - 1].end()
        piece = text[:end].strip(".,;:*_`'\"! ")
        if piece.endswith("/") or len(piece) < 2 or piece.lower() in NO_NAMES:
            continue
        name = normalise_name(piece)
        if name.entry and not set(piece) & set(" -_") and not _SAYS_LICENSE.search(text[: end + 30]):
            continue  # `deepseek` is a licence as a tag, a model in a sentence
        if any(other_version(ident, text[end:]) for ident in name.ids):
            continue
        if name.ids or name.ambiguous:
            return tuple(known_id(i) or i for i in name.ids), end
    return (), 0


def other_version(ident: str, behind: str) -> bool:
    """Whether the words behind a name give it another version than its id: "Apache | License 3.0"."""
    said, meant = _VERSION_BEHIND.match(behind), VERSION_OF.search(ident)
    if said is None or meant is None:
        return False
    return said.group(1).removesuffix(".0") != meant.group(1).removesuffix(".0")


def headed(text: str) -> Iterator[Notice]:
    """A name that stands alone below a heading "License"."""
    for match in _HEADING.finditer(text):
        ids, length = leading_name(match.group("name"))
        if ids and length >= len(match.group("name").rstrip(" .,:;)")) - 2:
            for ident in ids:
                yield Notice(ident, "name", match.start(), match.start("name") + length)


def addresses(text: str) -> Iterator[Notice]:
    for match in _URL.finditer(text):
        for ident in url_ids(match.group().rstrip(".")):
            yield Notice(ident, "url", match.start(), match.end())


def titles(text: str) -> Iterator[Notice]:
    for match in re.finditer(r"[^\n]+", text):
        ids, length = leading_name(match.group().strip())
        if ids and length >= len(match.group().strip().rstrip(".,:;)")) - 2:
            for ident in ids:
                yield Notice(ident, "name", match.start(), match.end())
