"""Exports pass the tools and schemas of their standards that cannot be installed with the project.

OSAI_EVIDENCE_REPOSITORIES is a folder of git repositories named owner+name: lfai+model_openness_tool, spdx+spdx-spec,
ResearchObject+ro-crate, oasis-tcs+sarif-spec. OSAI_EVIDENCE_VALIDATORS is a virtual environment with the tools
(`pip install wacz roc-validator pyshacl shacl2code jsonschema axe-playwright-python`): their many dependencies are not
for the project's own.
"""

from __future__ import annotations

import json
import os
import subprocess
from itertools import product
from pathlib import Path

import jsonschema
import pytest
import yaml
from playwright.sync_api import sync_playwright

from output.exports import export
from output.lint import lint, sarif
from output.report import write_site
from output.run import Run, load_run
from tests.output.builder import full_run
from tests.output.test_browser import ARGUMENTS, CHROMIUM, PAGES
from tests.output.test_lint import GOOD

SCRIPTS = Path(__file__).with_name("validators")


@pytest.fixture(scope="module")
def tools() -> Path:
    folder = os.environ.get("OSAI_EVIDENCE_VALIDATORS")
    if not folder:
        pytest.skip("OSAI_EVIDENCE_VALIDATORS is not set: the standards' own tools are not here to run")
    return Path(folder) / "bin"


def of_repository(name: str, path: str) -> bytes:
    """A file of a repository of a standard, as its default branch has it."""
    folder = os.environ.get("OSAI_EVIDENCE_REPOSITORIES")
    if not folder or not (Path(folder) / name).is_dir():
        pytest.skip(f"OSAI_EVIDENCE_REPOSITORIES has no {name}: the standard's schema is not here to read")
    repository = next(f for f in (Path(folder) / name / "repo", Path(folder) / name) if f.is_dir())
    return subprocess.run(["git", "-C", repository, "show", f"HEAD:{path}"], capture_output=True, check=True).stdout


def checked(*command: object) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mof_passes_the_schema_of_the_model_openness_tool(run: Run, tmp_path: Path) -> None:
    schema = json.loads(of_repository("lfai+model_openness_tool", "schema/mof_schema.json"))
    (path,) = export(run, "mof", tmp_path)
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(path.read_text("utf-8")))


def test_sarif_passes_its_schema(tmp_path: Path) -> None:
    schema = json.loads(of_repository("oasis-tcs+sarif-spec", "sarif-2.1/schema/sarif-schema-2.1.0.json"))
    (tmp_path / "odd.yaml").write_text(GOOD.replace("type: text", "type: Text").replace("---\n", "", 1))
    findings = lint(tmp_path)
    assert {f.level for f in findings} >= {"error", "note"}
    jsonschema.validators.validator_for(schema)(schema).validate(sarif(findings, "0.1"))


def test_spdx3_passes_its_shapes_and_schema(run: Run, tools: Path, tmp_path: Path) -> None:
    for name in ("rdf/spdx-model.ttl", "rdf/spdx-context.jsonld", "serialization/jsonld/annotations.ttl"):
        (tmp_path / Path(name).name).write_bytes(of_repository("spdx+spdx-spec", name))
    (path,) = export(run, "spdx3", tmp_path / "out")
    checked(tools / "python", SCRIPTS / "spdx3.py", path, tmp_path)


def test_ro_crate_passes_its_validator(run: Run, tools: Path, tmp_path: Path) -> None:
    context = tmp_path / "context.jsonld"
    context.write_bytes(of_repository("ResearchObject+ro-crate", "docs/_specification/1.1/context.jsonld"))
    export(run, "ro-crate", run.folder)
    checked(tools / "python", SCRIPTS / "ro_crate.py", run.folder, context)


def test_wacz_passes_its_own_tool(run: Run, tools: Path, tmp_path: Path) -> None:
    (path,) = export(load_run(run.folder), "wacz", tmp_path)
    checked(tools / "wacz", "validate", "-f", path)


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: pages are not seen in a browser")
def test_pages_pass_axe(tools: Path, tmp_path: Path) -> None:
    """WCAG 2.1 A and AA and axe's own advice, light and dark, wide and narrow; axe is put in past the pages' policy."""
    (axe,) = tools.parent.glob("lib/*/site-packages/axe_playwright_python/axe.min.js")
    runs = [load_run(full_run(tmp_path / name, root=f"hf:model:maker/{name}")) for name in ("one", "two")]
    site = write_site(runs, tmp_path / "site", runs[:1]).parent
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for look, width, name in product(("light", "dark"), (1300, 390), PAGES):
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=look,
                bypass_csp=True,  # type: ignore[arg-type]
            )
            page = context.new_page()
            page.goto((site / name).as_uri())
            page.evaluate(axe.read_text("utf-8"))
            result = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice']})")
            found += [(look, width, name, v["id"], v["nodes"][0]["target"]) for v in result["violations"]]
            context.close()
        browser.close()
    assert found == []
