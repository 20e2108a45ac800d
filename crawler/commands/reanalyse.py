"""`reanalyse`: today's detectors over an old run's archive."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("reanalyse")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=FOLDER, help="Run folder to write.  [default: RUN-reanalysed-TIME]")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes.  [default: one per core]")
@click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler (tcp://host:8786), or `local` to start one here.")
@click.option("--afresh", is_flag=True, help="Let every detector read, also those that did not change.")
@click.option("--replace", is_flag=True, help="Write over a complete run in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    run: Path, out: Path | None, workers: int | None, cluster: str | None, afresh: bool, replace: bool, as_json: bool
) -> None:
    """Read an old run again with today's detectors, from its archive. Nothing is asked of anyone.

    Detectors that are the same as then, by their code, their data and the libraries, do not read again: what they said
    is carried over.

    \b
    osai-evidence reanalyse nightly/latest --out runs/today
    osai-evidence reanalyse nightly/latest --cluster tcp://scheduler:8786
    """
    from crawler.reanalyse import reanalyse
    from output import parquet, report
    from output.run import RunError
    from output.run_folder import RunExistsError
    from output.summary import print_json, print_table
    from pipelines import DETECTORS

    out = out or run.with_name(f"{run.resolve().name}-reanalysed-{time.strftime('%Y%m%dT%H%M%S')}")
    try:
        about = reanalyse(run, out, workers=workers, cluster=cluster, replace=replace, afresh=afresh)
    except (RunError, RunExistsError) as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"the run folder cannot be written: {error}") from error
    parquet.write(out)
    report.write(out)
    if carried := about.get("carried"):
        said = "every detector" if len(carried) == len(DETECTORS) else f"{len(carried)} of {len(DETECTORS)} detectors"
        click.echo(f"Carried over from {run}: what {said} said, unchanged since.", err=True)
    print_json(out) if as_json else print_table(out)
    for failure in about.get("failures", []):
        click.echo(failure, err=True)
    sys.exit(0 if about.get("state") == "complete" else 1)
