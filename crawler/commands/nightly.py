"""`nightly`: the scheduled crawl of every entry of the index; fetches only what changed."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from crawler.nightly.night import Outcome

FOLDER = click.Path(file_okay=False, path_type=Path)
SHOWN = 20
TOGETHER = 4  # entries that are read for the same reasons, from which on they share a paragraph


@click.command("nightly")
@click.option(
    "--index",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of index entries.",
)
@click.option("--state", "state_url", help="Database: a file, or postgresql://…  [default: OUT/state.sqlite]")
@click.option("--out", type=FOLDER, default="nightly", show_default=True, help="Folder of published runs.")
@click.option("--dry-run", is_flag=True, help="Ask what changed, print the plan and its cost; keep nothing.")
@click.option(
    "--assertions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML file of what must hold before a run is published.",
)
@click.option("--publish-anyway", is_flag=True, help="Publish also where an assertion does not hold.")
@click.option("--join", "joining", is_flag=True, help="Help with a night that another process has planned.")
@click.option(
    "--budgets",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML file of what may be asked with a token.",
)
@click.option(
    "--lease",
    type=click.FloatRange(1),
    default=300,
    show_default=True,
    help="Seconds after which the work of a process that went silent is given to another.",
)
@click.option(
    "--links-every",
    type=click.IntRange(0),
    default=7,
    show_default=True,
    metavar="NIGHTS",
    help="Ask for links that lead elsewhere once in so many nights, 0: never.",
)
@click.option("--report/--no-report", default=True, help="Write RUN/report and RUN/entries, too.  [default: report]")
@click.option("--webhook", metavar="URL", help="Post the summary there as JSON when the night has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    index: Path | None, state_url: str | None, out: Path, dry_run: bool, assertions: Path | None, publish_anyway: bool,
    joining: bool, budgets: Path | None, lease: float, links_every: int, report: bool, webhook: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Crawl every entry in a folder of index entries, and publish a run. Only what changed is fetched.

    Needs HF_TOKEN and GITHUB_TOKEN. Exit status: 0 published; 1 published with failures, held back or stopped;
    2 refused to start; 130 interrupted. Run it again after any of these: it goes on where it was.

    \b
    osai-evidence nightly --index main-database --out nightly --dry-run
    osai-evidence nightly --index main-database --out nightly
    osai-evidence nightly --join --state postgresql://… --out nightly      on further machines
    """
    if joining:
        help_a_night(state_url, out, budgets, lease, as_json)
    if index is None:
        raise click.UsageError("Missing option '--index'.")
    from crawler.nightly.assertions import AssertionsError, read_assertions
    from crawler.nightly.budget import BudgetsError
    from crawler.nightly.night import RefusedError, nightly
    from crawler.progress import Progress
    from crawler.state import StateError

    try:
        read_assertions(assertions)
        with Progress("Reading the index") as progress:
            outcome = nightly(
                index, out, state_url=state_url, dry_run=dry_run, assertions=assertions, publish_anyway=publish_anyway,
                budgets=budgets, lease_seconds=lease, links_every=links_every, report=report, progress=progress,
            )  # fmt: skip
    except (AssertionsError, BudgetsError, RefusedError, StateError) as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"the night cannot be written: {error}") from error
    about = summary(outcome, dry_run)
    click.echo(json.dumps(about, indent=1, ensure_ascii=False) if as_json else described(about))
    for line in [*about["failures"], *about["problems"]][:SHOWN]:
        click.echo(line, err=True)
    if webhook:
        tell(webhook, about)
    sys.exit(status(outcome, dry_run))


def help_a_night(state_url: str | None, out: Path, budgets: Path | None, lease: float, as_json: bool) -> NoReturn:
    from crawler.nightly.budget import BudgetsError
    from crawler.nightly.join import join
    from crawler.nightly.night import RefusedError
    from crawler.progress import Progress
    from crawler.state import StateError

    if state_url is None:
        raise click.UsageError("--join needs --state: the database of the night to help with.")
    try:
        with Progress("Reading for the night") as progress:
            helped = join(out, state_url, budgets=budgets, lease_seconds=lease, progress=progress)
    except (BudgetsError, RefusedError, StateError) as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"the night cannot be written: {error}") from error
    about = {
        "run": helped.night.id if helped.night else None,
        "read": helped.read,
        "requests": dict(sorted(helped.requests.items())),
        "failures": helped.failures,
    }
    said = f"{helped.read} entries read for {about['run']}" if helped.night else "There was no night to help with."
    click.echo(json.dumps(about, indent=1, ensure_ascii=False) if as_json else said)
    for line in helped.failures[:SHOWN]:
        click.echo(line, err=True)
    sys.exit(130 if helped.interrupted else 1 if helped.failures else 0)


def tell(webhook: str, about: dict[str, Any]) -> None:
    """Post the summary; a receiver that is not there is no failure of the night."""
    from urllib.error import URLError
    from urllib.request import Request, urlopen

    body = json.dumps(about, ensure_ascii=False).encode()
    try:
        urlopen(Request(webhook, body, {"Content-Type": "application/json"}), timeout=20).close()  # noqa: S310
    except (URLError, OSError, ValueError) as error:
        click.echo(f"The webhook could not be told: {error}", err=True)


def status(outcome: Outcome, dry_run: bool) -> int:
    if outcome.interrupted:
        return 130
    if dry_run:
        return 1 if outcome.failures or outcome.fatal else 0
    fine = outcome.published is not None and outcome.published.state == "complete" and not outcome.published.problems
    return 0 if fine else 1


def summary(outcome: Outcome, dry_run: bool) -> dict[str, Any]:
    published = outcome.published
    return {
        "run": outcome.night.id,
        "state": state_of(outcome, dry_run),
        "folder": str(published.folder) if published else None,
        "report": report_of(published.folder) if published else None,
        "read": {w.entry: list(w.reasons) for w in outcome.plan.reads},
        "carried": len(outcome.plan.carried),
        "tracked": outcome.plan.tracked,
        "not_checked": outcome.plan.blind,
        "cost": outcome.cost,
        "requests": dict(sorted(outcome.requests.items())),
        "link_cost": outcome.link_cost,
        "link_requests": sum(outcome.pages.values()),
        "failures": [
            *([outcome.fatal] if outcome.fatal else []),
            *(published.failures if published else outcome.failures),
        ],
        "problems": published.problems if published else [],
    }


def report_of(run: Path) -> str | None:
    page = run / "report" / "index.html"
    return str(page) if page.is_file() else None


def state_of(outcome: Outcome, dry_run: bool) -> str:
    if dry_run:
        return "dry run"
    if outcome.published is None:
        return "stopped"
    return "held" if outcome.published.problems else "published"


def cost_of_links(by_host: dict[str, int]) -> list[str]:
    """Many hosts with a request or two each: a paragraph, not a line for each."""
    if not by_host:
        return []
    said = f"{sum(by_host.values()):6d} more for links that lead elsewhere, with each host's robots.txt: "
    hosts = ", ".join(f"{host}\N{NO-BREAK SPACE}{count}" for host, count in by_host.items())
    return [paragraph(said + hosts, 7).replace("\N{NO-BREAK SPACE}", " ")]


def paragraph(text: str, indent: int) -> str:
    """A text in lines of a terminal, all but the first indented; names of hosts and entries stay whole."""
    indented = " " * indent
    return textwrap.fill(text, 118, subsequent_indent=indented, break_on_hyphens=False, break_long_words=False)


def why_read(read: dict[str, list[str]]) -> list[str]:
    """A line for each entry, and one paragraph for entries that are read for the same reasons."""
    entries: dict[str, list[str]] = {}
    for entry, reasons in read.items():
        entries.setdefault("; ".join(reasons[:3]), []).append(entry)
    lines = []
    for said, names in sorted(entries.items(), key=lambda pair: (-len(pair[1]), pair[1])):
        if len(names) < TOGETHER:
            lines += [f"  {name}: {said}" for name in names]
        else:
            lines.append(paragraph(f"  {len(names)} entries, {said}: {', '.join(names)}", 4))
    return lines


def described(about: dict[str, Any]) -> str:
    read = len(about["read"])
    lines = [f"{about['state']}: {read} {'entry' if read == 1 else 'entries'} to read, {about['carried']} unchanged"]
    if about["not_checked"]:
        lines[0] += f", {len(about['not_checked'])} not checked: services gave no answer"
    lines += why_read(about["read"])
    numbers = about["cost"] if about["state"] == "dry run" else about["requests"]
    lines += [f"{count:6d} requests to {host}" for host, count in sorted(numbers.items())]
    each = sum(numbers.values()) / max(1, about["tracked"])
    lines += [f"{sum(numbers.values()):6d} requests in all, {each:.3f} for each of {about['tracked']} tracked objects"]
    if about["state"] == "dry run":
        lines += cost_of_links(about["link_cost"])
    elif about["link_requests"]:
        lines += [f"{about['link_requests']:6d} more for links that lead elsewhere"]
    lines += [f"{name.capitalize()}: {about[name]}" for name in ("folder", "report") if about[name]]
    return "\n".join(lines)
