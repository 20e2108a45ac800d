"""Paper text: what a report says of hardware, data and licence, and what it covers, each with page and quote."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from output.record import EvidenceRecord, Parameter, Points, Source, Subject
from pipelines.detector import Detector
from pipelines.dossier import Dossier
from pipelines.paper_text.sentences import Sentence, sentences
from pipelines.paper_text.statements import Statement, lexicon, said, speaker_of, statements
from pipelines.papers.names import match_title
from pipelines.papers.own import own_papers, release_name
from pipelines.papers.preprint import page_title
from pipelines.readers.paper_html import HtmlPaper, is_html_paper, read_html
from pipelines.readers.paper_tex import TexError, TexFlow, is_tex, read_tex
from pipelines.readers.pdf import PROBLEM_TEXT, Pdf, read_pdf
from pipelines.readers.sentences import cut_around
from spiders.document import Document

STATEMENT_LIMIT = 260  # characters of a sentence in a record's statement
STATEMENTS_SHOWN = 30  # of one indicator and one report

WORDS = {  # of an indicator, or of the rule where it says it better
    "interconnect": "Interconnect of the training machines",
    "framework": "Training framework",
    "hardware.training": "Training hardware",
    "hardware.parallelism": "Training parallelism",
    "hardware.energy": "Energy of training",
    "data.described": "Training data described",
    "data.withheld": "Training data kept in-house or back",
    "license.declared": "Licence named",
    "preprint.availability": "Availability stated",
}


def detect(dossier: Dossier, _earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    reports = list(dossier.of("paper"))
    if not reports:
        return
    papers = {paper.id: paper for paper in own_papers(dossier) if paper.verdict != "cited"}
    done: set[str] = set()
    for document in reports:
        if document.source.sha256 in done:
            continue
        done.add(document.source.sha256)
        paper = next((p for ident, p in papers.items() if ident in document.source.url), None)
        report, title = read_report(document)
        owner, _, repository = release_name(dossier, dossier.root).rpartition("/")
        local = document.target == dossier.root
        match = match_title(title, repository, owner) if repository else ""
        if paper:
            target = paper.component_target or dossier.root
        elif local or match in ("full", "family", "version"):
            target = dossier.root
        else:
            continue
        names = [n for n in (own_name(title), repository) if n]
        yield from read(document, report, dossier.subject(target), names)


def read_report(document: Document) -> tuple[Pdf | HtmlPaper, str]:
    """A report and its title: PDF, LaTeX, or the HTML that arXiv makes of it."""
    if is_tex(document.body):
        try:
            paper = read_tex(document.body)
        except TexError:
            return Pdf(0, (), "broken_source"), ""
        return paper, paper.title
    if is_html_paper(document.body):
        page = read_html(document.body)
        return page, page.title
    pdf = read_pdf(document.body)
    return pdf, page_title(pdf.pages[0]) if pdf.pages else ""


def own_name(title: str) -> str:
    """What a title calls the model: what stands before its colon, or before "Technical Report"."""
    head = re.split(r":\s|\s[–—]\s", title, maxsplit=1)[0]
    head = re.sub(r"(?i)\b(?:technical|tech|research)? ?report\b.*|\bmodel card\b.*|\bfamily\b.*", "", head).strip()
    return head if 0 < len(head.split()) <= 4 and re.search(r"[A-Z]|[a-z][\w.-]*\d", head) else ""


def read(document: Document, report: Pdf | HtmlPaper, subject: Subject, names: list[str]) -> Iterator[EvidenceRecord]:
    url = document.source.url
    where = document.source.path or ("arXiv " if "arxiv.org/" in url else "") + url.rsplit("/", 1)[-1]
    if isinstance(report, Pdf) and report.problem:
        yield detector.record(
            subject,
            "preprint",
            "preprint.coverage",
            "error" if report.problem in ("broken", "broken_source", "timeout", "crashed") else "unavailable",
            f"{where} could not be read: {PROBLEM_TEXT[report.problem]}.",
            rule="pdf",
            value={"problem": report.problem, "pages": report.page_count},
            source=document.source,
        )
        return
    found = list(sentences(report))
    yield coverage(document, report, found, subject, where)
    shown: Counter[str] = Counter()
    for statement in statements(found, speaker_of(found, names)):
        shown[statement.indicator] += 1
        if shown[statement.indicator] <= STATEMENTS_SHOWN:
            yield record(document, statement, subject, where)


def record(document: Document, statement: Statement, subject: Subject, where: str) -> EvidenceRecord:
    sentence = statement.sentence
    quote, selector = sentence.quote(statement.start, statement.end)
    said = cut_around(sentence.text, statement.start, STATEMENT_LIMIT)
    words = WORDS.get(statement.rule) or WORDS[statement.indicator]
    return detector.record(
        subject,
        parameter_of(statement, subject),
        statement.indicator,
        "present",
        f"{words} in {where}, {place(sentence)}{given(statement)}: {said}",
        rule=statement.rule,
        points=points_of(statement),
        value={**statement.value, **({"page": sentence.page} if sentence.page else {})},
        source=quoted_source(document, sentence),
        quote=quote,
        selector=selector,
    )


def quoted_source(document: Document, sentence: Sentence) -> Source:
    """What a quote's offsets count in: of LaTeX the file that the sentence stands in."""
    flow = sentence.flow
    return flow.file.source(document.source) if isinstance(flow, TexFlow) else document.source


def place(sentence: Sentence) -> str:
    """Where a reader finds it: the page of a PDF, the section of a page of HTML."""
    return f"page {sentence.page}" if sentence.page else f"section {sentence.section[:80] or '(none)'}"


def given(statement: Statement) -> str:
    """The facts in brackets; `tensor parallelism (tensor parallelism)` is said once."""
    facts = re.sub(r"(?i)\b((?:[\w-]+ )?parallelism) \(\1\)", r"\1", str(statement.value.get("given") or ""))
    if statement.indicator == "preprint.availability":
        facts = statement.value["what"] + (", promised" if statement.value["promised"] else "")
    return f" ({facts})" if facts else ""


def parameter_of(statement: Statement, subject: Subject) -> Parameter:
    if statement.indicator.startswith("hardware."):
        return "hardware_architecture"
    if statement.indicator == "license.declared":
        return "licenses"
    if statement.indicator == "preprint.availability":
        return "preprint"
    tuning = statement.value.get("stage") == "tuning" and subject.component != "base"
    return "datasources_endmodel" if tuning else "datasources_basemodel"


def points_of(statement: Statement) -> Points:
    """Accelerators with their number are what the index asks for; a source that is named can be looked for."""
    value = statement.value
    if statement.indicator == "hardware.energy":
        return "open"
    if statement.indicator.startswith("hardware."):
        kinds = {fact["kind"] for fact in value["facts"]}
        counted = "device_hours" in kinds or any("count" in fact for fact in value["facts"])
        typed = "accelerator" in kinds and counted
        return "open" if typed or "parallelism" in kinds else "partial"
    if statement.indicator == "data.withheld":
        return "closed"
    if statement.indicator == "preprint.availability":
        return "neutral"
    return "partial" if value.get("sources") else "neutral"


def coverage(
    document: Document, report: Pdf | HtmlPaper, found: list[Sentence], subject: Subject, where: str
) -> EvidenceRecord:
    """Words that stand below headings of each topic, and where the first of them begins."""
    words: Counter[str] = Counter()
    pages: dict[str, set[int]] = {}
    first: dict[str, Sentence] = {}
    for sentence in found:
        count = len(sentence.text.split())
        words[""] += count
        for rule in lexicon().topics:
            if said(rule.said).search(sentence.section):
                words[rule.topic] += count
                pages.setdefault(rule.topic, set()).update([sentence.page] if sentence.page else [])
                first.setdefault(rule.topic, sentence)
    total = words.pop("") or 1
    covered = [rule.topic for rule in lexicon().topics if words[rule.topic]]
    missing = [rule.topic for rule in lexicon().topics if rule.topic not in covered]
    parts = ", ".join(f"{topic} ({words[topic]} words)" for topic in covered)
    pdf = report if isinstance(report, Pdf) else None
    read_part = "" if pdf is None or pdf.complete else f" of which {len(pdf.pages)} were read"
    length = f"{pdf.page_count} page{'s' * (pdf.page_count != 1)}{read_part}" if pdf else f"{total} words"
    lead = first[covered[0]] if covered else found[0] if found else None
    quote, selector = lead.quote(0, 1) if lead else (None, None)
    return detector.record(
        subject,
        "preprint",
        "preprint.coverage",
        "present",
        f"{where} ({length}) has sections on {parts or 'none of the topics asked for'}"
        f"{'; no heading names ' + ', '.join(missing) if missing and covered else ''}.",
        rule="headings",
        value={
            **({"pages": pdf.page_count, "pages_read": len(pdf.pages)} if pdf else {}),
            "words": total,
            "topics": {
                t: {
                    "words": words[t],
                    "share": round(words[t] / total, 3),
                    "pages": sorted(pages[t]),
                    "heading": first[t].section,
                    "begins": {"page": first[t].page, "text": " ".join(first[t].text.split())[:160]},
                }
                for t in covered
            },
            "missing": missing,
        },
        source=quoted_source(document, lead) if lead else document.source,
        quote=quote,
        selector=selector,
    )


detector = Detector(Path(__file__).parent, detect)
