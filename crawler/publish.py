"""A finished night as an immutable folder, and what always points to the latest one.

    RUN/            run.json, evidence.jsonl, documents.jsonl, seen.jsonl, links.json, changes.json, changes.html,
                    archive/, evidence.parquet, report/, entries/
    latest          a link to the last published RUN
    history.json    every published night: counts by indicator, requests, failures
    changes.json, changes.atom   what changed in the last nights
    held/RUN/       nights whose numbers looked wrong
    archive/        answers of all nights; RUN/archive/ holds hard links to those it needs: whole, and without cost

Everything is written from the state, so that writing it twice gives the same: a run killed here is finished next time.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from crawler.nightly.assertions import problems, read_assertions
from crawler.settings import SOFTWARE
from crawler.state import Night, State, now
from crawler.workers import end_with_parent
from output.feed import atom, page
from output.link_health import LinkHealth
from output.record import dump
from output.run import Listing
from output.run_folder import file_hashes
from pipelines import DETECTORS
from pipelines.versions import detectors_version, versions

if TYPE_CHECKING:
    from crawler.nightly.plan import Plan

NIGHTS_IN_FEED = 30
STAGING = ".publishing"


@dataclass(frozen=True)
class Published:
    """Where a night lies; `problems` are the reasons why it was held back, `failures` what could not be read."""

    folder: Path
    state: str
    problems: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def publish(
    state: State,
    night: Night,
    out: Path,
    plan: Plan,
    *,
    asked: str,
    requests: Mapping[str, int],
    faults: Mapping[str, int],
    failures: list[str],
    assertions: Path | None = None,
    anyway: bool = False,
    links: Sequence[LinkHealth] = (),
    pages: Mapping[str, int] | None = None,
    report: bool = True,
) -> Published:
    """Write the folder of a night and publish it, or hold it back where its numbers look wrong."""
    staging = out / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    counts = write_evidence(state, staging)
    archives = counts.pop("archives") | {
        x.archive.file for x in links if x.archive and (out / x.archive.file).is_file()
    }
    link_archives(out, staging, archives)
    before = [n.info for n in state.nights("published")]
    last = max((n.number for n in state.nights("published")), default=0)
    changed = state.changes(after=last)
    failed = [f"{entry}: {trouble}" for entry, _, trouble in state.work(night, "failed")]
    troubled = [f"{entry}: {trouble}" for entry, _, trouble in state.work(night, "done") if trouble]
    failures = list(dict.fromkeys([*failures, *failed, *troubled]))
    info = {
        **counts,
        "read": {w.entry: list(w.reasons) for w in plan.reads},
        "carried": len(plan.carried),
        "tracked": plan.tracked,
        "requests": dict(sorted(requests.items())),
        "faults": dict(sorted(faults.items())),
        "link_requests": sum((pages or {}).values()),
        "links": dict(sorted(Counter(x.verdict for x in links).items())),
        "failures": failures,
        "changes": len(changed),
    }
    info["problems"] = problems(read_assertions(assertions), info, before, [d.name for d in DETECTORS])
    write_json(staging / "changes.json", changed)
    write_json(staging / "links.json", msgspec.to_builtins(list(links)))
    (staging / "changes.html").write_text(page(changed, f"What changed until {night.started_at}"), "utf-8")
    about = {
        "run": night.id,
        "state": "complete" if not failures else "incomplete",
        "asked": [asked],
        "software": SOFTWARE,
        "started_at": night.started_at,
        "finished_at": now(),
        **info,
        "versions": versions_of(state),
        "files": file_hashes(staging),
    }
    write_json(staging / "run.json", about)
    if problem := write_pages(staging, report=report):
        about |= {"state": "incomplete", "failures": [*failures, problem]}
        info["failures"] = about["failures"]
        write_json(staging / "run.json", about)
    sync_tree(staging)
    held = bool(info["problems"]) and not anyway
    folder = out / "held" / night.id if held else out / night.id
    folder.parent.mkdir(exist_ok=True)
    state.set_state(night, "reading", **info)
    staging.rename(folder)
    sync(folder.parent)
    state.set_state(night, "held" if held else "published")
    refresh(state, out)
    return Published(folder, str(about["state"]), info["problems"] if held else [], info["failures"])


def versions_of(state: State) -> dict[str, dict[str, str]]:
    """Versions of the detectors; those of their readings only where every entry was read by these."""
    known, today = versions(), detectors_version()
    return known if all(e.detectors == today for e in state.entries().values()) else known | {"reading": {}}


def write_pages(folder: Path, *, report: bool) -> str | None:
    """What is made from the records, as `crawl` writes it, in a process of its own: they take memory, and are no
    evidence, so that what goes wrong there is only said."""
    process = get_context("spawn").Process(target=pages_of, args=(folder, report))
    process.start()
    process.join()
    return None if process.exitcode == 0 else f"table and report could not be written (status {process.exitcode})"


def pages_of(folder: Path, report: bool) -> None:
    end_with_parent()
    if report:
        from crawler.commands.report_run import write_pages

        write_pages(folder)
    else:
        from output import parquet

        parquet.write(folder)


def finish_publications(state: State, out: Path) -> None:
    """Complete what a killed process had begun: a night whose folder is there is published."""
    shutil.rmtree(out / STAGING, ignore_errors=True)
    for night in state.nights("reading"):
        if (out / night.id / "run.json").is_file():
            state.set_state(night, "published")
        elif (out / "held" / night.id / "run.json").is_file():
            state.set_state(night, "held")
    if state.nights("published"):
        refresh(state, out)


def write_evidence(state: State, folder: Path) -> dict[str, Any]:
    """Everything that stands, in the order of the entries; counts of it and the archive files it needs."""
    outcomes: Counter[str] = Counter()
    indicators: Counter[str] = Counter()
    detectors: Counter[str] = Counter()
    archives: set[str] = set()
    with (folder / "evidence.jsonl").open("xb") as file:
        for record in state.records():
            file.write(dump(record) + b"\n")
            outcomes[record.outcome] += 1
            indicators[record.indicator] += 1
            detectors[record.detector.name] += 1
    entries = 0
    with (folder / "documents.jsonl").open("xb") as file:
        for line, _ in state.lines():
            file.write(line + b"\n")
            entries += 1
            listing = msgspec.json.decode(line, type=Listing)
            sources = [*(d.source for d in listing.documents), *(m.source for m in listing.misses)]
            archives |= {source.archive.file for source in sources if source.archive}
    with (folder / "seen.jsonl").open("xb") as file:
        for life in state.lifetimes():
            file.write(msgspec.json.encode(life) + b"\n")
    return {
        "entries": entries,
        "records": sum(outcomes.values()),
        "outcomes": dict(sorted(outcomes.items())),
        "indicators": dict(sorted(indicators.items())),
        "detectors": dict(sorted(detectors.items())),
        "archives": archives,
    }


def link_archives(out: Path, folder: Path, names: Iterable[str]) -> None:
    (folder / "archive").mkdir()
    for name in sorted(names):
        try:
            os.link(out / name, folder / name)
        except OSError:
            shutil.copyfile(out / name, folder / name)


def refresh(state: State, out: Path) -> None:
    """Write what points to the published nights, each file replaced as a whole."""
    nights = state.nights("published")
    if not nights:
        return
    link = out / ".latest"
    link.unlink(missing_ok=True)
    link.symlink_to(nights[-1].id)
    link.replace(out / "latest")
    keep = ("entries", "records", "outcomes", "indicators", "detectors", "carried", "tracked", "requests", "faults",
            "changes", "link_requests", "links")  # fmt: skip
    rows = [
        {"run": n.id, "started_at": n.started_at, "read": len(n.info.get("read", ())),
         "failures": len(n.info.get("failures", ())), **{k: n.info.get(k) for k in keep}}
        for n in nights
    ]  # fmt: skip
    write_json(out / "history.json", rows)
    recent = nights[-NIGHTS_IN_FEED:]
    names = {n.number: {"id": n.id, "started_at": n.started_at} for n in state.nights("published", "held", "reading")}
    changed = state.changes(after=recent[0].number - 1)
    write_json(out / "changes.json", [{**c, "run": names[c["run"]]["id"]} for c in changed if c["run"] in names])
    feed = atom([c for c in changed if c["run"] in names], names, nights[-1].started_at)
    write_whole(out / "changes.atom", feed.encode())


def write_json(path: Path, value: Any) -> None:
    write_whole(path, json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n")


def write_whole(path: Path, body: bytes) -> None:
    """A reader sees the old file or the new one."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def sync_tree(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        sync(path)


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
