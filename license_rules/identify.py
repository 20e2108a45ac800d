"""From regions and notices to a verdict: exact, variant of something known, custom, or none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Literal

import numpy as np

from license_rules.expressions import choices, express
from license_rules.index import index
from license_rules.matcher import Region, find_regions, runs
from license_rules.notices import VERSION_OF, Notice, find_notices
from license_rules.registry import by_id, registry
from license_rules.tokens import READ_LIMIT, Tokens, idle, join_words, tokenize
from license_rules.typos import mend
from license_rules.weight import (
    RESIDUAL_WORDS,
    comment_around,
    firm,
    firmly,
    is_code,
    orders_reach,
    sentences,
    speaks_of_rules,
)

Verdict = Literal["exact", "variant", "custom", "none"]

MISSING_WORDS = 12
MOST_MISSING = 60
MISSING_SHARE = 0.08
LEAST_RECALL = 0.85
LEAST_RECALL_SHORT = 0.92  # of short texts that are no well-known licence
LONG_TEXT = 1000
EXACT_AI = 0.985
LIKE_AI = 0.9  # below, a text without the name of an AI licence is an agreement of its own, written after it

_GRANTS = re.compile(r"\b(?:licen[cs]ed|released|distributed|complies|available|covered|governed)\b", re.I)
_POINTER = re.compile(r"\b(?:described|found|contained|given|stated) in the .{0,30}\bfile\b|\bsee the .{0,30}\bfile\b")
POINTER_WORDS = 80
SURE_HEADER = 0.9
_CONTRACT = re.compile(
    r"\b(?:you (?:may|shall|must|agree|will|are)|this (?:license|agreement)|hereby grants?|licensor|licensee"
    r"|shall not)\b|本协议|本许可|许可方|不得|您(?:应|须|可以)|使用者(?:须|有权)|被许可人"
)
_OWN_GRANT = re.compile(
    r"\b(?:redistribution and use in\W+source|permission is (?:hereby )?granted|permission to use, copy)\b"
)
GRANT_WORDS = 40
AGREEMENT_WORDS = 150
AGREEMENT_MARKS = 6
TITLE_CHARACTERS = 400
TITLE_WORDS = 20
NEAR_WORDS = 150
_DATED = re.compile(
    r"\bversion\s{0,3}:?\s{0,3}(\d+(?:\.\d+)*)[\s,(]{1,4}(?:of |dated )?"
    r"(?:\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\b)"
)
_MAKER = re.compile(r"([A-Z]{2,}) Licen[cs]e$")  # of "CMU License"; words such as "Historical" are in any text
CONTEXT_WORDS = 3  # shown on both sides of one or two words put into a licence
BESIDE = 400  # characters
_LICENSE = re.compile(
    r"\b(?:licen[sc]e[ds]?|licensing|terms|agreement|permission|policy|permitted"
    r"|licencias?|licen[çz]as?|licenza|lizenz\w*|lisensi|termes|términos|termos|termini|ketentuan|condi[cç][ioõ]\w+"
    r"|permiso|permiss[aã]o|vereinbarung|лиценз\w*)\b|许可|许可证|协议|授权|许諾|ライセンス|라이선스|이용약관",
    re.I,
)


@dataclass(frozen=True)
class Match:
    """A licence found: SPDX or registry id, characters, similarity, and how it was found."""

    id: str
    via: str  # "text", "header", "exception", "ai", "tag", "url", "name"
    start: int
    end: int
    score: float
    exact: bool
    ties: tuple[str, ...] = ()  # other ids to which SPDX gives the same words; this one fits as well or better


@dataclass(frozen=True)
class Residual:
    """Characters that no known text explains; `rules` says that they speak of rights or duties."""

    start: int
    end: int
    words: int
    rules: bool
    near: bool = True  # stands beside or amid the text of a licence


@dataclass(frozen=True)
class Identification:
    """What a text is. `expression` is an SPDX expression, or None where none can be claimed."""

    verdict: Verdict
    expression: str | None
    base: str | None
    score: float
    matches: tuple[Match, ...] = ()
    residual: tuple[Residual, ...] = ()
    missing: int = 0  # words of the base in a row that are not there
    truncated: bool = False


def identify(text: str) -> Identification:
    """Say which licences a text is or names, and what it says beyond them. Reads the first 2 million characters."""
    tokens = tokenize(text)
    regions = find_regions(tokens)
    if (mended := mend(tokens, regions)) is not tokens:
        tokens, regions = mended, find_regions(mended)
    explained = np.zeros(len(tokens.words), bool)
    for region in regions:
        explained[region.first : region.last] |= region.covered
        for first, last in runs(region.slots):
            first, last = first + region.first, last + region.first
            words = tokens.text[slice(*tokens.span(first, last))]
            explained[first:last] |= not speaks_of_rules(words, last - first, inside=False, near=True)
    left = leftovers(tokens, explained, regions)
    matches = [region_match(tokens, region, left) for region in regions]
    matches, groups = notice_matches(text[:READ_LIMIT], matches)
    beside = [] if regions else beside_notices(tokens.text, matches)
    return conclude(tokens, regions, matches, groups, left, beside, len(text) > READ_LIMIT)


def leftovers(tokens: Tokens, explained: np.ndarray, regions: list[Region]) -> list[Residual]:
    left = ~explained
    for start, end in list(runs(explained)):
        if end - start < 4:
            left[start:end] = True
    known = {name for r in regions for name in (r.known.name, r.known.id) if name}
    titles, names = f" {' '.join(map(fold_words, known))} ", [name_pattern(name) for name in known]
    zones: list[tuple[int, int]] | None = None
    found = []
    for first, last in runs(left):
        start, end = tokens.span(first, last)
        inside = any(r.first < first and last < r.last for r in regions)
        if last - first <= TITLE_WORDS and f" {fold_words(tokens.text[start:end])} " in titles:
            continue
        if inside and np.isin(tokens.words[first:last], idle()).all():
            continue
        if zones is None and not inside:
            zones = near_zones(tokens, regions)
        for a, b, close in pieces(start, end, [(start, end)] if inside else zones or []):
            text = tokens.text[a:b]
            for name in names:
                text = name.sub(" ", text)
            words = int(np.subtract(*tokens.spans[:, 0].searchsorted((b, a))))
            rules = speaks_of_rules(text, words, inside=inside, near=close)
            if not rules and a == start and last - first >= 3:
                rules = orders_reach(tokens.text, tokens.span(max(0, first - 3), last)[0], a, b)
            if rules and inside and words <= 2:
                a, b = tokens.span(first - CONTEXT_WORDS, min(last + CONTEXT_WORDS, len(tokens.spans)))
            if rules or words >= RESIDUAL_WORDS:
                found.append(Residual(a, b, words, rules, close))
    for first, last in (change for region in regions for change in region.changes):
        start, end = tokens.span(first, min(last, len(tokens.spans)))
        if not any(r.rules and r.start < end and start < r.end for r in found):
            found.append(Residual(start, end, last - first, True))
    return sorted(found, key=lambda r: r.start)


def pieces(start: int, end: int, zones: list[tuple[int, int]]) -> Iterator[tuple[int, int, bool]]:
    """A stretch cut where zones begin and end, each piece with whether it lies in one."""
    cuts = sorted({start, end, *(at for zone in zones for at in zone if start < at < end)})
    for a, b in pairwise(cuts):
        yield a, b, any(first < b and a < last for first, last in zones)


def near_zones(tokens: Tokens, regions: list[Region]) -> list[tuple[int, int]]:
    """The characters around each licence that a reader takes for a part of it; in a program its comment."""
    if regions and is_code(tokens.text):
        return [comment_around(tokens.text, *tokens.span(r.first, r.last)) for r in regions]
    text, zones = tokens.text, []
    for region in regions:
        first, last = max(0, region.first - NEAR_WORDS), min(len(tokens.spans), region.last + NEAR_WORDS)
        start, end = tokens.span(first, last)
        end = text.find("\n\n", end)
        zones.append((text.rfind("\n\n", 0, start) + 1, end if end >= 0 else len(text)))
    return zones


def beside_notices(text: str, matches: list[Match]) -> list[Residual]:
    """Sentences in and around mere notices that limit what these give; a program's comments do not count."""
    if is_code(text):
        return []
    found = []
    for start, end in sentences(text):
        if not any(m.start - BESIDE < end and start < m.end + BESIDE for m in matches):
            continue
        words = text[start:end]
        for match in matches:
            if start <= match.start < end:
                words = words.replace(text[match.start : min(match.end, end)], " under ")
        if firm(text[start:end]) and firm(words):
            found.append(Residual(start, end, len(words.split()), True))
    return found


@cache
def name_pattern(name: str) -> re.Pattern[str]:
    """The name of a licence as it may stand in a title, in lower case."""
    words = fold_words(re.sub(r"\blicen[cs]e\b.*", "license", name, flags=re.I)).split()
    return re.compile(r"\W{1,20}".join(map(re.escape, words)))


def region_match(tokens: Tokens, region: Region, left: list[Residual]) -> Match:
    known = region.known
    start, end = tokens.span(region.first, region.last)
    inside = any(r.rules and r.start >= start and r.end <= end for r in left)
    tolerated = min(MOST_MISSING, max(MISSING_WORDS, MISSING_SHARE * known.words))
    enough = LEAST_RECALL if known.osi or known.words > LONG_TEXT else LEAST_RECALL_SHORT
    complete = max(region.recall, region.kept) >= enough and region.missing <= tolerated and not region.changes
    exact = (complete or known.kind == "header") and not inside
    exact = exact and not any(other_edition(known.id, tokens.text, r) for r in left if r.near)
    if known.kind == "ai":
        exact = exact and region.score >= EXACT_AI and anchored(known.id, tokens.text)
    via = "text" if known.kind == "license" else known.kind
    ident = named_of(region, tokens.text)
    ties = tuple(i for i in dict.fromkeys((known.id, *region.ties)) if i != ident)
    return Match(ident, via, start, end, round(region.score, 4), exact, ties)


def other_edition(ident: str, text: str, beside: Residual) -> bool:
    """Whether words beside or amid a licence date it as another version than its id: "version 1 of 06/21/2004"."""
    meant = VERSION_OF.search(ident)
    dated = (m.group(1) for m in _DATED.finditer(text, beside.start, beside.end))
    return meant is not None and any(said.removesuffix(".0") != meant.group(1).removesuffix(".0") for said in dated)


def named_of(region: Region, text: str) -> str:
    """Of the ids with the same words the one whose name stands in the text, or the one that fits best."""
    if not region.ties:
        return region.known.id
    names = {ref.id: ref.name for ref in index().references if ref.kind == region.known.kind}
    ids = (region.known.id, *region.ties)
    if by_name := next((i for i in ids if names.get(i) and name_pattern(names[i]).search(text)), None):
        return by_name
    of_maker = (i for i in ids if (maker := _MAKER.match(names.get(i, ""))) and has_word(text, maker.group(1).lower()))
    return next(of_maker, ids[0])


def has_word(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text) is not None


def anchored(ident: str, text: str) -> bool:
    """Whether the text bears the name and version of a registry entry."""
    folded = fold_words(text)
    return all(fold_words(anchor) in folded for anchor in by_id()[ident].anchors)


def notice_matches(text: str, matches: list[Match]) -> tuple[list[Match], list[frozenset[str]]]:
    """Add what the text names outside of licence texts, and say of which licences it leaves the choice.

    What a standard header names decides which licence it is of.
    """
    texts = [m for m in matches if m.via in ("text", "ai")]
    headers = [m for m in matches if m.via == "header"]
    kept = [m for m in matches if m.via != "header"]
    notices = [notice for start, end in gaps(text, texts) for notice in find_notices(text, start, end)]
    stated = [n for n in notices if n.via != "url" or plainly_stated(n, text)]
    for header in headers:
        if stem(header.id) in {stem(m.id) for m in texts}:
            continue
        inside = [n for n in stated if header.start - 80 <= n.start < header.end]
        if not inside and len(stated) > 0 and header.score < SURE_HEADER:
            continue
        words = text[header.start : header.end]
        named = dict.fromkeys(told_by_notice(i, words) for i in [n.id for n in inside] or [header.id])
        kept += [replace(header, id=ident) for ident in named]
        stated = [n for n in stated if n not in inside]
    if texts:
        stated = [n for n in stated if plainly_stated(n, text)]
    known = {stem(m.id) for m in kept} | {"GPL-3.0" for m in texts if stem(m.id) in ("LGPL-3.0", "AGPL-3.0")}
    for notice in [*stated, *(n for n in notices if n.via == "url" and not kept and not stated)]:
        if stem(notice.id) not in known:
            known.add(stem(notice.id))
            kept.append(Match(notice.id, notice.via, notice.start, notice.end, 1.0, True))
    groups = [{stem(i) for i in group} for group in choices(text, [n for n in notices if n.via != "url"])]
    return kept, [frozenset(m.id for m in kept if stem(m.id) in group) for group in groups]


def told_by_notice(ident: str, text: str) -> str:
    """The form of the GNU Free Documentation License that only its notice tells: invariant sections, later versions."""
    if not ident.startswith("GFDL-"):
        return ident
    words = " ".join(text.lower().split())
    later = "or-later" if "any later version" in words else "only"
    sections = (
        "-no-invariants" if "no invariant sections" in words else "-invariants" if "invariant sections" in words else ""
    )
    return f"{ident[:8]}{sections}-{later}"


def plainly_stated(notice: Notice, text: str) -> bool:
    """Beside the text of a licence another name counts only in a tag or after "licensed under" and the like."""
    if notice.via == "url":
        return re.search(r"\bunder[^.;]{0,40}$", text[max(0, notice.start - 60) : notice.start]) is not None
    said = _GRANTS.search(text, max(0, notice.start - 60), notice.end)
    return notice.via == "tag" or (notice.via == "name" and said is not None)


def gaps(text: str, texts: list[Match]) -> Iterator[tuple[int, int]]:
    """The stretches of a text before, between and after the licence texts in it."""
    at = 0
    for start, end in [*sorted((m.start, m.end) for m in texts), (len(text), len(text))]:
        if start > at and not text[at:start].isspace():
            yield at, start
        at = max(at, end)


def stem(ident: str) -> str:
    """An id without what only a notice can tell: `-only`, `-or-later`, invariant sections."""
    return re.sub(r"(?:-(?:no-)?invariants)?-(?:only|or-later)$", "", ident)


def conclude(
    tokens: Tokens,
    regions: list[Region],
    matches: list[Match],
    groups: list[frozenset[str]],
    left: list[Residual],
    beside: list[Residual],
    truncated: bool,
) -> Identification:
    residual = (*left, *beside)
    texts = [m for m in matches if m.via in ("text", "ai", "exception")]
    if not texts and is_agreement(tokens.text, left):
        # an agreement of its own may name other licences, and its own name; neither makes it one of them
        return Identification("custom", titled(tokens.text), None, 0.0, tuple(matches), residual, 0, truncated)
    if not matches:
        own = len(tokens.words) >= 20 and _LICENSE.search(tokens.text) and not is_pointer(tokens)
        verdict: Verdict = "custom" if own else "none"
        return Identification(verdict, None, None, 0.0, (), residual, 0, truncated)
    main = max(texts or matches, key=lambda m: (m.end - m.start) * m.score)
    if main.via == "ai" and main.score < LIKE_AI and not anchored(main.id, tokens.text):
        return Identification("custom", titled(tokens.text), None, 0.0, tuple(matches), residual, 0, truncated)
    missing = max((r.missing for r in regions), default=0)
    near = [r for r in left if r.rules and (texts or (r.near and firmly(tokens.text[r.start : r.end])))]
    exact = all(m.exact for m in matches) and not near and not beside and not truncated
    expression = express([m.id for m in matches], groups) if exact else named_variant(main.id, tokens.text)
    verdict = "exact" if exact else "variant"
    return Identification(verdict, expression, main.id, main.score, tuple(matches), residual, missing, truncated)


def is_pointer(tokens: Tokens) -> bool:
    """Whether a short text only says in which file the licence stands."""
    return len(tokens.words) < POINTER_WORDS and _POINTER.search(" ".join(tokens.text.split())) is not None


def is_agreement(text: str, left: list[Residual]) -> bool:
    """Whether what is left over speaks like a contract, often enough to be one."""
    if any(r.words >= GRANT_WORDS and _OWN_GRANT.search(text, r.start, r.end) for r in left):
        return True
    if sum(r.words for r in left) < AGREEMENT_WORDS:
        return False
    return sum(1 for r in left for _ in _CONTRACT.finditer(text, r.start, r.end)) >= AGREEMENT_MARKS


def titled(text: str) -> str | None:
    """The registry's licence whose name and version a text bears in its title; its words were not compared."""
    head = fold_words(text[:TITLE_CHARACTERS])
    named = (e for e in registry() if e.anchors and e.kind != "policy")
    found = [e for e in named if all(fold_words(anchor) in head for anchor in e.anchors)]
    return max(found, key=lambda e: sum(map(len, e.anchors))).id if found else None


def fold_words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", join_words(text.lower())))


def named_variant(base: str, text: str) -> str | None:
    """The registry's name for a changed licence, if it has one."""
    for entry in registry():
        if entry.variant_of == base and entry.anchors and anchored(entry.id, text):
            return entry.id
    return None
