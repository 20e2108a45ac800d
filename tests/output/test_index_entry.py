"""A new entry passes the strict schema, keeps the template's text and leaves verdicts to people."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from output.entry_schema import validator
from output.index_entry import TEMPLATE, new_entry, to_be_set, write
from output.lint import lint
from output.notes import note
from output.record import INDEX_PARAMETERS, Searched, Source
from output.run import load_run
from tests.output.builder import COMMIT, RunBuilder, full_run


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return full_run(tmp_path / "run")


def test_entry_passes_the_strict_schema_and_lint(run_folder: Path) -> None:
    (path,) = write(run_folder)
    assert path.name == "small-1.yaml"
    validator().validate(yaml.safe_load(path.read_text("utf-8")))
    assert [f for f in lint(path.parent) if f.level != "note"] == []


def test_no_class_is_given(run_folder: Path) -> None:
    text = write(run_folder)[0].read_text("utf-8")
    classes = [line for line in text.splitlines() if line.startswith("    class:")]
    assert len(classes) == len(INDEX_PARAMETERS)
    assert all(line.startswith("    class: closed # as in the template, to be set by people") for line in classes)


def test_what_no_document_says_is_marked(run_folder: Path) -> None:
    assert list(to_be_set(write(run_folder)[0].read_text("utf-8"))) == ["performanceclass", "endmodellicense"]


def test_facts_of_the_release(run_folder: Path) -> None:
    entry = yaml.safe_load(write(run_folder)[0].read_text("utf-8"))
    assert entry["system"] | {"basemodelname": ""} == {
        "name": "small-1",
        "link": "https://huggingface.co/maker/small-1",
        "type": "text",
        "performanceclass": "full",
        "basemodelname": "",
        "endmodelname": "small-1",
        "endmodellicense": "not specified",
        "releasedate": "2025-03",
        "notes": None,
    }
    assert entry["licenses"]["notes"] == "Weights: other. Code: Apache-2.0. Data: not disclosed."
    assert entry["paper"] == {"class": "closed", "link": None, "notes": "No peer-reviewed paper found."}


def test_the_template_stays_in_order(run_folder: Path) -> None:
    head = TEMPLATE.read_text("utf-8").split("system:")[0]
    text = write(run_folder)[0].read_text("utf-8")
    assert text.startswith(head)
    assert "# - National origin: to be set by people\n" in text
    lines = [line.split(":")[0] for line in text.splitlines() if line[:1].isalpha()]
    assert lines == ["system", "org", *INDEX_PARAMETERS]


def test_a_template_with_other_line_ends(run_folder: Path) -> None:
    run = load_run(run_folder)
    text = new_entry(run, run.systems[0], TEMPLATE.read_text("utf-8").replace("\n", "\r\n"))
    assert text.count("\n") == text.count("\r\n")
    validator().validate(yaml.safe_load(text))


def test_ids_behind_each_note_are_named(run_folder: Path) -> None:
    text = write(run_folder)[0].read_text("utf-8")
    records = load_run(run_folder).records
    paper = next(r for r in records if r.indicator == "paper.published")
    assert f"# - paper: {paper.id}\n" in text


def test_hostile_statements_stay_text(tmp_path: Path) -> None:
    run = RunBuilder(tmp_path / "run")
    source = Source("https://huggingface.co/maker/small-1", "javascript:alert(1)", sha256="0" * 64)
    run.add("paper", "paper.published", "present", '<b>x</b>: "y" # z \\ {a}: [', source=source)
    entry = yaml.safe_load(write(run.finish())[0].read_text("utf-8"))
    assert entry["paper"] == {"class": "closed", "link": None, "notes": '‹b›x‹/b›: "y" # z \\ {a}: [.'}


def test_a_failure_is_not_written_as_an_absence(tmp_path: Path) -> None:
    run = RunBuilder(tmp_path / "run")
    run.add(
        "paper", "paper.published", "error", "Could not ask OpenAlex.", source=Source("https://a.org", "https://a.org")
    )
    found = note("paper", load_run(run.finish()).records)
    assert found is not None
    assert (found.text, found.link) == ("Could not ask OpenAlex.", None)


def test_entry_passes_the_schema_of_the_index(run_folder: Path, corpus: Path) -> None:
    schema = json.loads((corpus / "index" / "entry.schema.json").read_text("utf-8"))
    schema["$ref"] = "#/$defs/strictEntry"
    entry = yaml.safe_load(write(run_folder)[0].read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(entry)


def test_template_has_the_text_of_the_index(corpus: Path) -> None:
    theirs = (corpus / "index" / "entries" / "a_submission_template.yaml").read_text("utf-8")
    kept = [line.rstrip() for line in theirs.splitlines() if line.strip()]
    assert [line for line in TEMPLATE.read_text("utf-8").splitlines() if line.strip()] == kept


def test_what_could_not_be_looked_at_is_no_note(tmp_path: Path) -> None:
    builder = RunBuilder(tmp_path / "run")
    card = builder.document("https://huggingface.co/maker/small-1/resolve/x/README.md", b"license: mit", "README.md")
    words = "Weights: MIT. Code: could not be looked at (maker/train). Data: not disclosed."
    builder.add("licenses", "license.triple", "present", words, source=card, exact="mit", value={"unread": ["code"]})
    builder.add("datasheet", "datasheet.uses", "error", "Timed out.\u2028x: y", source=Source("https://a.org", ""))
    run = load_run(builder.finish())
    (system,) = run.systems
    text = new_entry(run, system)
    entry = yaml.safe_load(text)
    assert entry["licenses"]["notes"] is entry["datasheet"]["notes"] is None
    assert f"# - licenses: {words}" in text
    assert "# - datasheet: Timed out. x: y" in text


def trained_from(tmp_path: Path, base: str | None) -> dict[str, dict[str, str]]:
    builder = RunBuilder(tmp_path / "run")
    hub = builder.document(f"https://huggingface.co/api/models/{builder.root[9:]}", b'{"siblings": []}')
    builder.add("weights_endmodel", "weights.files", "present", "Weights here.", source=hub, exact="siblings")
    if base:
        builder.add("weights_basemodel", "weights.files", "error", "Timed out.", source=Source("https://a.org", ""),
                    target=base)  # fmt: skip
    run = load_run(builder.finish())
    return yaml.safe_load(new_entry(run, run.systems[0]))  # type: ignore[no-any-return]


def test_a_release_without_a_base_mirrors_its_end_model(tmp_path: Path) -> None:
    entry = trained_from(tmp_path, None)
    assert entry["weights_basemodel"] == entry["weights_endmodel"]
    assert entry["weights_basemodel"]["notes"] == "Weights here."
    assert entry["system"]["basemodelname"] is None


def test_a_base_that_could_not_be_read_is_not_mirrored(tmp_path: Path) -> None:
    entry = trained_from(tmp_path, "hf:model:maker/base-1")
    assert entry["weights_basemodel"]["notes"] is None
    assert entry["system"]["basemodelname"] == "base-1"


def test_no_gate_is_no_note_where_no_weights_are(tmp_path: Path) -> None:
    builder = RunBuilder(tmp_path / "run")
    looked = (Searched("https://huggingface.co/api/models/maker/small-1", "0" * 64, "Hub answer"),)
    for indicator, said, points in (("gated", "No gate.", "open"), ("files", "No weights found.", "closed")):
        builder.add("weights_endmodel", f"weights.{indicator}", "absent", said, searched=looked, points=points)  # type: ignore[arg-type]
    run = load_run(builder.finish())
    entry = yaml.safe_load(new_entry(run, run.systems[0]))
    assert entry["weights_endmodel"]["notes"].startswith("No weights found.")


def test_a_release_that_is_a_repository_is_linked_where_it_is(tmp_path: Path) -> None:
    builder = RunBuilder(tmp_path / "run", entry="small", root="github:maker/small")
    tree = builder.document(
        f"https://api.github.com/repos/maker/small/git/trees/{COMMIT}",
        b"{}",
        None,
        f"https://github.com/maker/small/tree/{COMMIT}",
    )
    text = builder.document(f"https://raw.githubusercontent.com/maker/small/{COMMIT}/LICENSE", b"Apache", "LICENSE")
    said = "Repo exists, but does not contain training code."
    builder.add("trainingcode", "training_code.coverage", "absent", said, source=tree, points="closed")
    builder.add(
        "licenses", "license.text", "present", "Apache.", source=text, exact="Apache", value={"name": "Apache-2.0"}
    )
    entry = yaml.safe_load(write(builder.finish())[0].read_text("utf-8"))
    validator().validate(entry)
    assert entry["system"]["link"] == "https://github.com/maker/small"
    assert entry["org"] == {"name": "maker", "link": "https://github.com/maker", "notes": None}
    assert entry["system"]["endmodellicense"] == "not specified"
    assert entry["trainingcode"]["link"] == f"https://github.com/maker/small/tree/{COMMIT}"


def test_a_model_without_an_owner_has_a_maker_to_be_set(tmp_path: Path) -> None:
    builder = RunBuilder(tmp_path / "run", root="hf:model:small-1")
    card = builder.document("https://huggingface.co/small-1/resolve/x/README.md", b"A card.", "README.md")
    builder.add("modelcard", "model_card.coverage", "present", "A card.", source=card, exact="A card.")
    entry = yaml.safe_load(write(builder.finish())[0].read_text("utf-8"))
    validator().validate(entry)
    assert entry["system"]["link"] == "https://huggingface.co/small-1"
    assert entry["org"]["name"] == "to be set by people"
