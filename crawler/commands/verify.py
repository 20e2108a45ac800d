"""`verify`: re-check every record of a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

SHOWN = 20


@click.command("verify")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--online", is_flag=True, help="Ask the services: same bytes at the pin, quote still true today?")
@click.option("--json", "as_json", is_flag=True, help="Print counts and faults as JSON.")
def command(run: Path, online: bool, as_json: bool) -> None:
    """Re-check every record of a run against its archive, offline: hash, quote, position, id.

    \b
    osai-evidence verify runs/deepseek-ai-DeepSeek-R1-20261122T204419
    osai-evidence verify nightly/latest --online
    """
    if online:
        against_services(run, as_json)
    from crawler.verify import BAD, changed_files, count, verify
    from output.run import RunError

    try:
        checks = list(verify(run))
    except RunError as error:
        raise click.UsageError(str(error)) from error
    totals = count(checks)
    changed = changed_files(run)
    faults = [c for c in checks if c.verdict in BAD]
    if as_json:
        rows = [{"id": c.record.id, "verdict": c.verdict, "detail": c.detail} for c in faults]
        answer = {"records": len(checks), "verdicts": totals, "changed_files": changed, "faults": rows}
        click.echo(json.dumps(answer, indent=1))
    else:
        for verdict, number in sorted(totals.items()):
            click.echo(f"{number:7d}  {verdict}")
        for fault in faults[:SHOWN]:
            click.echo(f"{fault.record.id}  {fault.record.indicator}: {fault.verdict}: {fault.detail}", err=True)
    for name in changed:
        click.echo(f"{name}: changed since the run was finished", err=True)
    if not checks:
        click.echo(f"{run} holds no records.", err=True)
    sys.exit(1 if faults or changed or not checks else 0)


def against_services(run: Path, as_json: bool) -> None:
    """Counts per verdict; exit status 1 where a pin or a quote does not hold any more."""
    from crawler.progress import Progress
    from crawler.verify_online import RefusedError, verify_online
    from output.run import RunError

    try:
        with Progress("Asking the services") as progress:
            found = verify_online(run, progress=progress)
    except (RefusedError, RunError) as error:
        raise click.UsageError(str(error)) from error
    faults = [c for c in found.checks if c.pinned not in ("same bytes", "not pinned") or c.today != "still true"]
    sources = len({c.record.source.url for c in found.checks if c.record.source})
    if as_json:
        rows = [
            {"id": c.record.id, "url": c.record.source and c.record.source.url, "pinned": c.pinned, "today": c.today}
            for c in faults
        ]
        about = {"quotes": len(found.checks), "sources": sources, "requests": dict(sorted(found.requests.items()))}
        click.echo(json.dumps({**about, **found.counts, "faults": rows}, indent=1))
    else:
        for question, verdicts in found.counts.items():
            for verdict, number in verdicts.items():
                click.echo(f"{number:7d}  {question}: {verdict}")
        click.echo(f"{len(found.checks):7d}  quotes from {sources} sources, {found.requests.total()} requests")
        for c in faults[:SHOWN]:
            where = c.record.source.view_url if c.record.source else ""
            said = f"pinned {c.pinned}, today {c.today}"
            click.echo(f"{c.record.parameter}, {c.record.indicator}: {said}: {where}", err=True)
        if len(faults) > SHOWN:
            click.echo(f"... and {len(faults) - SHOWN} more; --json names all", err=True)
    sys.exit(1 if faults or not found.checks else 0)
