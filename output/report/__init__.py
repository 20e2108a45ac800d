"""The report site: static pages that need no server, ask nobody else and treat every crawled character as text."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from output.parameters import categories
from output.report.view import OUTCOME_WORDS, Page, pages, visible, web_address
from output.run import Run, load_run

FOLDER = Path(__file__).parent
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
)


def write(run_folder: Path) -> Path:
    """Write `report/` of a run folder anew and return its first page. Raises RunError."""
    return write_site([load_run(run_folder)], run_folder / "report")


def write_site(runs: Sequence[Run], out: Path) -> Path:
    """Write a site over one or more runs and return its first page.

    One system: `index.html` is its page. More: `index.html` lists them, each with a page of its own.
    """
    assets = out / "assets"
    assets.mkdir(parents=True, exist_ok=True)
    for path in sorted((FOLDER / "assets").iterdir()):
        shutil.copyfile(path, assets / path.name)
    made = pages(runs)
    single = len(made) == 1
    for page in made:
        name = "index" if single else page.slug
        render("system.html.j2", out / f"{name}.html", page=page, single=single)
    if not single:
        render("index.html.j2", out / "index.html", pages=made, runs=runs)
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
    env.filters |= {"visible": visible, "web": web_address}
    env.globals |= {
        "policy": CONTENT_SECURITY_POLICY,
        "categories": categories(),
        "outcome_words": OUTCOME_WORDS,
    }
    return env


def render(template: str, path: Path, **context: object) -> None:
    path.write_text(environment().get_template(template).render(**context), "utf-8")


__all__ = ["Page", "write", "write_site"]
