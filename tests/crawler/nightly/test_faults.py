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
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from crawler.nightly.night import locked
from crawler.verify import BAD, changed_files, verify
from output.archive import ArchiveWriter, mend
from tests.crawler.nightly.conftest import Place
from tests.crawler.nightly.services import Handler

SLOW = pytest.mark.skipif("OSAI_SLOW_TESTS" not in os.environ, reason="takes minutes: set OSAI_SLOW_TESTS=1")


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Ids of the evidence of a night in which nothing went wrong."""
    place = Place(tmp_path_factory.mktemp("undisturbed"), systems=3)
    assert place.night()[0] == 0
    return ids(place)


def ids(place: Place) -> set[str]:
    return {record["id"] for record in place.evidence()}


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


@SLOW
def test_services_that_stumble_cost_time_but_no_fact(place: Place) -> None:
    chance = random.Random(3)
    place.world.faults = [sometimes(chance, fault, 0.06) for fault in (unavailable, throttled, cut, reset)]
    status, summary, said = place.night()
    assert status == 0, (summary, said)
    assert_whole(place, systems=3)


def test_a_night_that_is_killed_goes_on(place: Place) -> None:
    """Fifty times in the slow test below; `bench/nightly.py kill` kills workers of the state at 50 moments."""
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
        timeout=400,
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


# ---- services that stumble


def limited(handler: Handler, service: str) -> None:
    handler.reply({}, 429, Retry_After="1")


def limited_without_a_word(handler: Handler, service: str) -> None:
    handler.reply({}, 429)


def limited_by_the_hub(handler: Handler, service: str) -> None:
    handler.reply({}, 429, RateLimit='"api";r=0;t=1', RateLimit_Policy='"fixed window";"api";q=1000;w=300')


def limited_by_github(handler: Handler, service: str) -> None:
    reset = str(int(time.time()))
    handler.reply({"message": "API rate limit exceeded"}, 403, x_ratelimit_remaining="0", x_ratelimit_reset=reset)


def slow(handler: Handler, service: str) -> bool:
    """The body trickles: five bytes in half a second, then it breaks off."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    for _ in range(5):
        handler.wfile.write(b"{")
        time.sleep(0.1)
    handler.close_connection = True
    return True


def once(service: str, *faults: Any) -> Any:
    """Each fault once, at requests to one service, with a good answer between two of them."""
    left = [fault for one in faults for fault in (one, None)]
    lock = threading.Lock()

    def fault(handler: Handler, asked: str) -> bool:
        if asked != service:
            return False
        with lock:
            now = left.pop(0) if left else None
        return now is not None and bool(now(handler, service) or True)

    return fault


def test_every_fault_once_costs_time_but_no_fact(place: Place, undisturbed: set[str]) -> None:
    faults = [unavailable, limited, limited_without_a_word, limited_by_the_hub, cut, reset, slow]
    place.world.faults = [
        once("hf", *faults),
        once("gh", limited_by_github, reset, unavailable),
        once("raw", cut, slow),
    ]
    status, summary, said = place.night()
    assert status == 0, (summary, said)
    assert_whole(place, systems=3)
    assert ids(place) == undisturbed


@SLOW
@pytest.mark.parametrize(
    "fault", [unavailable, limited, limited_without_a_word, limited_by_the_hub, limited_by_github, cut, reset, slow]
)
def test_one_answer_in_ten_is_a_fault(place: Place, undisturbed: set[str], fault: Any) -> None:
    place.world.faults = [sometimes(random.Random(11), fault, 0.1)]
    status, summary, said = place.night(timeout=400)
    assert status == 0, (summary, said)
    assert ids(place) == undisturbed


# ---- a service that is not there all night


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("http://no-such-host.invalid/hf", id="DNS"),
        pytest.param("http://127.0.0.1:1/hf", id="refused", marks=SLOW),
    ],
)
def test_a_service_that_cannot_be_reached_takes_nothing_away(place: Place, undisturbed: set[str], address: str) -> None:
    status, _, said = place.night(HF_ENDPOINT=address)  # the very first night
    assert status == 1, said
    status, _, said = place.night()
    assert status == 0, said
    assert ids(place) == undisturbed
    status, summary, _ = place.night(HF_ENDPOINT=address)
    assert status == 1
    assert set(summary["not_checked"]) == {"Lumen-1", "Lumen-2", "Lumen-3"}
    assert ids(place) == undisturbed
    assert_whole(place, systems=3)


@SLOW
def test_a_service_that_is_down_all_night_is_given_up(place: Place, undisturbed: set[str]) -> None:
    assert place.night()[0] == 0
    place.world.faults = [lambda handler, service: service == "hf" and not handler.reply({}, 503)]
    start = time.monotonic()
    process = place.odd({"give_up": 2})
    said, complaints = process.communicate(timeout=400)
    assert process.returncode == 1, complaints
    assert time.monotonic() - start < 200  # without giving up: more than four minutes
    assert set(json.loads(said)["not_checked"]) == {"Lumen-1", "Lumen-2", "Lumen-3"}
    assert ids(place) == undisturbed
    place.world.faults = []
    assert place.night()[0] == 0
    assert_whole(place, systems=3)


@SLOW
def test_a_body_that_never_ends_is_a_failure_and_the_next_night_heals(place: Place, undisturbed: set[str]) -> None:
    def stalls(handler: Handler, service: str) -> bool:
        if service != "raw":
            return False
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n#")
        time.sleep(3)
        handler.close_connection = True
        return True

    place.world.faults = [stalls]
    process = place.odd({"timeout": 0.5, "give_up": 1})
    said, complaints = process.communicate(timeout=400)
    assert process.returncode == 1, complaints
    assert any("raw.githubusercontent.com" in failure for failure in json.loads(said)["failures"])
    place.world.faults = []
    status, _, said = place.night()
    assert status == 0, said
    assert ids(place) == undisturbed


# ---- the machine


@pytest.mark.parametrize("seconds", [40 * 86400, pytest.param(-40 * 86400, marks=SLOW)])
def test_a_clock_that_jumps_changes_no_fact(place: Place, undisturbed: set[str], seconds: int) -> None:
    place.world.faults = [lambda handler, service: bool(time.sleep(0.05))]
    process = place.odd({"jump": seconds, "after": 2.0})
    _, complaints = process.communicate(timeout=400)
    assert process.returncode == 0, complaints
    assert ids(place) == undisturbed
    status, summary, said = place.night()
    assert (status, summary["read"]) == (0, {}), said
    assert_whole(place, systems=3)


def open_files(process: int, folder: Path) -> list[Path]:
    """Files below a folder that a process has open (Linux)."""
    links = []
    for link in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):
            links.append(link.readlink())
    return sorted({path for path in links if path.is_relative_to(folder) and path.is_file()})


@pytest.mark.parametrize("seed", range(8 if "OSAI_SLOW_TESTS" in os.environ else 1))
def test_a_power_cut_that_cuts_every_open_file(place: Place, undisturbed: set[str], seed: int) -> None:
    """Harder than a real one, which leaves what was synced. The database file itself is only written to at the end."""
    chance = random.Random(seed)
    place.world.faults = [lambda handler, service: bool(time.sleep(0.2))]
    process = place.start()
    while not list(place.out.glob("archive/*.gz")):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(chance.uniform(0.2, 2.5))
    cut_short = [path for path in open_files(process.pid, place.out) if path.name not in ("state.sqlite", ".lock")]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    for path in cut_short:
        if path.exists():
            os.truncate(path, chance.randrange(path.stat().st_size + 1))
    place.world.faults = []
    status, _, said = place.night()
    assert status == 0, said
    assert {path.suffix for path in cut_short} >= {".gz"}
    assert ids(place) == undisturbed
    assert_whole(place, systems=3)


@SLOW
@pytest.mark.parametrize("seed", range(10))
def test_a_night_killed_again_and_again_comes_to_its_end(place: Place, undisturbed: set[str], seed: int) -> None:
    """Fifty kills over all seeds, from the first question to the publishing and in quiet nights after it."""
    chance = random.Random(seed)
    place.world.faults = [lambda handler, service: bool(time.sleep(0.05))]
    kills = 0
    while kills < 5:
        asked = len(place.services.asked) + chance.randrange(16)
        process = place.start()
        while process.poll() is None and len(place.services.asked) < asked:
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 1.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    place.world.faults = []
    status, _, said = place.night()
    assert status == 0, said
    assert ids(place) == undisturbed
    assert_whole(place, systems=3)


def test_a_damaged_database_is_refused_and_its_copy_heals(place: Place, undisturbed: set[str]) -> None:
    assert place.night()[0] == 0
    database = place.out / "state.sqlite"
    assert [path.name for path in place.out.glob("state.sqlite-*")] == []  # one file is the whole of it
    copy = database.read_bytes()
    database.write_bytes(copy[: len(copy) // 2])
    status, _, said = place.night()
    assert status == 2
    assert "restore" in said
    assert ids(place) == undisturbed  # what was published stays
    database.write_bytes(copy)
    status, summary, said = place.night()
    assert (status, summary["read"]) == (0, {}), said
