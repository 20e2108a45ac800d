"""The run folder while a crawl writes it: complete or marked incomplete, never half-true."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from output.archive import ArchiveWriter
from output.record import EvidenceRecord, dump

STATES = ("running", "complete", "incomplete")


class RunExistsError(Exception):
    """The folder holds a complete run, or something that is no run at all."""


def read_run_json(folder: Path) -> dict[str, Any] | None:
    try:
        data = json.loads((folder / "run.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def make_room(folder: Path, *, replace: bool) -> None:
    """Take a new, empty or abandoned folder; refuse a complete run (unless told to replace it) and foreign files."""
    if not folder.exists() or not any(folder.iterdir()):
        folder.mkdir(parents=True, exist_ok=True)
        return
    run = read_run_json(folder)
    if run is None:
        raise RunExistsError(f"{folder} is not empty and is no run folder: choose another --out")
    if run.get("state") == "complete" and not replace:
        raise RunExistsError(f"{folder} holds a complete run: choose another --out, or add --replace")
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of the evidence, the list of documents and the archive, so that a changed byte anywhere shows."""
    paths = [*sorted(folder.glob("*.jsonl")), *sorted((folder / "archive").glob("*"))]
    found = {}
    for path in paths:
        if path.name != "log.jsonl":
            with path.open("rb") as file:
                found[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


@dataclass(frozen=True)
class Written:
    """Records of one release as lines of `evidence.jsonl`, and how many there are of what."""

    lines: bytes
    outcomes: Counter[str]
    indicators: Counter[str]


def write_records(records: Iterable[EvidenceRecord], run_id: str) -> Written:
    """Records as a run writes them, its id on each."""
    listed = [msgspec.structs.replace(record, run=run_id) for record in records]
    return Written(
        b"".join(dump(record) + b"\n" for record in listed),
        Counter(record.outcome for record in listed),
        Counter(record.indicator for record in listed),
    )


class RunFolder:
    """Writes `run.json`, `evidence.jsonl`, `documents.jsonl`, `archive/` and knows the run's id."""

    def __init__(self, folder: Path, asked: list[str], software: str, *, replace: bool = False) -> None:
        make_room(folder, replace=replace)
        self.folder = folder
        self.started = datetime.now(UTC)
        self.run_id = self.started.strftime("%Y%m%dT%H%M%SZ") + "-" + os.urandom(3).hex()
        self.about: dict[str, Any] = {
            "run": self.run_id,
            "state": "running",
            "asked": asked,
            "software": software,
            "started_at": self.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self.outcomes: Counter[str] = Counter()
        self.indicators: Counter[str] = Counter()
        self.write_about()
        self.archive = ArchiveWriter(folder / "archive", software)
        self.evidence = (folder / "evidence.jsonl").open("xb")
        self.documents = (folder / "documents.jsonl").open("xb")

    def write_about(self) -> None:
        """Replace `run.json` as a whole: a reader sees the old one or the new one."""
        path = self.folder / "run.json"
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(self.about, file, indent=1, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def add(self, records: Iterable[EvidenceRecord], dossier: dict[str, Any], *, durable: bool = True) -> None:
        """Append the records of one release, and what was read with their number; on disk when this returns."""
        self.add_written(write_records(records, self.run_id), dossier, durable=durable)

    def add_written(self, written: Written, dossier: dict[str, Any], *, durable: bool = True) -> None:
        """`add` for records that another process has written out."""
        self.evidence.write(written.lines)
        self.outcomes.update(written.outcomes)
        self.indicators.update(written.indicators)
        listed = dossier | {"records": written.outcomes.total()}
        self.documents.write(msgspec.json.encode(listed) + b"\n")
        for file in (self.evidence, self.documents) if durable else ():
            file.flush()
            os.fsync(file.fileno())

    def close(self, state: str, **about: Any) -> None:
        """Close all files and say in `run.json` how it ended."""
        assert state in STATES
        for file in (self.evidence, self.documents):
            file.close()
        self.archive.close()
        self.about |= {
            "state": state,
            "finished_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "records": sum(self.outcomes.values()),
            "outcomes": dict(sorted(self.outcomes.items())),
            "indicators": dict(sorted(self.indicators.items())),
            "files": file_hashes(self.folder),
            **about,
        }
        self.write_about()
