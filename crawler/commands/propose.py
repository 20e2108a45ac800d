"""`propose`: changes to existing entries of the index, with their evidence."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from output.line_patch import PatchError
from output.propose import Decision, EntryProposals, decide, described, propose, write
from output.run import RunError, load_run

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
REPOSITORY = "Language-Technology-Assessment/main-database"


@click.command("propose")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=FOLDER)
@click.option("--index", type=FOLDER, required=True, help="Folder of index entries.")
@click.option("--entry", "only", multiple=True, help="Only this entry (its id); may be repeated.")
@click.option("--accept", multiple=True, metavar="ID", help="Patch the entry and remember; `all`: all but classes.")
@click.option("--reject", multiple=True, metavar="ID", help="Never propose this value again.")
@click.option("--later", multiple=True, metavar="ID", help="Ask again when the source changes.")
@click.option("--pin-links", is_flag=True, help="Propose pinned links also where nothing else changes.")
@click.option("--json", "as_json", is_flag=True, help="Proposals as JSON.")
@click.option("--pull-request", is_flag=True, help="Push a branch and open a pull request (GITHUB_TOKEN).")
@click.option("--repository", default=REPOSITORY, show_default=True)
@click.option("--base", default="preview", show_default=True, help="Branch the pull request goes to.")
def command(
    runs: tuple[Path, ...],
    index: Path,
    only: tuple[str, ...],
    accept: tuple[str, ...],
    reject: tuple[str, ...],
    later: tuple[str, ...],
    pin_links: bool,
    as_json: bool,
    pull_request: bool,
    repository: str,
    base: str,
) -> None:
    """Show changes to index entries as line patches with the evidence for and against. Nothing is written unasked.

    \b
    osai-evidence propose runs/deepseek-r1 --index main-database
    osai-evidence propose runs/deepseek-r1 --index main-database --accept p1-0123456789ab
    osai-evidence propose runs/nightly --index main-database --entry OLMo --pull-request
    """
    try:
        loaded = [load_run(run) for run in runs]
        made = [m for m in propose(loaded, index, pin_links=pin_links) if not only or m.entry.id in only]
        settle(index, made, "accepted", accept)
        settle(index, made, "rejected", reject)
        settle(index, made, "later", later)
    except (RunError, PatchError) as error:
        raise click.UsageError(str(error)) from error
    if accept or reject or later:
        return
    if as_json:
        rows = [proposal for m in made for proposal in m.proposals]
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
    else:
        click.echo("\n".join(described(m) for m in made) or "Nothing to propose.")
    if pull_request and made:
        push(made, loaded[0].id, repository, base)


def settle(index: Path, made: list[EntryProposals], decision: Decision, ids: tuple[str, ...]) -> None:
    """Remember decisions and write what was accepted. Raises PatchError for an id that was not proposed."""
    chosen = set()
    for m in made:
        mine = [p for p in m.proposals if p.id in ids or ("all" in ids and p in m.lines)]
        chosen |= {p.id for p in mine}
        if mine and decision == "accepted":
            write(m.entry, mine)
        if mine:
            decide(index, mine, decision, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if unknown := set(ids) - chosen - {"all"}:
        raise PatchError(f"not proposed here: {', '.join(sorted(unknown))}")


def push(made: list[EntryProposals], run: str, repository: str, base: str) -> None:
    from output.pull_request import BRANCHES, PullRequestError, open_pull_request

    changing = [m for m in made if m.lines]
    token = os.environ.get("GITHUB_TOKEN", "")
    if not token:
        raise click.UsageError("A pull request needs GITHUB_TOKEN.")
    if not changing:
        click.echo("No line changes to push.", err=True)
        return
    try:
        opened = open_pull_request(
            changing,
            api_url=os.environ.get("GITHUB_API_URL", "https://api.github.com"),
            token=token,
            repository=repository,
            base=base,
            branch=f"{BRANCHES}{run}",
        )
    except PullRequestError as error:
        raise click.ClickException(str(error)) from error
    for url in opened.asked:
        click.echo(f"Proposed already: {url}", err=True)
    click.echo(f"Opened {opened.url}" if opened.url else "Nothing new to push.", err=True)
    if opened.left_out:
        click.echo(f"Changed there since, left out: {', '.join(opened.left_out)}", err=True)
        sys.exit(1)
