"""`history`: what was known of a system, and when."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crawler.cli import cli
from crawler.commands.history import told
from crawler.state import RUN, Reading, State
from tests.crawler.nightly.test_state import planned, reading

NIGHTS = ("2026-05-01T02:00:00Z", "2026-05-02T02:00:00Z", "2026-06-01T02:00:00Z")


@pytest.fixture
def database(tmp_path: Path) -> str:
    """Three nights: a has facts 1 and 2, then the same, then 2 and 3; b stays as it is."""
    state = State(str(tmp_path / "state.sqlite"))
    for number, started in enumerate(NIGHTS):
        carried = ("a", "b") if number == 1 else ("b",) if number == 2 else ()
        night = planned(state, *({0: ("a", "b"), 1: (), 2: ("a",)}[number]), carried=carried)
        with state.engine.begin() as db:
            db.execute(RUN.update().where(RUN.c.number == night.number).values(started_at=started))
        for work in iter(lambda night=night: state.lease(night, "me"), []):  # type: ignore[misc]
            facts = {"b": (1,), "a": (1, 2) if number == 0 else (2, 3)}[work[0].entry]
            found: Reading = reading(work[0].entry, *facts)
            state.acknowledge(night, "me", found)
        state.set_state(night, "published")
    state.close()
    return str(tmp_path / "state.sqlite")


def history(database: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["history", "--state", database, *arguments])


def test_every_fact_has_its_times(database: str) -> None:
    rows = json.loads(history(database, "a", "--json").stdout)
    assert [(r["statement"], r["first_seen"], r["last_seen"], r["superseded"]) for r in rows] == [
        ("Fact 1.", NIGHTS[0], NIGHTS[1], NIGHTS[2]),
        ("Fact 2.", NIGHTS[0], NIGHTS[2], None),
        ("Fact 3.", NIGHTS[2], NIGHTS[2], None),
    ]


@pytest.mark.parametrize(
    ("day", "known"),
    [("2026-04-30", []), ("2026-05-01", ["1", "2"]), ("2026-05-31", ["1", "2"]), ("2026-06-01", ["2", "3"])],
)
def test_what_was_known_on_a_day(database: str, day: str, known: list[str]) -> None:
    rows = json.loads(history(database, "hf:model:lab/a", "--at", day, "--json").stdout)
    assert [r["statement"].split()[1].rstrip(".") for r in rows] == known


def test_a_person_reads_night_by_night(database: str) -> None:
    said = history(database, "a").stdout
    assert f"{NIGHTS[0]}  a: 2 first seen, 0 superseded\n  + model_card.description: Fact 1.\n" in said
    assert f"{NIGHTS[2]}  a: 1 first seen, 1 superseded\n" in said
    assert said.endswith(f"2 stand today, last seen {NIGHTS[2]}\n")
    assert "Nothing was known then" in history(database, "a", "--at", "2026-04-30").stdout


def test_what_is_read_anew_and_says_the_same_is_counted_only() -> None:
    rows = [
        {"entry": "a", "target": "hf:model:lab/a", "indicator": "i", "statement": said, "first_seen": first,
         "superseded": gone, "last_seen": NIGHTS[1]}
        for said, first, gone in (("Same.", NIGHTS[0], NIGHTS[1]), ("Old.", NIGHTS[0], NIGHTS[1]),
                                  ("Same.", NIGHTS[1], None), ("New.", NIGHTS[1], None))
    ]  # fmt: skip
    assert told(rows).splitlines()[3:6] == [
        f"{NIGHTS[1]}  a: 1 first seen, 1 superseded, 1 read anew and the same",
        "  + i: New.",
        "  - i: Old.",
    ]


def test_wrong_use_is_said_in_a_line(database: str) -> None:
    for arguments in (("nobody",), ("org/unknown",), ("a", "--at", "yesterday")):
        result = history(database, *arguments)
        assert result.exit_code == 2
        assert "Traceback" not in result.output
    assert history(database + "-not-there", "a").exit_code == 2
