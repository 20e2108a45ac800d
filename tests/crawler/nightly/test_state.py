"""The state on SQLite and PostgreSQL: leases, readings, lifetimes, and processes that are killed."""

from __future__ import annotations

import multiprocessing
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from crawler.state import ATTEMPTS, MIGRATIONS, SCHEMA_VERSION, LeaseLostError, Night, Reading, State, StateError, Work
from output.record import DetectorRef, EvidenceRecord, Searched, Subject

Opened = Callable[[], State]


@pytest.fixture
def opened(database: str) -> Iterator[Opened]:
    """Opens the state, as often as it is called."""
    made: list[State] = []

    def open_it() -> State:
        made.append(State(database))
        return made[-1]

    yield open_it
    for state in made:
        state.close()


def record(entry: str, number: int, said: str = "") -> EvidenceRecord:
    return EvidenceRecord(
        id=f"ev1-{entry}-{number}",
        subject=Subject(entry, f"hf:model:lab/{entry}"),
        parameter="modelcard",
        indicator="model_card.description",
        outcome="absent",
        points="closed",
        value={},
        statement=said or f"Fact {number}.",
        quote=None,
        selector=None,
        source=None,
        searched=(Searched("https://example.org", "0" * 64, "card"),),
        detector=DetectorRef("model_card", "1", "r", "0"),
        run="",
    )


def reading(entry: str, *numbers: int, trouble: str | None = None) -> Reading:
    line = msgspec.json.encode({"root": f"hf:model:lab/{entry}", "entry": entry})
    return Reading(entry, (f"hf:model:lab/{entry}",), "v1", line, [record(entry, n) for n in numbers], trouble=trouble)


def planned(state: State, *entries: str, carried: tuple[str, ...] = (), gone: tuple[str, ...] = ()) -> Night:
    night = state.open_night()
    state.plan(night, [Work(e, (f"hf:model:lab/{e}",), ("new",)) for e in entries], dict.fromkeys(carried, ()), gone)
    return night


def read_all(state: State, night: Night, **numbers: tuple[int, ...]) -> None:
    while taken := state.lease(night, "me"):
        state.acknowledge(night, "me", reading(taken[0].entry, *numbers[taken[0].entry]))
    state.set_state(night, "published")


def test_records_are_first_seen_last_seen_and_superseded(opened: Opened) -> None:
    state = opened()
    first = planned(state, "a", "b")
    read_all(state, first, a=(1, 2), b=(1,))
    second = planned(state, carried=("a", "b"))
    state.set_state(second, "published")
    third = planned(state, "a", carried=("b",))
    read_all(state, third, a=(2, 3))
    lives = {(x["entry"], x["id"][-1]): x for x in state.lifetimes()}
    with state.engine.begin() as db:
        rows = db.execute(text("SELECT entry, id, first_run, last_run, superseded_run FROM record")).all()
    assert sorted((r.entry, r.id[-1], r.first_run, r.last_run, r.superseded_run) for r in rows) == [
        ("a", "1", 1, 2, 3), ("a", "2", 1, None, None), ("a", "3", 3, None, None), ("b", "1", 1, None, None),
    ]  # fmt: skip
    assert lives["b", "1"]["superseded"] is None
    assert [r.id[-1] for r in state.records()] == ["2", "3", "1"]
    # an entry that leaves the index takes its records along
    planned(state, gone=("a",))
    assert [r.id for r in state.records()] == ["ev1-b-1"]
    assert "a" not in state.entries()


def test_work_is_given_to_one_and_taken_back_when_its_lease_ends(opened: Opened) -> None:
    state, other = opened(), opened()
    night = planned(state, "a", "b")
    (mine,) = state.lease(night, "me")
    (theirs,) = other.lease(night, "them")
    assert {mine.entry, theirs.entry} == {"a", "b"}
    assert other.lease(night, "them") == []
    state.renew(night, "me", seconds=-1)
    (again,) = other.lease(night, "them")
    assert again.entry == mine.entry
    with pytest.raises(LeaseLostError):
        state.acknowledge(night, "me", reading(mine.entry, 1))
    assert list(state.records()) == []
    other.acknowledge(night, "them", reading(mine.entry, 1))
    with pytest.raises(LeaseLostError):
        other.acknowledge(night, "them", reading(mine.entry, 1))


def test_work_is_tried_a_few_times_and_then_has_a_reason(opened: Opened) -> None:
    state = opened()
    night = planned(state, "a")
    for _ in range(ATTEMPTS):
        assert state.lease(night, "me")
        state.retry(night, "me", "a", "KeyError: name")
    assert state.lease(night, "me") == []
    assert state.work(night) == [("a", "failed", "KeyError: name")]


def test_a_reading_with_trouble_is_remembered_as_such(opened: Opened) -> None:
    state = opened()
    night = planned(state, "a")
    state.lease(night, "me")
    state.acknowledge(night, "me", reading("a", 1, trouble="https://example.org: HTTP 500"))
    assert state.entries()["a"].troubled == 1
    state.set_state(night, "published")
    night = planned(state, "a")
    state.lease(night, "me")
    state.keep(night, "me", "a", "HTTP 500 again")
    assert state.entries()["a"].troubled == 2
    assert len(list(state.records())) == 1


def test_a_later_schema_is_refused(opened: Opened) -> None:
    state = opened()
    with state.engine.begin() as db:
        db.execute(text("UPDATE meta SET value = '99'"))
    state.close()
    with pytest.raises(StateError, match="newer"):
        opened()


SCHEMAS = Path(__file__).with_name("schemas")


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_an_older_state_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    """`schemas/N.sql` is a state as that version wrote it: `sqlite3 state.sqlite .dump`."""
    path = tmp_path / "state.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((SCHEMAS / f"{version}.sql").read_text())
    state = State(str(path))
    with state.engine.connect() as db:
        assert db.execute(text("SELECT value FROM meta WHERE key = 'schema'")).scalar() == str(SCHEMA_VERSION)
    assert shape(path) == shape_of_new(tmp_path)
    assert sorted((x["entry"], x["id"][-1], bool(x["superseded"])) for x in state.lifetimes()) == [
        ("a", "1", True), ("a", "2", False), ("a", "3", False), ("b", "1", False),
    ]  # fmt: skip
    night = planned(state, "a", carried=("b",))
    read_all(state, night, a=(3,))
    assert [r.id[-1] for r in state.records()] == ["3", "1"]
    state.close()


def shape(path: Path) -> set[tuple[str, str, str]]:
    """Tables, columns and their types."""
    with closing(sqlite3.connect(path)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {(t, row[1], row[2]) for t in tables for row in db.execute(f"PRAGMA table_info({t})")}


def shape_of_new(folder: Path) -> set[tuple[str, str, str]]:
    State(str(folder / "new.sqlite")).close()
    return shape(folder / "new.sqlite")


def test_every_version_has_a_step_and_an_example() -> None:
    assert sorted(MIGRATIONS) == list(range(2, SCHEMA_VERSION + 1))
    assert sorted(int(p.stem) for p in SCHEMAS.glob("*.sql")) == list(range(1, SCHEMA_VERSION))


def test_what_is_no_database_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_text("no database at all, but long enough to be read as a page" * 40)
    with pytest.raises(StateError, match="cannot be opened"):
        State(str(tmp_path / "state.sqlite"))


def work_on(database: str, owner: str, batch: int) -> None:
    """A worker: three records an entry. Runs until there is nothing to lease."""
    state = State(database)
    (night,) = state.nights("reading")
    state.release(night, owner)
    while taken := state.lease(night, owner, batch):
        for work in taken:
            state.acknowledge(night, owner, reading(work.entry, 1, 2, 3))


@pytest.mark.parametrize("workers", [1, 3])
def test_killed_workers_lose_nothing_and_do_nothing_twice(database: str, opened: Opened, workers: int) -> None:
    """`bench/nightly.py kill` does this with 3,000 entries and 50 kills."""
    state = opened()
    entries = [f"e{n:03d}" for n in range(90)]
    night = planned(state, *entries)
    chance, context = random.Random(7), multiprocessing.get_context("fork")
    kills = 4
    while state.work(night, "todo", "leased"):
        team = [context.Process(target=work_on, args=(database, f"w{n}", 5)) for n in range(workers)]
        for process in team:
            process.start()
        if kills:
            kills -= 1
            time.sleep(chance.uniform(0.01, 0.15))
            team[0].kill()
        for process in team:
            process.join()
        assert team[0].exitcode in (0, -signal.SIGKILL)
    found = Counter(r.subject.entry for r in state.records())
    assert found == dict.fromkeys(entries, 3)
    assert {s for _, s, _ in state.work(night)} == {"done"}
