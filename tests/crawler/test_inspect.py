"""`inspect`: a table for a person at a terminal, JSON lines for everything else."""

from __future__ import annotations

import errno
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

CARD = "---\nlicense: mit\n---\n# Heron\n\n## Limitations\n\nHeron misreads [bold] names of rivers and invents dates.\n"


def command(path: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "crawler", "inspect", "model-card", str(path), *options]


def on_a_terminal(path: Path, *options: str) -> str:
    screen, side = pty.openpty()
    process = subprocess.Popen(command(path, *options), stdin=subprocess.DEVNULL, stdout=side)
    os.close(side)
    text = b""
    try:
        while part := os.read(screen, 65536):
            text += part
    except OSError as error:
        if error.errno != errno.EIO:  # how Linux says that the other end was closed
            raise
    finally:
        os.close(screen)
    assert process.wait(60) == 0
    return text.decode()


def test_json_lines_where_nobody_looks(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text(CARD, "utf-8")
    lines = subprocess.run(command(card), stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout.splitlines()
    records = [json.loads(line) for line in lines]
    assert {"model_card.limitations", "license.declared"} <= {r["indicator"] for r in records}


def test_a_table_on_a_terminal_and_json_on_request(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text(CARD, "utf-8")
    table = on_a_terminal(card)
    row = next(line for line in table.splitlines() if "model_card.limitations" in line)
    assert "● present" in row
    assert "line 6" in row or "line 8" in row
    assert json.loads(on_a_terminal(card, "--json").splitlines()[0])["id"].startswith("ev1-")


def test_licence_files_are_held_against_the_card_beside_them(tmp_path: Path) -> None:
    card, text = tmp_path / "README.md", tmp_path / "LICENSE"
    card.write_text(CARD, "utf-8")
    text.write_bytes((Path(__file__).parents[2] / "LICENSE").read_bytes())
    run = [sys.executable, "-m", "crawler", "inspect", "license", str(card), str(text)]
    lines = subprocess.run(run, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout.splitlines()
    records = [json.loads(line) for line in lines]
    assert {r["parameter"] for r in records} == {"licenses"}
    (conflict,) = [r for r in records if r["indicator"] == "license.conflict"]
    assert conflict["statement"] == f"Front matter of {tmp_path.name} says MIT, but LICENSE holds Apache-2.0."
