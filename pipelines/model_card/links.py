"""Where a card leads: to papers, to training code, to datasheets and dataset pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from output.record import Outcome
from pipelines.model_card.lexicon import label_topics, lexicon, speaks_of
from pipelines.model_card.topics import Finding
from pipelines.readers.arxiv import find_ids
from pipelines.readers.markdown import Card, Link
from pipelines.readers.phrases import Anchored
from pipelines.readers.sentences import sentence_at
from spiders.leads import place, runs_models

PAPER = Anchored(
    re.compile(
        r"arxiv\.org/(?:abs|pdf|html)/|doi\.org/10\.|aclanthology\.org/|openreview\.net/|"
        r"huggingface\.co/papers/|hf\.co/papers/|"
        r"papers\.(?:nips|neurips)\.cc|proceedings\.|openaccess\.thecvf|isca-archive|ieeexplore|dl\.acm\.org|biorxiv\.org|"
        r"nature\.com/articles|research/publications/|alphaxiv\.org|\.pdf(?:$|[?#])",
        re.I,
    )
)
TERMS = re.compile(r"licen[cs]e|agreement|terms|polic(?:y|ies)|许可|协议", re.I)  # what else makers publish as PDF
PAPER_LABEL = re.compile(r"\b(?:paper|preprint|arxiv|technical report|tech report)\b|论文|論文|논문", re.I)
DATASET = Anchored(
    re.compile(
        r"huggingface\.co/datasets/[\w.\-]+(?:/[\w.\-]+)?|kaggle\.com/(?:c|datasets|competitions)/|zenodo\.org/rec|datasheet",
        re.I,
    )
)
DATASHEET_WORD = Anchored(re.compile(r"\b(?:data ?sheet|dataset card|data card|data statement)\b", re.I))
REPOSITORY = Anchored(
    re.compile(r"(?:github|gitlab|bitbucket)\.(?:com|org)/([\w.\-]+)/([\w.\-]+)|gitee\.com/([\w.\-]+)/([\w.\-]+)", re.I)
)
MEASURES = re.compile(r"github\.com/[\w.\-]+/[\w.\-]*(?:eval|benchmark|bench)\b", re.I)
NOT_CODE = re.compile(
    r"/(?:issues|pulls?|commits?|discussions|releases|wiki|actions)(?:/|$)|"
    r"//[^/]+/(?:user-attachments|[^/]+/[^/]+/assets)/|"
    r"/(?:blob|raw)/.*(?:licen[cs]e|policy|copying|notice|model[-_]?card|\.(?:pdf|png|jpe?g|svg|gif|webp|mp4))[^/]*$",
    re.I,
)
EPRINT = re.compile(r"\b(?:eprint|journal|booktitle|doi|archivePrefix)\s*=|arxiv[:.]", re.I)


class Papers(NamedTuple):
    """Ids of the arXiv papers that a card names, as far as it is known whose they are."""

    own: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()


NONE_KNOWN = Papers()


def link_findings(card: Card, start: int, end: int, known: Papers = NONE_KNOWN) -> Iterator[Finding]:
    links = card.links_inside(start, end)
    yield from papers(card, links, start, end, known)
    yield from datasheets(card, links)
    yield from training_code(card, links)


def found(topic: str, card: Card, link: Link, reason: str, outcome: str = "present") -> Finding:
    return Finding(topic, outcome, "link", link.start, link.end, link.label, reason, link.href)  # type: ignore[arg-type]


def papers(card: Card, links: tuple[Link, ...], start: int, end: int, known: Papers) -> Iterator[Finding]:
    """The link to the model's own paper, the one that the card calls its paper, or the first to a paper.

    Else the BibTeX entry, or a paper of others.
    """
    called = [link for link in links if link.href.startswith("http") and called_paper(card, link)]
    to_paper = [link for link in links if PAPER.search(link.href) and not TERMS.search(unquote(link.href))]
    ids = {link.href: {found.id for found in find_ids(link.href)} for link in called + to_paper}
    others = {href for href, named in ids.items() if named & known.others}
    own = [link for link in called + to_paper if ids[link.href] & known.own]
    if link := next((link for link in own + called + to_paper if link.href not in others), None):
        yield found("paper_link", card, link, "link to a paper")
        return
    for part in card.inside(start, end):
        if part.kind == "code":
            match = EPRINT.search(card.text, part.start, part.end)
            if match and "@" in card.text[part.start : match.start()]:
                named = {found.id for found in find_ids(card.text[part.start : part.end])}
                outcome: Outcome = "linked" if named and named <= known.others else "present"
                yield Finding("paper_link", outcome, "prose", part.start, part.end, "", "in the BibTeX entry only")
                return
    if link := next((link for link in to_paper if link.href in others), None):
        yield found("paper_link", card, link, "not known as its own", "linked")


def called_paper(card: Card, link: Link) -> bool:
    part = card.part_at(link.start)
    return bool(PAPER_LABEL.search(link.label) or (part and part.label and PAPER_LABEL.search(part.label)))


def datasheets(card: Card, links: tuple[Link, ...]) -> Iterator[Finding]:
    for link in links:
        part = card.part_at(link.start)
        around = card.visible[part.start : part.end] if part else ""
        if DATASET.search(link.href) or DATASHEET_WORD.search(around):
            yield found("datasheet_link", card, link, "link to a dataset page or datasheet")
            return
    if card.front and card.front.strings("datasets"):
        start, stop = card.front.span("datasets")
        yield Finding("datasheet_link", "present", "front_matter", start, stop, "", "datasets in the front matter")


def training_code(card: Card, links: tuple[Link, ...]) -> Iterator[Finding]:
    unspecified: Finding | None = None
    for link in links:
        if not REPOSITORY.search(link.href) or MEASURES.search(link.href) or NOT_CODE.search(link.href):
            continue
        if (found_at := place(link.href)) and runs_models(found_at.target):
            continue
        part = card.part_at(link.start)
        if part is None:
            continue
        first, last = sentence_at(card.visible, link.start, link.end, part.start, part.end)
        about = label_topics(part.label) if part.label else ()
        if speaks_of("training_code_link", lexicon().loose, card, first, last) or "training_code_link" in about:
            reason = "said to hold training code"
            yield Finding("training_code_link", "present", "link", first, last, link.label, reason, link.href)
            return
        unspecified = unspecified or found(
            "training_code_link", card, link, "a repository, not said to hold training code", "linked"
        )
    if unspecified:
        yield unspecified
