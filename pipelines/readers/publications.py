"""What others say of a paper, read into one shape: works of OpenAlex, papers of Semantic Scholar, hits of DBLP, notes
of OpenReview, documents of HAL, records of Zenodo, and BibTeX of the ACL Anthology.

Traps that recorded answers hold: an OpenAlex conference paper has `type: article` and `is_published: false`, so the
kind of its source decides; a DBLP hit has its single author as an object and every number as a string; Semantic Scholar
answers an unknown id of a batch with null; OpenReview wraps every value (`{"value": …}`) and shows submissions too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

Service = Literal["OpenAlex", "Semantic Scholar", "DBLP", "ACL Anthology", "OpenReview", "HAL", "Zenodo"]
# Places that keep preprints: a work there is archived, whatever else is said of it.
ARCHIVES: tuple[Service, ...] = ("HAL", "Zenodo", "OpenReview")

MAX_ITEMS = 500

# Kinds of sources and publications that the services are known to name: an unknown one is told, not guessed at.
OPENALEX_REVIEWED = {"journal": "journal", "conference": "conference", "book series": "conference"}
OPENALEX_OTHER = {"repository", "metadata", "ebook platform", "other"}
DBLP_TYPES = {
    "Conference and Workshop Papers": "conference",
    "Journal Articles": "journal",
    "Informal and Other Publications": "",
    "Informal Publications": "",
    "Editorship": "",
    "Books and Theses": "",
    "Parts in Books or Collections": "",
    "Reference Works": "",
    "Data and Artifacts": "",
}
# https://api.archives-ouvertes.fr/ref/doctype: kinds of documents that a venue publishes
HAL_REVIEWED = {"ART": "journal", "COMM": "conference", "POSTER": "conference"}
S2_TYPES = {"JournalArticle": "journal", "Conference": "conference"}


class Publication(msgspec.Struct, frozen=True):
    """One work as one service knows it.

    `venue` is empty for a preprint; `pointer` leads to what says so, `span` are its characters where the answer is no
    JSON; `address` is where a person finds the work at that service.
    """

    service: Service
    title: str
    arxiv: str
    doi: str
    venue: str
    kind: str  # "journal", "conference" or empty
    year: int | None
    authors: tuple[str, ...]
    pointer: str
    span: tuple[int, int] | None = None
    address: str = ""


class Answer(msgspec.Struct, frozen=True):
    publications: tuple[Publication, ...]
    errors: tuple[str, ...] = ()  # what the service said instead
    unknown: tuple[str, ...] = ()  # values this reader does not know


class AnswerError(ValueError):
    """Not an answer of a paper database."""


def read_answer(body: bytes) -> Answer:
    """Read an answer, one work or a list of them. Raises AnswerError for anything else."""
    if body.lstrip()[:1] == b"@":
        return Answer(tuple(bibtex(body.decode("utf-8", "replace"))))
    try:
        data = json.loads(body)
    except ValueError as error:
        raise AnswerError(f"not JSON: {error}") from error
    if isinstance(data, dict) and isinstance(data.get("error"), str):
        return Answer((), (data["error"][:300],))
    unknown: dict[str, None] = {}
    found: list[Publication] = []
    known = False
    for pointer, item, read in works(data):
        known = True
        if item is not None and len(found) < MAX_ITEMS:
            found.append(read(item, pointer, unknown))
    if not known:
        raise AnswerError("no answer of a service that is known to keep papers")
    return Answer(tuple(found), (), tuple(unknown))


def works(data: Any) -> Iterator[tuple[str, Any, Any]]:
    """Pointer, item and reader of every work in an answer; an item of None stands for an id that is unknown."""
    if isinstance(data, dict) and "openalex.org" in str(data.get("id", "")):
        yield "", data, openalex
    elif isinstance(data, dict) and isinstance(data.get("results"), list) and "meta" in data:
        yield "/results", None, openalex
        yield from (
            (f"/results/{n}", item, openalex) for n, item in enumerate(data["results"]) if isinstance(item, dict)
        )
    elif isinstance(data, dict) and "hits" in (data.get("result") or {}):
        yield "/result/hits", None, dblp
        hits = data["result"]["hits"].get("hit") or []
        for n, hit in enumerate(hits if isinstance(hits, list) else [hits]):
            place = f"/result/hits/hit/{n}/info" if isinstance(hits, list) else "/result/hits/hit/info"
            yield place, hit.get("info"), dblp
    elif isinstance(data, dict) and isinstance(data.get("notes"), list):
        yield "/notes", None, openreview
        yield from ((f"/notes/{n}", note, openreview) for n, note in enumerate(data["notes"]) if isinstance(note, dict))
    elif isinstance(data, dict) and isinstance((data.get("response") or {}).get("docs"), list):
        yield "/response/docs", None, hal
        docs = data["response"]["docs"]
        yield from ((f"/response/docs/{n}", one, hal) for n, one in enumerate(docs) if isinstance(one, dict))
    elif isinstance(data, dict) and isinstance(data.get("metadata"), dict) and "zenodo" in str(data.get("links") or ""):
        yield "", data, zenodo
    elif isinstance(data, dict) and "paperId" in data:
        yield "", data, semantic_scholar
    elif isinstance(data, list | dict):
        items = data.get("data") if isinstance(data, dict) else data
        for n, item in enumerate(items if isinstance(items, list) else []):
            if item is None or (isinstance(item, dict) and "paperId" in item):
                yield f"{'/data' if isinstance(data, dict) else ''}/{n}", item, semantic_scholar


def openalex(work: dict[str, Any], pointer: str, unknown: dict[str, None]) -> Publication:
    """A work: published where one of its places is a journal or a conference, else a preprint."""
    places = [("primary_location", work.get("primary_location"))]
    places += [(f"locations/{n}", place) for n, place in enumerate(work.get("locations") or [])]
    venue, kind, where = "", "", f"{pointer}/primary_location"
    arxiv = arxiv_of(str(work.get("doi") or ""))
    for name, place in places:
        source = (place or {}).get("source") or {}
        arxiv = arxiv or arxiv_of(str((place or {}).get("landing_page_url") or ""))
        if source.get("type") in OPENALEX_REVIEWED and not venue:
            venue, kind = str(source.get("display_name") or ""), OPENALEX_REVIEWED[source["type"]]
            where = f"{pointer}/{name}/source/display_name"
        elif source.get("type") and source["type"] not in OPENALEX_OTHER | set(OPENALEX_REVIEWED):
            unknown[f"OpenAlex source.type {source['type']!r}"] = None
    if not venue and work.get("primary_location") is None:
        where = f"{pointer}/id"
    authors = [((a.get("author") or {}).get("display_name") or "") for a in work.get("authorships") or []]
    return Publication(
        "OpenAlex",
        str(work.get("title") or ""),
        arxiv,
        plain_doi(work.get("doi")),
        venue,
        kind,
        work.get("publication_year"),
        tuple(authors),
        where,
    )


def semantic_scholar(paper: dict[str, Any], pointer: str, _unknown: dict[str, None]) -> Publication:
    ids = paper.get("externalIds") or {}
    place = paper.get("publicationVenue") or {}
    journal = paper.get("journal") or {}
    choices = [
        ("publicationVenue/name", place.get("name")),
        ("venue", paper.get("venue")),
        ("journal/name", journal.get("name")),
    ]
    where, venue = next(((w, str(v)) for w, v in choices if v), ("paperId", ""))
    kinds = [S2_TYPES[t] for t in paper.get("publicationTypes") or [] if t in S2_TYPES]
    return Publication(
        "Semantic Scholar",
        str(paper.get("title") or ""),
        str(ids.get("ArXiv") or ""),
        plain_doi(ids.get("DOI")),
        venue,
        "conference" if place.get("type") == "conference" or "conference" in kinds else (kinds[0] if kinds else ""),
        paper.get("year"),
        tuple(str(a.get("name") or "") for a in paper.get("authors") or []),
        f"{pointer}/{where}",
    )


def dblp(info: dict[str, Any], pointer: str, unknown: dict[str, None]) -> Publication:
    kind = str(info.get("type") or "")
    if kind not in DBLP_TYPES:
        unknown[f"DBLP type {kind!r}"] = None
    listed = (info.get("authors") or {}).get("author") or []
    authors = listed if isinstance(listed, list) else [listed]
    named = info.get("venue") or ""
    venue = " / ".join(named) if isinstance(named, list) else str(named)
    year = str(info.get("year") or "")
    reviewed = DBLP_TYPES.get(kind, "")
    return Publication(
        "DBLP",
        str(info.get("title") or "").rstrip("."),
        arxiv_of(f"{info.get('ee') or ''} {info.get('doi') or ''}"),
        plain_doi(info.get("doi")),
        venue if reviewed else "",
        reviewed,
        int(year) if year.isdigit() else None,
        tuple(str(a.get("text") or "") for a in authors if isinstance(a, dict)),
        f"{pointer}/{'venue' if venue and reviewed else 'type'}",
    )


def openreview(note: dict[str, Any], pointer: str, _unknown: dict[str, None]) -> Publication:
    """A note of API v2; its venue is words for people: "ICLR 2025 poster", "Submitted to ICLR 2025"."""

    def value(key: str) -> Any:
        wrapped = (note.get("content") or {}).get(key)
        return wrapped.get("value") if isinstance(wrapped, dict) else None

    authors = value("authors")
    year = re.search(r"\b20\d\d\b", str(value("venue") or value("venueid") or ""))
    return Publication(
        "OpenReview",
        str(value("title") or ""),
        arxiv_of(str(value("_bibtex") or "")),
        "",
        str(value("venue") or ""),
        "",
        int(year[0]) if year else None,
        tuple(str(name) for name in authors) if isinstance(authors, list) else (),
        f"{pointer}/content/{'venue/value' if value('venue') else 'title/value' if value('title') else ''}".rstrip("/"),
        address=f"https://openreview.net/forum?id={note.get('forum') or note.get('id') or ''}",
    )


def hal(document: dict[str, Any], pointer: str, unknown: dict[str, None]) -> Publication:
    """A document of HAL: published where it is an article or a communication with a journal or a conference."""

    def one(key: str) -> str:
        value = document.get(key)
        return str((value[0] if value else "") if isinstance(value, list) else value or "")

    kind = HAL_REVIEWED.get(one("docType_s"), "")
    key = "journalTitle_s" if one("journalTitle_s") else "conferenceTitle_s"
    venue = one(key) if kind else ""
    names = document.get("authFullName_s")
    return Publication(
        "HAL",
        one("title_s"),
        one("arxivId_s"),
        plain_doi(one("doiId_s")),
        venue,
        kind if venue else "",
        document["producedDateY_i"] if isinstance(document.get("producedDateY_i"), int) else None,
        tuple(map(str, names)) if isinstance(names, list) else (),
        f"{pointer}/{key if venue else 'docType_s' if 'docType_s' in document else 'halId_s'}",
        address=one("uri_s"),
    )


def zenodo(record: dict[str, Any], pointer: str, _unknown: dict[str, None]) -> Publication:
    """A record of Zenodo: it keeps what people put there and reviews nothing, so there is no venue."""
    about = record["metadata"]
    published = re.match(r"\d{4}", str(about.get("publication_date") or ""))
    creators = about.get("creators")
    return Publication(
        "Zenodo",
        str(about.get("title") or ""),
        "",
        plain_doi(record.get("doi")),
        "",
        "",
        int(published[0]) if published else None,
        tuple(str(c.get("name") or "") for c in creators if isinstance(c, dict)) if isinstance(creators, list) else (),
        f"{pointer}/metadata/title",
        address=str((record.get("links") or {}).get("self_html") or f"https://zenodo.org/records/{record.get('id')}"),
    )


BIBTEX_FIELD = re.compile(
    r"(?im)^[ \t]{0,20}(\w{2,20})[ \t]{0,9}=[ \t]{0,9}(?:\"([^\"]{0,4000})\"|\{((?:[^{}]|\{[^{}]{0,400}\}){0,4000})\})"
)
MAX_BIBTEX = 400_000


def bibtex(text: str) -> Iterator[Publication]:
    """The first entry of a BibTeX file of the ACL Anthology; nothing that is not the Anthology's."""
    fields: dict[str, tuple[str, tuple[int, int] | None]] = {}
    for match in BIBTEX_FIELD.finditer(text[:MAX_BIBTEX]):
        group = 2 if match[2] is not None else 3
        fields.setdefault(match[1].lower(), (" ".join(match[group].split()), match.span(group)))
    venue, span = fields.get("booktitle") or fields.get("journal") or ("", None)
    address = fields.get("url", ("", None))[0]
    if "aclanthology.org/" not in address or "title" not in fields:
        return
    year = fields.get("year", ("", None))[0]
    yield Publication(
        "ACL Anthology",
        re.sub(r"[{}]", "", fields["title"][0]),
        "",
        plain_doi(fields.get("doi", ("", None))[0]),
        re.sub(r"[{}]", "", venue),
        "journal" if "journal" in fields else "conference",
        int(year) if year.isdigit() else None,
        tuple(part.strip() for part in re.split(r"\s+and\s+", fields.get("author", ("", None))[0]) if part.strip()),
        "",
        span or fields["title"][1],
        address,
    )


def arxiv_of(text: str) -> str:
    match = re.search(r"(?i)arxiv(?:\.org/abs/|\.|:)(\d{4}\.\d{4,5})", text)
    return match[1] if match else ""


def plain_doi(value: Any) -> str:
    """A DOI without its address; that of arXiv itself is none."""
    doi = re.sub(r"(?i)^https?://(?:dx\.)?doi\.org/", "", str(value or ""))
    return "" if doi.lower().startswith("10.48550/") else doi
