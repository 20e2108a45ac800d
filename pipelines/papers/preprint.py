"""Records of preprints and reports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from output.record import EvidenceRecord, Points, Subject
from pipelines.detector import Detector, quote_pointer, quote_span
from pipelines.dossier import Dossier, searched
from pipelines.model_card.pages import cards
from pipelines.papers.mentions import Mention
from pipelines.papers.names import cues, family_of_others, is_version, match_title, pieces, plain_owner
from pipelines.papers.own import OwnPaper, read_feeds, release_documents, release_name
from pipelines.readers.paper_html import HtmlPaper, is_html_paper, read_html
from pipelines.readers.paper_tex import TexError, TexFlow, TexPaper, is_tex, read_tex
from pipelines.readers.pdf import LINE_END_HYPHEN, PROBLEM_TEXT, Page, quote_page, read_pdf
from pipelines.readers.phrases import Anchored
from spiders.document import Document
from spiders.hub import may_be_report

CITED_SHOWN = 50
ANNOUNCED = Anchored(re.compile(
    r"(?i)(?:(?:tech(?:nical)?|full|detailed|research)\s+)?(?:report|paper|pre-?print)s?\b[^.\n|]{0,40}"
    r"(?:coming\s+(?:very\s+)?soon|forthcoming|(?:will|to)\s+be\s+(?:released|published|available|announced|updated)|stay\s+tuned|in\s+preparation)"
    r"|(?:coming soon|forthcoming|upcoming)[^.\n|]{0,12}\b(?:tech(?:nical)?\s+)?(?:report|paper|pre-?print)\b"
    r"|(?:技术报告|论文)[^。\n]{0,10}(?:即将|敬请期待|coming soon)"
))  # fmt: skip
BLOG = Anchored(re.compile(
    r"(?i)https?://[^\s)\]>\"']{0,120}(?:\bblogs?\b|/news/|/research/)(?:[^\s)\]}>\"']{0,160}[^\s)\]}>\"'.,;:])?"
))  # fmt: skip
REPORTS_SHOWN = 5
REPORT_FILE = re.compile(r"(?i)(?:report|paper|preprint|whitepaper|model[_-]?card|arxiv)[^/]*\.pdf$")


def records(detector: Detector, dossier: Dossier, papers: Sequence[OwnPaper]) -> Iterator[EvidenceRecord]:
    for paper in papers:
        if paper.verdict != "cited":
            yield archived(detector, dossier, paper)
    others = [paper for paper in papers if paper.verdict == "cited"]
    if others:
        yield cited(detector, dossier, others)
    ours = [paper for paper in papers if paper.verdict in ("own", "earlier")]
    if not ours:
        yield from none_archived(detector, dossier, papers)
    reports = list(report_files(detector, dossier))
    yield from reports
    if not ours and not reports:
        yield from announced_or_blog(detector, dossier)


def archived(detector: Detector, dossier: Dossier, paper: OwnPaper) -> EvidenceRecord:
    """One paper that is this model's, an earlier version's or the base model's."""
    points: Points = {"own": "open", "earlier": "partial"}.get(paper.verdict, "neutral")  # type: ignore[assignment]
    subject = dossier.subject(paper.component_target or dossier.root)
    of_what = {
        "own": "Preprint",
        "earlier": "Preprint of another version of the model",
        "base": f"Preprint of the base model{' ' + short(paper.component_target) if paper.component_target else ''}",
    }[paper.verdict]
    value = paper_value(paper)
    if paper.entry and paper.feed:
        quote, selector = quote_span(paper.feed.text, paper.entry.title.start, paper.entry.title.end)
        date = f", {paper.entry.published.text[:10]}" if paper.entry.published else ""
        return detector.record(
            subject,
            "preprint",
            "preprint.archived",
            "present",
            f"{of_what} published on arXiv: {paper.title} ({paper.versioned}{date}; {paper.reason_short}).",
            rule=f"arxiv-{paper.verdict}",
            points=points,
            value=value,
            source=paper.feed.source,
            quote=quote,
            selector=selector,
        )
    mention = paper.mentions[0]
    quote, selector = quote_span(mention.document.text, mention.start, mention.end)
    denied = [d for d, feed in read_feeds(dossier) if feed.whole and paper.id in asked_ids(d)]
    where = place_name(mention.document)
    if denied:
        of_whom = {
            "own": "a paper of the model",
            "earlier": "a paper on another version of the model",
            "base": "a paper of the base model",
        }[paper.verdict]
        return detector.record(
            subject,
            "preprint",
            "preprint.archived",
            "placeholder",
            f"{where} names arXiv {paper.versioned} as {of_whom}, but arXiv has no such paper.",
            rule="unknown-id",
            points="closed" if paper.verdict == "own" else "neutral",
            value=value,
            source=mention.document.source,
            quote=quote,
            selector=selector,
            searched=[searched(d, f"arXiv's answer on {paper.id}") for d in denied],
        )
    return detector.record(
        subject,
        "preprint",
        "preprint.archived",
        "linked",
        f"{of_what} named by {within(where)}: arXiv {paper.versioned}"
        f"{' (' + paper.title + ')' if paper.title else ''}; {why_not_read(dossier, paper)}.",
        rule=f"named-{paper.verdict}",
        points=points,
        value=value,
        source=mention.document.source,
        quote=quote,
        selector=selector,
    )


def asked_ids(feed: Document) -> list[str]:
    """The ids that a request for a feed named."""
    return parse_qs(urlsplit(feed.source.url).query).get("id_list", [""])[0].split(",")


def why_not_read(dossier: Dossier, paper: OwnPaper) -> str:
    if any(paper.id in asked_ids(d) for d in dossier.of("arxiv_feed")):
        return "arXiv was asked, and its answer neither lists the paper nor is whole"
    miss = next((m for m in dossier.misses if m.what == "arxiv_feed" and paper.id in m.source.url), None)
    return f"arXiv was asked and could not be read ({miss.reason})" if miss else "arXiv itself was not read"


def paper_value(paper: OwnPaper) -> dict[str, Any]:
    value: dict[str, Any] = {
        "arxiv": paper.versioned,
        "verdict": paper.verdict,
        "reason": paper.reason,
        "title": paper.title,
        "named_at": [place_value(m) for m in paper.mentions[:5]],
    }
    if paper.entry:
        value["url"] = f"https://arxiv.org/abs/{paper.versioned}"
        value["authors"] = [a.text for a in paper.entry.authors[:3]]
        value["author_count"] = len(paper.entry.authors)
        value["published"] = paper.entry.published.text if paper.entry.published else None
        value["updated"] = paper.entry.updated.text if paper.entry.updated else None
    return value


def place_value(mention: Mention) -> dict[str, Any]:
    line = mention.document.text.count("\n", 0, mention.start) + 1
    return {"url": mention.document.source.url, "line": line, "place": mention.place}


def cited(detector: Detector, dossier: Dossier, others: Sequence[OwnPaper]) -> EvidenceRecord:
    """All papers that are named and are not this model's, in one record: a list to check the choice against."""
    mention = others[0].mentions[0]
    quote, selector = quote_span(mention.document.text, mention.start, mention.end)
    first = "; ".join(f"{p.versioned} {p.title[:60]}".strip() for p in others[:3])
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return detector.record(
        dossier.subject(dossier.root),
        "preprint",
        "preprint.archived",
        "not_applicable",
        f"Only cited, not on this model: {len(others)} arXiv paper{'s' * (len(others) > 1)} ({first}{more}).",
        rule="cited",
        value={
            "papers": [
                {"arxiv": p.versioned, "title": p.title, "reason": p.reason, "named_at": place_value(p.mentions[0])}
                for p in others[:CITED_SHOWN]
            ],
            "count": len(others),
        },
        source=mention.document.source,
        quote=quote,
        selector=selector,
    )


def none_archived(detector: Detector, dossier: Dossier, papers: Sequence[OwnPaper]) -> Iterator[EvidenceRecord]:
    documents = release_documents(dossier, dossier.root)
    subject = dossier.subject(dossier.root)
    card_missed = [m for m in dossier.missed(dossier.root) if m.what in ("model_card", "hub_model")]
    if not documents:
        for miss in card_missed:
            yield detector.record(
                subject,
                "preprint",
                "preprint.archived",
                miss.outcome,
                f"Could not look for a preprint of {short(dossier.root)}: {miss.reason}",
                rule="not-read",
                value={"reason": miss.reason, "status": miss.source.status},
                source=miss.source,
            )
        return
    places = ", ".join(dict.fromkeys(within(place_name(d)) for d in documents))
    others = sum(paper.entry is not None for paper in papers)
    rest = f"; arXiv papers named there about other works: {others}" if others else ""
    unknown = len(papers) - others
    rest += f"; named there, and not said by arXiv what they are: {unknown}" if unknown else ""
    yield detector.record(
        subject,
        "preprint",
        "preprint.archived",
        "absent",
        f"No preprint found on {short(dossier.root)} (searched: {places}{rest}).",
        rule="none-own",
        points="closed",
        source=documents[0].source,
        searched=[searched(d, place_name(d)) for d in [*documents, *dossier.of("arxiv_feed")]],
    )


class ListedReport(msgspec.Struct, frozen=True):
    """A PDF that a repository's listing names like a report of this model, and that was not read with it."""

    document: Document  # the listing
    pointer: str
    target: str
    revision: str
    path: str
    own: bool  # it is called after the model

    @property
    def host(self) -> str:
        return "HuggingFace" if self.document.kind == "hub_model" else "GitHub"


def listed_reports(dossier: Dossier) -> list[ListedReport]:
    """PDFs of the release's own repositories by their names, those called after the model first."""
    owner, _, repository = release_name(dossier, dossier.root).rpartition("/")
    read = {(d.source.path or "").rsplit("/", 1)[-1] for d in dossier.of("paper")}
    repositories = {d.target for d in release_documents(dossier, dossier.root)} | {dossier.root}
    found = []
    for document in dossier.of("hub_model", "github_tree"):
        if document.target not in repositories:
            continue
        key, name = ("siblings", "rfilename") if document.kind == "hub_model" else ("tree", "path")
        listing = (document.facts or {}).get(key)
        for n, entry in enumerate(listing if isinstance(listing, list) else []):
            path = str(entry.get(name, "")) if isinstance(entry, dict) else ""
            file = path.rsplit("/", 1)[-1]
            if not may_be_report(path) or file in read:
                continue
            called = re.sub(r"[_.\s]+", " ", file[:-4])
            own = bool(repository) and match_title(called, repository, owner) in ("full", "family")
            if own or REPORT_FILE.search(path):
                revision = str((document.facts or {}).get("sha") or document.source.revision or "")
                pointer = f"/{key}/{n}/{name}"
                found.append(ListedReport(document, pointer, document.target, revision, path, own))
    return sorted(found, key=lambda report: not report.own)


def report_files(detector: Detector, dossier: Dossier) -> Iterator[EvidenceRecord]:
    """PDFs outside arXiv: those that were read, then those that are only listed."""
    for document in dossier.of("paper"):
        if "arxiv.org/" not in document.source.url:
            yield report(detector, dossier, document)
    missed = {miss.source.path: miss.reason for miss in dossier.misses if miss.what == "paper"}
    for listed in listed_reports(dossier)[:REPORTS_SHOWN]:
        quote, selector = quote_pointer((listed.document.facts or {}), listed.pointer)
        why = f"could not be read: {missed[listed.path]}" if listed.path in missed else "not read"
        yield detector.record(
            dossier.subject(dossier.root),
            "preprint",
            "preprint.report",
            "linked",
            f"Report listed on {listed.host} as {listed.path}, {why}.",
            rule="listed-pdf",
            points="open",
            value={"path": listed.path},
            source=listed.document.source,
            quote=quote,
            selector=selector,
        )


def report(detector: Detector, dossier: Dossier, document: Document) -> EvidenceRecord:
    subject = dossier.subject(dossier.root)
    where = host_name(document)
    name = document.source.path or document.source.url
    if is_html_paper(document.body):
        return text_report(detector, subject, document, read_html(document.body), f"{name}{where}, HTML")
    if is_tex(document.body):
        try:
            return text_report(detector, subject, document, read_tex(document.body), f"{name}{where}, LaTeX")
        except TexError as error:
            return detector.record(
                subject,
                "preprint",
                "preprint.report",
                "error",
                f"LaTeX {name}{where} could not be read: {error}.",
                rule="tex",
                source=document.source,
            )
    pdf = read_pdf(document.body)
    if pdf.problem:
        return detector.record(
            subject,
            "preprint",
            "preprint.report",
            "error" if pdf.problem in ("broken", "timeout", "crashed") else "unavailable",
            f"PDF {name}{where} could not be read: {PROBLEM_TEXT[pdf.problem]}.",
            rule="pdf",
            value={"problem": pdf.problem, "pages": pdf.page_count},
            source=document.source,
        )
    start, end = title_span(pdf.pages[0])
    title = page_title(pdf.pages[0])
    owner, _, repository = release_name(dossier, dossier.root).rpartition("/")
    match = match_title(title, repository, owner) if repository else ""
    points: Points = {"full": "open", "family": "partial", "version": "partial"}.get(match, "neutral")  # type: ignore[assignment]
    quote, selector = quote_page(pdf.pages[0], start, end)
    about = {
        "full": "Report",
        "family": "Report on the family",
        "version": "Report on another version",
        "base": "Report on the base model",
    }.get(match, "PDF" if repository else "Report")
    length = f"{pdf.page_count} page{'s' * (pdf.page_count != 1)}"
    return detector.record(
        subject,
        "preprint",
        "preprint.report",
        "present",
        f"{about}{' published' + where if where else ''}: {title[:160]} ({name}, {length}).",
        rule="pdf",
        points=points,
        value={"title": title[:300], "pages": pdf.page_count, "pages_read": len(pdf.pages), "match": match or None},
        source=document.source,
        quote=quote,
        selector=selector,
    )


def text_report(detector: Detector, subject: Subject, document: Document, page: HtmlPaper, name: str) -> EvidenceRecord:
    """A report that is no PDF: HTML or LaTeX."""
    lead = page.title_flow or (page.flows[0][1] if page.flows else None)
    quote, selector = lead.quote(0, len(lead.text)) if lead and lead.text else (None, None)
    return detector.record(
        subject,
        "preprint",
        "preprint.report",
        "present",
        f"Report: {page.title[:160]} ({name}).",
        rule="tex" if isinstance(page, TexPaper) else "html",
        value={"title": page.title[:300]},
        source=lead.file.source(document.source) if isinstance(lead, TexFlow) else document.source,
        quote=quote,
        selector=selector,
    )


def page_title(page: Page) -> str:
    """The title of a report as one line."""
    start, end = title_span(page)
    return " ".join(page.text[start:end].replace(LINE_END_HYPHEN, "-").split())


def title_span(page: Page) -> tuple[int, int]:
    """The largest lines in the upper two thirds of a first page, as far as they follow each other."""
    lines = [n for n in page.lines if n.role != "margin" and n.box[1] > page.height / 3 and n.end - n.start > 3]
    if not lines:
        return (page.lines[0].start, page.lines[0].end) if page.lines else (0, min(len(page.text), 80))
    size = max(line.size for line in lines)
    large = [line for line in lines if line.size >= size * 0.97]
    first = page.lines.index(large[0])
    last = first
    while last + 1 < len(page.lines) and last - first < 4 and page.lines[last + 1] in large:
        last += 1
    return page.lines[first].start, page.lines[last].end


CALLED_POST = re.compile(r"(?i)\b(?:blog|posts?|announc\w+|introduc\w+|releas\w+|read more)\b|博客")


def announced_or_blog(detector: Detector, dossier: Dossier) -> Iterator[EvidenceRecord]:
    """Where there is no paper: what is promised, or told in a blog post instead, but for the card of another model."""
    own_end = {page.document.target: page.stretches()[0].end for page in cards(dossier)}
    for document in release_documents(dossier, dossier.root):
        if document.kind == "hub_model":
            continue
        text = document.text[: own_end.get(document.target) if document.kind == "model_card" else None]
        promised = ANNOUNCED.search(text)
        name = release_name(dossier, dossier.root)
        found = ((about_model(m[0], name), m) for m in islice(BLOG.finditer(text), 200))
        posts = (
            (near, m) for near, m in found if near == 2 or CALLED_POST.search(text[max(0, m.start() - 80) : m.start()])
        )
        near, blog = max(posts, key=itemgetter(0), default=(0, None))
        for match, outcome, rule, what in (
            (promised, "placeholder", "announced", "announces a report that is not there yet"),
            (blog if near else None, "linked", "blog", "leads to a blog post, no report"),
        ):
            if match:
                quote, selector = quote_span(document.text, match.start(), match.end())
                yield detector.record(
                    dossier.subject(dossier.root),
                    "preprint",
                    "preprint.report",
                    outcome,  # type: ignore[arg-type]
                    f"{place_name(document)} {what}: {match[0][:120]}",
                    rule=rule,
                    points="closed",
                    source=document.source,
                    quote=quote,
                    selector=selector,
                )
                return


def about_model(url: str, name: str) -> int:
    """2 where an address names the model, 1 where it stands at the host of its owner, 0 for somebody else's post."""
    owner, _, repository = name.rpartition("/")
    plain = re.sub(r"[^a-z0-9]", "", url.lower())
    words = [p for p in pieces(repository) if not is_version(p) and not family_of_others(p, owner)]
    named = [w for w in words if len(w) >= 3 and w not in cues().generic_words]
    host = re.sub(r"[^a-z0-9]", "", url.lower().split("/")[2]) if url.count("/") >= 2 else ""
    maker = plain_owner(owner)[:6]
    if any(w in plain for w in named):
        return 2
    return int(len(maker) >= 4 and maker in host)


def short(target: str) -> str:
    """A target as people write it: ORG/NAME."""
    return re.sub(r"^(?:hf:(?:model|dataset)|github|arxiv|url):", "", target)


def place_name(document: Document) -> str:
    """What a document is called in a sentence."""
    names = {"model_card": "Model card", "hub_model": "HuggingFace tags", "source_file": "README"}
    name = names.get(document.kind, document.kind.replace("_", " ").capitalize())
    return f"{name} of {short(document.target)}" if document.target.startswith("github:") else name


def within(name: str) -> str:
    """What a document is called inside a sentence: `model card`, but README and HuggingFace as they are."""
    return name[0].lower() + name[1:] if name.split()[0][1:].islower() else name


def host_name(document: Document) -> str:
    url = document.source.url
    if "github" in url:
        return " on GitHub"
    if "huggingface.co" in url:
        return " on HuggingFace"
    return " elsewhere" if url.startswith("http") else ""
