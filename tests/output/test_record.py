"""The record: its schema is the one shipped, its id keeps to the content, a future schema is refused."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from output.record import (
    DetectorRef,
    EvidenceRecord,
    Selector,
    Source,
    Subject,
    UnknownSchemaError,
    content_key,
    dump,
    load,
    record_id,
)
from output.schema.__main__ import PATH, text


def record(statement: str = "A fact.", target: str = "hf:model:a/b") -> EvidenceRecord:
    subject = Subject(None, target, "end")
    source = Source("https://huggingface.co/x", "https://huggingface.co/x", sha256="0" * 64)
    detector = DetectorRef("weights", "1", "rule", "00000000")
    ident = record_id(subject, "weights.files", "present", source, Selector(start=1, end=2), (), detector)
    return EvidenceRecord(
        ident, subject, "weights_endmodel", "weights.files", "present", "open", {"n": 1}, statement, None,
        Selector(start=1, end=2), source, (), detector, "run",
    )  # fmt: skip


def test_shipped_schema_is_that_of_the_types() -> None:
    assert PATH.read_text("utf-8") == text(), "run `python -m output.schema`"


def test_a_record_passes_its_schema_and_a_broken_one_does_not() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(text()))
    good = json.loads(dump(record()))
    assert list(validator.iter_errors(good)) == []
    assert list(validator.iter_errors(good | {"outcome": "maybe"}))


def test_fields_are_written_in_the_order_of_the_contract() -> None:
    assert list(json.loads(dump(record()))) == [
        "id", "subject", "parameter", "indicator", "outcome", "points", "value", "statement", "quote", "selector",
        "source", "searched", "detector", "run",
    ]  # fmt: skip


@given(st.text(max_size=200))
def test_any_statement_survives_writing_and_reading(statement: str) -> None:
    try:
        statement.encode()
    except UnicodeEncodeError:
        return
    assert load(dump(record(statement))) == record(statement)


def test_id_changes_with_the_content_and_not_with_time_or_run() -> None:
    one = record()
    assert one.source is not None
    later = msgspec.structs.replace(one.source, retrieved_at="2030-01-01T00:00:00Z")
    again = record_id(one.subject, one.indicator, one.outcome, later, one.selector, (), one.detector)
    other = msgspec.structs.replace(one.source, sha256="1" * 64)
    assert again == one.id
    assert record_id(one.subject, one.indicator, one.outcome, other, one.selector, (), one.detector) != one.id
    assert record(target="hf:model:a/c").id != one.id


def test_a_future_schema_is_refused_with_a_clear_message() -> None:
    line = dump(record()).replace(b"ev1-", b"ev2-")
    with pytest.raises(UnknownSchemaError, match="another version of osai-evidence"):
        load(line)


def test_id_outlives_a_new_commit_and_another_packing_of_the_same_tree() -> None:
    raw = "https://raw.githubusercontent.com/a/b/{}/README.md"
    tree = "https://codeload.github.com/a/b/tar.gz/{}"
    assert content_key(raw.format("0" * 40), "s") == content_key(raw.format("1" * 40), "s")
    assert content_key(raw.format("0" * 40), "s") != content_key(raw.format("0" * 40), "t")
    assert content_key(tree.format("0" * 40), "s") == content_key(tree.format("0" * 40), "t")
    assert content_key(tree.format("0" * 40), "s") != content_key(tree.format("1" * 40), "s")
