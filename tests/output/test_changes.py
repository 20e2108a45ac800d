"""Two runs compared: differences of what is said, never of when it was read."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from crawler.cli import cli
from output.changes import changes
from output.record import Searched, Source
from output.run import Run, load_run
from tests.output.builder import RunBuilder, full_run

LOOKED = (Searched("https://example.org/card", "0" * 64, "model card"),)
LOST = Source("https://example.org/card", "https://example.org/card")


def small(folder: Path, statement: str, outcome: str = "absent", body: bytes = b"one") -> Run:
    run = RunBuilder(folder, entry="small")
    if outcome == "error":
        run.add("paper", "paper.published", "error", statement, source=LOST)
    elif outcome == "present":
        source = run.document("https://example.org/card", body)
        run.add("paper", "paper.published", "present", statement, source=source, exact=body.decode(), points="open")
    elif outcome == "absent":
        run.add("paper", "paper.published", "absent", statement, searched=LOOKED, points="closed")
    return load_run(run.finish())


def test_a_run_does_not_differ_from_itself(tmp_path: Path) -> None:
    one, other = (load_run(full_run(tmp_path / name)) for name in ("one", "other"))
    assert changes(one.systems, other.systems) == []


def test_kinds_of_change(tmp_path: Path) -> None:
    absent = small(tmp_path / "absent", "No paper found.")
    present = small(tmp_path / "present", "Paper published in a journal.", "present")
    error = small(tmp_path / "error", "Could not look.", "error")
    nothing = small(tmp_path / "nothing", "", "none")
    kinds = {
        name: [c.kind for c in changes(old.systems, new.systems)]
        for name, old, new in (
            ("found", absent, present),
            ("gone", present, nothing),
            ("new", nothing, present),
            ("unread", present, error),
            ("read again", error, absent),
        )
    }
    assert kinds == {
        "found": ["changed"],
        "gone": ["vanished"],
        "new": ["appeared"],
        "unread": ["lost_sight"],
        "read again": ["seen_again"],
    }


def test_the_same_words_in_other_bytes_are_no_change(tmp_path: Path) -> None:
    old = small(tmp_path / "old", "Paper.", "present", b"in a journal")
    new = small(tmp_path / "new", "Paper.", "present", b"in a journal")
    assert old.records[0].run == new.records[0].run
    assert changes(old.systems, new.systems) == []


def test_command(tmp_path: Path) -> None:
    small(tmp_path / "old", "No paper found.")
    small(tmp_path / "new", "Paper published in a journal.", "present")
    arguments = ["changes", str(tmp_path / "old"), str(tmp_path / "new")]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1
    assert "small: paper\n  ~ No paper found.\n    -> Paper published in a journal.\n" in result.output
    (found,) = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).stdout)
    assert (found["old_points"], found["new_points"]) == ("closed", "open")
    assert CliRunner().invoke(cli, ["changes", arguments[1], arguments[1]]).exit_code == 0
