"""What a person sees at the end of a crawl, and the exit status."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from crawler.run import Outcome


def default_folder(reference: str) -> Path:
    name = re.sub(r"[^\w.-]+", "-", reference.rsplit("://", 1)[-1]).strip("-")
    return Path("runs") / f"{name}-{time.strftime('%Y%m%dT%H%M%S')}"


def end_of_run(outcome: Outcome, *, as_json: bool) -> None:
    """Write what a person reads, print the table, and leave with the status of the interface contract."""
    from output.summary import print_json, print_table

    write_pages(outcome.folder)
    print_json(outcome.folder) if as_json else print_table(outcome.folder)
    for failure in outcome.failures:
        click.echo(f"Failed: {failure}", err=True)
    not_there = missing_roots(outcome)
    for line in not_there:
        click.echo(line, err=True)
    if outcome.interrupted:
        click.echo(f"Interrupted: {outcome.folder} is marked incomplete; crawl again with the same --out.", err=True)
        sys.exit(130)
    if not_there and not any(dossier.documents for dossier in outcome.dossiers):
        sys.exit(2)
    if outcome.state != "complete" or any(m.outcome == "error" for d in outcome.dossiers for m in d.misses):
        for dossier in outcome.dossiers:
            for miss in dossier.misses:
                if miss.outcome == "error":
                    click.echo(f"Could not read {miss.source.url}: {miss.reason}", err=True)
        sys.exit(1)


def write_pages(folder: Path) -> None:
    """What is made from the records of a run: the table, the report and the index entries."""
    from output import index_entry, parquet, report

    parquet.write(folder)
    report.write(folder)
    index_entry.write(folder)


def missing_roots(outcome: Outcome) -> list[str]:
    """A line for each release that the service does not have."""
    return [
        f"{dossier.root}: {miss.reason} ({miss.source.view_url}). Is the name spelled right?"
        for dossier in outcome.dossiers
        for miss in dossier.missed(dossier.root)
        if miss.reason.startswith("not there") and not any(d.target == dossier.root for d in dossier.documents)
    ]
