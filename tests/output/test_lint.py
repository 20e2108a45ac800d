"""Lint names what a maintainer would want to look at, where it stands, and leaves the rest in peace."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from output.lint import Finding, lint, rules, sarif
from output.record import INDEX_PARAMETERS
from output.run import read_records
from tests.output.builder import RunBuilder, Source

PARAMETERS = "\n".join(
    f"{name}:\n    class: closed\n    link:\n    notes: Nothing on {name} in this test.\n" for name in INDEX_PARAMETERS
)
GOOD = f"""---
# Organization tags:
# - National origin: Nowhere

system:
    name: Small 1
    link: https://example.org/small
    type: text
    performanceclass: limited
    basemodelname:
    endmodelname: Small-1
    endmodellicense: MIT
    releasedate: 2025-01
    notes:

org:
    name: Maker
    link: https://example.org/
    notes:

{PARAMETERS}""".replace("Nothing on licenses in this test.", '"Weights: MIT. Code: not released. Data: not disclosed."')


def lint_one(folder: Path, text: str, name: str = "small.yaml") -> list[Finding]:
    (folder / name).write_bytes(text.encode())
    return lint(folder)


def test_a_good_entry_has_no_findings(tmp_path: Path) -> None:
    assert lint_one(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "where"),
    [
        ("type: text", "type: multimodal", "breaks-site", "system.type"),
        ("type: text", "type: [text, code]", "breaks-site", "system.type"),
        ("performanceclass: limited", "performanceclass:", "breaks-site", "system.performanceclass"),
        ("basemodelname:", "basemodelname: 7", "breaks-site", "system.basemodelname"),
        ("releasedate: 2025-01", "releasedate: 2025", "breaks-site", "system.releasedate"),
        ("releasedate: 2025-01", "releasedate: 2025 JAN", "schema", "system.releasedate"),
        ("    endmodellicense: MIT\n", "    endmodel license: MIT\n", "schema", "system"),
        ("notes: Nothing on paper", "notes: <b>Nothing</b> on paper", "breaks-site", "paper.notes"),
        ("\ncode:\n    class: closed", "\ncode:\n    class: opem", "breaks-site", "code.class"),
        ("paper:\n    class: closed", "paper:\n    class: partial", "no-link", "paper.class"),
        ("    notes: Nothing on paper in this test.", "    notes: Submitted to ICML.", None, ""),
        ("paper:\n    class: closed\n    link:\n    notes: Nothing on paper in this test.",
         "paper:\n    class: open\n    link: https://example.org/\n    notes: Submitted to ICML.",
         "class-contradicts-note", "paper.class"),
        ("\ncode:\n    class: closed\n    link:", "\ncode:\n    class: open\n    link: https://example.org/",
         "class-contradicts-class", "code.class"),
        ("paper:\n    class: closed\n    link:", 'paper:\n    class: closed\n    link: ["https://a.org", "https://a.org"]',
         "doubled-link", "paper.link"),
        ("paper:\n    class: closed\n    link:", "paper:\n    class: closed\n    link: https://huggingface.co/a/b",
         "unpinned-link", "paper.link"),
        ('"Weights: MIT. Code: not released. Data: not disclosed."', "MIT License.", "old-licence-notation",
         "licenses.notes"),
        ("    name: Small 1\n", "    name: Small 1\n    name: Small 2\n", "duplicate-key", "system.name"),
        ("---\n", "", "text", ""),
        ("# - National origin: Nowhere\n", "", "text", ""),
        ("---\n", "---\r\n", "text", ""),
    ],
)  # fmt: skip
def test_each_fault_is_named_where_it_stands(tmp_path: Path, old: str, new: str, rule: str | None, where: str) -> None:
    assert GOOD.count(old) == 1, old
    text = GOOD.replace(old, new)
    found = [f for f in lint_one(tmp_path, text) if f.where == where or f.rule == rule]
    assert [(f.rule, f.where) for f in found][:1] == ([(rule, where)] if rule else [])
    if rule and where:
        key = where.split(".")[-1]
        assert text.split("\n")[found[0].line - 1].strip().startswith(f"{key}:")


@pytest.mark.parametrize("text", ["a: [", "- list", "", "a: &x [*x]", "\x00"])
def test_what_is_no_entry_is_said(tmp_path: Path, text: str) -> None:
    assert lint_one(tmp_path, text)[0].level == "error"


def test_a_class_that_differs_from_a_habit(tmp_path: Path) -> None:
    for n in range(4):
        (tmp_path / f"e{n}.yaml").write_text(GOOD)
    odd = GOOD.replace("preprint:\n    class: closed\n    link:", "preprint:\n    class: open\n    link: https://a.org")
    found = [f for f in lint_one(tmp_path, odd, "odd.yaml") if f.rule == "class-differs"]
    assert [(f.entry, f.where) for f in found] == [("odd", "preprint.class")]
    assert "closed in 4 other entries" in found[0].message


def test_ids_that_differ_in_case_only(tmp_path: Path) -> None:
    (tmp_path / "Small.yaml").write_text(GOOD)
    assert [f.rule for f in lint_one(tmp_path, GOOD)] == ["id", "id"]


def test_a_link_is_dead_only_where_a_crawl_was_told_so(tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.mkdir()
    text = GOOD.replace(
        "paper:\n    class: closed\n    link:", "paper:\n    class: closed\n    link: https://huggingface.co/a/b"
    )
    (index / "small.yaml").write_text(text)
    run = RunBuilder(tmp_path / "run")
    for status, target in ((404, "hf:model:A/B"), (503, "hf:model:a/c")):
        name = target.removeprefix("hf:model:")
        source = Source(f"https://huggingface.co/api/models/{name}", f"https://huggingface.co/{name}", status=status)
        run.add("weights_endmodel", "weights.files", "unavailable", "Gone.", source=source, target=target)
    records = list(read_records(run.finish()))
    assert "dead-link" not in {f.rule for f in lint(index)}
    (found,) = [f for f in lint(index, records) if f.rule == "dead-link"]
    assert found.where == "paper.link"
    assert "404" in found.message
    assert records[0].id in found.message


SUMMED_UP = "Article 53 (1)(d) training data summary found."


@pytest.mark.parametrize(("note", "rules_found"), [("", ["class-contradicts-class"]), (SUMMED_UP, [])])
def test_a_note_may_explain_what_does_not_fit(tmp_path: Path, note: str, rules_found: list[str]) -> None:
    odd = re.sub(
        r"(?m)^datasheet:\n    class: closed\n    link:.*\n    notes:.*$",
        f"datasheet:\n    class: open\n    link: https://example.org/summary\n    notes: {note}",
        GOOD,
    )
    assert odd != GOOD
    assert [f.rule for f in lint_one(tmp_path, odd)] == rules_found


def test_lists_of_links_break_the_comparison(tmp_path: Path) -> None:
    listed = '["https://example.org/a", "https://example.org/b"]'
    text = GOOD.replace("preprint:\n    class: closed\n    link:", f"preprint:\n    class: closed\n    link: {listed}")
    assert "list-link" in [f.rule for f in lint_one(tmp_path, text)]


def test_sarif_names_rules_and_places(tmp_path: Path) -> None:
    findings = lint_one(tmp_path, GOOD.replace("type: text", "type: Text"), "with blank.yaml")
    (run,) = sarif(findings, "1")["runs"]
    assert {r["id"] for r in run["tool"]["driver"]["rules"]} == set(rules().rules)
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "with%20blank.yaml"}, "region": {"startLine": findings[0].line}}
    assert result["level"] == "error"


@pytest.mark.parametrize(("fail_on", "status"), [("error", 0), ("warning", 0), ("note", 1), ("never", 0)])
def test_exit_status(tmp_path: Path, fail_on: str, status: int) -> None:
    (tmp_path / "small.yaml").write_text(GOOD.replace("---\n", "", 1))
    result = CliRunner().invoke(cli, ["lint", "--index", str(tmp_path), "--json", "--fail-on", fail_on])
    assert result.exit_code == status
    assert [f["rule"] for f in json.loads(result.stdout)] == ["text"]


def test_real_entries_parse_and_few_break(corpus: Path) -> None:
    findings = lint(corpus / "index" / "entries")
    assert "not-yaml" not in {f.rule for f in findings}
    assert [f for f in findings if f.level == "error"] == []


@pytest.mark.parametrize(
    ("parameter", "note", "given", "contradicts"),
    [
        ("weights_endmodel", "Weights of a/b made available on HuggingFace (3 files, 9 GB, not gated).", "open", False),
        ("weights_endmodel", "Weights of a/b made available on HuggingFace (3 files, 9 GB, gated).", "open", True),
        ("weights_endmodel", "Gated model available through HuggingFace (a/b: automatic approval).", "open", True),
        ("weights_endmodel", "No weights found in a/b on HuggingFace (1 files listed).", "open", True),
        ("trainingcode", "Repo exists, but does not contain training code (a/b: 5 files at 0123456).", "open", True),
        ("trainingcode", "Repository a/b covers pre-training and fine-tuning (9 files at 0123456).", "open", False),
    ],
)
def test_notes_that_are_proposed_are_understood(
    tmp_path: Path, parameter: str, note: str, given: str, contradicts: bool
) -> None:
    block = re.compile(rf"^{parameter}:\n    class: .*\n    link:.*\n    notes:.*$", re.M)
    text = block.sub(f'{parameter}:\n    class: {given}\n    link: https://a.org\n    notes: "{note}"', GOOD)
    found = [f for f in lint_one(tmp_path, text) if f.where == f"{parameter}.class"]
    assert [f.rule for f in found if f.rule == "class-contradicts-note"] == ["class-contradicts-note"] * contradicts
