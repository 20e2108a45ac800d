"""`lint`: inconsistencies in existing entries of the index."""

from __future__ import annotations

import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import click
import msgspec

from output.link_health import read_links
from output.lint import LEVELS, Finding, lint, sarif
from output.run import RunError, read_records

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("lint")
@click.option("--index", type=FOLDER, required=True, help="Folder of index entries.")
@click.option("--run", "runs", type=FOLDER, multiple=True, help="Run folder that tells which links are dead.")
@click.option("--json", "as_json", is_flag=True, help="Findings as JSON.")
@click.option("--sarif", "as_sarif", is_flag=True, help="Findings as SARIF 2.1.0, for code hosts.")
@click.option("--all", "everything", is_flag=True, help="Print notes one by one, too.")
@click.option(
    "--fail-on",
    type=click.Choice([*LEVELS, "never"]),
    default="warning",
    show_default=True,
    help="Lowest level that makes the exit status 1.",
)
def command(index: Path, runs: tuple[Path, ...], as_json: bool, as_sarif: bool, everything: bool, fail_on: str) -> None:
    """Look for inconsistencies in index entries. Nothing is changed.

    \b
    osai-evidence lint --index main-database
    osai-evidence lint --index main-database --run runs/nightly --sarif > lint.sarif
    """
    try:
        findings = lint(
            index,
            [record for run in runs for record in read_records(run)],
            [link for run in runs for link in read_links(run)],
        )
    except RunError as error:
        raise click.UsageError(str(error)) from error
    if as_sarif:
        click.echo(msgspec.json.format(msgspec.json.encode(sarif(findings, version("osai-evidence")))).decode())
    elif as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(findings)).decode())
    else:
        click.echo(table(findings, everything), nl=False)
    if not runs:
        click.echo("Dead links were not looked for: name a run with --run.", err=True)
    if fail_on != "never" and any(LEVELS.index(f.level) <= LEVELS.index(fail_on) for f in findings):
        click.echo(f"{len(findings)} findings in {len({f.file for f in findings})} entries.", err=True)
        sys.exit(1)


def table(findings: list[Finding], everything: bool) -> str:
    """One line a finding; notes are counted unless all are asked for."""
    lines = [
        f"{f.file}:{f.line}: {f.level}: {f.message} [{f.rule}]\n" for f in findings if everything or f.level != "note"
    ]
    counts = Counter((f.level, f.rule) for f in findings)
    lines += [
        f"{n:6d}  {level:8s} {rule}\n"
        for (level, rule), n in sorted(counts.items(), key=lambda kv: (LEVELS.index(kv[0][0]), kv[0][1]))
    ]
    return "".join(lines) or "No findings.\n"
