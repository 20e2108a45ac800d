"""Reading a run folder: what was asked, what was found, and the archive behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from output.record import EvidenceRecord, UnknownSchemaError, load


class RunError(Exception):
    """The folder is not a run that this program can read."""


@dataclass(frozen=True)
class System:
    """The records of one release: one index entry, or one thing that was asked for."""

    root: str
    entry: str | None
    records: tuple[EvidenceRecord, ...]

    @property
    def name(self) -> str:
        return self.entry or self.root.partition(":")[2].partition(":")[2] or self.root.partition(":")[2] or self.root


@dataclass(frozen=True)
class Run:
    """A run folder. `info` is `run.json` as written; `records` stand in the order of `evidence.jsonl`."""

    folder: Path
    info: dict[str, Any]
    records: tuple[EvidenceRecord, ...]

    @property
    def id(self) -> str:
        return str(self.info.get("run") or self.info.get("id") or self.folder.name)

    @property
    def state(self) -> str:
        return str(self.info.get("state", "incomplete"))

    @cached_property
    def systems(self) -> tuple[System, ...]:
        """Records by release, in order of appearance."""
        groups: dict[str | None, list[EvidenceRecord]] = {}
        for record in self.records:
            groups.setdefault(record.subject.entry, []).append(record)
        return tuple(System(root_of(found), entry, tuple(found)) for entry, found in groups.items())


def root_of(records: list[EvidenceRecord]) -> str:
    """The release the records are about: the first end model, else the first target."""
    ends = (r.subject.target for r in records if r.subject.component == "end")
    return next(ends, records[0].subject.target)


def read_records(folder: Path) -> Iterator[EvidenceRecord]:
    """Records of a run folder, one by one. Raises RunError naming the line that cannot be read."""
    path = folder / "evidence.jsonl"
    if not path.is_file():
        raise RunError(f"{folder} is not a run folder: it has no evidence.jsonl")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield load(line)
            except (UnknownSchemaError, msgspec.MsgspecError) as error:
                raise RunError(f"{path}, line {number}: {error}") from error


def load_run(folder: Path) -> Run:
    """Read a run folder. Raises RunError where there is none or a line cannot be read."""
    records = tuple(read_records(folder))
    path = folder / "run.json"
    try:
        info = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise RunError(f"{path} is not JSON: {error}") from error
    return Run(folder, info if isinstance(info, dict) else {}, records)
