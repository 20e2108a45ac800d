"""The table at the end of a run: per parameter of the index what was found, where, and what was not."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from output.record import INDEX_PARAMETERS, OWN_PARAMETERS, EvidenceRecord
from output.run import load_run

FOUND = ("present", "linked", "boilerplate", "placeholder")
STATEMENTS_SHOWN = 3
PLAIN_WIDTH = 120


def by_parameter(records: Iterable[EvidenceRecord]) -> dict[str, list[EvidenceRecord]]:
    groups: dict[str, list[EvidenceRecord]] = {p: [] for p in (*INDEX_PARAMETERS, *OWN_PARAMETERS)}
    for record in records:
        groups[record.parameter].append(record)
    return groups


def print_table(folder: Path) -> None:
    run = load_run(folder)
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    table = Table(title=f"{', '.join(run.info.get('asked', []))} — {run.state}", title_justify="left", expand=True)
    table.add_column("Parameter", no_wrap=True)
    table.add_column("Found", ratio=3)
    table.add_column("Searched, not found", ratio=2)
    table.add_column("Could not look", ratio=1)
    for parameter, records in by_parameter(run.records).items():
        if not records:
            continue
        table.add_row(
            parameter,
            lines(r for r in records if r.outcome in FOUND),
            lines(r for r in records if r.outcome == "absent"),
            lines(r for r in records if r.outcome in ("unavailable", "error")),
            end_section=True,
        )
    console.print(table)
    asked = sum(run.info.get("requests", {}).values())
    console.print(Text(f"{len(run.records)} records, {asked} requests. Report: {folder}/report/index.html"))


def lines(records: Iterable[EvidenceRecord]) -> Text:
    """A few statements and how many more there are; crawled words stay plain text."""
    statements = list(dict.fromkeys(r.statement for r in records))
    shown = statements[:STATEMENTS_SHOWN]
    more = len(statements) - len(shown)
    return Text("\n".join([*shown, *([f"… and {more} more"] if more else [])]))


def print_findings(title: str, records: Iterable[EvidenceRecord]) -> None:
    """One row per record, for a person who reads a file of their own; absences say what was looked for."""
    table = Table(title=title, title_justify="left", expand=True)
    table.add_column("Indicator", no_wrap=True)
    table.add_column("Outcome", no_wrap=True)
    table.add_column("Where", no_wrap=True)
    table.add_column("What", ratio=1)
    for record in records:
        shape, style = SHAPES.get(record.outcome, ("?", "yellow"))
        outcome = Text(f"{shape} {record.outcome}", style=style)
        table.add_row(Text(record.indicator), outcome, Text(place(record)), Text(record.statement))
    Console(file=sys.stdout).print(table)


SHAPES = {
    "present": ("●", "green"),
    "absent": ("○", "red"),
    "not_applicable": ("–", "dim"),
    **dict.fromkeys(FOUND[1:], ("◐", "cyan")),
}


def place(record: EvidenceRecord) -> str:
    """The page and line of the quote, as far as it has them."""
    if record.selector is None:
        return ""
    page, line = record.selector.page, record.selector.start_line
    return ", ".join([*([f"page {page}"] if page else []), *([f"line {line}"] if line else [])])


def print_json(folder: Path) -> None:
    run = load_run(folder)
    parameters = {
        parameter: [
            {"id": r.id, "indicator": r.indicator, "outcome": r.outcome, "statement": r.statement} for r in rows
        ]
        for parameter, rows in by_parameter(run.records).items()
    }
    keep = ("run", "state", "asked", "records", "outcomes", "requests", "failures")
    about = {key: run.info.get(key) for key in keep} | {"folder": str(folder)}
    json.dump(about | {"parameters": parameters}, sys.stdout, indent=1)
    sys.stdout.write("\n")
