"""Documentation tells the same truth as the code."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from crawler.cli import COMMANDS, cli
from pipelines import DETECTORS
from pipelines.__main__ import PATH, text

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_page_of_detectors_is_that_of_their_definitions() -> None:
    assert PATH.read_text("utf-8") == text(), "run `python -m pipelines`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_and_stands_in_the_readme(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.help
    assert f"osai-evidence {name}" in command.help
    assert f"`{name}" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)
def test_every_detector_says_what_it_reads_and_asks(detector: object) -> None:
    definition = detector.definition  # type: ignore[attr-defined]
    assert definition.reads
    assert definition.indicators
    assert definition.question.strip().endswith("?")
