"""From regions and notices to a verdict: exact, variant of something known, custom, or none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from license_rules.matcher import MOST_REGIONS, Region, drop_short, find_regions, runs
from license_rules.notices import find_notices
from license_rules.registry import by_id
from license_rules.tokens import READ_LIMIT, Tokens, tokenize

Verdict = Literal["exact", "variant", "custom", "none"]

MISSING_WORDS = 12
MOST_MISSING = 60
MISSING_SHARE = 0.08
LEAST_RECALL = 0.85
RESIDUAL_WORDS = 8
EXACT_AI = 0.985

_RULES = re.compile(
    r"\b(?:may not|must|shall|prohibit\w*|not (?:be )?(?:use[d]?|permitted|allowed)|commercial\w*|non-?commercial\w*"
    r"|research (?:purposes?|only)|restrict\w*|only (?:for|if|to|with)|provided that|permission|permitted"
    r"|agree(?:s|ment)?|terminat\w*|royalt\w*|obligat\w*|military|liab\w+|indemnif\w*|govern\w*)\b"
)
_STRONG = re.compile(
    r"\b(?:(?:non-?)?commercial\w*|research|academic|educational|military|weapons?|prohibited|forbidden|revenue"
    r"|monthly|not permitted|not allowed|shall not|must not|except|excluding|ethical|harm\w*|personal use)\b"
)
_FLIPS = re.compile(r"\b(?:not|no|never|only)\b")
_LICENSE = re.compile(r"\b(?:licen[sc]e|terms|agreement|conditions|permission)\b", re.I)


@dataclass(frozen=True)
class Match:
    """A licence found: SPDX or registry id, characters, similarity, and how it was found."""

    id: str
    via: str  # "text", "header", "exception", "ai", "tag", "url", "name"
    start: int
    end: int
    score: float
    exact: bool


@dataclass(frozen=True)
class Residual:
    """Characters that no known text explains; `rules` says that they speak of rights or duties."""

    start: int
    end: int
    words: int
    rules: bool


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
    explained = np.zeros(len(tokens.words), bool)
    for region in regions:
        explained[region.first : region.last] |= region.covered
    left = leftovers(tokens, explained)
    matches = [region_match(tokens, region, left) for region in regions]
    matches += notice_matches(text[:READ_LIMIT], matches)
    return conclude(tokens, regions, matches, left, len(text) > READ_LIMIT)


def leftovers(tokens: Tokens, explained: np.ndarray) -> list[Residual]:
    if explained.all():
        return []
    left = ~explained
    for start, end in list(runs(explained)):
        if end - start < 4:
            left[start:end] = True
    found = []
    for first, last in runs(left):
        start, end = tokens.span(first, last)
        rules = speaks_of_rules(tokens.text[start:end], last - first)
        if rules or last - first >= RESIDUAL_WORDS:
            found.append(Residual(start, end, last - first, rules))
    return found


def speaks_of_rules(text: str, words: int) -> bool:
    """Whether words that no known text explains give or take rights; a few words need plain speech to count."""
    if words < RESIDUAL_WORDS:
        return bool(_STRONG.search(text) or (words <= 2 and _FLIPS.search(text)))
    return bool(_STRONG.search(text)) or len({m.group()[:8] for m in _RULES.finditer(text)}) >= 2


def region_match(tokens: Tokens, region: Region, left: list[Residual]) -> Match:
    known = region.known
    start, end = tokens.span(region.first, region.last)
    inside = any(r.rules and r.start >= start and r.end <= end for r in left)
    tolerated = min(MOST_MISSING, max(MISSING_WORDS, MISSING_SHARE * known.words))
    complete = region.recall >= LEAST_RECALL and region.missing <= tolerated
    exact = complete and not inside
    if known.kind == "ai":
        exact = exact and region.score >= EXACT_AI and anchored(known.id, tokens.text)
    via = "text" if known.kind == "license" else known.kind
    return Match(known.id, via, start, end, round(region.score, 4), exact)


def anchored(ident: str, text: str) -> bool:
    """Whether the text bears the name and version of a registry entry."""
    folded = " ".join(re.findall(r"[^\W_]+", text))
    return all(" ".join(re.findall(r"[^\W_]+", a.lower())) in folded for a in by_id()[ident].anchors)


def notice_matches(text: str, matches: list[Match]) -> list[Match]:
    found: dict[str, Match] = {}
    known = {m.id for m in matches}
    for notice in find_notices(text):
        if any(m.start <= notice.start < m.end for m in matches) or notice.id in known:
            continue
        found.setdefault(notice.id, Match(notice.id, notice.via, notice.start, notice.end, 1.0, True))
    return list(found.values())


def conclude(
    tokens: Tokens, regions: list[Region], matches: list[Match], left: list[Residual], truncated: bool
) -> Identification:
    residual = tuple(left)
    texts = [m for m in matches if m.via in ("text", "ai", "exception")]
    if not matches:
        verdict: Verdict = "custom" if len(tokens.words) >= 20 and _LICENSE.search(tokens.text) else "none"
        return Identification(verdict, None, None, 0.0, (), residual, 0, truncated)
    main = max(texts or matches, key=lambda m: (m.end - m.start) * m.score)
    missing = max((r.missing for r in regions), default=0)
    foreign = any(r.rules and r.words >= RESIDUAL_WORDS for r in left)
    exact = all(m.exact for m in matches) and not (texts and foreign)
    expression = " AND ".join(dict.fromkeys(m.id for m in matches)) if exact else None
    return Identification(
        "exact" if exact else "variant", expression, main.id, main.score, tuple(matches), residual, missing, truncated
    )


__all__ = ["MOST_REGIONS", "Identification", "Match", "Residual", "drop_short", "identify"]
