"""What a detector is, and how it writes records that can be checked.

A detector is a folder below `pipelines/` with
  `definition.yaml`  the question asked, why the index cares, indicators, outcomes, version
  `__init__.py`      `detect(dossier, earlier) -> Iterator[EvidenceRecord]`, a pure function; `earlier` are the records
                     of the detectors that the definition names under `after`
  `*.yaml`           its lexicons and rules
and a line in the ordered list of `pipelines/__init__.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from output.data_files import load
from output.record import (
    CONTEXT_LIMIT,
    QUOTE_LIMIT,
    DetectorRef,
    EvidenceRecord,
    Outcome,
    Parameter,
    Points,
    Quote,
    Searched,
    Selector,
    Source,
    Subject,
    compact_json,
    follow,
    pointer_steps,
    record_id,
)
from pipelines.dossier import Dossier
from pipelines.readers.printed import Printed

Detect = Callable[[Dossier, Sequence[EvidenceRecord]], Iterable[EvidenceRecord]]


class Indicator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One smallest question of a detector, as its definition documents it."""

    name: str
    asks: str
    parameter: str = ""  # where all records of the indicator speak to one parameter


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    version: str
    question: str
    why: str
    reads: list[str]
    indicators: list[Indicator]
    after: list[str] = []  # detectors whose records it sees; it sees no others


class Detector:
    """A definition, the version of its rules, and the function that answers it."""

    def __init__(self, folder: Path, detect: Detect) -> None:
        self.folder = folder
        self.detect = detect

    @cached_property
    def definition(self) -> Definition:
        return load(self.folder / "definition.yaml", Definition)

    @property
    def name(self) -> str:
        return self.definition.name

    @cached_property
    def rules_version(self) -> str:
        """Eight hex digits over the detector's data files: a changed lexicon cannot keep its old version."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.rglob("*.yaml")):
            digest.update(path.relative_to(self.folder).as_posix().encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()[:8]

    def record(
        self,
        subject: Subject,
        parameter: Parameter,
        indicator: str,
        outcome: Outcome,
        statement: str,
        *,
        rule: str,
        points: Points = "neutral",
        value: dict[str, Any] | None = None,
        source: Source | None = None,
        quote: Quote | None = None,
        selector: Selector | None = None,
        searched: Iterable[Searched] = (),
    ) -> EvidenceRecord:
        """Build one record with its id. `quote` and `selector` come from `quote_span`, `quote_pointer` or a reader.

        Raises ValueError for a record that breaks the contract: nothing found without a source, no absence without
        what was searched.
        """
        searched = tuple(searched)
        if outcome in ("present", "boilerplate", "placeholder", "linked") and source is None:
            raise ValueError(f"{indicator}: {outcome} without a source")
        if outcome == "absent" and not searched:
            raise ValueError(f"{indicator}: absent without what was searched")
        if source is None and not searched:
            raise ValueError(f"{indicator}: neither source nor searched")
        ref = DetectorRef(self.name, self.definition.version, rule, self.rules_version)
        return EvidenceRecord(
            id=record_id(subject, indicator, outcome, source, selector, searched, ref),
            subject=subject,
            parameter=parameter,
            indicator=indicator,
            outcome=outcome,
            points=points,
            value=value or {},
            statement=one_line(statement),
            quote=quote,
            selector=selector,
            source=source,
            searched=searched,
            detector=ref,
            run="",
        )


def one_line(text: str) -> str:
    """A statement as one line that is safe in HTML, whatever the crawled text in it holds."""
    if text.isprintable() and "  " not in text and "<" not in text and ">" not in text:
        return text.strip()
    text = re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", text)
    return re.sub(r"\s+", " ", text).replace("<", "‹").replace(">", "›").strip()


def quote_span(
    text: str, start: int, end: int, *, heading_path: tuple[str, ...] | None = None
) -> tuple[Quote, Selector]:
    """Quote characters `start` to `end` of a document's text, cut to 600, with its position and lines.

    Of a printed document (PDF) it quotes the page that they stand on.
    """
    if isinstance(text, Printed):
        quote, selector = text.quote(start, end)
        return quote, msgspec.structs.replace(selector, heading_path=heading_path)
    end = min(end, start + QUOTE_LIMIT, len(text))
    start_line = text.count("\n", 0, start) + 1
    quote = Quote(
        exact=text[start:end],
        prefix=text[max(0, start - CONTEXT_LIMIT) : start],
        suffix=text[end : end + CONTEXT_LIMIT],
    )
    end_line = start_line + text.count("\n", start, max(start, end - 1))
    return quote, Selector(start=start, end=end, start_line=start_line, end_line=end_line, heading_path=heading_path)


def quote_pointer(data: Any, pointer: str) -> tuple[Quote, Selector]:
    """Quote the value at a JSON pointer (RFC 6901) as compact JSON. Raises KeyError where it leads nowhere."""
    value = follow(data, pointer_steps(pointer))
    return Quote(exact=compact_json(value)[:QUOTE_LIMIT]), Selector(json_pointer=pointer)
