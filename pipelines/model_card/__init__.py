"""Model cards: what stands there on each topic, judged by its own text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from output.record import EvidenceRecord, Outcome, Points, Searched, Subject
from pipelines.detector import Detector, quote_span
from pipelines.dossier import Dossier, searched
from pipelines.model_card.coverage import NAMES, Coverage, coverage, sentence
from pipelines.model_card.embedded import component_of
from pipelines.model_card.links import NONE_KNOWN, Papers, link_findings
from pipelines.model_card.pages import Page, Stretch, cards
from pipelines.model_card.topics import TOPICS, Finding, Reading, best
from pipelines.papers.own import own_papers
from pipelines.readers.arxiv import find_ids
from pipelines.readers.markdown import READ_LIMIT, Card
from spiders.document import Document, Miss

FOLDER = Path(__file__).parent
INDICATORS = {**{topic: f"model_card.{topic}" for topic in TOPICS}, "out_of_scope": "model_card.out_of_scope_use"}
PLACES = 8
LINK_NAMES = {
    "datasheet_link": "datasheet or dataset page",
    "training_code_link": "training code",
    "paper_link": "paper",
}
FRONT_KEYS = {
    "license": "license",
    "license_name": "license",
    "datasets": "training_data",
    "co2_eq_emissions": "compute",
}
POINTS: dict[str, Points] = {"present": "open", "boilerplate": "partial", "placeholder": "closed", "linked": "partial"}


def detect(dossier: Dossier, _earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    for page in cards(dossier):
        papers = papers_of(dossier, page)
        for stretch in page.stretches():
            yield from read_stretch(page.document, page.card, stretch, papers if stretch.title is None else NONE_KNOWN)
    for miss in dossier.misses:
        component = component_of(dossier, miss.target)
        if component and miss.what == "model_card":
            yield not_read(miss, dossier.subject(miss.target, component))
    for target in dossier.targets:
        component = dossier.component(target)
        if component and target.startswith("hf:model:"):
            yield from no_card(dossier, target, dossier.subject(target, component))


def papers_of(dossier: Dossier, page: Page) -> Papers:
    """Which of the papers that a card names are its model's own; of a base model's card all others are not."""
    target, known = page.document.target, own_papers(dossier)
    if target not in dossier.base_models:
        others = (paper.id for paper in known if paper.verdict in ("cited", "base"))
        return Papers(frozenset(paper.id for paper in known if paper.verdict == "own"), frozenset(others))
    own = frozenset(paper.id for paper in known if paper.component_target == target)
    shared = frozenset(paper.id for paper in known if paper.verdict != "cited")
    return Papers(own, frozenset(found.id for found in find_ids(page.document.text)) - own - shared)


def not_read(miss: Miss, subject: Subject) -> EvidenceRecord:
    name = miss.source.path if miss.target.startswith("url:") else miss.target.partition(":")[2].removeprefix("model:")
    return detector.record(
        subject,
        "modelcard",
        "model_card.coverage",
        miss.outcome,
        f"Could not read the model card of {name}: {miss.reason}",
        rule="not-read",
        value={"reason": miss.reason, "status": miss.source.status},
        source=miss.source,
    )


def no_card(dossier: Dossier, target: str, subject: Subject) -> Iterator[EvidenceRecord]:
    """Absent only where the Hub's file list was read and names no README.md; unread is not absent."""
    if any(dossier.of("model_card", target=target)) or any(m.what == "model_card" for m in dossier.missed(target)):
        return
    name = target.removeprefix("hf:model:")
    for answer in dossier.of("hub_model", target=target):
        files = file_names(answer)
        if files is not None and not any(f.lower() == "readme.md" for f in files):
            yield detector.record(
                subject,
                "modelcard",
                "model_card.coverage",
                "absent",
                f"No model card found for {name} on HuggingFace ({len(files)} files listed, no README.md).",
                rule="file-list",
                points="closed",
                value={"files": len(files)},
                source=answer.source,
                searched=[searched(answer, f"list of {len(files)} files")],
            )


def file_names(answer: Document) -> list[str] | None:
    siblings = (answer.facts or {}).get("siblings")
    if not isinstance(siblings, list):
        return None
    return [str(s.get("rfilename", "")) for s in siblings if isinstance(s, dict)]


def findings(card: Card, start: int, end: int, own: str = "", papers: Papers = NONE_KNOWN) -> list[Finding]:
    """All findings of a stretch about the model of this name."""
    found = list(Reading(card, start, end, own).findings())
    found += link_findings(card, start, end, papers)
    if card.front and start == card.body_start:
        found += front_findings(card)
    return found


def front_findings(card: Card) -> Iterator[Finding]:
    """What the front matter alone says: a licence, datasets, results, emissions."""
    front = card.front
    assert front is not None
    for key, topic in FRONT_KEYS.items():
        if front.get(key):
            yield Finding(topic, "present", "front_matter", *front.span(key), key, "front matter")
    if "model-index" in front:
        start, end = front.span("model-index")
        if re.search(r"^\s*-?\s*value:\s*[\"']?[\d.]", card.text[start:end], re.M):
            yield Finding("evaluation", "present", "front_matter", start, end, "model-index", "front matter")


def read_stretch(document: Document, card: Card, stretch: Stretch, papers: Papers) -> Iterator[EvidenceRecord]:
    start, end, subject, embedded, whose, own = stretch
    every = findings(card, start, end, own, papers)
    chosen = best(every)
    cover = coverage(card, start, end)
    looked = searched(document, searched_text(card, cover, embedded))
    for topic in TOPICS:
        finding = chosen.get(topic)
        if finding:
            yield topic_record(document, card, subject, finding, every, cover, whose)
        else:
            yield absent_record(document, subject, topic, looked, whose)
    yield coverage_record(document, card, stretch, chosen, cover, looked)


def searched_text(card: Card, cover: Coverage, embedded: str | None) -> str:
    part = f"embedded card “{embedded[:80]}”" if embedded else "model card"
    cut = f", only its first {READ_LIMIT:,} characters" if card.truncated else ""
    where = "headings, bold and bullet labels, tables, HTML, front matter and running text"
    return f"{part}: {where} ({cover.words} words{cut})"


def topic_record(
    document: Document,
    card: Card,
    subject: Subject,
    finding: Finding,
    every: list[Finding],
    cover: Coverage,
    whose: str,
) -> EvidenceRecord:
    path = card.heading_path(finding.start)
    quote, selector = quote_span(card.text, *card.quote_range(finding.start, finding.end), heading_path=path)
    words = max(finding.words, cover.by_topic.get(finding.topic, 0) if finding.how == "heading" else 0)
    places = sorted({(f.start, f.how, f.outcome) for f in every if f.topic == finding.topic})
    value: dict[str, Any] = {
        "topic": finding.topic,
        "how": finding.how,
        "label": finding.label,
        "words": words,
        "share": cover.share(words),
        "position": round(finding.start / max(1, len(card.text)), 3),
        "places": [
            {"line": card.text.count("\n", 0, at) + 1, "how": how, "outcome": outcome}
            for at, how, outcome in places[:PLACES]
        ],
    }
    if finding.reason:
        value["reason"] = finding.reason
    if finding.address:
        value["address"] = finding.address
    return detector.record(
        subject,
        "modelcard",
        INDICATORS[finding.topic],
        finding.outcome,
        statement(finding, words, cover, whose),
        rule=f"{finding.how}:{finding.reason}" if finding.reason else finding.how,
        points=points_of(finding),
        value=value,
        source=document.source,
        quote=quote,
        selector=selector,
    )


def points_of(finding: Finding) -> Points:
    """A section that only points elsewhere is half an answer; a link not known to be of this model is none."""
    foreign = finding.topic in LINK_NAMES and finding.outcome == "linked"
    return "neutral" if foreign else POINTS[finding.outcome]


def statement(finding: Finding, words: int, cover: Coverage, whose: str) -> str:
    name = NAMES.get(finding.topic) or LINK_NAMES[finding.topic]
    where = {
        "heading": f"under “{finding.label}”",
        "label": f"at “{finding.label}”",
        "row": f"in the table row “{finding.label}”",
        "prose": "in running text",
        "front_matter": "in its front matter",
        "link": f"with a link ({finding.address})",
    }[finding.how]
    if finding.topic in LINK_NAMES:
        if finding.outcome == "present":
            article = "" if finding.topic == "training_code_link" else "a "
            return f"{whose} leads to {article}{name} {where}."
        if finding.topic == "training_code_link" and finding.outcome == "linked":
            return f"{whose} links a repository without saying that it holds training code ({finding.address})."
        if finding.topic == "paper_link" and finding.how == "link":
            return f"{whose} links a paper that is not known to be this model's ({finding.address})."
        if finding.topic == "paper_link" and finding.how == "prose" and finding.outcome == "linked":
            return f"{whose} names a paper that is not known to be this model's {where}."
    size = f" ({words} words, {round(100 * cover.share(words))} % of the text)" if words else ""
    to = f" ({finding.address})" if finding.address else ""
    texts: dict[Outcome, str] = {
        "present": f"{whose} covers {name} {where}{size}.",
        "boilerplate": f"{whose} has only a template sentence on {name} {where}.",
        "placeholder": f"{whose} names {name} {where}, but nothing is said there.",
        "linked": f"{whose} only points elsewhere for {name} {where}{to}.",
    }
    return texts[finding.outcome]


def absent_record(document: Document, subject: Subject, topic: str, looked: Searched, whose: str) -> EvidenceRecord:
    name = NAMES.get(topic) or LINK_NAMES[topic]
    return detector.record(
        subject,
        "modelcard",
        INDICATORS[topic],
        "absent",
        f"{whose} has nothing on {name}." if topic not in LINK_NAMES else f"{whose} leads to no {name}.",
        rule="searched",
        points="neutral" if topic in ("citation", "license") else "closed",
        value={"topic": topic},
        source=document.source,
        searched=[looked],
    )


def coverage_record(
    document: Document, card: Card, stretch: Stretch, chosen: dict[str, Finding], cover: Coverage, looked: Searched
) -> EvidenceRecord:
    """Words per topic of the whole text: it quotes where the text begins, and names in `searched` what was counted."""
    start, end, subject, embedded, name, _own = stretch
    topics = {
        topic: {
            "outcome": chosen[topic].outcome if topic in chosen else "absent",
            "words": (words := max(cover.by_topic.get(topic, 0), chosen[topic].words if topic in chosen else 0)),
            "share": cover.share(words),
        }
        for topic in TOPICS
    }
    largest = sorted(cover.by_topic.items(), key=lambda kv: -kv[1])
    sections = {topic: {"words": n, "share": cover.share(n)} for topic, n in largest}
    said = sentence(chosen, cover)
    first = next(
        (p for p in card.inside(start, end) if p.kind != "image" and card.visible[p.start : p.end].strip()), None
    )
    quote, selector = quote_span(card.text, *card.quote_range(first.start, first.end)) if first else (None, None)
    return detector.record(
        subject,
        "modelcard",
        "model_card.coverage",
        "present" if cover.words else "placeholder",
        said.replace("Model card", name, 1),
        rule="embedded" if embedded else "words",
        value={"words": cover.words, "topics": topics, "sections": sections, "embedded": embedded},
        source=document.source,
        quote=quote,
        selector=selector,
        searched=[looked],
    )


detector = Detector(FOLDER, detect)
