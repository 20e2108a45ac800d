"""`history`: what was known of a system, and when."""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crawler.state import State

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


def moment(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A day means its last second."""
    if value is None or MOMENT.fullmatch(value):
        return value
    if DAY.fullmatch(value):
        return f"{value}T23:59:59Z"
    raise click.BadParameter("give a day as 2026-05-31, or a time as 2026-05-31T12:00:00Z (UTC)")


@click.command("history")
@click.argument("ref")
@click.option("--at", callback=moment, metavar="DATE", help="Only what stood at the end of that day (UTC).")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="nightly",
    show_default=True,
    help="Folder of published runs.",
)
@click.option("--state", "state_url", help="Database: a file, or postgresql://…  [default: OUT/state.sqlite]")
@click.option("--json", "as_json", is_flag=True, help="Records with their times as JSON.")
def command(ref: str, at: str | None, out: Path, state_url: str | None, as_json: bool) -> None:
    """Show when each fact about a system was first seen, last seen and superseded.

    REF is the id of an index entry, or whatever `crawl` takes: then all entries for which it was read.

    \b
    osai-evidence history olmo
    osai-evidence history allenai/OLMo-7B --at 2026-05-31 --json
    """
    from crawler.state import State, StateError

    url = state_url or str(out / "state.sqlite")
    if "://" not in url and not Path(url).is_file():
        raise click.UsageError(f"{url} is not there: no night has been run, or --out names another folder.")
    try:
        state = State(url)
    except StateError as error:
        raise click.UsageError(str(error)) from error
    try:
        entries = entries_of(state, ref)
        rows = [row for entry in entries for row in state.history(entry)]
    finally:
        state.close()
    if not entries:
        raise click.UsageError(f"No night has read {ref}.")
    if at is not None:
        rows = [r for r in rows if r["first_seen"] <= at and not (r["superseded"] and r["superseded"] <= at)]
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        click.echo(standing(rows) if at else told(rows), nl=False)
    sys.exit(0)


def entries_of(state: State, ref: str) -> list[str]:
    from crawler.run import BadReferenceError, targets_of

    known = state.entries_ever()
    if ref in known:
        return [ref]
    try:
        wanted = {target.lower() for target in targets_of(ref)}
    except BadReferenceError:
        return []
    return state.entries_with(wanted)


def told(rows: list[dict[str, Any]]) -> str:
    """Night by night: what was first seen (+) and what was not found any more (-).

    What says the same as before, of a source that changed elsewhere or by another detector, is only counted.
    """
    events = [(r["first_seen"], r["entry"], "+", r) for r in rows]
    events += [(r["superseded"], r["entry"], "-", r) for r in rows if r["superseded"]]
    lines = []
    for (when, entry), group in groupby(sorted(events, key=lambda e: e[:2]), key=lambda e: e[:2]):
        found = [(mark, r) for _, _, mark, r in group]
        marks = defaultdict(set)
        for mark, r in found:
            marks[said_of(r)].add(mark)
        told = [(mark, r) for mark, r in found if len(marks[said_of(r)]) == 1]
        new = sum(mark == "+" for mark, _ in told)
        same = (len(found) - len(told)) // 2
        counted = f"{new} first seen, {len(told) - new} superseded"
        lines.append(f"{when}  {entry}: {counted}{f', {same} read anew and the same' if same else ''}\n")
        lines += [f"  {mark} {r['indicator']}: {r['statement']}\n" for mark, r in told]
    last = max((r["last_seen"] for r in rows if not r["superseded"] and r["last_seen"]), default=None)
    standing = sum(not r["superseded"] for r in rows)
    return "".join([*lines, f"{standing} stand today, last seen {last}\n" if last else "Nothing stands today.\n"])


def said_of(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["target"], row["indicator"], row["statement"]


def standing(rows: list[dict[str, Any]]) -> str:
    lines = [
        f"{r['first_seen'][:10]}  {(r['last_seen'] or '')[:10]}  {r['indicator']}: {r['statement']}\n" for r in rows
    ]
    return "".join(["First seen  Last seen\n", *lines]) if lines else "Nothing was known then.\n"
