"""What every record of a local document must keep, checked from outside."""

from __future__ import annotations

import hashlib
import json

from output.record import EvidenceRecord, Source
from spiders.document import Document, Kind


def document(body: bytes | str, kind: Kind = "model_card", target: str = "hf:model:org/name") -> Document:
    data = body.encode() if isinstance(body, str) else body
    source = Source(f"https://example.org/{target}", "", sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    return Document(kind, target, source, data)


def told_apart(records: list[EvidenceRecord]) -> None:
    """No id stands for two facts: the second would be lost where records are gathered by id."""
    facts: dict[str, str] = {}
    for record in records:
        assert facts.setdefault(record.id, record.statement) == record.statement


def verify(record: EvidenceRecord, documents: tuple[Document, ...]) -> None:
    """The quote of a record stands where it says, in the bytes whose hash it names."""
    assert record.statement
    assert "\n" not in record.statement
    assert "<" not in record.statement
    if record.outcome == "absent":
        assert record.searched
    if record.quote is None:
        return
    assert record.source is not None
    assert record.selector is not None
    body = next(d.body for d in documents if d.source.sha256 == record.source.sha256)
    assert len(record.quote.exact) <= 600
    if record.selector.json_pointer is not None:
        value = json.loads(body)
        for part in record.selector.json_pointer.split("/")[1:]:
            value = value[int(part)] if isinstance(value, list) else value[part]
        assert json.dumps(value, separators=(",", ":"), ensure_ascii=False).startswith(record.quote.exact)
        return
    text = body.decode("utf-8", "replace")
    assert text[record.selector.start : record.selector.end] == record.quote.exact
    assert record.selector.start is not None
    assert text.count("\n", 0, record.selector.start) + 1 == record.selector.start_line
