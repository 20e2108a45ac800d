"""Names of licences as people write them: Hub tags, SPDX ids, free text, addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache

import msgspec

from license_rules.data_files import load
from license_rules.index import FOLDER, Listed
from license_rules.registry import Entry, by_id, registry

NAMES = FOLDER.parent / "names.yaml"


class Spelling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Spellings of a licence that its SPDX name does not give.

    `family` names no single licence; `like` is one of it, where all are alike in being open or not.
    """

    id: str = ""
    names: list[str] = []
    tags: list[str] = []
    urls: list[str] = []
    family: str = ""
    like: str = ""


EMPTY_WORDS = frozenset(("the", "license", "licensed", "agreement", "a", "an", "version", "of"))


@dataclass(frozen=True)
class Name:
    """What a name means: one licence, all that it strings together, a family (`ambiguous`), or none that we know."""

    given: str
    ids: tuple[str, ...] = ()
    ambiguous: bool = False
    family: str = ""
    like: str = ""
    entry: Entry | None = field(default=None, repr=False)


@cache
def spdx_list() -> dict[str, Listed]:
    """The SPDX licence list by id: licences and exceptions."""
    listed = msgspec.json.decode((FOLDER / "licenses.json").read_bytes(), type=list[Listed])
    return {line.id: line for line in listed}


_DIGIT = re.compile(r"\d")
_VERSION = re.compile(r"\bv(?:er(?:sion)?)?\.?\s*(?=\d)")
_WHOLE_NUMBER = re.compile(r"(?<=\d)\.0\b(?!\.)")
_NUMBER_BEHIND = re.compile(r"(?<=[a-z]{3})(?=\d)")
_NAME_WORD = re.compile(r"[^\W_]+(?:\.\d+)*")


@lru_cache(maxsize=20_000)
def fold(name: str) -> str:
    """A name without case, punctuation and the words that do not tell licences apart."""
    name = name.lower().replace("licence", "license").replace("++", " plusplus ")
    if _DIGIT.search(name):
        name = _WHOLE_NUMBER.sub("", _VERSION.sub(" ", name))
        name = _NUMBER_BEHIND.sub(" ", name)
    return " ".join([word for word in _NAME_WORD.findall(name) if word not in EMPTY_WORDS])


@cache
def spellings() -> tuple[Spelling, ...]:
    return tuple(load(NAMES, list[Spelling]))


@cache
def name_table() -> dict[str, tuple[str, ...]]:
    """Folded name to ids; a name that several licences claim keeps the first, in order of SPDX, registry, spellings."""
    table: dict[str, tuple[str, ...]] = {}
    for line in sorted(spdx_list().values(), key=lambda x: x.deprecated):
        if line.kind == "license":
            for name in (line.id, line.name):
                table.setdefault(fold(name), (line.id,))
    for entry in registry():
        for name in (entry.id, entry.id.removeprefix("LicenseRef-AI-"), entry.name, *entry.tags, *entry.aliases):
            table.setdefault(fold(name), (entry.id,))
    for spelling in spellings():
        for name in (*spelling.names, *spelling.tags):
            table[fold(name)] = (spelling.id,) if spelling.id else ()
    return table


@cache
def families() -> dict[str, Spelling]:
    return {fold(n): s for s in spellings() if s.family for n in (s.family, *s.names, *s.tags)}


def fold_url(url: str) -> str:
    url = re.sub(r"^(?:https?://)?(?:www\.)?", "", url.lower())
    url = re.sub(r"/(?:resolve|raw)/", "/blob/", re.sub(r"[#?].*$", "", url).rstrip("."))
    return re.sub(r"(?:/(?:legalcode|deed|license|index)?(?:\.[a-z\-]{2,5})?(?:\.(?:html?|txt|php|md))?)?/*$", "", url)


@cache
def url_table() -> dict[str, str]:
    table: dict[str, str] = {}
    for spelling in spellings():
        table.update({fold_url(url): spelling.id for url in spelling.urls})
    for line in sorted(spdx_list().values(), key=lambda x: (x.kind != "license", x.deprecated, len(x.id))):
        for url in line.urls:
            table.setdefault(fold_url(url), line.id)
    for entry in registry():
        table.update({fold_url(url): entry.id for url in entry.urls})
    return table


@cache
def first_words() -> frozenset[str]:
    return frozenset(name.split(" ", 1)[0] for name in (*name_table(), *families()))


@lru_cache(maxsize=10_000)
def opens_a_name(word: str) -> bool:
    """Whether a name that we know begins with this word, or with the one after it if this one does not count."""
    folded = fold(word)
    return not folded or folded.split(" ", 1)[0] in first_words() or re.match(r"[^\W\d_]+", folded) is None


_STRUNG = re.compile(r"\s+and\s+|\s*[,;&+]\s+(?:and\s+)?", re.I)
_CC_URL = re.compile(r"creativecommons\.org/(?:licenses|publicdomain)/([a-z\-+]+)/(\d\.\d)")


_SLUG_URL = re.compile(
    r"(?:opensource\.org/licen[cs]es?|spdx\.org/licenses|choosealicense\.com/licenses)/([\w.+\-]+?)(?:\.(?:html|php|txt))?/?$"
)
_GNU_URL = re.compile(r"gnu\.org/(?:licenses|copyleft)/(?:old-licenses/)?([al]?gpl)-?(\d\.\d)")


def url_ids(url: str) -> tuple[str, ...]:
    """The licence that an address stands for, if it is one that we know."""
    cc = _CC_URL.search(url.lower())
    if cc:
        what, number = cc.groups()
        ident = {"zero": f"CC0-{number}", "mark": "CC-PDM-1.0"}.get(what, f"CC-{what.upper()}-{number}")
        return (ident,) if ident in spdx_list() else ()
    gnu = _GNU_URL.search(url.lower())
    if gnu:
        return (f"{gnu.group(1).upper()}-{gnu.group(2)}-only",)
    slug = _SLUG_URL.search(url.lower())
    if slug and (ids := name_table().get(fold(slug.group(1).removesuffix("-license")), ())):
        return ids
    found = url_table().get(fold_url(url))
    return (found,) if found else ()


def normalise_name(name: str) -> Name:
    """Read a Hub tag, an SPDX id, an address or a name in free text. Never guesses: unknown gives no ids."""
    given = name.strip()
    if given in spdx_list():
        return Name(given, (given,))
    if given in by_id():
        return Name(given, (given,), entry=by_id()[given])
    if "://" in given:
        ids = url_ids(given)
        return Name(given, ids, entry=by_id().get(ids[0]) if ids else None)
    folded = fold(given)
    if family := families().get(folded):
        return Name(given, (), ambiguous=True, family=family.family, like=family.like)
    ids = name_table().get(folded, ())
    if not ids and _STRUNG.search(given):
        parts = [normalise_name(part).ids for part in _STRUNG.split(given[:300])]
        ids = tuple(i for part in parts for i in part) if all(parts) else ()
    return Name(given, ids, entry=by_id().get(ids[0]) if ids else None)
