"""`report`: the report site over one or more runs."""

from __future__ import annotations

from pathlib import Path

import click

from output.report import write_site
from output.run import RunError, load_run


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the site; RUN/report for one run."
)
@click.option(
    "--since",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="An earlier run: list what changed since the last of them, draw licences over all of them.",
)
def command(runs: tuple[Path, ...], out: Path | None, since: tuple[Path, ...]) -> None:
    """Write static pages over one or more run folders.

    \b
    osai-evidence report runs/deepseek-r1
    osai-evidence report runs/deepseek-r1 runs/olmo --out site
    osai-evidence report runs/tuesday --since runs/monday
    osai-evidence report runs/june --since runs/april --since runs/may --out site
    """
    if out is None and len(runs) > 1:
        raise click.UsageError("More than one run needs --out DIR.")
    try:
        loaded = [load_run(run) for run in runs]
        earlier = [load_run(run) for run in since]
    except RunError as error:
        raise click.UsageError(str(error)) from error
    click.echo(write_site(loaded, out or runs[0] / "report", earlier))
