"""`demo`: the real crawl over a made-up release on loopback."""

from __future__ import annotations

from pathlib import Path

import click

from crawler.commands.report_run import end_of_run

MODEL = "lumen-lab/Lumen-2-7B-Chat"


@click.command("demo")
@click.option(
    "--out", default="runs/demo", show_default=True, type=click.Path(path_type=Path), help="Run folder; written anew."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(out: Path, as_json: bool) -> None:
    """Crawl a small release that ships with the project; needs no network and no token.

    The release is made up: a chat model and its gated base model, a dataset, a repository without training code, a
    paper, and a licence that contradicts its tag.

    \b
    osai-evidence demo
    osai-evidence verify runs/demo
    """
    from crawler.demo.server import DemoServer
    from crawler.progress import Progress
    from crawler.run import crawl
    from output.run_folder import RunExistsError
    from spiders.addresses import Addresses

    try:
        with DemoServer() as server, Progress("Crawling the demo release") as progress:
            outcome = crawl([MODEL], out, replace=True, addresses=Addresses(server.environ), progress=progress)
    except RunExistsError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"the run folder cannot be written: {error}") from error
    end_of_run(outcome, as_json=as_json)
