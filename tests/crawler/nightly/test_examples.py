"""The examples name commands and options that exist, and parse as what they are."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

import yaml
from click.testing import CliRunner

from crawler.cli import cli
from crawler.commands.nightly import command

EXAMPLES = Path(__file__).parents[3] / "examples"
DOCS = Path(__file__).parents[3] / "docs"
OPTIONS = {name for parameter in command.params for name in parameter.opts}


def assert_known(call: str) -> None:
    words = shlex.split(call.split("#")[0].split(">")[0])
    assert words[0] in cli.list_commands(None)  # type: ignore[arg-type]
    if words[0] == "nightly":
        assert {w for w in words if w.startswith("--")} <= OPTIONS
        assert {"--index", "--join"} & set(words)


def test_the_units_start_a_night() -> None:
    service = configparser.ConfigParser(interpolation=None, strict=False)
    service.optionxform = str  # type: ignore[assignment,method-assign]
    service.read(EXAMPLES / "osai-evidence.service")
    assert_known(service["Service"]["ExecStart"].partition("/osai-evidence ")[2])
    timer = configparser.ConfigParser(interpolation=None)
    timer.read(EXAMPLES / "osai-evidence.timer")
    assert timer["Timer"]["OnCalendar"]


def test_the_workflow_starts_a_night() -> None:
    workflow = yaml.safe_load((EXAMPLES / "nightly.yml").read_text("utf-8"))
    assert workflow[True]["schedule"]  # YAML 1.1 reads `on` as true
    calls = [step["run"] for step in workflow["jobs"]["nightly"]["steps"] if "osai-evidence n" in step.get("run", "")]
    assert len(calls) == 1
    assert_known(calls[0].removeprefix("osai-evidence "))


def test_the_container_file_copies_what_is_there() -> None:
    text = (EXAMPLES / "Containerfile").read_text("utf-8")
    for path in re.findall(r"/src/(requirements/\S+)", text):
        assert (EXAMPLES.parent / path).is_file()


def test_the_page_on_nights_names_what_exists() -> None:
    for page in ("nightly.md", "scale.md"):
        for call in re.findall(r"(?m)^    osai-evidence (.+)$", (DOCS / page).read_text("utf-8")):
            assert_known(call)
    assert CliRunner().invoke(cli, ["nightly", "--help"]).exit_code == 0
