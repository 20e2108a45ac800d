"""Datasheets: what is answered about each dataset, group by group, and summaries of training content."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from output.record import EvidenceRecord, Outcome, Points, Source, Subject
from pipelines.datasheet.sheet import GROUPS, Answer, answers, rules, section, sentence_kind
from pipelines.datasheet.summary import read_summary
from pipelines.detector import Detector, quote_pointer, quote_span
from pipelines.dossier import Dossier, searched
from pipelines.model_card.embedded import component_of
from pipelines.readers.markdown import Card, card_of
from pipelines.readers.pdf import read_pdf
from pipelines.readers.printed import printed
from spiders.document import Document, Miss

FOLDER = Path(__file__).parent
SHEET_NAME = re.compile(r"(?:^|/)[^/]*data(?:set)?[-_ ]?(?:sheet|card)[^/]*\.(?:md|txt|rst|pdf)$", re.I)
ABOUT_DATA = re.compile(r"\b(?:data ?sets?|corp(?:us|ora)|instances|annotat\w+|benchmark)\b", re.I)
SPOKEN_OF = re.compile(r"\bdata ?sheets?\b|article 53|public summary of", re.I)
GROUPS_OF_A_SHEET = 2
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
    found: list[EvidenceRecord] = []
    for document in sheets:
        found += read_sheet(document, Subject(dossier.entry, document.target, dossier.component(document.target)))
    for document in dossier.of("hub_croissant"):
        found += read_croissant(document, Subject(dossier.entry, document.target, None))
    for document in dossier.of("hub_dataset"):
        found += papers_of(document, Subject(dossier.entry, document.target, None))
    for document in (*dossier.of("model_card"), *reports(dossier)):
        found += inner_sheet(document, dossier)
    for document in (*dossier.of("model_card", "web_page", "source_file", "dataset_card"), *reports(dossier)):
        found += training_summary(document, dossier)
    yield from found
    if not any(record.indicator != "datasheet.training_summary" for record in found):
        yield from none_found(dossier)


def reports(dossier: Dossier) -> Iterator[Document]:
    """PDFs that are the summary of training content by their name, or that speak of a datasheet."""
    for document in dossier.of("paper"):
        named = rules().file.search(document.source.path or document.source.url)
        if named or any(SPOKEN_OF.search(page.text) for page in read_pdf(document.body).pages):
            made = printed(document)
            if isinstance(made, Document):
                yield made


def read_sheet(document: Document, subject: Subject) -> Iterator[EvidenceRecord]:
    card = card_of(document)
    if not ABOUT_DATA.search(card.visible) and not ABOUT_DATA.search(document.source.path or ""):
        yield not_about_data(document, subject)
        return
    summary = read_summary(card)
    if summary and summary.outcome == "present" and summary.whole:
        return
    found = list(answers(card))
    of = f" of {document.target.removeprefix('hf:dataset:')}" if document.target.startswith("hf:") else ""
    name = f"{'Datasheet' if SHEET_NAME.search(document.source.path or '') else 'Dataset card'}{of}"
    for group in GROUPS:
        yield group_record(document, card, subject, group, [a for a in found if a.group == group], name)


def inner_sheet(document: Document, dossier: Dossier) -> Iterator[EvidenceRecord]:
    """A datasheet inside a model card or a report, where at least two of its groups are answered."""
    card = card_of(document)
    place = section(card)
    found = list(answers(card, *place)) if place else []
    if len({a.group for a in found if a.outcome == "present"}) < GROUPS_OF_A_SHEET:
        return
    known = component_of(dossier, document.target) is not None
    subject = dossier.subject(document.target if known else dossier.root, component_of(dossier, document.target))
    name = f"Datasheet in {'report' if document.kind == 'paper' else 'model card'} {document_name(document)}"
    for group in GROUPS:
        yield group_record(document, card, subject, group, [a for a in found if a.group == group], name)


def document_name(document: Document) -> str:
    source = document.source
    if document.target.startswith("hf:"):
        return document.target.rpartition(":")[2]
    return source.path or source.url.rpartition("/")[2]


def group_record(
    document: Document, card: Card, subject: Subject, group: str, found: list[Answer], name: str
) -> EvidenceRecord:
    questions = [q for q in rules().groups[group].questions if q != "other" or any(a.question == q for a in found)]
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
    count = f"answers {len(answered)} of {len(questions)} questions on {NAMES[group]} ({where})."
    texts: dict[Outcome, str] = {
        "present": f"{name} {count}" if answered else f"{name} speaks of {NAMES[group]} ({where}).",
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
    data = document.facts or {}
    name = document.target.removeprefix("hf:dataset:")
    given = {key.rpartition("/")[2].rpartition(":")[2]: key for key in data if isinstance(key, str)}
    for group, entry in rules().groups.items():
        keys = [given[name] for field in entry.rai if (name := field.removeprefix("rai:")) in given]
        filled = [key for key in keys if says(data[key])]
        if not filled:
            continue
        quote, selector = quote_pointer(data, "/" + filled[0].replace("~", "~0").replace("/", "~1"))
        yield detector.record(
            subject,
            "datasheet",
            f"datasheet.{group}",
            "present",
            f"Croissant metadata of {name} answers on {NAMES[group]} ({', '.join(filled)}; "
            f"{len(filled)} of {len(entry.rai)} fields).",
            rule="croissant-rai",
            points="open",
            value={"fields": filled, "of": entry.rai},
            source=document.source,
            quote=quote,
            selector=selector,
        )


def says(value: object) -> bool:
    """Whether a JSON-LD value holds an answer, and not "TBD" or the like."""
    if isinstance(value, dict):
        return any(says(one) for one in value.values())
    if isinstance(value, list):
        return any(says(one) for one in value)
    return bool(value.strip()) and sentence_kind(value, True) == "real" if isinstance(value, str) else value is not None


def papers_of(document: Document, subject: Subject) -> Iterator[EvidenceRecord]:
    """Papers that the Hub links to a dataset: the index has taken such a paper for a datasheet."""
    info = document.facts or {}
    tags = info.get("tags")
    for index, tag in enumerate(tags if isinstance(tags, list) else []):
        if isinstance(tag, str) and re.fullmatch(r"arxiv:\d{4}\.\d{4,5}", tag):
            quote, selector = quote_pointer(info, f"/tags/{index}")
            name = document.target.removeprefix("hf:dataset:")
            yield detector.record(
                subject,
                "datasheet",
                "datasheet.composition",
                "linked",
                f"Dataset {name} names a paper that may serve as its datasheet (arXiv {tag.removeprefix('arxiv:')}).",
                rule="paper-of-dataset",
                points="partial",
                value={"address": f"https://arxiv.org/abs/{tag.removeprefix('arxiv:')}"},
                source=document.source,
                quote=quote,
                selector=selector,
            )
            return


def training_summary(document: Document, dossier: Dossier) -> Iterator[EvidenceRecord]:
    card = card_of(document)
    summary = read_summary(card, whole=bool(rules().file.search(document.source.path or "")))
    if summary is None:
        return
    start, end = card.quote_range(summary.start, max(summary.end, summary.start + 1))
    quote, selector = quote_span(card.text, start, end, heading_path=card.heading_path(start) or None)
    where = f"in {document_name(document)}"
    texts: dict[Outcome, str] = {
        "present": f"{'Article 53(1)(d) training data' if summary.titled else 'Data'} summary found {where} "
        f"({len(summary.parts)} of the 3 parts of Article 53(1)(d): {', '.join(summary.parts)}).",
        "linked": f"Article 53(1)(d) training data summary linked {where} ({summary.address}).",
        "placeholder": f"Article 53(1)(d) training data summary named {where}, without its parts or a link to it.",
    }
    points: dict[Outcome, Points] = {"present": "open", "linked": "partial"}
    yield detector.record(
        dossier.subject(document.target),
        "datasheet",
        "datasheet.training_summary",
        summary.outcome,
        texts[summary.outcome],
        rule="title-and-parts" if summary.titled else "parts",
        points=points.get(summary.outcome, "neutral"),
        value={"parts": list(summary.parts), "address": summary.address},
        source=document.source,
        quote=quote,
        selector=selector,
    )


def where_named(dossier: Dossier, missed: Miss) -> Source:
    """A name without an owner (`c4`) is no address on the Hub: there the page that gives the name is the source."""
    if "/" not in missed.target:
        for lead in dossier.leads:
            if lead.target == missed.target and lead.source is not None:
                return lead.source
    return missed.source


def none_found(dossier: Dossier) -> Iterator[EvidenceRecord]:
    """One record for a release without a datasheet: absent where all was read, unavailable where a card was missed."""
    looked = [*dossier.of("model_card", "hub_model", "hub_dataset", "github_tree")]
    if not any(dossier.component(d.target) for d in looked):
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
            source=where_named(dossier, missed[0]),
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
