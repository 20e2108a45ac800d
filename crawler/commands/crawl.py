"""`crawl`: a one-off crawl of a release and what it leads to."""

from __future__ import annotations

from pathlib import Path

import click

from crawler.commands.report_run import default_folder, end_of_run


@click.command("crawl")
@click.argument("references", metavar="REF...", nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), help="Run folder to write.  [default: runs/NAME-TIME]")
@click.option("--max-hops", default=2, show_default=True, type=click.IntRange(0, 5), help="How far to follow leads.")
@click.option("--replace", is_flag=True, help="Write over a complete run in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(references: tuple[str, ...], out: Path | None, max_hops: int, replace: bool, as_json: bool) -> None:
    """Crawl releases and what they lead to: base models, datasets, repositories, papers.

    REF is ORG/NAME on the Hub, an address or id of the Hub, GitHub or arXiv, or an index entry (entry.yaml: all its
    links). Tokens are read from HF_TOKEN and GITHUB_TOKEN; without them the services' lower limits hold.

    \b
    osai-evidence crawl deepseek-ai/DeepSeek-R1
    osai-evidence crawl https://github.com/allenai/OLMo --out runs/olmo
    osai-evidence crawl OLMo.yaml --max-hops 1 --json
    """
    from crawler.progress import Progress
    from crawler.run import BadReferenceError, crawl
    from output.run_folder import RunExistsError

    try:
        with Progress(f"Crawling {in_short(references)}") as progress:
            outcome = crawl(
                references, out or default_folder(references[0]), max_hops=max_hops, replace=replace, progress=progress
            )
    except (BadReferenceError, RunExistsError) as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"the run folder cannot be written: {error}") from error
    end_of_run(outcome, as_json=as_json)


def in_short(references: tuple[str, ...]) -> str:
    named = ", ".join(references[:3])
    return named if len(references) <= 3 else f"{named} and {len(references) - 3} more"
