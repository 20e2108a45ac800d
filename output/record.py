"""The evidence record: one fact, its quote and where anyone can check it again.

Shapes follow W3C Web Annotation (TextQuoteSelector, TextPositionSelector) and the field list of the project's record
contract; `schema/evidence-1.json` is generated from these types.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from typing import Any, Literal, get_args

import msgspec

SCHEMA_VERSION = 1

QUOTE_LIMIT = 600
CONTEXT_LIMIT = 80

Outcome = Literal["present", "boilerplate", "placeholder", "linked", "absent", "unavailable", "error", "not_applicable"]
Points = Literal["open", "partial", "closed", "neutral"]
Component = Literal["base", "end"]

IndexParameter = Literal[
    "datasources_basemodel",
    "datasources_endmodel",
    "weights_basemodel",
    "weights_endmodel",
    "trainingcode",
    "code",
    "hardware_architecture",
    "preprint",
    "paper",
    "modelcard",
    "datasheet",
    "licenses",
]
OwnParameter = Literal["package", "api", "community", "claims"]
Parameter = IndexParameter | OwnParameter
INDEX_PARAMETERS: tuple[str, ...] = get_args(IndexParameter)
OWN_PARAMETERS: tuple[str, ...] = get_args(OwnParameter)


class Subject(msgspec.Struct, frozen=True):
    """What the fact is about: index entry, crawl target, and which part of the system it is."""

    entry: str | None
    target: str
    component: Component | None = None


class Quote(msgspec.Struct, frozen=True):
    """W3C TextQuoteSelector: verbatim, at most 600, 80 and 80 characters."""

    exact: str
    prefix: str = ""
    suffix: str = ""


class Selector(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the quote stands. Offsets count characters of the decoded text, end exclusive; lines count from 1."""

    start: int | None = None
    end: int | None = None
    start_line: int | None = None
    end_line: int | None = None
    heading_path: tuple[str, ...] | None = None
    page: int | None = None
    json_pointer: str | None = None


class ArchivePosition(msgspec.Struct, frozen=True):
    """Where the bytes lie: WARC file, record, byte offset, and the path inside an archived source tree."""

    file: str
    record_id: str
    offset: int
    member: str | None = None


class Source(msgspec.Struct, frozen=True):
    """A raw file at a revision: what was read, when, and the SHA-256 of the very bytes that are quoted."""

    url: str
    view_url: str
    revision: str | None = None
    path: str | None = None
    media_type: str | None = None
    sha256: str = ""
    git_blob: str | None = None
    size: int = 0
    retrieved_at: str | None = None
    status: int | None = None
    archive: ArchivePosition | None = None


class Searched(msgspec.Struct, frozen=True):
    """One thing that was read to say that something is not there."""

    url: str
    sha256: str
    what: str


class DetectorRef(msgspec.Struct, frozen=True):
    name: str
    version: str
    rule: str
    rules_version: str


class EvidenceRecord(msgspec.Struct, frozen=True):
    """One line of `evidence.jsonl`; field order is the order written."""

    id: str
    subject: Subject
    parameter: Parameter
    indicator: str
    outcome: Outcome
    points: Points
    value: dict[str, Any]
    statement: str
    quote: Quote | None
    selector: Selector | None
    source: Source | None
    searched: tuple[Searched, ...]
    detector: DetectorRef
    run: str


_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")


@lru_cache(maxsize=256)
def content_key(url: str, sha256: str) -> tuple[str, str]:
    """What was read, apart from the revision it was read at.

    The content of an archived source tree is its commit: the service may pack the same tree into other bytes tomorrow.
    """
    commit = _COMMIT.search(url)
    content = commit[0] if commit and "/tar.gz/" in url else sha256
    return _COMMIT.sub("*", url), content


_ID_ENCODER = msgspec.json.Encoder(order="sorted")


def record_id(
    subject: Subject,
    indicator: str,
    outcome: Outcome,
    source: Source | None,
    selector: Selector | None,
    searched: tuple[Searched, ...],
    detector: DetectorRef,
) -> str:
    """Return `ev1-` and 32 hex digits: the same input gives the same id in every run.

    Keyed by content, not by time, run or revision: a file that a new commit leaves alone keeps its records. Detector
    name and rule are part of its version here, so that two rules that quote the same sentence stay two records.
    """
    content = [
        subject,
        indicator,
        outcome,
        source and content_key(source.url, source.sha256),
        selector,
        [[*content_key(s.url, s.sha256), s.what] for s in searched],
        [detector.name, detector.version, detector.rule, detector.rules_version],
    ]
    return "ev1-" + hashlib.sha256(_ID_ENCODER.encode(content)).hexdigest()[:32]


def git_blob_id(body: bytes) -> str:
    """The id git gives these bytes: SHA-1 over `blob SIZE NUL` and the bytes."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()


def compact_json(value: Any) -> str:
    """The form in which a value at a JSON pointer is quoted."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def pointer_steps(pointer: str) -> list[str]:
    """The keys of a JSON pointer (RFC 6901), unescaped."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def follow(data: Any, steps: list[str]) -> Any:
    """The value that a pointer's keys lead to. Raises LookupError, ValueError or TypeError where there is none."""
    for step in steps:
        data = data[int(step)] if isinstance(data, list) else data[step]
    return data


class UnknownSchemaError(ValueError):
    """The line was written by a version of the record that this program does not know."""


_DECODER = msgspec.json.Decoder(EvidenceRecord)


def dump(record: EvidenceRecord) -> bytes:
    """One JSON line, without the line end."""
    return msgspec.json.encode(record)


def load(line: bytes | str) -> EvidenceRecord:
    """Read one line. Raises UnknownSchemaError for a future schema, msgspec.ValidationError for a broken line."""
    head = msgspec.json.decode(line)
    ident = head.get("id") if isinstance(head, dict) else None
    if not isinstance(ident, str) or not ident.startswith(f"ev{SCHEMA_VERSION}-"):
        raise UnknownSchemaError(
            f"record {ident!r} is not of schema ev{SCHEMA_VERSION}: it was written by another version of osai-evidence"
        )
    return _DECODER.decode(line)


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of one record, as shipped in `output/schema/evidence-1.json`."""
    schema = msgspec.json.schema(EvidenceRecord)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://osai-index.eu/schema/evidence-{SCHEMA_VERSION}.json",
        "title": "osai-evidence record",
        **schema,
    }
