"""A small world, an index of it, and nights run as real processes."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crawler.nightly.services import Services, World

ENTRY = """system:
    name: Lumen {n}
weights_endmodel:
    class: open
    link: https://huggingface.co/lab{lab}/Lumen-{n}
trainingcode:
    class: open
    link: https://github.com/lab{lab}/lumen-{n}
"""


class Place:
    """Services, an index and the folder of nights."""

    def __init__(self, folder: Path, systems: int) -> None:
        self.index = folder / "index"
        self.out = folder / "out"
        self.index.mkdir()
        self.world = World()
        for n in range(1, systems + 1):
            self.world.system(n, paper=n == 1)
            self.entry(n)
        self.services = Services(self.world)

    def entry(self, n: int) -> None:
        (self.index / f"Lumen-{n}.yaml").write_text(ENTRY.format(n=n, lab=n % 3), "utf-8")

    def start(self, *arguments: str, **environ: str | None) -> subprocess.Popen[str]:
        report = () if "--report" in arguments else ("--no-report",)
        return self.launch("--index", str(self.index), *report, *arguments, **environ)

    def odd(self, how: dict[str, Any]) -> subprocess.Popen[str]:
        """A night in a process with a fault of its own: `tests/crawler/nightly/odd.py`."""
        command = [
            sys.executable,
            "-m",
            "tests.crawler.nightly.odd",
            json.dumps(how),
            "nightly",
            "--json",
            "--no-report",
        ]
        return subprocess.Popen(
            [*command, "--index", str(self.index), "--out", str(self.out)],
            env={**os.environ, **self.services.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def launch(self, *arguments: str, **environ: str | None) -> subprocess.Popen[str]:
        wanted = {**os.environ, **self.services.environ, "PYTHONWARNINGS": "default", **environ}
        command = [sys.executable, "-c", "from crawler.cli import main; main()", "nightly", "--json"]
        return subprocess.Popen(
            [*command, "--out", str(self.out), *arguments],
            env={k: v for k, v in wanted.items() if v is not None},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def night(self, *arguments: str, timeout: float = 400, **environ: str | None) -> tuple[int, dict[str, Any], str]:
        """Run one; its exit status, its summary and what it said on standard error."""
        process = self.start(*arguments, **environ)
        said, complaints = process.communicate(timeout=timeout)
        return process.returncode, json.loads(said) if said.startswith("{") else {}, complaints

    def evidence(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.out / "latest/evidence.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path, systems=getattr(request, "param", 3))
    yield made
    made.services.shutdown()
    made.services.server_close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL of the system's package, started for the tests; its folder of sockets."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql): only SQLite is tested")
    pytest.importorskip("psycopg")
    folder = Path(tempfile.mkdtemp(prefix="osai-pg-", dir="/tmp"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    start = [*as_user, str(programs[-1] / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-N"]
    subprocess.run(start, check=True, capture_output=True, cwd=folder)
    serve = [*as_user, str(programs[-1] / "postgres"), "-D", str(folder / "data"), "-k", str(folder), "-F"]
    server = subprocess.Popen(
        [*serve, "-c", "listen_addresses="], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            if list(folder.glob(".s.PGSQL.*")) and server.poll() is None:
                break
            time.sleep(0.05)
        time.sleep(0.2)
        yield str(folder)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "state.sqlite")
    return new_database(request.getfixturevalue("postgresql"))


def new_database(host: str) -> str:
    """The address of an empty database of a PostgreSQL whose sockets lie in the folder `host`."""
    import psycopg

    name = "t" + uuid.uuid4().hex
    with psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    return f"postgresql://postgres@/{name}?host={host}"
