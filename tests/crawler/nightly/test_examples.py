"""The examples name commands and options that exist, and parse as what they are."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from crawler.cli import cli
from crawler.commands.nightly import command
from tests.crawler.nightly.conftest import Place

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


def container_steps(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield word, shlex.split(rest)


def test_the_container_file_copies_all_that_is_installed() -> None:
    copied = {
        path
        for word, said in container_steps((EXAMPLES / "Containerfile").read_text("utf-8"))
        if word == "COPY"
        for path in said[:-1]
    }
    assert all((EXAMPLES.parent / path).exists() for path in copied)
    project = tomllib.loads((EXAMPLES.parent / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {*wheel, project["project"]["readme"], *project["project"]["license-files"]} <= copied


@pytest.mark.skipif("OSAI_SLOW_TESTS" not in os.environ, reason="OSAI_SLOW_TESTS is not set: it installs everything")
def test_the_container_s_steps_make_a_program_that_runs(tmp_path: Path) -> None:
    """The steps of the container file in an empty environment: no program that builds images is needed."""
    source, home, python = tmp_path / "src", tmp_path / "home", tmp_path / "env/bin/python"
    source.mkdir()
    home.mkdir()
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    version = f"python-{sys.version_info.major}.{sys.version_info.minor}.txt"
    for word, said in container_steps((EXAMPLES / "Containerfile").read_text("utf-8")):
        words = [part.replace("python-3.12.txt", version) for part in said]
        if word == "COPY":
            for path in words[:-1]:
                to = source / words[-1] / (Path(path).name if words[-1].endswith("/") else "")
                to.parent.mkdir(exist_ok=True)
                if (EXAMPLES.parent / path).is_dir():
                    shutil.copytree(EXAMPLES.parent / path, to)
                else:
                    shutil.copy(EXAMPLES.parent / path, to)
        elif word == "RUN" and words[0] == "python":
            subprocess.run([python, *words[1:]], cwd=source, check=True, capture_output=True)
    shutil.rmtree(source)
    (tmp_path / "world").mkdir()
    place = Place(tmp_path / "world", systems=1)
    night = subprocess.run(
        [python.with_name("osai-evidence"), "nightly", "--index", place.index, "--out", home / "nightly", "--json"],
        cwd=home,
        env={**place.services.environ, "PATH": "/usr/bin:/bin", "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert night.returncode == 0, night.stderr
    assert (home / "nightly/latest/report/index.html").is_file()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for name in ("osai-evidence.service", "osai-evidence.timer"):
        text = (EXAMPLES / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("/opt/osai-evidence/bin/osai-evidence", "/bin/true"))
    units = [tmp_path / "osai-evidence.service", tmp_path / "osai-evidence.timer"]
    said = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.parametrize("name", ["nightly.yml", "inspect-pull-request.yml", "lint-index.yml"])
def test_the_workflows_pass_the_schema_of_github(name: str) -> None:
    """OSAI_EVIDENCE_VALIDATORS is a virtual environment with check-jsonschema."""
    checker = Path(os.environ.get("OSAI_EVIDENCE_VALIDATORS", "")) / "bin/check-jsonschema"
    if not checker.is_file():
        pytest.skip("OSAI_EVIDENCE_VALIDATORS is not set, or has no check-jsonschema")
    command = [checker, "--builtin-schema", "vendor.github-workflows", EXAMPLES / name]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stdout


def test_the_page_on_nights_names_what_exists() -> None:
    for page in ("nightly.md", "scale.md"):
        for call in re.findall(r"(?m)^    osai-evidence (.+)$", (DOCS / page).read_text("utf-8")):
            assert_known(call)
    assert CliRunner().invoke(cli, ["nightly", "--help"]).exit_code == 0
