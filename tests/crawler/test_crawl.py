"""Whole crawls through the command line, in processes of their own, against servers on loopback."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.server import PREFIXES, RELEASE, DemoServer, Reply, answer
from output.record import dump, load

ROOT = Path(__file__).parents[2]
MODEL = "lumen-lab/Lumen-2-7B-Chat"
TOKEN = "hf_" + "Qw3rTy" * 6


def command(*args: str, environ: dict[str, str] | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.endswith("_TOKEN")}
    return subprocess.run(
        [sys.executable, "-m", "crawler", *args],
        cwd=ROOT, env={**clean, **(environ or {})}, capture_output=True, text=True, timeout=90, check=False, **more,
    )  # fmt: skip


def run_json(folder: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return about


def outcomes(folder: Path) -> dict[str, str]:
    """Outcome by target and indicator, the first record of each."""
    found: dict[str, str] = {}
    for line in (folder / "evidence.jsonl").read_bytes().splitlines():
        record = load(line)
        found.setdefault(f"{record.subject.target} {record.indicator}", record.outcome)
    return found


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A copy of the demo release to spoil, without its paper: arXiv's three seconds cost time."""
    folder = tmp_path / "release"
    shutil.copytree(RELEASE, folder)
    for card in folder.rglob("README.md"):
        card.write_text(
            card.read_text().replace("arXiv:2603.99999", "the report").replace("arxiv.org/abs", "example.org")
        )
    for info in folder.rglob("_info.json"):
        info.write_text(info.read_text().replace('"arxiv:2603.99999", ', ""))
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "run"
    done = command("demo", "--out", str(out), environ={"HF_TOKEN": TOKEN})
    assert done.returncode == 0, done.stderr
    return out


def test_demo_finds_what_was_put_there(demo: Path) -> None:
    found = outcomes(demo)
    model, base, code = f"hf:model:{MODEL}", "hf:model:lumen-lab/Lumen-2-7B", "github:lumen-lab/lumen"
    assert run_json(demo)["state"] == "complete"
    assert found[f"{model} weights.files"] == "present"
    assert found[f"{model} weights.gated"] == "absent"
    assert found[f"{base} weights.gated"] == "present"
    assert found[f"{model} model_card.recommendations"] == "placeholder"
    assert found[f"{model} model_card.limitations"] == "present"
    assert found[f"{model} preprint.archived"] == "present"
    assert any(key.startswith(code) for key in found)
    followed = {lead["to"] for lead in run_json(demo)["leads"] if lead["followed"]}
    assert {base, code, "hf:dataset:lumen-lab/lumen-dialogues"} <= followed
    assert "github:vllm-project/vllm" not in followed


def test_demo_asks_for_little_and_never_for_config_json(demo: Path) -> None:
    requests = run_json(demo)["requests"]
    assert sum(requests.values()) <= 16
    assert set(requests) <= {"huggingface.co", "api.github.com", "codeload.github.com", "raw.githubusercontent.com",
                             "export.arxiv.org"}  # fmt: skip
    assert "config.json" not in (demo / "documents.jsonl").read_text()


def test_no_token_and_no_loopback_address_is_left_in_a_run(demo: Path) -> None:
    import gzip

    for path in demo.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            body += gzip.decompress(body) if path.suffix == ".gz" else b""
            assert TOKEN.encode() not in body, path
            if path.suffix in (".jsonl", ".json", ".html"):
                assert b"127.0.0.1" not in body, path


def test_every_record_verifies_and_a_changed_byte_is_found(demo: Path, tmp_path: Path) -> None:
    assert command("verify", str(demo)).returncode == 0
    spoiled = tmp_path / "spoiled"
    shutil.copytree(demo, spoiled)
    archive = next((spoiled / "archive").iterdir())
    body = bytearray(archive.read_bytes())
    body[len(body) // 2] ^= 1
    archive.write_bytes(body)
    done = command("verify", str(spoiled))
    assert done.returncode == 1
    assert archive.name in done.stderr


def test_a_changed_quote_is_found(demo: Path, tmp_path: Path) -> None:
    import msgspec

    spoiled = tmp_path / "spoiled"
    shutil.copytree(demo, spoiled)
    lines = (spoiled / "evidence.jsonl").read_bytes().splitlines()
    at = next(n for n, line in enumerate(lines) if load(line).quote)
    record = load(lines[at])
    assert record.quote is not None
    quote = msgspec.structs.replace(record.quote, exact=record.quote.exact + "x")
    lines[at] = dump(msgspec.structs.replace(record, quote=quote))
    (spoiled / "evidence.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    done = command("verify", str(spoiled), "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["changed_files"] == ["evidence.jsonl"]
    assert [fault["id"] for fault in answer["faults"]] == [record.id]


def test_a_second_run_writes_the_same_ids_in_the_same_order(demo: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    assert command("demo", "--out", str(out)).returncode == 0
    first, second = (
        [load(line).id for line in (folder / "evidence.jsonl").read_bytes().splitlines()] for folder in (demo, out)
    )
    assert first == second


def test_a_complete_run_is_not_written_over_unasked(demo: Path) -> None:
    done = command("crawl", MODEL, "--out", str(demo))
    assert done.returncode == 2
    assert "--replace" in done.stderr
    assert run_json(demo)["state"] == "complete"


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    done = command("crawl", MODEL, "--out", str(tmp_path), "--replace")
    assert done.returncode == 2
    assert (tmp_path / "letters.txt").read_text() == "mine"


@pytest.mark.parametrize("reference", ["no spaces allowed", "https://example.org/x", "a/b/c", "missing.yaml"])
def test_a_reference_that_names_nothing_is_wrong_usage(tmp_path: Path, reference: str) -> None:
    done = command("crawl", reference, "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_an_unknown_model(tmp_path: Path, release: Path) -> None:
    with DemoServer(release) as server:
        done = command("crawl", "lumen-lab/Lumen-3", "--out", str(tmp_path / "run"), environ=server.environ)
    assert done.returncode == 2
    assert "lumen-lab/Lumen-3" in done.stderr
    assert "spelled right" in done.stderr
    assert outcomes(tmp_path / "run")["hf:model:lumen-lab/Lumen-3 weights.files"] == "unavailable"


def spoil_card(release: Path) -> None:
    (release / "hub/models" / MODEL / "README.md").write_bytes(b"")


def spoil_front_matter(release: Path) -> None:
    card = release / "hub/models" / MODEL / "README.md"
    card.write_text("---\nlicense: [apache-2.0\n: : :\n---\n# Lumen\n\nThe model makes up facts.\n")


def remove_repository(release: Path) -> None:
    shutil.rmtree(release / "github/lumen-lab+lumen")


def bytes_of_no_language(release: Path) -> None:
    (release / "hub/models" / MODEL / "README.md").write_bytes(
        b"# \xff\xfe\x00 Lumen \xe2\x80\xae\n" + b"\xf0\x28" * 999
    )


@pytest.mark.parametrize("spoil", [spoil_card, spoil_front_matter, remove_repository, bytes_of_no_language])
def test_bad_input_keeps_everything_else(tmp_path: Path, release: Path, spoil: Callable[[Path], None]) -> None:
    spoil(release)
    with DemoServer(release) as server:
        done = command("crawl", MODEL, "--out", str(tmp_path / "run"), environ=server.environ)
    assert "Traceback" not in done.stderr
    assert run_json(tmp_path / "run")["state"] == "complete", done.stderr
    assert outcomes(tmp_path / "run")[f"hf:model:{MODEL} weights.files"] == "present"
    assert command("verify", str(tmp_path / "run")).returncode == 0


class TruncatedArchive(DemoServer):
    def codeload(self, rest: str, query: dict[str, list[str]]) -> Reply:
        whole = super().codeload(rest, query)
        return Reply(whole.body[: len(whole.body) // 2], whole.media_type)


def test_a_truncated_archive_is_no_absence(tmp_path: Path, release: Path) -> None:
    code = release / "github/lumen-lab+lumen"
    for n in range(20):
        (code / f"lumen/part_{n}.py").write_text(f"x = {n}\n" * 400)
    with TruncatedArchive(release) as server:
        command("crawl", MODEL, "--out", str(tmp_path / "run"), environ=server.environ)
    found = {k: v for k, v in outcomes(tmp_path / "run").items() if k.startswith("github:") and "training_code" in k}
    assert "absent" not in found.values()


class WrongToken(DemoServer):
    def hub(self, rest: str, query: dict[str, list[str]]) -> Reply:
        return answer(
            {"error": "Invalid credentials in Authorization header"}, 401,
            {"X-Error-Message": "Invalid credentials in Authorization header"},
        )  # fmt: skip


def test_a_wrong_token_is_said_and_nothing_is_claimed(tmp_path: Path) -> None:
    with WrongToken() as server:
        done = command("crawl", MODEL, "--out", str(tmp_path / "run"), environ={**server.environ, "HF_TOKEN": TOKEN})
    assert done.returncode == 1
    assert "HF_TOKEN" in done.stderr
    assert TOKEN not in done.stderr
    assert run_json(tmp_path / "run")["state"] == "incomplete"
    assert (tmp_path / "run/evidence.jsonl").read_bytes() == b""


def test_no_network_is_an_error_and_no_absence(tmp_path: Path) -> None:
    environ = {name: "http://127.0.0.1:9/" + prefix for name, prefix in PREFIXES.items()}
    done = command("crawl", MODEL, "--out", str(tmp_path / "run"), environ=environ)
    assert done.returncode == 1
    assert "connection was refused" in done.stderr
    assert set(outcomes(tmp_path / "run").values()) <= {"error", "unavailable"}


def test_a_full_disk_ends_the_crawl_with_a_clear_line(tmp_path: Path, release: Path) -> None:
    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))

    with DemoServer(release) as server:
        out = str(tmp_path / "run")
        done = command("crawl", MODEL, "--out", out, environ=server.environ, preexec_fn=small_disk)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr
    assert (tmp_path / "run/evidence.jsonl").read_bytes() == b""


class Slow(DemoServer):
    def github(self, rest: str, query: dict[str, list[str]]) -> Reply:
        time.sleep(3)
        return super().github(rest, query)


def test_an_interrupted_crawl_is_marked_and_can_be_repeated(tmp_path: Path, release: Path) -> None:
    out = tmp_path / "run"
    with Slow(release) as server:
        environ = {**os.environ, **server.environ}
        crawl = subprocess.Popen(
            [sys.executable, "-m", "crawler", "crawl", MODEL, "--out", str(out)],
            cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while not (out / "archive/00000.warc.gz").exists() or (out / "archive/00000.warc.gz").stat().st_size < 1500:
            assert crawl.poll() is None
            time.sleep(0.1)
        crawl.send_signal(signal.SIGINT)
        _, errors = crawl.communicate(timeout=30)
    assert crawl.returncode == 130, errors
    assert run_json(out)["state"] == "incomplete"
    with DemoServer(release) as server:
        assert command("crawl", MODEL, "--out", str(out), environ=server.environ).returncode == 0
    assert run_json(out)["state"] == "complete"
