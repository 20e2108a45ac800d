"""Reading a run folder: what was asked, what was read for it, what was found, and the archive behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec

from output.record import EvidenceRecord, Source, UnknownSchemaError, load


class RunError(Exception):
    """The folder is not a run that this program can read."""


class ReadDocument(msgspec.Struct, frozen=True):
    """A document that was read: its kind, the target it belongs to, and where its bytes lie."""

    kind: str
    target: str
    source: Source


class Missed(msgspec.Struct, frozen=True):
    """An address that was asked and gave no document."""

    target: str
    what: str
    source: Source
    outcome: str
    reason: str


class Pointer(msgspec.Struct, frozen=True):
    """A lead from one target to another, and why it was followed or not."""

    origin: str
    target: str
    relation: str
    reason: str
    followed: bool = False
    source: Source | None = None


class Listing(msgspec.Struct, frozen=True, dict=True):
    """One line of `documents.jsonl`: what was read, missed and pointed at for a release, and its records' number."""

    root: str
    entry: str | None = None
    documents: tuple[ReadDocument, ...] = ()
    misses: tuple[Missed, ...] = ()
    leads: tuple[Pointer, ...] = ()
    records: int | None = None  # of `evidence.jsonl`, in its order; older runs do not say

    @cached_property
    def targets(self) -> frozenset[str]:
        return frozenset([self.root, *(d.target for d in self.documents), *(m.target for m in self.misses)])


@dataclass(frozen=True)
class System:
    """One release: an index entry, or one thing that was asked for."""

    listing: Listing
    records: tuple[EvidenceRecord, ...]

    @property
    def root(self) -> str:
        return self.listing.root

    @property
    def entry(self) -> str | None:
        return self.listing.entry

    @property
    def name(self) -> str:
        """The entry's id, else the release without its scheme; of a local file its name."""
        local = self.root.startswith("url:") and "://" not in self.root
        return self.entry or (Path(self.root).name if local else short(self.root))


def short(target: str) -> str:
    """A target without its scheme: `org/name`, `2501.12948`."""
    return target.partition(":")[2].removeprefix("model:").removeprefix("dataset:") or target


@dataclass(frozen=True)
class Run:
    """A run folder. `info` is `run.json` as written; `records` stand in the order of `evidence.jsonl`."""

    folder: Path
    info: dict[str, Any]
    records: tuple[EvidenceRecord, ...]
    listings: tuple[Listing, ...] = field(default=())

    @property
    def id(self) -> str:
        return str(self.info.get("run") or self.folder.name)

    @property
    def state(self) -> str:
        return str(self.info.get("state", "incomplete"))

    @cached_property
    def systems(self) -> tuple[System, ...]:
        """Records by release, in the order in which the releases were read.

        Records of one release stand together, in the order of `documents.jsonl`, which tells how many there are. In an
        older run a release goes on as long as its records speak of what was read for it.
        """
        if not self.listings:
            return grouped(self.records)
        numbers = [listing.records for listing in self.listings if listing.records is not None]
        if len(numbers) == len(self.listings) and sum(numbers) == len(self.records):
            ends = list(accumulate(numbers, initial=0))
            return tuple(
                System(listing, self.records[start:end])
                for listing, start, end in zip(self.listings, ends, ends[1:], strict=False)
            )
        found: list[list[EvidenceRecord]] = [[] for _ in self.listings]
        at = 0
        for record in self.records:
            while at < len(found) - 1 and not belongs(record, self.listings[at]):
                at += 1
            found[at].append(record)
        return tuple(System(listing, tuple(rows)) for listing, rows in zip(self.listings, found, strict=True))


def belongs(record: EvidenceRecord, listing: Listing) -> bool:
    return record.subject.entry == listing.entry and record.subject.target in listing.targets


def grouped(records: tuple[EvidenceRecord, ...]) -> tuple[System, ...]:
    """Systems of a run without `documents.jsonl`: by index entry, named by the first end model or target."""
    groups: dict[str | None, list[EvidenceRecord]] = {}
    for record in records:
        groups.setdefault(record.subject.entry, []).append(record)
    return tuple(System(Listing(root_of(found), entry), tuple(found)) for entry, found in groups.items())


def root_of(records: list[EvidenceRecord]) -> str:
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


def read_listings(folder: Path) -> Iterator[Listing]:
    """Lines of `documents.jsonl`, none where the run has no such file."""
    path = folder / "documents.jsonl"
    if path.is_file():
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield msgspec.json.decode(line, type=Listing)
                except msgspec.MsgspecError as error:
                    raise RunError(f"{path}, line {number}: {error}") from error


def load_run(folder: Path) -> Run:
    """Read a run folder. Raises RunError where there is none or a line cannot be read."""
    records = tuple(read_records(folder))
    path = folder / "run.json"
    try:
        info = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise RunError(f"{path} is not JSON: {error}") from error
    return Run(folder, info if isinstance(info, dict) else {}, records, tuple(read_listings(folder)))
