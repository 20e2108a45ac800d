"""Records of peer review: each source says its own, side by side."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

import msgspec

from output.record import EvidenceRecord, Points, Quote, Searched, Selector, Subject
from pipelines.detector import Detector, quote_pointer, quote_span
from pipelines.dossier import Dossier, searched
from pipelines.papers.mentions import bibtex_title, entries_of, plain, read_place
from pipelines.papers.names import match_title
from pipelines.papers.own import OwnPaper, release_documents, release_name
from pipelines.papers.preprint import place_name
from pipelines.papers.titles import folded, is_named, named_titles
from pipelines.papers.venues import (
    PaperPlace,
    Review,
    find_venue,
    is_archive,
    lexicon,
    place_pattern,
    read_comment,
    read_journal_ref,
    track_of,
    year_of,
)
from pipelines.readers.arxiv import Field, find_ids
from pipelines.readers.phrases import Anchored
from pipelines.readers.publications import ARCHIVES, AnswerError, Publication, read_answer
from spiders.document import Document

CLAIMS_SHOWN = 3
ADDRESSES_READ = 200


class Said(msgspec.Struct, frozen=True):
    """What one source says, with its quote."""

    by: str  # "arXiv journal reference"
    rule: str
    review: Review
    document: Document
    quote: Quote
    selector: Selector
    doi: str = ""


def records(detector: Detector, dossier: Dossier, papers: Sequence[OwnPaper]) -> Iterator[EvidenceRecord]:
    for paper in papers:
        if paper.verdict in ("own", "earlier") or (paper.verdict == "base" and paper.component_target):
            yield from paper_records(detector, dossier, paper)
    works = list(lookups(dossier))
    yield from kept_elsewhere(detector, dossier, works, papers)
    yield from found_by_title(detector, dossier, works)
    yield from linked_papers(detector, dossier, [d.source.url for d, _ in works])


def found_by_title(
    detector: Detector, dossier: Dossier, works: Sequence[tuple[Document, Publication]]
) -> Iterator[EvidenceRecord]:
    """What databases say of a paper that the maker cites without an id: title and an author have to be the same."""
    for named in named_titles(dossier):
        for document, work in works:
            if not work.address and is_named(work, named):
                one = said_by(document, work)
                yield from said_records(
                    detector,
                    dossier.subject(dossier.root),
                    one,
                    f"Paper {describe(one)} ({work.title[:120]}; found by its title).",
                    rule="found-by-title",
                    points=track_points(one.review),
                    arxiv=None,
                    title=work.title,
                )


class NamedPlace(msgspec.Struct, frozen=True):
    """An address at a place of papers that the maker gives for this model's paper."""

    document: Document
    start: int
    end: int
    place: PaperPlace

    @property
    def address(self) -> str:
        return self.document.text[self.start : self.end]


def named_places(dossier: Dossier) -> list[NamedPlace]:
    """Each address once, in the order in which documents give them."""
    owner, _, repository = release_name(dossier, dossier.root).rpartition("/")
    found: dict[str, NamedPlace] = {}
    for document in release_documents(dossier, dossier.root):
        if document.kind == "hub_model":
            continue
        entries = document.once(entries_of)
        for match in islice(place_pattern().finditer(document.text), ADDRESSES_READ):
            if of_this_model(document, match.start(), match.end(), entries, owner, repository):
                place = lexicon().places[int(str(match.lastgroup)[1:])]
                found.setdefault(match[0], NamedPlace(document, match.start(), match.end(), place))
    return list(found.values())


def linked_papers(detector: Detector, dossier: Dossier, read: Collection[str]) -> Iterator[EvidenceRecord]:
    """Addresses that the maker gives for this model's paper and that were not read."""
    unread = [n for n in named_places(dossier) if not any(paper_id(n.address) in url for url in read)]
    for named in unread[:CLAIMS_SHOWN]:
        quote, selector = quote_span(named.document.text, named.start, named.end)
        yield detector.record(
            dossier.subject(dossier.root),
            "paper",
            "paper.published",
            "linked",
            f"{place_name(named.document)} gives {named.address} as the paper ({named.place.name}), not read.",
            rule="publisher-link",
            points="open" if named.place.reviewed else "neutral",
            value={"url": named.address, "place": named.place.name, "reviewed": named.place.reviewed},
            source=named.document.source,
            quote=quote,
            selector=selector,
        )


def paper_id(address: str) -> str:
    """What an address calls the paper: `2024.acl-long.841`, the id of a forum, the number of a record."""
    return re.split(r"[/=.](?=[\w-]+$)" if "zenodo" in address else r"[/=]", address.rstrip("/"))[-1]


def of_this_model(
    document: Document, start: int, end: int, entries: list[tuple[int, int]], owner: str, repository: str
) -> bool:
    """Whether an address is given for the model: its citation or link names it, or the maker says "our paper"."""
    text = document.text
    entry = next((e for e in entries if e[0] <= start < e[1]), None)
    if entry:
        title = bibtex_title(text[entry[0] : entry[1]])
        return match_title(title, repository, owner) in ("full", "family")
    place, words = read_place(text, start, end)
    if words:
        match = match_title(words, repository, owner)
        return match in ("full", "family") or (not match and place in ("own_words", "label"))
    return place in ("own_words", "label")


def paper_records(detector: Detector, dossier: Dossier, paper: OwnPaper) -> Iterator[EvidenceRecord]:
    said = [*from_feed(paper), *from_databases(dossier, paper), *from_citation(paper), *from_claims(dossier, paper)]
    subject = dossier.subject(paper.component_target or dossier.root)
    for one in said:
        of_what = {"own": "Paper", "earlier": "Paper on another version", "base": "Paper on the base model"}[
            paper.verdict
        ]
        yield from said_records(
            detector,
            subject,
            one,
            f"{of_what} {describe(one)} (arXiv {paper.versioned}, {one.by}).",
            rule=one.rule,
            points=points_of(one.review, paper),
            arxiv=paper.versioned,
            verdict=paper.verdict,
        )
    if not any(one.review.status in ("published", "accepted") for one in said):
        read = review_sources(dossier, paper)
        if paper.entry and paper.feed and read:
            quote, selector = quote_span(paper.feed.text, paper.entry.ident.start, paper.entry.ident.end)
            yield detector.record(
                subject,
                "paper",
                "paper.published",
                "absent",
                f"No peer-reviewed paper found for arXiv {paper.versioned} (searched: "
                f"{', '.join(dict.fromkeys(s.what for s in read))}{not_asked(dossier)}).",
                rule="none-said",
                points="closed" if paper.verdict == "own" else "neutral",
                value={"arxiv": paper.versioned, "status": "preprint" if not said else said[0].review.status},
                source=paper.feed.source,
                quote=quote,
                selector=selector,
                searched=read,
            )


def points_of(review: Review, paper: OwnPaper) -> Points:
    """Which way it points: a poster, a workshop or another version's paper is partial, a submission is none."""
    if paper.verdict == "base":
        return "neutral"
    points = track_points(review)
    return "partial" if points == "open" and paper.verdict == "earlier" else points


def track_points(review: Review) -> Points:
    if review.status not in ("published", "accepted"):
        return "closed"
    return "partial" if review.track in ("poster", "workshop", "demo") else "open"


def describe(one: Said) -> str:
    """Status, venue and track as one clause."""
    review = one.review
    if review.status == "preprint":
        return "known only as a preprint"
    status = {"submitted": "submitted", "accepted": "accepted", "published": "published", "withdrawn": "withdrawn"}
    words = status.get(review.status, review.status)
    if review.venue:
        words += (
            f" {'to' if review.status == 'submitted' else 'in' if review.track == 'journal' else 'at'} {review.venue}"
        )
        words += f" {review.year}" if review.year and str(review.year) not in review.venue else ""
    if review.track and review.track not in ("journal", "main"):
        words += f", {review.track}"
    return words + (f", doi:{one.doi}" if one.doi else "")


def review_sources(dossier: Dossier, paper: OwnPaper) -> list[Searched]:
    found = []
    if paper.feed:
        found.append(searched(paper.feed, "arXiv journal reference, DOI and comment"))
    found += [searched(d, database_name(d.source.url)) for d in dossier.of("paper_metadata")]
    documents = release_documents(dossier, paper.component_target or dossier.root)
    found += [searched(d, place_name(d)) for d in documents if d.kind != "hub_model"]
    return found


def database_name(url: str) -> str:
    names = {
        "semanticscholar.org": "Semantic Scholar",
        "openalex.org": "OpenAlex",
        "aclanthology.org": "ACL Anthology",
        "openreview.net": "OpenReview",
        "archives-ouvertes.fr": "HAL",
        "zenodo.org": "Zenodo",
    }
    return next((name for host, name in names.items() if host in url), "paper database")


def not_asked(dossier: Dossier) -> str:
    """Services that could not tell: an absence that was searched without them says so."""
    missed = dict.fromkeys(database_name(m.source.url) for m in dossier.misses if m.what == "paper_metadata")
    return f"; could not be asked: {', '.join(missed)}" if missed else ""


def from_feed(paper: OwnPaper) -> Iterator[Said]:
    entry, feed = paper.entry, paper.feed
    if entry is None or feed is None:
        return
    doi = entry.doi.text if entry.doi and not entry.doi.text.lower().startswith("10.48550/") else ""

    def said(by: str, rule: str, review: Review, field: Field) -> Said:
        return Said(by, rule, review, feed, *quote_span(feed.text, field.start, field.end), doi=doi)

    if entry.journal_ref and (review := read_journal_ref(entry.journal_ref.text)):
        yield said("arXiv journal reference", "journal-ref", review, entry.journal_ref)
    elif entry.doi and doi:
        yield said("DOI on arXiv", "doi", Review("published"), entry.doi)
    if entry.comment and (review := read_comment(entry.comment.text)):
        yield said("arXiv comment", "comment", review, entry.comment)


def lookups(dossier: Dossier) -> Iterator[tuple[Document, Publication]]:
    """Every work that a service told of, with the answer it stands in."""
    for document in dossier.of("paper_metadata"):
        try:
            answer = read_answer(document.body)
        except AnswerError:
            continue
        yield from ((document, work) for work in answer.publications)


def from_databases(dossier: Dossier, paper: OwnPaper) -> Iterator[Said]:
    """Databases and places of single papers: a venue that reviews is a publication, an archive is a preprint."""
    for document, work in lookups(dossier):
        if same_work(work, paper):
            yield said_by(document, work)


def said_by(document: Document, work: Publication) -> Said:
    review = review_of(work)
    quote, selector = (
        quote_span(document.text, *work.span) if work.span else quote_pointer(json.loads(document.body), work.pointer)
    )
    doi = work.doi if review.status == "published" else ""
    return Said(work.service, "database", review, document, quote, selector, doi=doi)


def review_of(work: Publication) -> Review:
    if work.service == "OpenReview":
        return read_comment(work.venue) or Review("submitted" if "submi" in work.venue.lower() else "preprint")
    if not work.venue or is_archive(work.venue):
        return Review("preprint")
    hit = find_venue(work.venue)
    kind = hit[0].kind if hit else work.kind
    return Review("published", hit[0].name if hit else work.venue, track_of(work.venue, kind), work.year)


def kept_elsewhere(
    detector: Detector, dossier: Dossier, works: Sequence[tuple[Document, Publication]], papers: Sequence[OwnPaper]
) -> Iterator[EvidenceRecord]:
    """Single works that a document gives for this model: an archived preprint, or a paper that is on no arXiv."""
    own = [p for p in papers if p.verdict in ("own", "earlier")]
    subject = dossier.subject(dossier.root)
    for document, work in works:
        if not work.address:
            continue
        if work.service in ARCHIVES and review_of(work).status not in ("withdrawn",):
            title = quote_pointer(json.loads(document.body), title_pointer(work))
            yield detector.record(
                subject,
                "preprint",
                "preprint.archived",
                "present",
                f"Preprint published on {work.service}: {work.title[:160]} ({work.address}).",
                rule="archived-elsewhere",
                points="open",
                value={"url": work.address, "title": work.title, "service": work.service, "doi": work.doi or None},
                source=document.source,
                quote=title[0],
                selector=title[1],
            )
        if any(same_work(work, paper) for paper in own):
            continue
        one = said_by(document, work)
        yield from said_records(
            detector,
            subject,
            one,
            f"Paper {describe(one)} ({work.title[:120]}; {work.service}).",
            rule="named-work",
            points=track_points(one.review),
            arxiv=None,
            url=work.address,
        )


def said_records(
    detector: Detector,
    subject: Subject,
    one: Said,
    statement: str,
    *,
    rule: str,
    points: Points,
    arxiv: str | None,
    **more: str,
) -> Iterator[EvidenceRecord]:
    """What a source says of a paper's review: its status, and that it is published where it is."""
    reviewed = one.review.status in ("published", "accepted")
    for indicator in ("paper.published", "paper.status") if reviewed else ("paper.status",):
        yield detector.record(
            subject,
            "paper",
            indicator,
            "present",
            statement,
            rule=rule,
            points=points,
            value={
                "arxiv": arxiv,
                "status": one.review.status,
                "venue": one.review.venue or None,
                "track": one.review.track or None,
                "year": one.review.year,
                "doi": one.doi or None,
                "said_by": one.by,
                "as_said": one.quote.exact,
                **more,
            },
            source=one.document.source,
            quote=one.quote,
            selector=one.selector,
        )


def title_pointer(work: Publication) -> str:
    """Where the title of an archived work stands in its answer."""
    if work.service == "OpenReview":
        return work.pointer.removesuffix("venue/value").removesuffix("title/value") + "title/value"
    return work.pointer.rpartition("/")[0] + ("/title" if work.service == "Zenodo" else "/title_s")


def same_work(work: Publication, paper: OwnPaper) -> bool:
    if work.arxiv:
        return work.arxiv == paper.id
    if work.doi and paper.entry and paper.entry.doi:
        return work.doi.lower() == paper.entry.doi.text.lower()
    return bool(work.title) and folded(work.title) == folded(paper.title)


BIBTEX_VENUE = re.compile(
    r"(?i)\b(?:booktitle|journal)\s{0,20}=\s{0,20}[\"{]{1,2}((?:[^{}\"\n]|\{[^{}]{0,80}\}){3,300})"
)


def from_citation(paper: OwnPaper) -> Iterator[Said]:
    """The venue in the BibTeX entry that the maker asks to cite: the maker's claim."""
    done = set()
    for mention in paper.mentions:
        if mention.place != "citation" or mention.document.source.url in done:
            continue
        done.add(mention.document.source.url)
        text = mention.document.text
        span = next(((s, e) for s, e in mention.document.once(entries_of) if s <= mention.start < e), None)
        match = BIBTEX_VENUE.search(text, *span) if span else None
        if span is None or match is None:
            continue
        venue = re.sub(r"[{}]", "", match[1]).strip()
        if is_archive(re.split(r"[,:(\d]", venue, maxsplit=1)[0]) or re.search(r"(?i)arxiv|corr", venue):
            continue
        hit = find_venue(venue)
        if hit is None:
            continue
        year = year_of(venue) or year_of(" ".join(re.findall(r"(?i)year\s*=\s*\W?(\d{4})", text[slice(*span)])))
        review = Review("published", hit[0].name, track_of(venue, hit[0].kind), year)
        yield said_in(mention.document, "citation given by the maker", "citation", review, match.start(1), match.end(1))


def said_in(document: Document, by: str, rule: str, review: Review, start: int, end: int) -> Said:
    return Said(by, rule, review, document, *quote_span(document.text, start, end))


CLAIM = Anchored(re.compile(r"(?i)\b(?:accepted|to appear|published (?:at|in)|under review)\b|接收|录用"))
ABOUT_A_PAPER = re.compile(r"(?i)\bpaper|report|\bwork\b|论文|arxiv|oral|spotlight|poster|conference|journal")


def claims(text: str) -> Iterator[tuple[int, int]]:
    """Spans around words of acceptance, within their line."""
    after = 0
    for match in CLAIM.finditer(text):
        if match.start() < after:
            continue
        start = max(text.rfind("\n", 0, match.start()) + 1, match.start() - 160, after)
        stop = text.find("\n", match.end(), match.end() + 120)
        after = stop if stop >= 0 else min(len(text), match.end() + 120)
        raw = text[start:after]
        yield start + len(raw) - len(raw.lstrip()), after - len(raw) + len(raw.rstrip())


def from_claims(dossier: Dossier, paper: OwnPaper) -> Iterator[Said]:
    """Sentences of the maker's cards and readmes: "accepted at …"."""
    if paper.verdict != "own":
        return
    shown = 0
    for document in release_documents(dossier, dossier.root):
        if document.kind == "hub_model":
            continue
        entries = document.once(entries_of)
        text = document.text
        told = [(s, e) for s, e in claims(text) if ABOUT_A_PAPER.search(text[s:e]) and about(text[s:e], paper)]
        beside = [(s, e) for s, e in placed(document, paper) if not any(s < b and a < e for a, b in told)]
        for start, end in told + beside:
            review = read_comment(text[start:end])
            if any(s <= start < e for s, e in entries):
                continue
            if review is None or not review.venue or before(review.year, paper):
                continue
            yield said_in(document, "claim of the maker", "claim", review, start, end)
            shown += 1
            if shown >= CLAIMS_SHOWN:
                return


NAMED_IN_LINE = 400  # characters of a line that is read
BELOW_TITLE = 8000
HEADING = re.compile(r"(?m)^#{1,6} ")
# "(ECCV) 2024", "SIGIR'20", "EMNLP-2020": what follows the name of a venue
EDITION = re.compile(r"\W{0,3}(?:\([A-Z]{3,8}\)\W{0,2})?(?:20\d\d|['’]\d\d)(?!\d)")
BESIDE_A_VENUE = re.compile(
    r"(?i)\b(?:accepted|published|presented|to|appear|at|in|by|the|of|on|main|track|conference|proceedings|findings|"
    r"oral|spotlight|poster|highlight|workshop|paper|\d+(?:st|nd|rd|th))\b"
)


def placed(document: Document, paper: OwnPaper) -> Iterator[tuple[int, int]]:
    """Lines that name a venue and its year beside this paper's address alone, or nothing else below the title."""
    text = document.text
    headings = [m.start() for m in HEADING.finditer(text[:BELOW_TITLE])]
    head = text[: headings[1] if len(headings) > 1 else BELOW_TITLE]
    titled = paper.id in head or (len(paper.title) > 20 and paper.title.lower() in head.lower())
    spans = {line_at(text, m.start) for m in paper.mentions if m.document is document and m.place != "foreign"}
    spans |= {(m.start(), m.end()) for m in re.finditer(r"[^\n]+", head) if titled}
    for start, end in sorted(span for span in spans if span[1] - span[0] <= NAMED_IN_LINE):
        line = text[start:end]
        venue = find_venue(line)
        edition = EDITION.match(line, venue[2]) if venue else None
        if not venue or not edition:
            continue
        ids = {found.id for found in find_ids(line)}
        rest = plain(line[: venue[1]] + line[edition.end() :])
        if ids == {paper.id} or not (ids or re.search(r"\w", BESIDE_A_VENUE.sub("", rest))):
            yield start, end


def line_at(text: str, place: int) -> tuple[int, int]:
    end = text.find("\n", place)
    return text.rfind("\n", 0, place) + 1, end if end >= 0 else len(text)


OF_OURS = re.compile(
    r"(?i)\b(?:our|this|the) (?:\w+ ){0,3}(?:paper|work|report)\b|^\W*accepted|"
    r"\b(?:it|paper|work|report|which) (?:is|was|has been) accepted\b"
)


# "our CodeRL paper": a word with a capital and one more, or a figure
NAMED_PAPER = re.compile(
    r"(?<![\w.-])([\w.+-]{0,30}[A-Z][\w.+-]{0,30}[A-Z\d][\w.+-]{0,30})\W{1,4}(?:paper|work|report)\b"
)


def about(sentence: str, paper: OwnPaper) -> bool:
    """Whether a claim speaks of this paper: it names it, its id, or says "our paper" and names no other."""
    ids = {found.id for found in find_ids(sentence)}
    if ids:
        return paper.id in ids
    subject = re.split(r"[:：]", paper.title)[0].strip().lower()
    if len(subject) > 2 and re.search(
        rf"(?<![\w-]){re.escape(subject)}(?![\w-]|\W?v?\d{{1,2}}(?!\d))", sentence.lower()
    ):
        return True
    named = NAMED_PAPER.search(sentence)
    if named and named[1].lower() not in paper.title.lower():
        return False
    return OF_OURS.search(sentence.strip()) is not None


def before(year: int | None, paper: OwnPaper) -> bool:
    """Whether a year lies before the one in which arXiv got a paper: 2408.03326 came in 2024."""
    came = re.match(r"(\d\d)\d\d\.", paper.id)
    return bool(year and came and year < 2000 + int(came[1]))
