"""Today's detectors over an old run: its documents come out of the archive, nothing is asked of anyone.

The list of what was read is cut into pieces. A piece is read by a worker process, or by a Dask cluster; a worker that
dies costs the piece it had in hand, which another one does again. The records do not depend on who read them.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from crawler.settings import SOFTWARE
from crawler.workers import load_detectors, start_worker
from output.archive import ArchiveWriter
from output.positions import ArchiveError, documents, payload
from output.record import ArchivePosition
from output.run import ReadDocument, RunError
from output.run_folder import RunFolder, Written, read_run_json, write_records
from pipelines import DETECTORS, read
from pipelines.dossier import Dossier
from spiders.document import Document, Lead, Miss, stored_tree

PIECES_PER_WORKER = 32
ATTEMPTS = 3


class Line(msgspec.Struct, frozen=True):
    """One line of `documents.jsonl` with all that detectors may look at."""

    root: str
    entry: str | None = None
    documents: tuple[ReadDocument, ...] = ()
    misses: tuple[Miss, ...] = ()
    leads: tuple[Lead, ...] = ()


@dataclass(frozen=True)
class Piece:
    """Some releases of a run. `lines` are those of `documents.jsonl`."""

    folder: str
    lines: tuple[bytes, ...]
    run: str  # id of the new run, which stands on each record


@dataclass(frozen=True)
class Result:
    """Records of each release of a piece, and documents that the archive could not give."""

    records: tuple[Written, ...]
    missing: tuple[str, ...]


def rebuild(folder: Path, line: bytes) -> tuple[Dossier, list[str]]:
    """A dossier as the crawl had it, and addresses whose bytes the archive does not hold."""
    listed = msgspec.json.decode(line, type=Line)
    held = [d for d in listed.documents if d.kind != "source_archive"]
    bodies: dict[ArchivePosition, bytes] = dict(documents(folder, [d.source.archive for d in held if d.source.archive]))
    found, missing = [], []
    for one in listed.documents:
        document = archived(folder, one, bodies)
        if document is None:
            missing.append(one.source.url)
        else:
            found.append(document)
    return Dossier(listed.root, tuple(found), listed.misses, listed.leads, listed.entry), missing


def archived(folder: Path, one: ReadDocument, bodies: Mapping[ArchivePosition, bytes]) -> Document | None:
    """A document with its bytes, a source tree as a stream; None where the archive does not hold it."""
    at = one.source.archive
    if at is not None and one.kind == "source_archive":
        with suppress(ArchiveError):
            return stored_tree(one.target, one.source, partial(payload, folder, at))
    body = bodies.get(at) if at is not None else None
    return None if body is None else Document(one.kind, one.target, one.source, body)  # type: ignore[arg-type]


def analyse(piece: Piece) -> Result:
    """What the detectors say of a piece. Runs in a worker: takes and gives plain data."""
    records: list[Written] = []
    missing: list[str] = []
    for line in piece.lines:
        dossier, lost = rebuild(Path(piece.folder), line)
        records.append(write_records(read(dossier), piece.run))
        missing += lost
    return Result(tuple(records), tuple(missing))


def cut(folder: Path, lines: Sequence[bytes], workers: int, run: str) -> list[Piece]:
    size = max(1, len(lines) // (workers * PIECES_PER_WORKER))
    return [Piece(str(folder), tuple(lines[n : n + size]), run) for n in range(0, len(lines), size)]


def on_processes(pieces: Sequence[Piece], workers: int) -> Iterator[Result]:
    """Results in the order of the pieces. Raises RunError for a piece that kills its worker again and again."""
    if workers <= 1:
        load_detectors()
        yield from map(analyse, pieces)
        return
    done: dict[int, Result] = {}
    attempts: Counter[int] = Counter()
    given = 0
    while given < len(pieces):
        with ProcessPoolExecutor(workers, get_context("spawn"), start_worker) as pool:
            try:
                waiting: dict[Future[Result], int] = {}
                todo = [n for n in range(given, len(pieces)) if n not in done]
                while todo or waiting:
                    while todo and len(waiting) < 2 * workers:
                        number = todo.pop(0)
                        waiting[pool.submit(analyse, pieces[number])] = number
                    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                        number = waiting.pop(future)
                        attempts[number] += 1
                        done[number] = future.result()
                    while given in done:
                        yield done.pop(given)
                        given += 1
            except BrokenProcessPool as error:
                if max(attempts.values()) >= ATTEMPTS:
                    raise RunError(f"a piece of the run ended its worker {ATTEMPTS} times") from error


def on_cluster(pieces: Sequence[Piece], address: str, workers: int) -> Iterator[Result]:
    """Results in the order of the pieces, from a Dask cluster; `local` starts one on this machine."""
    try:
        from distributed import Client, LocalCluster
    except ModuleNotFoundError as error:
        raise RunError("a cluster needs the extra: pip install 'osai-evidence[cluster]'") from error
    if address == "local":
        with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:  # type: ignore[no-untyped-call]
            yield from on_cluster(pieces, cluster.scheduler_address, workers)
        return
    with Client(address) as client:  # type: ignore[no-untyped-call]
        yield from client.gather(client.map(analyse, pieces, pure=False))


def reanalyse(
    run: Path, out: Path, *, workers: int | None = None, cluster: str | None = None, replace: bool = False
) -> dict[str, Any]:
    """Write a new run folder with today's records and return its `run.json`. Raises RunError, RunExistsError."""
    old = read_run_json(run)
    try:
        lines = (run / "documents.jsonl").read_bytes().splitlines()
    except OSError as error:
        raise RunError(f"{run} has no documents.jsonl: it is no run that can be read again") from error
    workers = workers or os.cpu_count() or 1
    folder = RunFolder(out, list((old or {}).get("asked", [])), SOFTWARE, replace=replace)
    pieces = cut(run.resolve(), lines, workers, folder.run_id)
    results = on_cluster(pieces, cluster, workers) if cluster else on_processes(pieces, workers)
    missing: list[str] = []
    try:
        left = iter(lines)
        for result in results:
            missing += result.missing
            for written in result.records:
                folder.add_written(written, msgspec.json.decode(next(left)), durable=False)
    finally:
        complete = sum(1 for _ in left) == 0
        link_archive(run, folder)
        folder.close(
            "complete" if complete and not missing else "incomplete",
            reanalysed=(old or {}).get("run", run.name),
            versions={"detectors": {d.name: f"{d.definition.version}+{d.rules_version}" for d in DETECTORS}},
            requests={},
            failures=[f"not in the archive: {url}" for url in missing],
        )
    return read_run_json(out) or {}


def link_archive(run: Path, folder: RunFolder) -> None:
    """The new run needs the same answers: the same files, by hard link where the disk allows it."""
    folder.archive.close()
    own: ArchiveWriter = folder.archive
    own.path.unlink()
    for path in sorted(p for p in (run / "archive").iterdir() if p.is_file()):
        try:
            os.link(path, own.folder / path.name)
        except OSError:
            shutil.copyfile(path, own.folder / path.name)
