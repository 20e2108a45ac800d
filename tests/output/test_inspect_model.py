"""What makers of a model see before they publish it: the steps of the example, run over a folder."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from click.testing import CliRunner

from crawler.cli import cli

ROOT = Path(__file__).parents[2]
CARD = """---
license: apache-2.0
---
# Pan 1

Pan is a small language model. It was trained on the public corpus Batter.

## Limitations

Pan knows nothing that happened after June.
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "pan"
    (made / "src").mkdir(parents=True)
    (made / "README.md").write_text(CARD)
    (made / "LICENSE").write_text((ROOT / "LICENSE").read_text("utf-8") + "\n\nNo commercial use is allowed.\n")
    (made / "MODEL_LICENSE.txt").write_text("The model may not be used for any military purpose.\n")
    (made / "src" / "LICENSE").write_text("Another licence, of a part.")
    (made / "src" / "generate.py").write_text("print('pan')\n")
    monkeypatch.chdir(made)
    return made


def example_command() -> list[str]:
    workflow = yaml.safe_load((ROOT / "examples" / "inspect-pull-request.yml").read_text("utf-8"))
    commands = [step.get("run", "") for step in workflow["jobs"]["inspect"]["steps"]]
    (line,) = [command for command in commands if "osai-evidence inspect" in command]
    return shlex.split(line.partition(">")[0])[1:]


def test_the_example_reads_card_licence_and_code_together(folder: Path) -> None:
    result = CliRunner().invoke(cli, example_command())
    assert result.exit_code == 0, result.output
    records = [json.loads(line) for line in result.stdout.splitlines()]
    said = {record["indicator"]: record for record in records}
    assert {"modelcard", "licenses", "trainingcode"} <= {record["parameter"] for record in records}
    assert said["model_card.limitations"]["outcome"] == "present"
    assert "Apache-2.0" in said["license.conflict"]["statement"], "the tag and the text with its clause"
    read = {r["source"]["path"] for r in records if r["indicator"] == "license.text"}
    assert read == {"LICENSE", "MODEL_LICENSE.txt"}, "licences of parts are not the model's"
    page = BeautifulSoup((folder / "evidence" / "index.html").read_text("utf-8"), "html.parser")
    assert {record["id"] for record in records} == {tag["id"] for tag in page.select("article.fact")}


def test_a_file_is_no_model(folder: Path) -> None:
    result = CliRunner().invoke(cli, ["inspect", "model", "README.md"])
    assert result.exit_code == 2
    assert "no folder" in result.output
