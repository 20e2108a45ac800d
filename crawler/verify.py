"""Re-check every record of a run against its own archive: hash, quote and position, without the network."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from output.positions import documents
from output.record import ArchivePosition, EvidenceRecord, compact_json, follow, pointer_steps, record_id
from output.run import read_records
from output.run_folder import file_hashes, read_run_json

Verdict = Literal["verified", "no source to check", "archive missing", "hash differs", "quote differs", "id differs"]
BAD: tuple[Verdict, ...] = ("archive missing", "hash differs", "quote differs", "id differs")


@dataclass(frozen=True)
class Check:
    record: EvidenceRecord
    verdict: Verdict
    detail: str = ""


def verify(folder: Path) -> Iterator[Check]:
    """One check for each record, in the order of the archive. Raises RunError where the folder is no run.

    A record of what could not be read may have no archived answer; every other record must have its bytes.
    """
    waiting: dict[ArchivePosition, list[EvidenceRecord]] = {}
    for record in read_records(folder):
        if id_of(record) != record.id:
            yield Check(record, "id differs", "the record was changed after it was written")
        elif record.source is None or record.source.archive is None:
            yield without_archive(record)
        else:
            waiting.setdefault(record.source.archive, []).append(record)
    for position, body in documents(folder, waiting):
        for record in waiting.pop(position):
            yield check(record, body)
    for position, records in waiting.items():
        for record in records:
            yield Check(record, "archive missing", f"{position.file} at {position.offset}: cannot be read")


def changed_files(folder: Path) -> list[str]:
    """Files of a finished run that are not what `run.json` says they were."""
    expected: dict[str, str] = (read_run_json(folder) or {}).get("files") or {}
    found = file_hashes(folder)
    return [name for name, digest in expected.items() if found.get(name) != digest]


def id_of(record: EvidenceRecord) -> str:
    return record_id(
        record.subject,
        record.indicator,
        record.outcome,
        record.source,
        record.selector,
        record.searched,
        record.detector,
    )


def without_archive(record: EvidenceRecord) -> Check:
    excused = record.source is None or record.outcome in ("unavailable", "error")
    return Check(record, "no source to check") if excused else Check(record, "archive missing", "no archive position")


def check(record: EvidenceRecord, body: bytes) -> Check:
    source = record.source
    assert source is not None
    if hashlib.sha256(body).hexdigest() != source.sha256:
        return Check(record, "hash differs", source.url)
    if record.quote is None:
        return Check(record, "verified")
    problem = quote_problem(record, body)
    return Check(record, "quote differs", problem) if problem else Check(record, "verified")


def quote_problem(record: EvidenceRecord, body: bytes) -> str | None:
    """Why the quote does not stand where the record says, or None where it does."""
    quote, selector = record.quote, record.selector
    if quote is None or selector is None:
        return "quote without a selector"
    if selector.page is not None:
        return page_problem(quote.exact, selector.page, body)
    if selector.json_pointer is not None:
        return pointer_problem(quote.exact, selector.json_pointer, body)
    if selector.start is None or selector.end is None:
        return "selector without a position"
    text = body.decode("utf-8", "replace")
    if text[selector.start : selector.end] != quote.exact:
        return f"characters {selector.start} to {selector.end} read {text[selector.start : selector.end][:60]!r}"
    if selector.start_line is not None and text.count("\n", 0, selector.start) + 1 != selector.start_line:
        return f"line {selector.start_line} is not where the quote begins"
    return None


def pointer_problem(exact: str, pointer: str, body: bytes) -> str | None:
    try:
        value = follow(json.loads(body), pointer_steps(pointer))
    except (ValueError, KeyError, IndexError, TypeError):
        return f"{pointer} leads nowhere"
    found = compact_json(value)
    return None if found.startswith(exact) else f"{pointer} is {found[:60]}"


def page_problem(exact: str, page: int, body: bytes) -> str | None:
    """White space and hyphenation folded, as the record contract says."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(body) as pdf:
            text = pdf[page - 1].get_textpage().get_text_range()
    except Exception as error:
        return f"page {page} cannot be read: {error}"
    return None if fold(exact) in fold(text) else f"not on page {page}"


def pages_with(exact: str, body: bytes) -> Iterator[int]:
    """Pages on which a quote stands, white space and hyphenation folded; of the first 2,000."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(body) as pdf:
            for number in range(min(len(pdf), 2000)):
                if fold(exact) in fold(pdf[number].get_textpage().get_text_range()):
                    yield number + 1
    except pypdfium2.PdfiumError:
        return


def fold(text: str) -> str:
    return re.sub(r"[\s\u00ad\u2010-]+", "", text)


def count(checks: Iterable[Check]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for one in checks:
        totals[one.verdict] = totals.get(one.verdict, 0) + 1
    return totals
