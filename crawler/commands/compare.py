"""`compare`: a few systems side by side."""

from __future__ import annotations

from pathlib import Path

import click

from output.report import SIDE_BY_SIDE, write_site
from output.run import RunError, load_run


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("compare"), show_default=True)
def command(runs: tuple[Path, ...], out: Path) -> None:
    """Write a page with the systems of these runs side by side, and a page for each.

    \b
    osai-evidence compare runs/olmo runs/deepseek-r1 runs/llama-3.1 --out site
    """
    try:
        loaded = [load_run(run) for run in runs]
    except RunError as error:
        raise click.UsageError(str(error)) from error
    systems = sum(len(run.systems) for run in loaded)
    if not 1 < systems <= SIDE_BY_SIDE:
        raise click.UsageError(f"2 to {SIDE_BY_SIDE} systems stand side by side; these runs hold {systems}.")
    write_site(loaded, out)
    click.echo(out / "compare.html")
