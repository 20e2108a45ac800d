"""`changes`: what differs between two runs."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

import click
import msgspec

from output.changes import Change, changes
from output.run import RunError, load_run

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
WORDS = {
    "appeared": "+",
    "vanished": "-",
    "changed": "~",
    "lost_sight": "? could not look now",
    "seen_again": "! could look again",
    "taken_down": "- taken down:",
    "added": "+ added:",
}


@click.command("changes")
@click.argument("old", type=FOLDER)
@click.argument("new", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Differences as JSON.")
def command(old: Path, new: Path, as_json: bool) -> None:
    """Show what appeared (+), vanished (-) and changed (~) between two runs. Exit status 1 where they differ.

    \b
    osai-evidence changes runs/monday runs/tuesday
    """
    try:
        found = changes(load_run(old).systems, load_run(new).systems)
    except RunError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        click.echo(described(found), nl=False)
    if found:
        click.echo(f"{len(found)} differences.", err=True)
        sys.exit(1)


def described(found: list[Change]) -> str:
    lines = []
    ordered = sorted(found, key=lambda c: (c.entry, c.parameter))
    for (entry, parameter), group in groupby(ordered, key=lambda c: (c.entry, c.parameter)):
        lines.append(f"{entry}: {parameter}\n")
        for c in group:
            mark = WORDS[c.kind]
            if c.old is not None and c.new is not None:
                lines.append(f"  {mark} {c.old}\n    -> {c.new}\n")
            else:
                lines.append(f"  {mark} {c.new or c.old}\n")
    return "".join(lines) or "Nothing differs.\n"
