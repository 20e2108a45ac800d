"""Commands in the documentation and the examples exist, with the options they are shown with."""

from __future__ import annotations

import copy
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from crawler.cli import cli

ROOT = Path(__file__).parents[2]
WITH_COMMANDS = ("first-crawl", "reading-the-evidence", "index-entries", "model-makers", "the-record")
PAGES = [ROOT / "docs" / f"{name}.md" for name in WITH_COMMANDS]
EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))


def commands(path: Path) -> list[str]:
    return re.findall(r"(?:^    |run: )(osai-evidence .+)$", path.read_text("utf-8"), re.MULTILINE)


SHOWN = [(path.name, line) for path in [*PAGES, *EXAMPLES] for line in commands(path)]


def test_there_is_something_to_check() -> None:
    assert len(SHOWN) > 15


@pytest.mark.parametrize(("page", "line"), SHOWN)
def test_shown_commands_exist(page: str, line: str) -> None:
    _, name, *arguments = shlex.split(line.partition(">")[0])
    context = click.Context(cli)
    command = copy.deepcopy(cli.get_command(context, name))
    assert command is not None, page
    command.params = [without_checks(parameter) for parameter in command.params]
    with command.make_context(name, arguments):
        pass


def without_checks(parameter: click.Parameter) -> click.Parameter:
    """The folders of an example are not there."""
    if isinstance(parameter.type, click.Path):
        parameter.type.exists = False
    return parameter


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_examples_are_workflows(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"]["contents"] == "read"
    assert all({"run", "uses"} & set(step) for job in workflow["jobs"].values() for step in job["steps"])


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
        assert (path.parent / link).exists(), link


def test_the_site_builds_and_every_page_is_in_it(tmp_path: Path) -> None:
    """A link between pages that leads nowhere, or a page that no other names, is an error."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", tmp_path / "trees", ROOT / "docs"]
    done = subprocess.run([*command, tmp_path / "site"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "site").glob("*.html"))) >= len(list((ROOT / "docs").glob("*.md")))
