"""Measure what is written for people: line patches, lint, proposals, and a report of 200 systems.

    python bench/outputs.py [RUN...]

Entries are read from the folder named by OSAI_EVIDENCE_CORPUS (`index/entries`). The report is written from the runs
given, repeated until there are 200 systems; without any, from the demo's run. Where chromium is installed, the time
from opening the list of systems to its first view is measured, too.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from output.entries import Entry, entry_paths, read_entry
from output.line_patch import KEYS, Change, PatchError, data, patch
from output.lint import TRIPLE, lint
from output.propose import propose
from output.report import write_site
from output.run import Run, System, load_run

SYSTEMS = 200
VALUES = {
    "class": ("partial", "closed"),
    "link": ("https://example.org/a", ["https://example.org/a", "https://example.org/b"], None),
    "notes": ("Plain words.", "Weights: MIT. Code: not released.", '"quoted" # not a comment', None),
}


def main() -> None:
    corpus = os.environ.get("OSAI_EVIDENCE_CORPUS")
    if not corpus:
        print("OSAI_EVIDENCE_CORPUS is not set: there are no entries to read.")
        return
    index = Path(corpus) / "index" / "entries"
    patches(index)
    timed("lint", lambda: print("  findings by rule:", dict(Counter(f.rule for f in lint(index)))))
    with tempfile.TemporaryDirectory() as folder:
        runs = [load_run(Path(name)) for name in sys.argv[1:]] or [demo(Path(folder) / "demo")]
        proposals(runs, index)
        report(runs, Path(folder))


def timed(what: str, do: object) -> None:
    start = time.perf_counter()
    assert callable(do)
    do()
    print(f"{what}: {time.perf_counter() - start:.1f} s")


def patches(index: Path) -> None:
    """Set every field of every entry to values of each kind; count patches that change that one line and no other."""
    tried, right, inserted = 0, 0, 0
    for path in [*entry_paths(index), index / "a_submission_template.yaml"]:
        entry = read_entry(path)
        for block, values in entry.data.items():
            keys = KEYS if "class" in values else tuple(values)
            for key in keys:
                for value in VALUES.get(key, ("Other words: some.", None)):
                    tried += 1
                    before = entry.text.split("\n")
                    after = patched(entry, Change(block, key, value))
                    if len(after) == len(before) + 1 and key not in values:
                        inserted += 1
                    elif len(after) == len(before):
                        differ = [n for n, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
                        line = entry.lines[(block, key)] - 1
                        right += differ == [line] or (not differ and values[key] == value)
                    else:
                        print(f"  wrong: {entry.id} {block}.{key}")
    share = 100 * (right + inserted) / tried
    print(f"line patches: {tried} tried, {right} on the intended line only, {inserted} inserted: {share:.2f} %")


def patched(entry: Entry, change: Change) -> list[str]:
    try:
        text = patch(entry.text, change)
    except PatchError as error:
        print(f"  refused: {entry.id}: {error}")
        return []
    assert data(text)[change.block][change.key] == change.value
    return text.split("\n")


def proposals(runs: list[Run], index: Path) -> None:
    made = propose(runs, index)
    kinds = Counter(p.kind for m in made for p in m.proposals)
    print(f"proposals: {len(made)} entries, {dict(kinds)}")
    triples(runs, index)
    for m in made:
        for p in m.proposals:
            if p.kind == "licence-notation":
                print(f"  {p.entry}: {p.new}")


def triples(runs: list[Run], index: Path) -> None:
    """Entries in the old notation of which a repository, model or data set was read, and what is known of each part."""
    old = {e.id for path in entry_paths(index) if (e := read_entry(path)).block("licenses").get("notes") and is_old(e)}
    covered = [s for run in runs for s in run.systems if s.entry in old and read_at_all(s)]
    parts: Counter[str] = Counter()
    without = []
    for system in covered:
        triple = next((r for r in system.records if r.indicator == "license.triple"), None)
        if triple is None:
            without.append(system.name)
            continue
        for name in ("weights", "code", "data"):
            part = triple.value[name]
            state = "unread" if part["unread"] else "evidenced" if part["evidence"] else "not found"
            parts[state] += 1
    print(f"licence triples: {len(covered)} entries in the old notation are covered, {len(without)} without a triple")
    print(f"  parts: {dict(parts)}; without: {', '.join(without) or 'none'}")


def is_old(entry: Entry) -> bool:
    return not TRIPLE.match(str(entry.block("licenses")["notes"]).strip())


def read_at_all(system: System) -> bool:
    kinds = {d.kind for d in system.listing.documents}
    return bool(kinds & {"hub_model", "hub_dataset", "github_repository"})


def demo(folder: Path) -> Run:
    subprocess.run([sys.executable, "-m", "crawler", "demo", "--out", str(folder)], check=True, capture_output=True)
    return load_run(folder)


def report(runs: list[Run], folder: Path) -> None:
    """Runs repeated as they are, whose archives are read once; and as if each had an archive of its own."""
    many = [runs[n % len(runs)] for n in range(SYSTEMS)]
    first = written(many, folder / "shared", "archives shared")
    alone = []
    for n, run in enumerate(many):
        link = folder / f"run-{n}"
        link.symlink_to(run.folder.resolve())
        alone.append(replace(run, folder=link))
    written(alone, folder / "alone", "an archive for each")
    first_view(first)


def written(runs: list[Run], out: Path, what: str) -> Path:
    start, before = time.perf_counter(), processor_time()
    first = write_site(runs, out)
    spent, worked = time.perf_counter() - start, processor_time() - before
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    records, systems = sum(len(run.records) for run in runs), sum(len(run.systems) for run in runs)
    print(
        f"report, {what}: {systems} systems, {records} records: {spent:.1f} s ({worked:.1f} s of processor time), "
        f"{size / 1e6:.1f} MB"
    )
    return first


def processor_time() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def first_view(page: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("first view: chromium is not installed")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page()
        tab.goto(page.as_uri())
        paint = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
        ready = tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        browser.close()
    print(f"first view of the list: {paint or 0:.0f} ms, loaded {ready:.0f} ms")


if __name__ == "__main__":
    main()
