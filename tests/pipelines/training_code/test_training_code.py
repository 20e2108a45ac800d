"""Training code: what whole small repositories come out as, and what is said where not all could be read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.commands.inspect import command as inspect
from output.record import EvidenceRecord, Source
from pipelines.dossier import Dossier
from pipelines.training_code import detector
from pipelines.training_code.rules import rules
from spiders.document import Document, Lead, Miss
from tests.pipelines.training_code.cases import CASES, REVISION, archive, files_of

TARGET = "github:maker/model"


def records(*documents: Document, **more: object) -> dict[str, EvidenceRecord]:
    dossier = Dossier(str(more.pop("root", TARGET)), documents, **more)  # type: ignore[arg-type]
    return {r.indicator.removeprefix("training_code."): r for r in detector.detect(dossier, ())}


def summary(found: Iterable[EvidenceRecord]) -> list[dict[str, object]]:
    return [
        {
            "indicator": r.indicator,
            "outcome": r.outcome,
            "points": r.points,
            "statement": r.statement,
            "rule": r.detector.rule,
            "path": r.source.path if r.source else None,
            "line": r.selector.start_line if r.selector else None,
            "quote": r.quote.exact if r.quote else None,
            "files": [f["path"] for f in r.value.get("files", [])],
        }
        for r in found
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_case(case: Path) -> None:
    document = archive(files_of(case.read_text("utf-8")))
    found = summary(detector.detect(Dossier(TARGET, (document,)), ()))
    expected = case.with_suffix(".json")
    if os.environ.get("OSAI_REGEN"):
        expected.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert found == json.loads(expected.read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_quotes_stand_where_they_say(case: Path) -> None:
    files = files_of(case.read_text("utf-8"))
    for record in detector.detect(Dossier(TARGET, (archive(files),)), ()):
        if record.quote is None:
            continue
        assert record.source is not None
        assert record.selector is not None
        text = files[record.source.path or ""].decode()
        assert text[record.selector.start : record.selector.end] == record.quote.exact
        assert text.count("\n", 0, record.selector.start) + 1 == record.selector.start_line


def test_a_tree_that_ends_early_claims_no_absence() -> None:
    whole = archive({"a.py": b"x = 1\n", **{f"f{n}.txt": os.urandom(5000) for n in range(50)}})
    cut = Document("source_archive", TARGET, whole.source, whole.body[: len(whole.body) // 2])
    found = records(cut)
    assert {r.outcome for r in found.values()} == {"error"} | {"unavailable"}
    assert found["pretraining"].outcome == "error"
    assert "not all of it could be read" in found["coverage"].statement


def test_a_miss_is_not_an_absence() -> None:
    source = Source(f"https://codeload.github.com/maker/model/legacy.tar.gz/{REVISION}", "v", status=404)
    miss = Miss(TARGET, "source_archive", source, "unavailable", "404: not found")
    found = records(misses=(miss,))
    assert [(r.indicator, r.outcome) for r in found.values()] == [("training_code.coverage", "unavailable")]


def test_no_repository_is_absent_with_what_was_read() -> None:
    card = Document(
        "model_card", "hf:model:maker/model", Source("https://huggingface.co/x", "v", sha256="0" * 64), b"#"
    )
    found = records(card, root="hf:model:maker/model")
    assert found["coverage"].outcome == "absent"
    assert [s.url for s in found["coverage"].searched] == ["https://huggingface.co/x"]
    assert records(root="hf:model:maker/model") == {}


def test_single_files_beside_a_list_claim_no_absence_of_what_was_not_fetched() -> None:
    tree = json.dumps({"tree": [{"path": p, "type": "blob", "size": 9} for p in ("README.md", "src/a.py")]}).encode()
    readme = Source("https://raw.githubusercontent.com/x", "v", path="README.md", sha256="1" * 64)
    found = records(
        Document("github_tree", TARGET, Source("https://api.github.com/x", "v", revision=REVISION), tree),
        Document("source_file", TARGET, readme, b"# Model\n"),
    )
    assert found["pretraining"].outcome == "unavailable"
    only_readme = json.dumps({"tree": [{"path": "README.md", "type": "blob", "size": 9}]}).encode()
    found = records(
        Document("github_tree", TARGET, Source("https://api.github.com/x", "v", revision=REVISION), only_readme),
        Document("source_file", TARGET, readme, b"# Model\n"),
    )
    assert found["pretraining"].outcome == "absent"


def test_an_estimator_is_trained_in_a_script_that_names_no_other_framework() -> None:
    script = (
        b"import tensorflow as tf\n\n\ndef main(_):\n    estimator = tf.contrib.tpu.TPUEstimator(model_fn=model_fn)\n"
        b"    estimator.train(input_fn=read, max_steps=9)\n\n\nif __name__ == '__main__':\n    tf.app.run()\n"
    )
    found = records(archive({"run_pretraining.py": script}))
    assert [file["path"] for file in found["pretraining"].value["files"]] == ["run_pretraining.py"]


def test_serving_engines_are_not_looked_at() -> None:
    lead = Lead("hf:model:maker/model", TARGET, "serving_engine", "engine")
    assert records(archive({"train.py": b"pass"}), leads=(lead,)) == {}


def test_framework_without_files_that_name_the_model() -> None:
    files = files_of((CASES[0].parent / "pretraining_from_scratch.txt").read_text("utf-8"))
    lead = Lead("hf:model:maker/osprey-7b", TARGET, "repository", "named in the card", followed=True)
    about = json.dumps({"fork": True, "parent": {"full_name": "maker/heron"}}).encode()
    answer = Document("github_repository", TARGET, Source("https://api.github.com/repos/maker/model", "v"), about)
    found = records(archive(files), answer, root="hf:model:maker/osprey-7b", leads=(lead,))
    assert found["framework"].outcome == "present"
    assert "fork of maker/heron" in found["framework"].statement
    files["configs/osprey-7b.yaml"] = files["configs/heron-1b.yaml"]
    assert "framework" not in records(archive(files), answer, root="hf:model:maker/osprey-7b", leads=(lead,))


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (0, "is a fork of maker/heron without own commits or files that name the model"),
        (1, "is a fork of maker/heron with 1 own commit without files that name the model"),
    ],
)
def test_own_commits_of_a_fork(ahead: int, said: str) -> None:
    files = files_of((CASES[0].parent / "pretraining_from_scratch.txt").read_text("utf-8"))
    about = json.dumps({"fork": True, "parent": {"full_name": "maker/heron"}}).encode()
    answer = Document("github_repository", TARGET, Source("https://api.github.com/repos/maker/model", "v"), about)
    compare = Source("https://api.github.com/repos/maker/model/compare/maker:main...x", "v", sha256="c" * 64)
    compared = Document("github_compare", TARGET, compare, json.dumps({"ahead_by": ahead}).encode())
    lead = Lead("hf:model:maker/osprey-7b", TARGET, "repository", "named in the card", followed=True)
    found = records(archive(files), answer, compared, root="hf:model:maker/osprey-7b", leads=(lead,))
    record = found["framework"]
    assert said in record.statement
    assert record.value["own_commits"] == ahead
    commits = "with 1 own commit" if ahead else "without own commits"
    assert f"Repository maker/model, a fork of maker/heron {commits}, covers" in found["coverage"].statement
    assert compare.url in [s.url for s in record.searched]


def test_a_repository_reached_by_a_pointer_says_so() -> None:
    files = files_of((CASES[0].parent / "pretraining_from_scratch.txt").read_text("utf-8"))
    lead = Lead("github:maker/heron", TARGET, "training", "said", followed=True, ref="v2", path="configs")
    found = records(archive(files), root="hf:model:maker/heron-1b", leads=(lead,))
    assert ", to which maker/heron points for training (v2/configs), covers" in found["coverage"].statement
    assert found["pretraining"].value["pointed_to_by"] == "github:maker/heron"
    pinned = Lead("github:maker/heron", TARGET, "training", "said", followed=True, ref="0123456789" * 4)
    found = records(archive(files), root="hf:model:maker/heron-1b", leads=(pinned,))
    assert ", to which maker/heron points for training (0123456), covers" in found["coverage"].statement
    own = Lead("hf:model:maker/heron-1b", TARGET, "repository", "named in the card", followed=True)
    found = records(archive(files), root="hf:model:maker/heron-1b", leads=(own, lead))
    assert "pointed_to_by" not in found["coverage"].value


def test_a_pointer_that_was_followed_is_told_from_one_that_was_not() -> None:
    readme = b"Training: https://github.com/lab/trainer\n"
    alone = records(archive({"README.md": readme}))["pointer"]
    assert not alone.value["followed"]
    there = archive({"train.py": b"pass\n"}, "github:lab/trainer")
    dossier = Dossier(TARGET, (archive({"README.md": readme}), there))
    found = [r for r in detector.detect(dossier, ()) if r.indicator == "training_code.pointer"]
    assert [(r.value["followed"], "has records of its own" in r.statement) for r in found] == [(True, True)]


def test_a_submodule_that_was_followed_is_told_from_one_that_was_not() -> None:
    modules = b'[submodule "tuning"]\npath = tuning\nurl = https://github.com/lab/tuning.git\n'
    here = archive({"README.md": b"- `tuning`: training code\n", ".gitmodules": modules})
    lead = Lead(TARGET, "github:lab/tuning", "training", "said", exact="tuning")
    alone = records(here, leads=(lead,))["pointer"]
    assert (alone.value["followed"], alone.statement.endswith("whose code is not in it.")) == (False, True)
    dossier = Dossier(TARGET, (here, archive({"train.py": b"pass\n"}, "github:lab/tuning")), (), (lead,))
    found = [r for r in detector.detect(dossier, ()) if r.indicator == "training_code.pointer"]
    assert [(r.value["followed"], "has records of its own" in r.statement) for r in found] == [(True, True)]


def test_a_link_to_a_folder_is_judged_as_given() -> None:
    files = files_of((CASES[0].parent / "pretraining_from_scratch.txt").read_text("utf-8"))
    exact = "[code](https://github.com/maker/model/tree/main/other-model)"
    lead = Lead("hf:model:maker/heron-1b", TARGET, "repository", "named in the card", exact=exact, followed=True)
    found = records(archive(files), root="hf:model:maker/heron-1b", leads=(lead,))
    assert "none of it in the linked folder other-model" in found["pretraining"].statement
    assert found["pretraining"].points == "partial"
    assert found["pretraining"].value["inside"] == 0
    files["other-model/pretrain.py"] = files["train.py"]
    found = records(archive(files), root="hf:model:maker/heron-1b", leads=(lead,))
    assert found["pretraining"].source is not None
    assert found["pretraining"].source.path == "other-model/pretrain.py"


def test_data_preparation_alone_is_not_called_tuning_code() -> None:
    files = files_of((CASES[0].parent / "pretraining_from_scratch.txt").read_text("utf-8"))
    files["README.md"] = b"# Heron\n\nPre-training of Heron.\n"
    files["scripts/prepare_tulu_data.py"] = (
        b"import json\nfrom datasets import load_dataset\n\n"
        b"if __name__ == '__main__':\n    json.dump(load_dataset('maker/tulu'), open('out.json', 'w'))\n"
    )
    record = records(archive(files))["finetuning"]
    assert record.points == "partial"
    assert record.statement.startswith("Only data preparation for fine-tuning made available")


@pytest.mark.parametrize(
    "option",
    ["--pretrained", "--pre_trained", "--pretrained_model_dir", "--pretrained-checkpoint", "--pretrained_ckpt_file"],
)
def test_an_option_for_weights_to_start_from(option: str) -> None:
    assert "finetune-option" in rules().of_name("option", option)


@pytest.mark.parametrize("option", ["--pretrained_vae", "--untrained"])
def test_an_option_for_other_weights(option: str) -> None:
    assert "finetune-option" not in rules().of_name("option", option)


def test_what_training_again_needs_is_named_with_its_files() -> None:
    files = {
        "train.py": b"import torch\nseed = 7\n\noptimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)\n"
        b"for batch in data:\n    model(batch).backward()\n    optimizer.step()\ntorch.save(model, 'heron.pt')\n",
        "run.sh": b"torchrun --nproc_per_node 8 train.py --learning_rate 1e-4 --train_file heron.jsonl\n",
        "accelerate.yaml": b"distributed_type: FSDP\nnum_processes: 8\n",
        "requirements/gpu.txt": b"torch==2.1\n",
    }
    found = records(archive(files))
    needs = {name: [seen["path"] for seen in places] for name, places in found["coverage"].value["needs"].items()}
    assert needs == {
        "hyperparameters": ["train.py", "run.sh"],
        "run_configuration": ["run.sh"],
        "data_mixture": ["run.sh"],
        "environment": ["requirements/gpu.txt"],
        "launch": ["run.sh", "accelerate.yaml"],
        "checkpoints": ["train.py"],
        "seed": ["train.py"],
    }
    assert "not found" not in found["coverage"].statement
    assert found["environment"].value["pinned"] == 1


SETTINGS = "config = load(key=['='])\n"


@pytest.mark.parametrize(
    ("name", "text", "pinned", "listed", "line"),
    [
        ("requirements.txt", "torch==2.1\nnumpy\n", 1, 2, "torch==2.1"),
        ("setup.py", SETTINGS + "setup(install_requires=[\n 'torch',\n 'numpy>=1',\n])\n", 0, 2, "'torch',"),
        ("setup.py", SETTINGS, 0, 0, "config = load(key=['='])"),
        ("pyproject.toml", '[tool.isort]\nprofile = "black"\n', 0, 0, "[tool.isort]"),
        ("pyproject.toml", '[project]\nkeywords = [\n  "birds",\n]\n', 0, 0, "[project]"),
        ("pyproject.toml", '[project]\ndependencies = [\n "torch",\n "numpy==2",\n]\n', 1, 2, '"numpy==2",'),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = "^2.0"\n', 0, 1, 'torch = "^2.0"'),
        ("environment.yml", "name: heron\ndependencies:\n  - python=3.11\n", 1, 1, "- python=3.11"),
        ("uv.lock", '[[package]]\nname = "torch"\nversion = "2.0"\n', 0, 0, "[[package]]"),
    ],
)
def test_requirements_are_told_from_other_settings(name: str, text: str, pinned: int, listed: int, line: str) -> None:
    found = records(archive({"train.py": b"loss.backward()\noptimizer.step()\n", name: text.encode()}))["environment"]
    assert (found.value["pinned"], found.value["requirements"]) == (pinned, listed)
    assert found.quote is not None
    assert found.quote.exact == line


def test_recipes_of_the_model_stand_before_those_of_others() -> None:
    recipe = b"model: m\nlearning_rate: 1e-4\nnum_train_epochs: 3\nper_device_train_batch_size: 8\n"
    names = ("recipes/alpha/sft.yaml", "recipes/heron3/sft.yaml", "recipes/heron/sft.yaml")
    tree = archive({"sft.py": b"loss.backward()\noptimizer.step()\n", **dict.fromkeys(names, recipe)})
    pointed = Lead("hf:model:maker/heron-1b", TARGET, "repository", "said", followed=True)
    found = records(tree, root="hf:model:maker/heron-1b", leads=(pointed,))["finetuning"]
    paths = [one["path"] for one in found.value["files"]]
    assert [path for path in paths if path in names] == [names[2], names[0], names[1]]


@pytest.mark.parametrize("value", ["$DATA", "/path/to/data", "your_data.json", "<data>", '""'])
def test_a_place_left_for_data_names_none(value: str) -> None:
    launch = f"torchrun train.py --learning_rate 1e-4 --data_path {value} --epochs 3\n".encode()
    found = records(archive({"train.py": b"loss.backward()\noptimizer.step()\n", "run.sh": launch}))
    assert found["coverage"].value["needs"]["data_mixture"] == []


def test_same_bytes_same_records() -> None:
    document = archive(files_of(CASES[0].read_text("utf-8")))
    once, again = (list(detector.detect(Dossier(TARGET, (document,)), ())) for _ in range(2))
    assert once == again


def test_inspect_a_folder_and_explain_it(tmp_path: Path) -> None:
    for path, body in files_of((CASES[0].parent / "pretraining_from_scratch.txt").read_text("utf-8")).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(body)
    result = CliRunner().invoke(inspect, ["repository", str(tmp_path)])
    assert result.exit_code == 0
    found = {r["indicator"]: r for r in map(json.loads, result.stdout.splitlines())}
    assert found["training_code.pretraining"]["source"]["path"] == "train.py"
    assert found["training_code.pretraining"]["source"]["url"] == str(tmp_path / "train.py")
    assert found["code_documentation.docstrings"]["outcome"] == "present"
    explained = CliRunner().invoke(inspect, ["repository", "--explain", str(tmp_path)]).stdout
    assert "  + train.py:11 (train-script) loss.backward()" in explained
    assert "preference: nothing found" in explained
    assert CliRunner().invoke(inspect, ["license", "--explain", str(tmp_path / "train.py")]).exit_code == 2
