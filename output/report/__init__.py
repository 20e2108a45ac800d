"""The report site: static pages that need no server, ask nobody else and treat every crawled character as text."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from output.link_health import read_links, troubled
from output.parameters import categories
from output.report.overview import (
    answers,
    changed_systems,
    coverage,
    index_parameters,
    licences_over_time,
    side_by_side,
    started,
    triples,
)
from output.report.view import OUTCOME_WORDS, Page, pages, short_address, visible, web_address
from output.run import Run, load_run

SIDE_BY_SIDE = 8  # more columns than this are no help
FOLDER = Path(__file__).parent
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
)


def write(run_folder: Path) -> Path:
    """Write `report/` of a run folder anew and return its first page. Raises RunError."""
    return write_site([load_run(run_folder)], run_folder / "report")


def write_site(runs: Sequence[Run], out: Path, since: Sequence[Run] = ()) -> Path:
    """Write a site over one or more runs and return its first page.

    One system: `index.html` is its page. More: `index.html` lists them, each has a page of its own, and a few stand
    side by side in `compare.html`. `since` are earlier runs: what changed from the last of them is listed, and how
    licences moved over all of them is drawn.
    """
    assets = out / "assets"
    assets.mkdir(parents=True, exist_ok=True)
    for path in sorted((FOLDER / "assets").iterdir()):
        shutil.copyfile(path, assets / path.name)
    made = pages(runs)
    single = len(made) == 1 and not since
    earlier = sorted(since, key=started)
    compare = 1 < len(made) <= SIDE_BY_SIDE
    for page in made:
        name = "index" if single else page.slug
        render("system.html.j2", out / f"{name}.html", page=page, single=single, compare=compare, runs=[page.run])
    if not single:
        render(
            "index.html.j2",
            out / "index.html",
            pages=made,
            runs=runs,
            compare=compare,
            parameters=index_parameters(),
            coverage=coverage(made),
            triples=triples(made),
            links=[link for run in runs for link in troubled(read_links(run.folder))],
            answers=answers(made),
            since=earlier[-1].id if earlier else "",
            changed=changed_systems(earlier[-1], runs, made) if earlier else [],
            history=licences_over_time(earlier, runs) if earlier else [],
        )
        if compare:
            render("compare.html.j2", out / "compare.html", pages=made, runs=runs, rows=side_by_side(made))
    return out / "index.html"


@cache
def environment() -> Environment:
    env = Environment(
        autoescape=True,
        loader=FileSystemLoader(FOLDER / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"visible": visible, "web": web_address, "short": short_address}
    env.globals |= {
        "policy": CONTENT_SECURITY_POLICY,
        "categories": categories(),
        "outcome_words": OUTCOME_WORDS,
    }
    return env


def render(template: str, path: Path, **context: object) -> None:
    path.write_text(environment().get_template(template).render(**context), "utf-8")


__all__ = ["Page", "write", "write_site"]
