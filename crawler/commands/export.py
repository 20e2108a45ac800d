"""`export`: a run in the shapes of others."""

from __future__ import annotations

from pathlib import Path

import click

from output.exports import FORMATS, export
from output.run import RunError, load_run


@click.command("export")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--format", "name", type=click.Choice(list(FORMATS)), required=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder.  [default: RUN/exports/FORMAT]")
def command(run: Path, name: str, out: Path | None) -> None:
    """Write a run in another format and print the paths of the files. What no record says is left out.

    \b
    osai-evidence export runs/deepseek-r1 --format index-entry
    osai-evidence export runs/deepseek-r1 --format cyclonedx --out boms
    """
    homes = {"index-entry": run / "entries", "ro-crate": run, "parquet": run}
    try:
        written = export(load_run(run), name, out or homes.get(name, run / "exports" / name))
    except RunError as error:
        raise click.UsageError(str(error)) from error
    for path in written:
        click.echo(path)
