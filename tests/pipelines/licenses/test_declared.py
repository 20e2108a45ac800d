"""Whole dossiers: what is declared, whether the texts agree, and the triple."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from output.record import EvidenceRecord, Source, Subject
from pipelines.data_sources import detector as data_sources
from pipelines.dossier import Dossier
from pipelines.licenses import detector
from spiders.document import Document, Kind, Lead, Miss
from tests.pipelines.checks import told_apart

LICENSE = (Path(__file__).parents[3] / "LICENSE").read_text("utf-8")
CLAUSE = "\n\nYou shall not use the model, or anything made with it, for any commercial purpose.\n"
MODEL, BASE, DATA, CODE = "hf:model:maker/pan", "hf:model:mill/flour", "hf:dataset:maker/batter", "github:maker/pan"


def document(kind: Kind, target: str, body: str | dict[str, Any], path: str | None = None) -> Document:
    raw = (json.dumps(body) if isinstance(body, dict) else body).encode()
    source = Source(f"https://x.test/{target}/{path}", "", path=path, sha256=hashlib.sha256(raw).hexdigest())
    return Document(kind, target, source, raw)


def hub(target: str, license: str | list[str] | None, *files: str, **card: str) -> Document:
    data = {"license": license, **card} if license else {}
    kind: Kind = "hub_dataset" if "dataset" in target else "hub_model"
    listed = [{"rfilename": name, "size": 10} for name in ("README.md", *files)]
    return document(kind, target, {"cardData": data, "tags": [], "siblings": listed})


def read(*documents: Document, leads: tuple[Lead, ...] = ()) -> list[EvidenceRecord]:
    found = list(detector.detect(Dossier(MODEL, documents, leads=leads), ()))
    for record in found:
        held = {d.source.sha256: d for d in documents}
        if record.quote and record.source and record.selector and record.selector.start is not None:
            text = held[record.source.sha256].text
            assert text[record.selector.start : record.selector.end] == record.quote.exact
    return found


def of(records: list[EvidenceRecord], indicator: str) -> list[EvidenceRecord]:
    return [r for r in records if r.indicator == indicator]


def lead(target: str, relation: Any, origin: str = MODEL) -> Lead:
    return Lead(origin, target, relation, "named in the card", followed=True)


def missed(target: str) -> Miss:
    return Miss(target, "hub_dataset", Source(f"https://x.test/{target}", "", status=404), "unavailable", "not there")


@pytest.mark.parametrize(
    ("declared", "text", "verdict", "says"),
    [
        ("apache-2.0", LICENSE, "agree", "Metadata and LICENSE of maker/pan agree: Apache-2.0."),
        (
            "apache-2.0",
            LICENSE + CLAUSE,
            "narrower",
            "Metadata of maker/pan says Apache-2.0, but LICENSE of maker/pan differs",
        ),
        ("mit", LICENSE, "contradicts", "Metadata of maker/pan says MIT, but LICENSE holds Apache-2.0."),
        ("mit", "PANCAKE AGREEMENT. By this license you" + CLAUSE, "narrower", "LICENSE is a bespoke licence."),
    ],
)
def test_declared_against_text(declared: str, text: str, verdict: str, says: str) -> None:
    records = read(hub(MODEL, declared, "LICENSE"), document("license", MODEL, text, "LICENSE"))
    (record,) = of(records, "license.conflict")
    assert record.value["verdict"] == verdict
    assert says in record.statement
    assert (record.outcome == "absent") == (verdict == "agree")


def test_a_base_model_that_is_not_open() -> None:
    records = read(hub(MODEL, "apache-2.0"), hub(BASE, "llama3"), leads=(lead(BASE, "base_model"),))
    (record,) = of(records, "license.conflict")
    assert record.statement == (
        "maker/pan is declared Apache-2.0, but its base model mill/flour is under Llama 3 Community License Agreement, "
        "not an open licence."
    )


def test_missing_text_is_an_absence_with_a_scope() -> None:
    records = read(hub(MODEL, "mit", "model.safetensors"))
    (record,) = of(records, "license.missing_text")
    assert record.outcome == "absent"
    assert record.statement == "No licence text found in maker/pan (2 files listed). Declared: MIT."
    assert record.searched[0].what == "list of 2 files"


def test_a_listed_text_that_was_not_read_is_not_missing() -> None:
    assert not of(read(hub(MODEL, "mit", "LICENSE")), "license.missing_text")


@pytest.mark.parametrize(
    ("license", "more", "name", "points"),
    [
        ("apache-2.0", {}, "Apache-2.0", "open"),
        ("other", {"license_name": "deepseek", "license_link": "LICENSE"}, "DeepSeek License Agreement 1.0", "closed"),
        ("other", {"license_name": "pancake-1.0"}, "pancake-1.0", "neutral"),
        ("other", {"license_link": "https://ai.google.dev/gemma/terms"}, "Gemma Terms of Use", "closed"),
        ("cc", {}, "cc", "neutral"),
        ("other", {"license_name": "ziya-license"}, "Ziya Model License Agreement", "neutral"),
        ("other", {"license_name": "upstage-solar-license"}, "Upstage Solar License", "closed"),
    ],
)
def test_hub_metadata(license: str, more: dict[str, str], name: str, points: str) -> None:
    (record,) = of(read(hub(MODEL, license, **more)), "license.declared")
    assert (record.value["name"], record.points) == (name, points)


def test_a_licence_known_by_name_only_says_so() -> None:
    (record,) = of(read(hub(MODEL, "other", license_name="ziya-license")), "license.declared")
    assert "a licence known by name only" in record.statement


def test_a_choice_is_declared_as_one_expression() -> None:
    card = "# Pan\n\n## License\n\nThis model is dual-licensed under MIT and Apache-2.0.\n"
    records = read(document("model_card", MODEL, card, "README.md"), document("license", MODEL, LICENSE, "LICENSE"))
    (record,) = of(records, "license.declared")
    assert (record.value["expression"], record.points) == ("MIT OR Apache-2.0", "open")
    (conflict,) = of(records, "license.conflict")
    assert conflict.value["verdict"] == "agree", "the text of one of the two is there"


def test_no_licence_named_is_an_absence() -> None:
    (record,) = of(read(hub(MODEL, None)), "license.declared")
    assert (record.outcome, record.points) == ("absent", "closed")


def test_words_of_a_card() -> None:
    card = "---\nlicense: mit\n---\n# Pan\n\nThis model is released under the Apache License 2.0. Eat well.\n"
    records = of(read(document("model_card", MODEL, card, "README.md")), "license.declared")
    said = {r.detector.rule: r.value["name"] for r in records}
    assert said == {"front-matter": "MIT", "card-statement": "Apache-2.0"}
    assert records[0].quote is not None
    assert records[0].quote.exact == "license: mit"


def test_the_triple() -> None:
    records = read(
        hub(MODEL, "apache-2.0"),
        hub(DATA, "cc-by-nc-4.0"),
        document("github_repository", CODE, {"license": {"spdx_id": "MIT"}}),
        leads=(lead(DATA, "dataset"), lead(CODE, "repository")),
    )
    (record,) = of(records, "license.triple")
    assert record.statement == "Weights: Apache-2.0. Code: MIT. Data: CC-BY-NC-4.0."
    assert record.points == "partial"
    assert record.value["open"] == ["weights", "code"]
    ids = {r.id for r in records}
    assert all(ident in ids for part in ("weights", "code", "data") for ident in record.value[part]["evidence"])


def test_the_triple_of_nothing() -> None:
    (record,) = of(read(hub(MODEL, None)), "license.triple")
    assert record.statement == "Weights: not specified. Code: no repository found. Data: not disclosed."
    assert record.points == "closed"


def detect(
    *documents: Document, root: str = MODEL, leads: tuple[Lead, ...] = (), misses: tuple[Miss, ...] = ()
) -> EvidenceRecord:
    """The triple of a dossier whose root may not have been read."""
    (record,) = of(list(detector.detect(Dossier(root, documents, misses, leads), ())), "license.triple")
    return record


def test_data_that_a_report_only_describes() -> None:
    paper = document("paper", CODE, "We trained the pan on two buckets of batter.", "report.pdf")
    dossier = Dossier(MODEL, (hub(MODEL, "mit"), paper), ())
    said = "Training data described in report.pdf."
    told = detector.record(
        dossier.subject(MODEL), "datasources_endmodel", "data.described", "present", said,
        rule="source", source=paper.source,
    )  # fmt: skip
    (record,) = of(list(detector.detect(dossier, (told,))), "license.triple")
    assert record.statement.endswith("Data: not disclosed.")
    assert record.value["data"]["evidence"] == [told.id]


def repository(licence: str) -> Document:
    return document("github_repository", CODE, {"license": {"spdx_id": licence}})


def test_a_release_that_could_not_be_read_keeps_the_parts_that_were() -> None:
    record = detect(repository("MIT"))
    assert record.statement == (
        "Weights: could not be looked at (maker/pan). Code: MIT. Data: not found in what could be read."
    )
    assert record.value["unread"] == ["weights", "data"]
    assert record.points == "neutral", "what was not read would decide"
    assert record.source is not None
    assert "github" in record.source.url


def test_a_text_that_says_it_is_for_the_code_does_not_cover_the_weights() -> None:
    text = document("license", MODEL, "This license applies only to the code.\n\n" + LICENSE, "LICENSE")
    (triple,) = of(read(hub(MODEL, None, "LICENSE"), text), "license.triple")
    assert triple.value["weights"]["words"] == "not specified"


def test_a_text_named_for_the_data_does_not_cover_the_code() -> None:
    data = document("license", CODE, LICENSE, "DATA_LICENSE")
    record = detect(hub(MODEL, "mit"), repository("NOASSERTION"), data, leads=(lead(CODE, "repository"),))
    assert record.statement.startswith("Weights: MIT. Code: not specified.")


@pytest.mark.parametrize(
    ("path", "code", "open_"),
    [("eval/LICENSE", "Apache-2.0 for eval/ only", False), ("LICENSES/Apache-2.0.txt", "Apache-2.0", True)],
)
def test_a_text_covers_the_folder_in_which_it_lies(path: str, code: str, open_: bool) -> None:
    text, tree = document("license", CODE, LICENSE, path), document("github_tree", CODE, {"tree": [{"path": path}]})
    records = read(hub(MODEL, "mit"), repository("NOASSERTION"), tree, text, leads=(lead(CODE, "repository"),))
    (triple,) = of(records, "license.triple")
    assert triple.value["code"]["words"] == code
    assert triple.value["code"]["open"] is open_
    missing = [r.statement for r in of(records, "license.missing_text") if r.subject.target == CODE]
    said = "No licence text for more than eval/ found in maker/pan (1 files listed). None is declared."
    assert missing == ([] if open_ else [said])


def test_a_folders_text_is_not_held_against_what_is_said_of_the_whole() -> None:
    readme = document("source_file", CODE, "# Pan\n\nThe code is released under the MIT License.\n", "README.md")
    text = document("license", CODE, LICENSE, "eval/LICENSE")
    records = read(hub(MODEL, None), readme, text, leads=(lead(CODE, "repository"),))
    assert not of(records, "license.conflict")
    (triple,) = of(records, "license.triple")
    assert triple.value["code"]["words"] == "MIT"


def test_a_part_that_was_not_read_decides_nothing_that_is_settled() -> None:
    record = detect(hub(MODEL, None), leads=(lead(DATA, "dataset"),))
    assert record.value["unread"] == []
    assert record.points == "closed"
    unread = detect(hub(MODEL, None), leads=(lead(DATA, "dataset"),), misses=(missed(DATA),))
    assert unread.statement.endswith("Data: could not be looked at (maker/batter).")
    assert (unread.value["unread"], unread.points) == (["data"], "closed")


def test_a_repository_named_for_training_is_one() -> None:
    gone = Miss(CODE, "github_repository", Source("https://x.test/", "", status=404), "unavailable", "not there")
    record = detect(hub(MODEL, "mit"), leads=(lead(CODE, "training"),), misses=(gone,))
    assert record.statement.startswith("Weights: MIT. Code: could not be looked at (maker/pan).")


def test_data_for_tests_are_left_out_where_there_are_others() -> None:
    told = [
        data_sources.record(
            Subject(None, MODEL, "end"), "datasources_endmodel", "data.declared", "present", name, rule="named",
            value={"dataset": name, "hub": name, "role": role}, source=hub(MODEL, "mit").source,
        )
        for name, role in (("maker/batter", "training"), ("maker/taste", "evaluation"))
    ]  # fmt: skip
    taste = "hf:dataset:maker/taste"
    for targets, named in (((taste,), "maker/taste"), ((DATA, taste), "maker/batter")):
        leads, misses = tuple(lead(t, "dataset") for t in targets), tuple(map(missed, targets))
        dossier = Dossier(MODEL, (hub(MODEL, "mit"),), misses, leads)
        (record,) = of(list(detector.detect(dossier, told)), "license.triple")
        assert record.statement.endswith(f"Data: could not be looked at ({named}).")


def test_a_repository_says_nothing_of_weights_it_does_not_name() -> None:
    record = detect(repository("Apache-2.0"), root=CODE)
    assert record.statement == "Weights: not found. Code: Apache-2.0. Data: not found."


def test_a_name_of_which_no_other_text_is_known_is_not_held_against_its_own_file() -> None:
    said = "# Pan\n\n## License\n\nThe model is released under the [GLM-4 License]({}).\n"
    changed = document("license", CODE, LICENSE + CLAUSE, "MODEL_LICENSE")
    verdicts = []
    for link in ("MODEL_LICENSE", "https://example.org/license"):
        conflicts = of(read(document("source_file", CODE, said.format(link), "README.md"), changed), "license.conflict")
        verdicts.append([r.value["verdict"] for r in conflicts])
    assert verdicts == [["agree"], ["contradicts"]]


@pytest.mark.parametrize(
    ("declared", "said", "verdicts"),
    [
        ("cc-by-4.0", "CC-BY-NC", ["contradicts"]),
        ("cc-by-nc-4.0", "CC-BY-NC", ["agree"]),
        ("cc-by-nc-sa-4.0", "CC-BY-NC", []),
        ("apache-2.0", "MPL", []),
    ],
)
def test_a_family_of_licences_is_held_against_what_is_declared(declared: str, said: str, verdicts: list[str]) -> None:
    readme = document(
        "source_file", CODE, f"# Pan\n\nThe pre-trained models are under the {said} license.\n", "README.md"
    )
    found = of(read(hub(MODEL, declared), readme, leads=(lead(CODE, "repository"),)), "license.conflict")
    assert [r.value["verdict"] for r in found] == verdicts


def test_a_licence_of_the_model_in_its_repository_is_held_against_what_the_hub_says() -> None:
    changed = document("license", CODE, LICENSE + CLAUSE, "MODEL_LICENSE")
    code = document("license", CODE, LICENSE, "LICENSE")
    found = of(read(hub(MODEL, "mit"), code, changed, leads=(lead(CODE, "repository"),)), "license.conflict")
    (against,) = [r for r in found if r.subject.target == MODEL]
    assert against.outcome == "present"
    assert "Metadata of maker/pan says MIT" in against.statement
    assert "MODEL_LICENSE" in against.statement
    tool = document("license", "github:maker/spoon", LICENSE + CLAUSE, "MODEL_LICENSE")
    assert not of(read(hub(MODEL, "mit"), tool, leads=(lead("github:maker/spoon", "repository"),)), "license.conflict")


def test_clauses_of_other_models_in_a_folder_of_licences_are_left_out() -> None:
    pan = document("license", CODE, LICENSE + CLAUSE, "licences/PAN")
    pot = document("license", CODE, "SPDX-License-Identifier: MIT\n\n" + CLAUSE, "licences/POT")
    policy = document("license", CODE, "You must not use the lid for military ends.\n", "licences/POLICY")
    texts = (pan, pot, policy)
    for declared, quoted in (
        ("apache-2.0", ["licences/PAN", "licences/POLICY"]),
        (None, ["licences/PAN", "licences/POLICY", "licences/POT"]),
    ):
        records = read(hub(MODEL, declared), *texts)
        assert len(of(records, "license.text")) == 3
        found = {r.source.path for r in of(records, "license.clause") if r.source and r.source.path}
        assert sorted(found) == quoted


def test_weights_that_only_a_repository_speaks_of() -> None:
    card = document("model_card", CODE, "# Pan\n\nThe model weights are released under the MIT License.\n", "README.md")
    assert detect(repository("Apache-2.0"), card, root=CODE).statement.startswith("Weights: MIT. Code: ")
    beside = detect(repository("Apache-2.0"), card)
    assert beside.statement.startswith("Weights: MIT according to maker/pan, could not be looked at (maker/pan).")
    assert beside.value["weights"]["unread"] == [MODEL]


@pytest.mark.parametrize(
    "answer",
    [
        {"cardData": [], "tags": "x", "siblings": {}},
        {"cardData": {"license": {"a": 1}}, "tags": [None, 3]},
        {"license": 7, "cardData": {"license": ["mit", None], "license_name": ["x"], "license_link": 3}},
        {"cardData": {"license": "<script>\u2028" + "a" * 10_000}},
    ],
)
def test_odd_answers(answer: dict[str, Any]) -> None:
    for kind, target in (("hub_model", MODEL), ("github_repository", CODE)):
        read(document(kind, target, answer))  # type: ignore[arg-type]


def test_each_of_several_declared_licences_is_a_fact_of_its_own() -> None:
    card = document("model_card", MODEL, "---\nlicense: [mit, apache-2.0]\n---\n# Pan\n", "README.md")
    for documents, pointers in (
        ((card,), [None, None]),
        ((hub(MODEL, ["mit", "apache-2.0"]),), ["/cardData/license/0", "/cardData/license/1"]),
    ):
        found = [r for r in read(*documents) if r.indicator == "license.declared"]
        assert [r.selector.json_pointer for r in found if r.selector] == pointers
        told_apart(found)
        assert len({r.id for r in found}) == 2
