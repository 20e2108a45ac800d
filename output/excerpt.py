"""A quote in place: the lines of the archived document around it, and whether the archive confirms it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from output.positions import documents
from output.quoted import QuotedFiles
from output.record import ArchivePosition, EvidenceRecord, compact_json, follow, pointer_steps

LINES_AROUND = 3
LINES_SHOWN = 24
LINE_WIDTH = 180
SIBLINGS_SHOWN = 8

Confirmation = Literal["confirmed", "differs", "not_archived"]


@dataclass(frozen=True)
class Line:
    """One line as pieces of text, each with whether it belongs to the quote. `label` is a line number or a key."""

    label: str
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Excerpt:
    confirmation: Confirmation
    lines: tuple[Line, ...] = ()


def excerpts(run_folder: Path, records: Iterable[EvidenceRecord]) -> dict[str, Excerpt]:
    """For each record with a quote in a text or an answer, by id: what the archive shows at its place.

    Papers are not opened: their quotes are short and stand alone, and `verify` checks them.
    """
    wanted: dict[ArchivePosition, list[EvidenceRecord]] = defaultdict(list)
    found: dict[str, Excerpt] = {}
    for record in records:
        if record.quote is None or record.source is None or (record.selector and record.selector.page is not None):
            continue
        found[record.id] = Excerpt("not_archived")
        if record.source.archive is not None:
            wanted[record.source.archive].append(record)
    for position, body in bodies(run_folder, wanted):
        digest = hashlib.sha256(body).hexdigest()
        shown = Shown(body)
        for record in wanted[position]:
            assert record.source is not None
            same = digest == record.source.sha256
            found[record.id] = shown.excerpt(record) if same else Excerpt("differs")
    return found


def bodies(
    run_folder: Path, wanted: Mapping[ArchivePosition, Sequence[EvidenceRecord]]
) -> Iterator[tuple[ArchivePosition, bytes]]:
    """The bytes at each position: of a source tree's file its copy, kept when the tree was unpacked before."""
    quoted = QuotedFiles(run_folder)
    left = []
    for position, records in wanted.items():
        source = records[0].source if position.member is not None else None
        if source and (body := quoted.get(source.sha256)) is not None:
            yield position, body
        else:
            left.append(position)
    for position, body in documents(run_folder, left):
        if position.member is not None:
            quoted.keep(body)
        yield position, body


class Shown:
    """One document, decoded at most once for all its quotes."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._text: str | None = None
        self._json: Any = None

    @property
    def text(self) -> str:
        if self._text is None:
            self._text = self.body.decode("utf-8", "replace")
        return self._text

    @property
    def json(self) -> Any:
        if self._json is None:
            self._json = json.loads(self.body)
        return self._json

    def excerpt(self, record: EvidenceRecord) -> Excerpt:
        selector, quote = record.selector, record.quote
        assert quote is not None
        if selector is None:
            return Excerpt("differs")
        if selector.json_pointer is not None:
            return self.pointed(selector.json_pointer, quote.exact)
        if selector.start is None or selector.end is None:
            return Excerpt("differs")
        if self.text[selector.start : selector.end] != quote.exact:
            return Excerpt("differs")
        return Excerpt("confirmed", lines_around(self.text, selector.start, selector.end, selector.start_line or 1))

    def pointed(self, pointer: str, exact: str) -> Excerpt:
        try:
            lines, value = pointed_lines(self.json, pointer)
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            return Excerpt("differs")
        return Excerpt("confirmed", lines) if compact_json(value).startswith(exact) else Excerpt("differs")


def lines_around(text: str, start: int, end: int, start_line: int) -> tuple[Line, ...]:
    """The quote's lines and some before and after, long ones cut, the quote's characters marked."""
    first, last = start, max(start, end - 1) - 1
    for _ in range(LINES_AROUND + 1):
        first = text.rfind("\n", 0, first)
        if first < 0:
            break
    first += 1
    for _ in range(LINES_AROUND + 1):
        last = text.find("\n", last + 1)
        if last < 0:
            last = len(text)
            break
    number = start_line - text.count("\n", first, start)
    lines = []
    for line in text[first:last].split("\n")[:LINES_SHOWN]:
        lines.append(Line(str(number), mark(line, start - first, end - first)))
        first += len(line) + 1
        number += 1
    return tuple(lines)


def mark(line: str, start: int, end: int) -> tuple[tuple[str, bool], ...]:
    """Cut a line into before, quoted and after; a part that is too long keeps what is nearest to the quote."""
    line = line.rstrip("\r")
    start, end = max(0, min(start, len(line))), max(0, min(end, len(line)))
    if start >= end:
        return ((clip(line, LINE_WIDTH), False),)
    before, quoted, after = line[:start], line[start:end], line[end:]
    if len(before) > LINE_WIDTH // 2:
        before = "…" + before[-LINE_WIDTH // 2 :]
    pieces = ((before, False), (quoted, True), (clip(after, LINE_WIDTH // 2), False))
    return tuple(piece for piece in pieces if piece[0])


def clip(text: str, width: int) -> str:
    return text if len(text) <= width else text[:width] + "…"


def pointed_lines(data: Any, pointer: str) -> tuple[tuple[Line, ...], Any]:
    """The value at a JSON pointer among its neighbours, one key a line. Raises what a wrong pointer raises."""
    steps = pointer_steps(pointer)
    key = steps[-1] if steps else ""
    parent = follow(data, steps[:-1]) if steps else None
    value = follow(data, steps)
    pairs = list(parent.items()) if isinstance(parent, dict) else list(enumerate(parent or ()))
    at = next((n for n, (k, _) in enumerate(pairs) if str(k) == key), 0)
    near = pairs[max(0, at - SIBLINGS_SHOWN // 2) : at + SIBLINGS_SHOWN // 2 + 1]
    return tuple(Line(str(k), ((clip(compact_json(v), LINE_WIDTH), str(k) == key),)) for k, v in near), value
