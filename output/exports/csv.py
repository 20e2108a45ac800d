"""CSV for spreadsheets, with the dictionary of its columns beside it.

Spreadsheets run a cell that begins with = + - @; crawled text could use that. Such a cell gets an apostrophe in front.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from output.parquet import COLUMNS, copy
from output.run import Run

OURS = {"id", "component", "parameter", "indicator", "outcome", "points", "sha256", "git_blob", "retrieved_at", "run"}
DANGEROUS = r"^[=+\-@\t\r]"


def write(run: Run, out: Path) -> list[Path]:
    path = out / "evidence.csv"
    columns = tuple(c if c.name in OURS else replace(c, expression=harmless(c.expression)) for c in COLUMNS)
    copy(run.folder, path, "(FORMAT csv, HEADER)", columns)
    return [path, dictionary(out)]


def harmless(expression: str) -> str:
    text = f"CAST({expression} AS VARCHAR)"
    return f"CASE WHEN regexp_matches({text}, '{DANGEROUS}') THEN '''' || {text} ELSE {text} END"


def dictionary(out: Path) -> Path:
    """What each column means, as CSV."""
    path = out / "data-dictionary.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["column", "meaning", "place in the record"])
        rows.writerows([c.name, c.meaning, c.expression.replace('"', "")] for c in COLUMNS)
    return path
