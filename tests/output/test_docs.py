"""Commands in the documentation and the examples exist, with the options they are shown with."""

from __future__ import annotations

import copy
import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from crawler.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / f"{name}.md" for name in ("reading-the-evidence", "index-entries", "the-record")]
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
