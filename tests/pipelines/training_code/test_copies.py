"""Copies of frameworks that no service calls forks: told by files that only the framework has."""

from __future__ import annotations

import pytest

from pipelines.training_code.copies import Framework, copies, frameworks
from spiders.document import Lead
from tests.pipelines.training_code.cases import archive
from tests.pipelines.training_code.test_training_code import TARGET, records

TRAINS = b"""
import torch
if __name__ == "__main__":
    optimizer = torch.optim.AdamW(model.parameters())
    model(1).backward()
    optimizer.step()
"""
VERL = {"verl/trainer/main_ppo.py": TRAINS, "verl/protocol.py": b"", "verl/trainer/ppo/ray_trainer.py": b""}
LEAD = Lead("hf:model:maker/osprey-7b", TARGET, "repository", "named in the card", followed=True)


@pytest.mark.parametrize("place", ["", "train/", "osprey/rl/"])
def test_two_of_its_files_below_one_folder_make_a_copy(place: str) -> None:
    (copy,) = copies([place + path for path in VERL], "github:maker/model")
    assert (copy.framework.name, copy.folder) == ("verl", place + "verl/")
    assert copies([f"{place}verl/protocol.py", "other/verl/trainer/main_ppo.py"], "github:maker/model") == []
    assert copies([place + "un" + path for path in VERL], "github:maker/model") == []


@pytest.mark.parametrize("framework", frameworks(), ids=lambda f: f.name)
def test_a_framework_is_no_copy_of_itself(framework: Framework) -> None:
    files = [f"src/{path}" for path in framework.files]
    for repository in framework.repositories:
        assert copies(files, f"github:{repository.upper()}") == []
        name = repository.partition("/")[2]
        assert copies(files, f"url:../{name}") == copies(files, f"url:{name}") == []
        assert copies(files, f"github:other-{repository}") != []


def test_what_a_framework_took_from_another_is_its_own() -> None:
    both = ["megatron/neox_arguments/neox_args.py", "megatron/neox_arguments/arguments.py", "megatron/training.py"]
    both.append("megatron/arguments.py")
    assert [copy.framework.name for copy in copies(both, "github:maker/model")] == ["GPT-NeoX"]
    assert copies(both, "github:EleutherAI/gpt-neox") == []


def test_a_copy_without_files_that_name_the_model_is_a_framework() -> None:
    found = records(archive(VERL), root="hf:model:maker/osprey-7b", leads=(LEAD,))
    record = found["framework"]
    assert (
        "is built on a copy of verl in verl/ (verl-project/verl) without files that name the model" in record.statement
    )
    assert record.detector.rule == "copy"
    assert record.value["copies"][0]["files"] == [
        "verl/trainer/main_ppo.py",
        "verl/trainer/ppo/ray_trainer.py",
        "verl/protocol.py",
    ]
    assert ", with a copy of verl in verl/ (verl-project/verl), covers" in found["coverage"].statement
    named = records(
        archive(VERL | {"run_osprey.sh": b"python -m verl.trainer.main_ppo"}),
        root="hf:model:maker/osprey-7b",
        leads=(LEAD,),
    )
    assert "framework" not in named
    assert named["coverage"].value["copies"][0]["framework"] == "verl-project/verl"


@pytest.mark.parametrize("place", ["third_party/", "tests/", "tools/caption_helpers/annotator/"])
def test_vendored_and_helpers_copies_are_not_what_the_code_is_built_on(place: str) -> None:
    files = {place + path: b"" for path in VERL} | {"train.py": TRAINS}
    found = records(archive(files), root="hf:model:maker/osprey-7b", leads=(LEAD,))
    assert "a generic framework" in found["framework"].statement
    assert "copies" not in found["coverage"].value
