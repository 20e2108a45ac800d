"""Benchmarks of nights: requests, memory, kills, re-analysis.

    OSAI_EVIDENCE_CORPUS=… python -m bench.nightly requests     every entry of the index, all there
    python -m bench.nightly kill [ENTRIES [KILLS]]            a worker on the state, killed at random moments
    OSAI_EVIDENCE_CORPUS=… python -m bench.nightly reanalyse [CARDS]   real cards, by number of workers

`requests` needs no copy of the services: they hold a made-up repository for every link. arXiv's pace (one request in
three seconds) is kept, so the first night takes some minutes.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path

from crawler.detecting import listing
from crawler.nightly.plan import read_index
from crawler.reanalyse import reanalyse
from crawler.state import State, Work
from output.record import Source
from output.run_folder import RunFolder
from pipelines import read
from pipelines.dossier import Dossier
from spiders.document import Document
from tests.crawler.nightly.conftest import Place
from tests.crawler.nightly.test_state import work_on


def requests(corpus: Path) -> None:
    """Nights over the index: the first, one in which nothing changed, one in which one model changed."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), systems=0)
        place.index = corpus / "index" / "entries"
        for target in {t for targets in read_index(place.index)[0].values() for t in targets}:
            scheme, _, name = target.rpartition(":")
            text = {"README.md": f"# {name}\n\nWords about {name}.\n"}
            shelf = {"hf:model": place.world.hub, "hf:dataset": place.world.datasets, "github": place.world.git}
            if scheme in shelf:
                shelf[scheme][name] = text
            else:
                place.world.arxiv[name] = "a comment"
        for said in ("the first night", "nothing changed", "one model changed"):
            if said == "one model changed":
                next(iter(place.world.hub.values()))["README.md"] += "\nMore words.\n"
            place.services.take()
            start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            status, summary, complaints = place.night(
                "--publish-anyway", "--links-every", "0", timeout=3000
            )  # made-up texts leave detectors silent
            asked = place.services.take()
            cpu = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
            print(f"{said}: status {status}, {asked.total()} requests {dict(asked)}")
            print(
                f"  {len(summary.get('read', ()))} read, {time.perf_counter() - start:.0f} s, CPU {cpu:.1f} s",
                flush=True,
            )
            if status:
                print(complaints[-300:])
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(f"{summary.get('tracked')} tracked; largest process {largest} MB")


def kill(entries: int = 3000, kills: int = 50) -> None:
    """Lost and doubled work after SIGKILL at random moments."""
    chance, context = random.Random(7), multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        database = str(Path(folder) / "state.sqlite")
        state = State(database)
        names = [f"e{n:05d}" for n in range(entries)]
        night = state.open_night()
        state.plan(night, [Work(name, (f"hf:model:lab/{name}",)) for name in names], {}, ())
        done = 0
        start = time.perf_counter()
        while state.work(night, "todo", "leased"):
            process = context.Process(target=work_on, args=(database, "w", 20))
            process.start()
            if done < kills:
                time.sleep(chance.uniform(0.01, 0.4))
                process.kill()
                done += process.exitcode is None or process.exitcode != 0
            process.join()
        found = Counter(r.subject.entry for r in state.records())
        lost = sum(max(0, 3 - found[name]) for name in names)
        doubled = sum(max(0, found[name] - 3) for name in names)
        print(f"{entries} entries, {done} kills: {lost} records lost, {doubled} doubled, "
              f"{time.perf_counter() - start:.0f} s")  # fmt: skip
        state.close()


def reanalysis(corpus: Path, cards: int = 2000) -> None:
    """Seconds for today's detectors over an archive of real cards, by workers."""
    paths = list(islice(cycle(sorted((corpus / "corpus" / "hub" / "models").glob("*/*/README.md"))), cards))
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder) / "run", ["cards"], "bench")
        start = time.process_time()
        for n, path in enumerate(paths):
            body, target = path.read_bytes(), f"hf:model:{path.parent.parent.name}/{path.parent.name}-{n}"
            url = f"https://huggingface.co/{target[9:]}/resolve/{n:040x}/README.md"
            position, when = run.archive.exchange(url, "GET", [], "200 OK", [], body)
            digest = hashlib.sha256(body).hexdigest()
            source = Source(url, url, f"{n:040x}", "README.md", None, digest, None, len(body), when, 200, position)
            dossier = Dossier(target, (Document("model_card", target, source, body),))
            run.add((), listing(dossier), durable=False)
        run.close("complete")
        print(f"archive: {1000 * (time.process_time() - start) / cards:.2f} ms CPU a card")
        times = []
        for path in paths[:300]:
            body = path.read_bytes()
            source = Source("u", "u", sha256=hashlib.sha256(body).hexdigest())
            dossier = Dossier("hf:model:a/b", (Document("model_card", "hf:model:a/b", source, body),))
            start = time.process_time()
            read(dossier)
            times.append(1000 * (time.process_time() - start))
        times.sort()
        p99 = times[int(len(times) * 0.99)]
        print(f"all detectors on a card: {sum(times) / len(times):.2f} ms CPU mean, {p99:.1f} at the 99th percentile")
        for said, changed in (("all", None), ("one changed", "claims"), ("none changed", "")):
            old = Path(folder) / ("run" if changed is None else "all1")
            if changed:  # as if it had been another when the run was made
                about = json.loads((old / "run.json").read_text())
                about["versions"]["reading"][changed] = "another"
                (old / "run.json").write_text(json.dumps(about))
            elif changed == "":
                old = Path(folder) / "one changed1"
            for workers in (1, 2):
                start, here, theirs = time.perf_counter(), time.process_time(), cpu_of_workers()
                about = reanalyse(old, Path(folder) / f"{said}{workers}", workers=workers)
                print(
                    f"{said}, {workers} workers: {time.perf_counter() - start:.1f} s, {about['records']} records of "
                    f"{cards} cards; {len(about['carried'])} detectors carried over; "
                    f"CPU {time.process_time() - here:.1f} s here, {cpu_of_workers() - theirs:.1f} s in workers",
                    flush=True,
                )


def cpu_of_workers() -> float:
    """Seconds of CPU of the processes that were started here, with those that they started and that have ended (Linux).

    Workers are started by a server of forks, which stays.
    """
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15])) if int(fields[1]) == os.getpid() else 0
    return ended.ru_utime + ended.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


def main(what: str = "requests", *numbers: str) -> None:
    if what == "kill":
        return kill(*map(int, numbers))
    corpus = os.environ.get("OSAI_EVIDENCE_CORPUS")
    if not corpus:
        return print("OSAI_EVIDENCE_CORPUS is not set: nothing to measure")
    return requests(Path(corpus)) if what == "requests" else reanalysis(Path(corpus), *map(int, numbers))


if __name__ == "__main__":
    main(*sys.argv[1:])
