"""`reanalyse`: the same records, whoever reads them, and a killed worker costs only its piece."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crawler import reanalyse as module
from crawler.detecting import listing
from crawler.reanalyse import Piece, Result, analyse, on_processes, reanalyse
from output.record import Source, dump
from output.run import RunError, load_run
from output.run_folder import RunFolder
from pipelines import DETECTORS, read
from pipelines.dossier import Dossier
from pipelines.versions import versions
from spiders.document import Document

SLOW = pytest.mark.skipif("OSAI_SLOW_TESTS" not in os.environ, reason="takes minutes: set OSAI_SLOW_TESTS=1")
CARD = "---\nlicense: mit\n---\n# Lumen {n}\n\n## Limitations\n\nLumen {n} repeats errors of its training texts.\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run over twelve cards."""
    folder = RunFolder(tmp_path / "run", ["cards"], "test")
    for n in range(12):
        body, target = CARD.format(n=n).encode(), f"hf:model:lab/lumen-{n}"
        url = f"https://huggingface.co/lab/lumen-{n}/resolve/{n:040x}/README.md"
        position, when = folder.archive.exchange(url, "GET", [], "200 OK", [], body)
        digest = hashlib.sha256(body).hexdigest()
        source = Source(url, url, f"{n:040x}", "README.md", "text/plain", digest, None, len(body), when, 200, position)
        dossier = Dossier(target, (Document("model_card", target, source, body),))
        folder.add(read(dossier), listing(dossier))
    folder.close("complete", versions=versions())
    return tmp_path / "run"


def lines(folder: Path) -> list[bytes]:
    return [dump(msgspec.structs.replace(r, run="")) for r in load_run(folder).records]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_detectors_say_the_same(run: Path, tmp_path: Path, workers: int) -> None:
    about = reanalyse(run, tmp_path / "new", workers=workers)
    assert about["state"] == "complete"
    assert lines(tmp_path / "new") == lines(run) != []


def made_by_others(run: Path, *names: str) -> None:
    """As if these detectors had been others when the run was made."""
    about = json.loads((run / "run.json").read_text())
    about["versions"]["reading"] |= dict.fromkeys(names, "another")
    (run / "run.json").write_text(json.dumps(about))


def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of the detectors that read from now on."""
    names: set[str] = set()
    for detector in DETECTORS:

        def watched(*given: Any, name: str = detector.name, detect: Any = detector.detect) -> Any:
            names.add(name)
            return detect(*given)

        monkeypatch.setattr(detector, "detect", watched)
    return names


@pytest.mark.parametrize("name", [d.name for d in DETECTORS])
def test_only_a_changed_detector_reads_again(
    run: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by_others(run, name)
    monkeypatch.setattr(module, "load_detectors", lambda: None)
    reading = asked(monkeypatch)
    about = reanalyse(run, tmp_path / "new", workers=1)
    assert about["carried"] == [d.name for d in DETECTORS if d.name != name]
    assert reading == {name}
    assert lines(tmp_path / "new") == lines(run) != []
    assert {r.run for r in load_run(tmp_path / "new").records} == {about["run"]}


def test_where_nothing_changed_nobody_reads_unless_asked_to(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "load_detectors", lambda: None)
    reading = asked(monkeypatch)
    reanalyse(run, tmp_path / "new", workers=1)
    assert not reading
    assert lines(tmp_path / "new") == lines(run)
    reanalyse(tmp_path / "new", tmp_path / "again", workers=1)
    assert not reading
    assert reanalyse(run, tmp_path / "afresh", workers=1, afresh=True)["carried"] == []
    assert reading == {d.name for d in DETECTORS}
    assert lines(tmp_path / "again") == lines(tmp_path / "afresh") == lines(run)


def test_a_run_that_was_changed_by_hand_carries_nothing_over(run: Path, tmp_path: Path) -> None:
    path = run / "evidence.jsonl"
    path.write_bytes(path.read_bytes().replace(b"lumen-2 ", b"lumen-9 ").replace(b"Limitations", b"limitations"))
    assert reanalyse(run, tmp_path / "new", workers=1)["carried"] == []


def test_a_run_that_does_not_say_who_read_carries_nothing_over(run: Path, tmp_path: Path) -> None:
    about = json.loads((run / "run.json").read_text())
    del about["versions"]
    (run / "run.json").write_text(json.dumps(about))
    assert reanalyse(run, tmp_path / "new", workers=1)["carried"] == []
    assert lines(tmp_path / "new") == lines(run)


def test_copies_that_a_report_keeps_are_no_part_of_the_archive(run: Path, tmp_path: Path) -> None:
    (run / "quoted").mkdir()
    assert reanalyse(run, tmp_path / "new", workers=1)["state"] == "complete"
    assert not (tmp_path / "new" / "quoted").exists()


def test_what_the_archive_lost_is_said(run: Path, tmp_path: Path) -> None:
    (archive,) = (run / "archive").iterdir()
    archive.write_bytes(archive.read_bytes()[:-2000])
    about = reanalyse(run, tmp_path / "new", workers=1)
    assert about["state"] == "incomplete"
    assert any("not in the archive" in failure for failure in about["failures"])


def killed_once(piece: Piece) -> Result:
    """Kills its worker the first time it sees the third piece."""
    mark = Path(piece.folder) / "killed"
    if b'lumen-2"' in piece.lines[0] and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return analyse(piece)


def killed_always(piece: Piece) -> Result:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_a_killed_worker_costs_its_piece_only(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [Piece(str(run), (line,), "r") for line in (run / "documents.jsonl").read_bytes().splitlines()]
    expected = [analyse(piece) for piece in pieces]
    monkeypatch.setattr(module, "analyse", killed_once)
    assert list(on_processes(pieces, 2)) == expected
    assert (run / "killed").exists()
    monkeypatch.setattr(module, "analyse", killed_always)
    monkeypatch.setattr(module, "ATTEMPTS", 1)
    with pytest.raises(RunError, match="ended its worker"):
        list(on_processes(pieces[:1], 2))


@SLOW
def test_a_killed_worker_of_a_dask_cluster_costs_its_piece_only(run: Path, tmp_path: Path) -> None:
    """In a process of its own: a cluster leaves threads behind."""
    pytest.importorskip("distributed")
    program = (
        "import sys; from pathlib import Path; from crawler import reanalyse as module\n"
        "from tests.crawler.nightly.test_reanalyse import killed_once\n"
        "if __name__ == '__main__':\n"
        "    module.analyse = killed_once\n"
        "    module.PIECES_PER_WORKER = 6\n"
        "    module.reanalyse(Path(sys.argv[1]), Path(sys.argv[2]), workers=2, cluster='local', afresh=True)\n"
    )
    (tmp_path / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "program.py"), str(run), str(tmp_path / "new")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (run / "killed").exists()
    assert lines(tmp_path / "new") == lines(run) != []


def test_a_process_that_loaded_the_detectors_ends_without_a_word() -> None:
    """What the collector never looks at is never taken down, and DuckDB's bindings call that a leak."""
    told = "import output.parquet; from crawler.workers import load_detectors; load_detectors()"
    ended = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
