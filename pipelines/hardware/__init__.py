"""Hardware: what a card says about the machines that trained the model, apart from those that run it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from output.record import EvidenceRecord, Points
from pipelines.detector import Detector, quote_span
from pipelines.dossier import Dossier, searched
from pipelines.hardware.reading import Fact, Kind, read_hardware, rules
from pipelines.model_card.pages import Page, Stretch, read_pages
from pipelines.readers.markdown import Card
from spiders.document import Document

FOLDER = Path(__file__).parent
GROUPS: dict[str, tuple[Kind, ...]] = {
    "hardware.training": ("accelerator", "count", "device_hours", "flop", "cluster", "duration"),
    "hardware.parallelism": ("parallelism", "interconnect", "framework"),
    "hardware.energy": ("energy", "co2"),
}
ANCHORS: dict[str, tuple[Kind, ...]] = {  # without one of these the rest of the group says nothing
    "hardware.training": ("accelerator", "count", "device_hours", "flop"),
    "hardware.parallelism": ("parallelism", "interconnect", "framework"),
    "hardware.energy": ("energy", "co2"),
}
ASKS = {
    "hardware.training": "training hardware",
    "hardware.parallelism": "parallelism, interconnect or training framework",
    "hardware.energy": "energy use or emissions",
}
GIVEN = {
    "hardware.training": "training hardware",
    "hardware.parallelism": "training set-up",
    "hardware.energy": "energy or emissions",
}
FACT_LIMIT = 40


def detect(dossier: Dossier, _earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    yield from read_pages(dossier, read_page)


def read_page(page: Page) -> Iterator[EvidenceRecord]:
    for stretch in page.stretches():
        yield from read_stretch(page.document, page.on_training, stretch)


def card_facts(card: Card, start: int, end: int) -> list[Fact]:
    """Facts of paragraphs, items and rows; the headings above decide what a row is about."""
    where = card.where(rules().book)
    telling = where.hits.only(rules().telling)
    facts: list[Fact] = []
    for part in card.inside(start, end):
        if part.kind not in ("heading", "image", "code") and telling.stand_in(part.start, part.end):
            context = " ".join((*card.heading_path(part.start)[-2:], part.label))
            facts += read_hardware(card.visible, part.start, part.end, context, where)
    return facts


def read_stretch(document: Document, card: Card, stretch: Stretch) -> Iterator[EvidenceRecord]:
    facts = card_facts(card, stretch.start, stretch.end)
    looked = searched(document, f"{stretch.name}: running text, labels and tables, for {', '.join(ASKS.values())}")
    for indicator, kinds in GROUPS.items():
        about = [f for f in facts if f.kind in kinds and f.use != "inference"]
        anchors = [f for f in about if f.kind in ANCHORS[indicator] and trusted(f)]
        if anchors:
            yield found(document, card, stretch, indicator, about, anchors)
            continue
        front = emissions(card) if indicator == "hardware.energy" and stretch.title is None else None
        if front and card.front:
            quote, selector = quote_span(card.text, *card.front.span("co2_eq_emissions"))
            yield detector.record(
                stretch.subject,
                "hardware_architecture",
                indicator,
                "present",
                f"{stretch.name} states emissions in its front matter ({front}).",
                rule="co2_eq_emissions",
                points="open",
                value={"front_matter": front},
                source=document.source,
                quote=quote,
                selector=selector,
            )
            continue
        running = [f for f in facts if f.kind in ANCHORS[indicator] and f.use == "inference"]
        if running and indicator == "hardware.training":
            quote, selector = quote_card(card, running[0])
            yield detector.record(
                stretch.subject,
                "hardware_architecture",
                indicator,
                "absent",
                f"{stretch.name}: only inference hardware information found ({describe(running)}).",
                rule="inference-only",
                points="closed",
                value={"inference": [value_of(f) for f in running[:FACT_LIMIT]]},
                source=document.source,
                quote=quote,
                selector=selector,
                searched=[looked],
            )
            continue
        yield detector.record(
            stretch.subject,
            "hardware_architecture",
            indicator,
            "absent",
            f"{stretch.name} has nothing on {ASKS[indicator]}.",
            rule="searched",
            points="closed" if indicator == "hardware.training" else "neutral",
            source=document.source,
            searched=[looked],
        )


def trusted(fact: Fact) -> bool:
    """A name of hardware counts where training is spoken of; a framework or cluster alone says nothing about use."""
    return fact.use == "training" or fact.kind in ("device_hours", "co2")


def emissions(card: Card) -> str:
    value = card.front.get("co2_eq_emissions") if card.front else None
    if isinstance(value, dict):
        return "; ".join(
            f"{k}: {v}" for k, v in list(value.items())[:8] if isinstance(v, str | int | float) and v != ""
        )
    return f"{value} g CO2eq" if isinstance(value, int | float) else ""


def found(
    document: Document, card: Card, stretch: Stretch, indicator: str, about: list[Fact], anchors: list[Fact]
) -> EvidenceRecord:
    best = max(anchors, key=lambda f: ("count" in f.value, -ANCHORS[indicator].index(f.kind), -f.start))
    near = [f for f in about if trusted(f) or f.sentence == best.sentence]
    ordered = sorted(near, key=lambda f: f.sentence != best.sentence)
    quote, selector = quote_card(card, best)
    return detector.record(
        stretch.subject,
        "hardware_architecture",
        indicator,
        "present",
        f"{stretch.name}: {GIVEN[indicator]} given ({describe(ordered)}).",
        rule=best.kind,
        points=points(indicator, near),
        value={"facts": [value_of(f) for f in near[:FACT_LIMIT]]},
        source=document.source,
        quote=quote,
        selector=selector,
    )


def points(indicator: str, facts: list[Fact]) -> Points:
    """Type and number of accelerators make it open, less is a high-level remark."""
    if indicator == "hardware.energy":
        return "open"
    kinds = {f.kind for f in facts}
    counted = any("count" in f.value for f in facts)
    if indicator == "hardware.training":
        return "open" if "accelerator" in kinds and (counted or "device_hours" in kinds) else "partial"
    return "open" if "parallelism" in kinds else "partial"


def quote_card(card: Card, fact: Fact) -> tuple[Any, Any]:
    start, end = card.quote_range(*fact.sentence)
    if fact.start - start > 560:
        start, end = card.quote_range(max(start, fact.start - 200), min(end, fact.end + 200))
    return quote_span(card.text, start, end, heading_path=card.heading_path(start))


def value_of(fact: Fact) -> dict[str, Any]:
    return {"kind": fact.kind, "use": fact.use, **fact.value}


def describe(facts: list[Fact]) -> str:
    """The facts as a maintainer would list them: `384 NVIDIA A100 40 GB; 2 months`."""
    pieces: dict[str, None] = {}
    for fact in facts:
        value = fact.value
        if fact.kind == "accelerator":
            memory = f" {value['memory_gb']} GB" if "memory_gb" in value else ""
            pieces[f"{value['count']} {value['name']}{memory}" if "count" in value else value["name"] + memory] = None
        elif fact.kind == "count":
            pieces[f"{value['count']} {value['of']}"] = None
        elif fact.kind == "parallelism":
            kind = f"{value['name']} parallelism"
            pieces[kind if value["text"].lower() == kind.lower() else f"{kind} ({value['text']})"] = None
        else:
            pieces[re.sub(r"^(?:for|took|in|lasted|about|over)\s+", "", " ".join(value["text"].split()))] = None
    shown = list(pieces)[:6]
    return "; ".join(shown) + ("; …" if len(pieces) > 6 else "")


detector = Detector(FOLDER, detect)
