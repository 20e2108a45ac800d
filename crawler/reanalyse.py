"""Today's detectors over an old run: its documents come out of the archive, nothing is asked of anyone.

A detector whose code, data and libraries are those of the old run, as `pipelines.versions` tells them, would say the
same again: its records are carried over. A file of the old run that is not what its `run.json` says carries nothing.

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
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import msgspec

from crawler.settings import SOFTWARE
from crawler.verify import changed_files
from crawler.workers import end_with_parent, forked_context, load_detectors
from output.archive import ArchiveWriter
from output.positions import ArchiveError, documents, payload
from output.record import ArchivePosition, EvidenceRecord, load
from output.run import ReadDocument, RunError
from output.run_folder import RunFolder, Written, read_run_json, write_records
from pipelines import DETECTORS, read
from pipelines.dossier import Dossier
from pipelines.versions import reading_versions, versions
from spiders.document import Document, Lead, Miss, stored_tree

PIECES_PER_WORKER = 32
ATTEMPTS = 3
ALL = frozenset(d.name for d in DETECTORS)
NOT_HELD = "not in the archive: "


class Line(msgspec.Struct, frozen=True):
    """One line of `documents.jsonl` with all that detectors may look at."""

    root: str
    entry: str | None = None
    documents: tuple[ReadDocument, ...] = ()
    misses: tuple[Miss, ...] = ()
    leads: tuple[Lead, ...] = ()


class Numbered(msgspec.Struct, frozen=True):
    """How many records a line of `documents.jsonl` counts."""

    records: int = 0


class Counted(msgspec.Struct, frozen=True):
    """What `run.json` counts of a record."""

    outcome: str
    indicator: str


COUNTED = msgspec.json.Decoder(Counted)


@dataclass(frozen=True)
class Piece:
    """Some releases of a run. `lines` are those of `documents.jsonl`."""

    folder: str
    lines: tuple[bytes, ...]
    run: str  # id of the new run, which stands on each record
    stale: frozenset[str] = ALL  # detectors that must read
    spans: tuple[tuple[int, int], ...] = ()  # where the old records of each release stand in `evidence.jsonl`


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
    folder = Path(piece.folder)
    for number, line in enumerate(piece.lines):
        before = old_lines(folder, piece.spans[number]) if piece.spans else []
        if not piece.stale:
            records.append(carry_over(before, piece.run))
            continue
        dossier, lost = rebuild(folder, line)
        missing += lost
        kept = kept_records(before, piece.stale) if piece.spans else {}
        records.append(write_records(read(dossier, kept=kept), piece.run))
    return Result(tuple(records), tuple(missing))


def old_lines(folder: Path, span: tuple[int, int]) -> list[bytes]:
    """Lines of the old records of one release."""
    start, end = span
    with (folder / "evidence.jsonl").open("rb") as file:
        file.seek(start)
        return file.read(end - start).splitlines()


def carry_over(lines: Sequence[bytes], run: str) -> Written:
    """Records as they stand under the id of another run, which is the last field of each; none is built anew."""
    new = b',"run":' + msgspec.json.encode(run) + b"}\n"
    counted = [COUNTED.decode(line) for line in lines]
    return Written(
        b"".join(line.rpartition(b',"run":')[0] + new for line in lines),
        Counter(one.outcome for one in counted),
        Counter(one.indicator for one in counted),
    )


def kept_records(lines: Sequence[bytes], stale: frozenset[str]) -> dict[str, list[EvidenceRecord]]:
    """Old records of one release by detector, in the order of the detectors, without those that read again."""
    kept: dict[str, list[EvidenceRecord]] = {d.name: [] for d in DETECTORS if d.name not in stale}
    for record in map(load, lines):
        if record.detector.name in kept:
            kept[record.detector.name].append(record)
    return kept


def stale_detectors(run: Path, old: Mapping[str, Any]) -> frozenset[str]:
    """Names of the detectors that may say something else than they did in the old run."""
    then, today = old.get("versions", {}).get("reading") or {}, reading_versions()
    lost = any(failure.startswith(NOT_HELD) for failure in old.get("failures") or ())
    if not then or not old.get("files") or lost or changed_files(run):
        return ALL
    return frozenset(name for name in today if then.get(name) != today[name])


def record_spans(run: Path, lines: Sequence[bytes]) -> list[tuple[int, int]]:
    """Bytes of `evidence.jsonl` that hold the records of each release; none where the numbers do not agree."""
    numbers = [msgspec.json.decode(line, type=Numbered).records for line in lines]
    with (run / "evidence.jsonl").open("rb") as file:
        ends = list(accumulate(map(len, file), initial=0))
    bounds = list(accumulate(numbers, initial=0))
    if bounds[-1] != len(ends) - 1:
        return []
    return [(ends[first], ends[last]) for first, last in pairwise(bounds)]


def cut(folder: Path, lines: Sequence[bytes], workers: int, run: str, stale: frozenset[str] = ALL) -> list[Piece]:
    size = max(1, len(lines) // (workers * PIECES_PER_WORKER))
    spans = record_spans(folder, lines) if stale != ALL else []
    return [
        Piece(str(folder), tuple(lines[n : n + size]), run, stale if spans else ALL, tuple(spans[n : n + size]))
        for n in range(0, len(lines), size)
    ]


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
        with ProcessPoolExecutor(workers, forked_context(), end_with_parent) as pool:
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
    run: Path,
    out: Path,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    replace: bool = False,
    afresh: bool = False,
) -> dict[str, Any]:
    """Write a new run folder with today's records and return its `run.json`. Raises RunError, RunExistsError.

    `afresh`: every detector reads, also those that did not change.
    """
    old = read_run_json(run) or {}
    try:
        lines = (run / "documents.jsonl").read_bytes().splitlines()
    except OSError as error:
        raise RunError(f"{run} has no documents.jsonl: it is no run that can be read again") from error
    workers = workers or os.cpu_count() or 1
    folder = RunFolder(out, list(old.get("asked", [])), SOFTWARE, replace=replace)
    pieces = cut(run.resolve(), lines, workers, folder.run_id, ALL if afresh else stale_detectors(run, old))
    stale = pieces[0].stale if pieces else ALL
    results: Iterator[Result]
    if not stale:  # nobody reads: copying takes less time than starting workers
        results = map(analyse, pieces)
    else:
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
            reanalysed=old.get("run", run.name),
            carried=[d.name for d in DETECTORS if d.name not in stale],
            versions=versions(),
            requests={},
            failures=[NOT_HELD + url for url in missing],
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
