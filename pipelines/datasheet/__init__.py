"""Datasheets: what is answered about each dataset, group by group, and summaries of training content."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from output.record import EvidenceRecord, Outcome, Points, Subject
from pipelines.datasheet.sheet import GROUPS, Answer, answers, rules
from pipelines.detector import Detector, quote_pointer, quote_span
from pipelines.dossier import Dossier, searched
from pipelines.readers.markdown import Card, card_of
from spiders.document import Document

FOLDER = Path(__file__).parent
SHEET_NAME = re.compile(r"(?:^|/)[^/]*data(?:set)?[-_ ]?(?:sheet|card)[^/]*\.(?:md|txt|rst|pdf)$", re.I)
ABOUT_DATA = re.compile(r"\b(?:data ?sets?|corp(?:us|ora)|instances|annotat\w+|benchmark)\b", re.I)
RANK: dict[Outcome, int] = {"present": 0, "linked": 1, "placeholder": 2}
HOW_RANK = {"heading": 0, "label": 0, "row": 1, "prose": 2, "front matter": 3}
NAMES = {group: group.replace("_", " ") for group in GROUPS} | {
    "preprocessing": "preprocessing, cleaning and labelling"
}


def detect(dossier: Dossier, _earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    sheets = [
        *dossier.of("dataset_card"),
        *(d for d in dossier.of("source_file") if SHEET_NAME.search(d.source.path or "")),
    ]
    for document in sheets:
        yield from read_sheet(document, Subject(dossier.entry, document.target, dossier.component(document.target)))
    for document in dossier.of("hub_croissant"):
        yield from read_croissant(document, Subject(dossier.entry, document.target, None))
    for document in dossier.of("model_card", "web_page", "source_file", "dataset_card"):
        yield from training_summary(document, dossier)
    yield from none_found(dossier, sheets)


def read_sheet(document: Document, subject: Subject) -> Iterator[EvidenceRecord]:
    card = card_of(document)
    if not ABOUT_DATA.search(card.visible) and not ABOUT_DATA.search(document.source.path or ""):
        yield not_about_data(document, subject)
        return
    found = list(answers(card))
    of = f" of {document.target.removeprefix('hf:dataset:')}" if document.target.startswith("hf:") else ""
    name = f"{'Datasheet' if SHEET_NAME.search(document.source.path or '') else 'Dataset card'}{of}"
    for group in GROUPS:
        yield group_record(document, card, subject, group, [a for a in found if a.group == group], name)


def group_record(
    document: Document, card: Card, subject: Subject, group: str, found: list[Answer], name: str
) -> EvidenceRecord:
    questions = list(rules().groups[group].questions)
    if not found:
        return detector.record(
            subject,
            "datasheet",
            f"datasheet.{group}",
            "absent",
            f"{name} says nothing on {NAMES[group]}.",
            rule="searched",
            points="closed",
            value={"answered": [], "of": questions, "share": 0.0},
            source=document.source,
            searched=[searched(document, "headings, questions, labels, table rows and running text")],
        )
    best = min(found, key=lambda a: (RANK[a.outcome], HOW_RANK[a.how], a.start))
    answered = [q for q in questions if any(a.question == q and a.outcome == "present" for a in found)]
    asked = [q for q in questions if any(a.question == q for a in found)]
    start, end = card.quote_range(best.start, best.end)
    quote, selector = quote_span(card.text, start, end, heading_path=card.heading_path(best.start))
    where = {"prose": "in running text", "front matter": "in its front matter"}.get(
        best.how, f"under “{best.label[:100]}”"
    )
    texts: dict[Outcome, str] = {
        "present": f"{name} answers {len(answered)} of {len(questions)} questions on {NAMES[group]} ({where}).",
        "placeholder": f"{name} asks about {NAMES[group]} {where}, but answers nothing.",
        "linked": f"{name} only points elsewhere for {NAMES[group]} ({where}).",
    }
    points: dict[Outcome, Points] = {"present": "open", "linked": "partial", "placeholder": "closed"}
    return detector.record(
        subject,
        "datasheet",
        f"datasheet.{group}",
        best.outcome,
        texts[best.outcome],
        rule=best.how.replace(" ", "-"),
        points=points[best.outcome],
        value={
            "answered": answered,
            "asked": asked,
            "of": questions,
            "share": round(len(answered) / len(questions), 2),
            "words": sum(a.words for a in found if a.outcome == "present"),
        },
        source=document.source,
        quote=quote,
        selector=selector,
    )


def not_about_data(document: Document, subject: Subject) -> EvidenceRecord:
    return detector.record(
        subject,
        "datasheet",
        "datasheet.composition",
        "not_applicable",
        "File is named like a datasheet but does not speak of a dataset.",
        rule="not-about-data",
        source=document.source,
        searched=[searched(document, "the words dataset, corpus, instances, annotation")],
    )


def read_croissant(document: Document, subject: Subject) -> Iterator[EvidenceRecord]:
    """Fields of the Croissant RAI vocabulary: a machine-readable datasheet where somebody filled them in."""
    try:
        data: Any = json.loads(document.body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        return
    name = document.target.removeprefix("hf:dataset:")
    for group, entry in rules().groups.items():
        filled = [key for key in entry.rai if data.get(key) not in (None, "", [], {})]
        if not filled:
            continue
        quote, selector = quote_pointer(data, "/" + filled[0].replace("~", "~0").replace("/", "~1"))
        yield detector.record(
            subject,
            "datasheet",
            f"datasheet.{group}",
            "present",
            f"Croissant metadata of {name} answers on {NAMES[group]} ({', '.join(filled)}).",
            rule="croissant-rai",
            points="open",
            value={"fields": filled, "of": entry.rai},
            source=document.source,
            quote=quote,
            selector=selector,
        )


def training_summary(document: Document, dossier: Dossier) -> Iterator[EvidenceRecord]:
    """The public summary of training content by its title and its three parts, or a link to one."""
    card = card_of(document)
    match = rules().title.pattern.search(card.visible) if rules().title.may_match(card.lower) else None
    if not match:
        return
    parts = [name for name, pattern in rules().parts.items() if pattern.search(card.visible)]
    link = next((x for x in card.links if rules().title.found_in(x.label) or rules().title.found_in(x.href)), None)
    outcome: Outcome = "present" if len(parts) >= 2 else "linked" if link else "placeholder"
    quote, selector = quote_span(card.text, *card.quote_range(match.start(), match.end()))
    state = f"{len(parts)} of its 3 parts: {', '.join(parts)}" if outcome == "present" else "only a pointer"
    yield detector.record(
        dossier.subject(document.target),
        "datasheet",
        "datasheet.training_summary",
        outcome,
        f"Article 53(1)(d) training data summary found ({state}).",
        rule="title-and-parts",
        points={"present": "open", "linked": "partial"}.get(outcome, "neutral"),  # type: ignore[arg-type]
        value={"parts": parts, "address": link.href if link else None},
        source=document.source,
        quote=quote,
        selector=selector,
    )


def none_found(dossier: Dossier, sheets: list[Document]) -> Iterator[EvidenceRecord]:
    """One record for a release without a datasheet: absent where all was read, unavailable where a card was missed."""
    looked = [*dossier.of("model_card", "hub_model", "hub_dataset", "github_tree")]
    if sheets or not any(dossier.component(d.target) for d in looked):
        return
    subject = dossier.subject(dossier.root)
    missed = [m for m in dossier.misses if m.what in ("dataset_card", "hub_dataset")]
    if missed:
        names = ", ".join(sorted({m.target.removeprefix("hf:dataset:") for m in missed})[:6])
        yield detector.record(
            subject,
            "datasheet",
            "datasheet.composition",
            missed[0].outcome,
            f"No datasheet could be read: {names} could not be reached ({missed[0].reason}).",
            rule="not-read",
            value={"missed": [m.target for m in missed]},
            source=missed[0].source,
        )
        return
    yield detector.record(
        subject,
        "datasheet",
        "datasheet.composition",
        "absent",
        f"No datasheet found (searched: {listing(looked)}).",
        rule="no-datasheet",
        points="closed",
        searched=[searched(d) for d in looked],
    )


def listing(looked: Sequence[Document]) -> str:
    """What was looked at, counted: `2 model cards, 1 file list`."""
    names = {"hub_model": "Hub answer", "hub_dataset": "Hub answer", "github_tree": "file list"}
    counts = Counter(names.get(d.kind, d.kind.replace("_", " ")) for d in looked)
    return ", ".join(f"{n} {name}{'s' if n > 1 else ''}" for name, n in counts.items())


detector = Detector(FOLDER, detect)
