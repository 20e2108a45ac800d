"""Nights that go wrong: afterwards nothing is lost, nothing is there twice, and what was published is whole."""

from __future__ import annotations

import io
import json
import os
import random
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crawler.nightly.night import locked
from crawler.verify import BAD, changed_files, verify
from output.archive import ArchiveWriter, mend
from tests.crawler.nightly.conftest import Place
from tests.crawler.nightly.services import Handler


def assert_whole(place: Place, *, systems: int) -> None:
    """What is published is complete and checks against its own archive."""
    run = (place.out / "latest").resolve()
    assert [c for c in verify(run) if c.verdict in BAD] == []
    assert changed_files(run) == []
    records = place.evidence()
    assert len({r["subject"]["entry"] for r in records}) == systems
    assert Counter(r["id"] for r in records).most_common(1)[0][1] == 1
    info = json.loads((run / "run.json").read_text())
    assert info["records"] == len(records)
    assert info["entries"] == systems


def sometimes(chance: random.Random, fault: Any, share: float = 0.25) -> Any:
    return lambda handler, service: chance.random() < share and bool(fault(handler, service) or True)


def unavailable(handler: Handler, service: str) -> None:
    handler.reply({}, 503)


def throttled(handler: Handler, service: str) -> None:
    if service == "hf":
        handler.reply({}, 429, RateLimit='"api";r=0;t=1')
    elif service == "gh":
        handler.reply(
            {"message": "rate limit"}, 403, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(time.time()))
        )
    else:
        handler.reply({}, 429, Retry_After="1")


def cut(handler: Handler, service: str) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{")
    handler.close_connection = True


def reset(handler: Handler, service: str) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


@pytest.mark.skipif("OSAI_SLOW_TESTS" not in os.environ, reason="waits as services ask: set OSAI_SLOW_TESTS=1")
def test_services_that_stumble_cost_time_but_no_fact(place: Place) -> None:
    chance = random.Random(3)
    place.world.faults = [sometimes(chance, fault, 0.06) for fault in (unavailable, throttled, cut, reset)]
    status, summary, said = place.night()
    assert status == 0, (summary, said)
    assert_whole(place, systems=3)


def test_a_night_that_is_killed_goes_on(place: Place) -> None:
    """`bench/nightly.py kill` does this at 50 moments."""
    chance = random.Random(5)
    place.world.faults = [lambda handler, service: bool(time.sleep(0.1))]
    process = place.start()
    time.sleep(chance.uniform(2.5, 4.0))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    for path in (place.out / "archive").glob("*.gz"):  # what a power cut leaves of a file that was being written
        path.write_bytes(path.read_bytes() + b"\x1f\x8b\x08\x00torn")
    place.world.faults = []
    status, _, said = place.night()
    assert status == 0, said
    assert_whole(place, systems=3)


def test_a_full_disk_ends_the_night_and_the_next_one_heals(place: Place) -> None:
    small = (60 * 1024, 60 * 1024)
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "nightly", "--json"]
    process = subprocess.run(
        [*command, "--index", str(place.index), "--out", str(place.out)],
        env={**os.environ, **place.services.environ},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, small),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert process.returncode in (1, 2), process.stderr
    assert "Traceback" not in process.stderr
    assert not (place.out / "latest").exists()
    status, _, said = place.night()
    assert status == 0, said
    assert_whole(place, systems=3)


def test_a_second_night_at_the_same_time_is_refused(place: Place) -> None:
    with locked(place.out):
        status, _, said = place.night()
    assert status == 2
    assert "another night is under way" in said


GZIP = b"\x1f\x8b\x08\x00"


@pytest.mark.parametrize("torn", [b"", GZIP, b"garbage", GZIP + bytes(6) + b"garbage"])
def test_a_torn_archive_is_cut_to_its_last_whole_record(tmp_path: Path, torn: bytes) -> None:
    writer = ArchiveWriter(tmp_path, "test")
    position, _ = writer.exchange("https://example.org/", "GET", [], "200 OK", [], b"body" * 1000)
    writer.close()
    whole = writer.path.read_bytes()
    writer.path.write_bytes(whole + torn)
    assert mend(writer.path) == len(torn)
    assert writer.path.read_bytes() == whole
    with io.BytesIO(whole[:-3]) as cut_short:
        writer.path.write_bytes(cut_short.read())
    mend(writer.path)
    assert len(writer.path.read_bytes()) == position.offset
