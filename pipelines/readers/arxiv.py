"""arXiv: ids as people write them, and the Atom feed of `export.arxiv.org/api/query`.

Shapes follow the arXiv API User's Manual (sections 3.3.1 to 3.3.2, 4.1): one entry per known id, none for an unknown
one, an entry titled `Error` for a malformed one. Fields keep where they stand in the feed, so that a quote can be the
very characters between the tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

import msgspec

from pipelines.readers.phrases import Anchored

ATOM = "http://www.w3.org/2005/Atom"
ARXIV = "http://arxiv.org/schemas/atom"
OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"

MAX_ENTRIES = 2000
MAX_DEPTH = 12

NEW_ID = r"(?P<new>(?:0[7-9]|[1-9]\d)(?:0[1-9]|1[0-2])\.\d{4,5})"
OLD_ID = (
    r"(?P<old>(?:astro-ph|cond-mat|gr-qc|hep-(?:ex|lat|ph|th)|math-ph|nlin|nucl-(?:ex|th)|physics|quant-ph|math|cs|"
    r"q-bio|q-fin|stat|cmp-lg|chao-dyn|alg-geom|adap-org|comp-gas|dg-ga|funct-an|patt-sol|q-alg|solv-int)"
    r"(?:\.[A-Z]{2})?/\d{7})"
)
ID = re.compile(rf"(?:{NEW_ID}|{OLD_ID})(?P<version>v[1-9]\d?)?")
# An id in running text counts only after one of the ways of saying that it is one.
NAMED_ID = Anchored(re.compile(
    r"(?i:arxiv\.org/(?:abs|pdf|html|ps|src|format|e-print)/{1,2}|(?:alphaxiv\.org|ar5iv(?:\.labs\.arxiv)?\.org)/[a-z]{3,8}/"
    r"|(?:huggingface\.co|hf\.co)/papers/|10\.48550/arxiv\.|arxiv(?:\s?(?:preprint|id|e-print))?\s?[:=/.#]?\s{0,2}(?:arxiv:)?"
    r"|eprint\s{0,12}=\s{0,12}[\"{]{0,2}(?:arxiv:)?|\bvolume\s{0,12}=\s{0,12}[\"{]{0,2}abs/|\bcorr,?\s{0,2}abs/)"
    rf"{ID.pattern}(?![\d.]*\d)"
))  # fmt: skip


class ArxivId(NamedTuple):
    """An id without its version, the version as written (`v2`) or empty, and where it stands in the text."""

    id: str
    version: str
    start: int
    end: int


def find_ids(text: str) -> Iterator[ArxivId]:
    """Ids that a text names as arXiv ids: addresses, `arXiv:…`, BibTeX `eprint`, the Hub's paper pages, DOIs."""
    for match in NAMED_ID.finditer(text):
        yield ArxivId(match["new"] or match["old"], match["version"] or "", match.start(), match.end())


class Field(msgspec.Struct, frozen=True):
    """Text of one element, and the characters of the feed between its tags."""

    text: str
    start: int
    end: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    version: str  # "v1"; the feed always says it
    ident: Field
    title: Field
    summary: Field
    authors: tuple[Field, ...]
    published: Field | None = None  # of v1
    updated: Field | None = None  # of this version
    comment: Field | None = None
    journal_ref: Field | None = None
    doi: Field | None = None


class Feed(msgspec.Struct, frozen=True):
    entries: tuple[Entry, ...]
    errors: tuple[str, ...]  # what arXiv said about ids that it could not read
    total: int | None = None  # how many papers arXiv says it found, where it says so
    first: int = 0  # place of the first entry among them
    unknown: tuple[str, ...] = ()  # elements this reader does not know: never passed over in silence

    @property
    def whole(self) -> bool:
        """Whether every paper that arXiv found is here: only then an id that is missing is one it does not have."""
        return self.total == len(self.entries) and self.first == 0 and not self.errors

    def find(self, ident: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.id == ident), None)


class FeedError(ValueError):
    """Not an Atom feed of the arXiv API."""


KNOWN = {
    f"{ATOM} {name}"
    for name in ("id", "title", "summary", "published", "updated", "link", "category", "author", "rights")
} | {f"{ARXIV} {name}" for name in ("comment", "journal_ref", "doi", "primary_category", "license")}


class _Reader:
    """Collects leaf texts of entries with their byte offsets. Document types are refused: no entity expansion."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.entries: list[list[tuple[str, str, int, int]]] = []
        self.unknown: dict[str, None] = {}
        self.counts: dict[str, int] = {}  # OpenSearch: totalResults, startIndex
        self.text: list[str] = []
        self.start: int | None = None
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self.open
        self.parser.EndElementHandler = self.close
        self.parser.CharacterDataHandler = self.data
        self.parser.StartDoctypeDeclHandler = self.doctype

    def doctype(self, *_: object) -> None:
        raise FeedError("the feed declares a document type")

    def open(self, name: str, _attributes: dict[str, str]) -> None:
        if not self.path and name != f"{ATOM} feed":
            raise FeedError(f"not an Atom feed: its root is {name.rsplit(' ', 1)[-1][:40]!r}")
        self.path.append(name)
        if len(self.path) > MAX_DEPTH:
            raise FeedError("elements are nested too deeply")
        if self.path == [f"{ATOM} feed", f"{ATOM} entry"]:
            if len(self.entries) >= MAX_ENTRIES:
                raise FeedError(f"more than {MAX_ENTRIES} entries")
            self.entries.append([])
        elif len(self.path) == 3 and self.path[1] == f"{ATOM} entry" and name not in KNOWN:
            self.unknown[name.rsplit(" ", 1)[-1]] = None
        self.text, self.start = [], None

    def data(self, text: str) -> None:
        if self.start is None:
            self.start = self.parser.CurrentByteIndex
        self.text.append(text)

    def close(self, name: str) -> None:
        if len(self.path) >= 3 and self.path[1] == f"{ATOM} entry" and self.start is not None:
            key = "/".join(part.rsplit(" ", 1)[-1] for part in self.path[2:])
            self.entries[-1].append((key, "".join(self.text), self.start, self.parser.CurrentByteIndex))
        elif len(self.path) == 2 and name.startswith(OPENSEARCH) and "".join(self.text).strip().isdecimal():
            self.counts[name.rsplit(" ", 1)[-1]] = int("".join(self.text)[:9])
        self.path.pop()
        self.text, self.start = [], None


def read_feed(body: bytes) -> Feed:
    """Read an answer of the API, whatever its status was. Raises FeedError for anything but an Atom feed."""
    reader = _Reader()
    try:
        body.decode("utf-8")
        reader.parser.Parse(body, True)
    except (expat.ExpatError, UnicodeDecodeError) as error:
        raise FeedError(f"not well-formed XML in UTF-8: {error}") from error
    entries: list[Entry] = []
    errors: list[str] = []
    place = Places(body)
    for raw in reader.entries:
        fields: dict[str, list[Field]] = {}
        for key, text, start, end in raw:
            fields.setdefault(key, []).append(place.field(text, start, end))
        ident = first(fields, "id")
        match = re.search(rf"/abs/{ID.pattern}$", ident.text) if ident else None
        title, summary = first(fields, "title"), first(fields, "summary")
        if ident is None or title is None:
            errors.append("an entry without id or title")
        elif "/api/errors" in ident.text:
            errors.append(summary.text if summary else title.text)
        elif match is None:
            errors.append(f"an id that is none: {ident.text[:80]}")
        else:
            entries.append(
                Entry(
                    id=match["new"] or match["old"],
                    version=match["version"] or "",
                    ident=ident,
                    title=title,
                    summary=summary or Field("", title.end, title.end),
                    authors=tuple(fields.get("author/name", ())),
                    published=first(fields, "published"),
                    updated=first(fields, "updated"),
                    comment=first(fields, "comment"),
                    journal_ref=first(fields, "journal_ref"),
                    doi=first(fields, "doi"),
                )
            )
    counts = reader.counts
    return Feed(
        tuple(entries), tuple(errors), counts.get("totalResults"), counts.get("startIndex", 0), tuple(reader.unknown)
    )


def first(fields: dict[str, list[Field]], key: str) -> Field | None:
    return fields[key][0] if key in fields else None


class Places:
    """From byte offsets to character offsets of the decoded feed, in one pass where they are asked in order."""

    def __init__(self, body: bytes) -> None:
        self.body, self.byte, self.char = body, 0, 0

    def field(self, text: str, start: int, end: int) -> Field:
        """A field without the white space at both ends."""
        if start < self.byte:
            self.byte, self.char = 0, 0
        self.char += len(self.body[self.byte : start].decode("utf-8"))
        self.byte = start
        raw = self.body[start:end].decode("utf-8")
        at = self.char + len(raw) - len(raw.lstrip())
        return Field(" ".join(text.split()), at, at + len(raw.strip()))
