"""Claims: the maker's own words about how open the model is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from output.data_files import load
from output.record import EvidenceRecord
from pipelines.detector import Detector, quote_span
from pipelines.dossier import Dossier, searched
from pipelines.model_card.pages import Page, Stretch, read_pages
from pipelines.readers.markdown import Card
from pipelines.readers.patterns import either
from pipelines.readers.phrases import Literals, Phrase
from pipelines.readers.sentences import cut_around, sentences
from spiders.document import Document

FOLDER = Path(__file__).parent
CLAIM_LIMIT = 5
SHOWN = 100  # characters of a claim in its statement
# fmt: off
MAY_CLAIM = Literals([
    "open", "free", "commercial", "código", "codigo", "quelloffen", "открыт", "reproducible", "community", "开源",
    "開源", "オープン", "오픈", "免费", "商用",
])
# fmt: on
NAMES = {
    "fully_open": "fully open",
    "open_source": "open source",
    "open_weights": "open (weights or model)",
    "open_science": "open science",
    "free_use": "free to use",
}


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claims: dict[str, list[str]]
    ours: list[str]
    others: list[str]
    planned: list[str]
    news: str


class Rules(NamedTuple):
    claims: tuple[tuple[str, Phrase], ...]
    ours: re.Pattern[str]
    not_claimed: re.Pattern[str]
    news: re.Pattern[str]


class Claim(NamedTuple):
    """Words of a sentence that stand at `at`; the sentence runs from `start` to `end`, in characters."""

    kind: str
    words: str
    at: int
    start: int
    end: int


@cache
def rules() -> Rules:
    words = load(FOLDER / "lexicon.yaml", Words)
    claims = tuple((kind, Phrase(either(patterns))) for kind, patterns in words.claims.items())
    return Rules(claims, either(words.ours), either(words.others + words.planned), re.compile(words.news))


def read_claims(text: str, start: int = 0, end: int | None = None) -> Iterator[Claim]:
    """Each sentence between two positions of a text that claims openness for its own model."""
    for low, high in sentences(text, start, len(text) if end is None else end):
        lower = text[low:high].lower()
        for kind, rule in rules().claims:
            match = rule.pattern.search(text, low, high) if rule.may_match(lower) else None
            if not match:
                continue
            said = text[low:high]
            if rules().ours.search(said) and not rules().not_claimed.search(said):
                yield Claim(kind, " ".join(match[0].split()), match.start(), low, high)
            break


def detect(dossier: Dossier, _earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    yield from read_pages(dossier, read_page)


def read_page(page: Page) -> Iterator[EvidenceRecord]:
    for stretch in page.stretches():
        yield from read_stretch(page.document, page.card, stretch)


def read_stretch(document: Document, card: Card, stretch: Stretch) -> Iterator[EvidenceRecord]:
    found = 0
    may_claim = card.where(MAY_CLAIM)
    for part in card.inside(stretch.start, stretch.end):
        if part.kind in ("heading", "code", "image", "row", "head"):
            continue
        if not may_claim.stand_in(part.start, part.end):
            continue
        for kind, words, at, low, high in read_claims(card.visible, part.start, part.end):
            if document.kind == "source_file" and rules().news.match(card.visible[low:high]):
                continue
            if found == CLAIM_LIMIT:
                return
            found += 1
            said = cut_around(card.visible[low:high], at - low, SHOWN)
            start, end = card.quote_range(low, high)
            quote, selector = quote_span(card.text, start, end, heading_path=card.heading_path(low))
            yield detector.record(
                stretch.subject,
                "claims",
                "claims.open_source",
                "present",
                f"{stretch.name}: the makers call it {NAMES[kind]} (“{said}”).",
                rule=kind,
                value={"kind": kind, "words": words},
                source=document.source,
                quote=quote,
                selector=selector,
            )
    if not found:
        yield detector.record(
            stretch.subject,
            "claims",
            "claims.open_source",
            "absent",
            f"{stretch.name} makes no claim of openness.",
            rule="searched",
            source=document.source,
            searched=[searched(document, f"{stretch.name}: running text, for words of openness about this model")],
        )


detector = Detector(FOLDER, detect)
