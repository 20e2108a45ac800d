"""Which records of a run belong to which release."""

from __future__ import annotations

from pathlib import Path

import msgspec

from output.record import EvidenceRecord
from output.run import load_run
from output.run_folder import RunFolder
from tests.output.builder import RunBuilder

ROOTS = ("hf:model:maker/one", "hf:model:maker/two")


def shared_records(folder: Path) -> tuple[EvidenceRecord, ...]:
    """Three records about a base model that both releases name."""
    run = RunBuilder(folder)
    source = run.document("https://example.org/card", b"one two three")
    for word in ("one", "two", "three"):
        run.add("modelcard", f"model_card.{word}", "present", f"Says {word}.", source=source, exact=word,
                target="hf:model:maker/base")  # fmt: skip
    return load_run(run.finish()).records


def test_records_are_told_apart_by_their_number(tmp_path: Path) -> None:
    """What both releases speak of stays with the one it was read for."""
    records = shared_records(tmp_path / "made")
    run = RunFolder(tmp_path / "run", [], "test")
    misses = [{"target": "hf:model:maker/base", "what": "x", "source": {"url": "", "view_url": ""}, "outcome": "error",
               "reason": "made up"}]  # fmt: skip
    for root, part in zip(ROOTS, (records[:1], records[1:]), strict=True):
        run.add(part, {"root": root, "entry": None, "misses": misses})
    run.close("complete")
    systems = load_run(tmp_path / "run").systems
    assert [len(system.records) for system in systems] == [1, 2]


def test_a_run_without_numbers_is_read_too(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    test_records_are_told_apart_by_their_number(tmp_path)
    lines = (folder / "documents.jsonl").read_bytes().splitlines()
    old = [msgspec.json.decode(line) for line in lines]
    (folder / "documents.jsonl").write_bytes(
        b"".join(msgspec.json.encode({**line, "records": None}) + b"\n" for line in old)
    )
    assert sum(len(system.records) for system in load_run(folder).systems) == 3
