"""What paper databases answer: OpenAlex works, Semantic Scholar papers, DBLP hits, read into one shape.

Traps that the recorded answers hold: an OpenAlex conference paper has `type: article` and `is_published: false`, so the
kind of its source decides; a DBLP hit has its single author as an object and every number as a string; Semantic Scholar
answers an unknown id of a batch with null.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

Service = Literal["OpenAlex", "Semantic Scholar", "DBLP"]

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
S2_TYPES = {"JournalArticle": "journal", "Conference": "conference"}


class Publication(msgspec.Struct, frozen=True):
    """One work as one service knows it. `venue` is empty for a preprint; `pointer` leads to what says so."""

    service: Service
    title: str
    arxiv: str
    doi: str
    venue: str
    kind: str  # "journal", "conference" or empty
    year: int | None
    authors: tuple[str, ...]
    pointer: str


class Answer(msgspec.Struct, frozen=True):
    publications: tuple[Publication, ...]
    errors: tuple[str, ...] = ()  # what the service said instead
    unknown: tuple[str, ...] = ()  # values this reader does not know


class AnswerError(ValueError):
    """Not an answer of a paper database."""


def read_answer(body: bytes) -> Answer:
    """Read an answer, one work or a list of them. Raises AnswerError for anything else."""
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
        raise AnswerError("neither a work of OpenAlex, nor a paper of Semantic Scholar, nor hits of DBLP")
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


def arxiv_of(text: str) -> str:
    match = re.search(r"(?i)arxiv(?:\.org/abs/|\.|:)(\d{4}\.\d{4,5})", text)
    return match[1] if match else ""


def plain_doi(value: Any) -> str:
    """A DOI without its address; that of arXiv itself is none."""
    doi = re.sub(r"(?i)^https?://(?:dx\.)?doi\.org/", "", str(value or ""))
    return "" if doi.lower().startswith("10.48550/") else doi
