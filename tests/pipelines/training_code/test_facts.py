"""Facts of a file: what is read where, and that no file stops the reader."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.training_code.facts import Fact, facts
from pipelines.training_code.rules import rules

LANGUAGES = ("python", "notebook", "shell", "config", "code", "docs")


def test_python_by_its_syntax_tree() -> None:
    text = "from a.b import (\n    c,\n)\n# x.call()\nx = 'y.call()'\nclass N(a.M):\n    lr: float = 1\n    d.e('f')\n"
    assert set(facts("python", text)) == {
        Fact("import", "a.b.c", 1),
        Fact("class", "N", 6),
        Fact("base", "a.M", 6),
        Fact("field", "lr", 7),
        Fact("set", "lr=1", 7),
        Fact("set", "x=y.call()", 5),
        Fact("call", "d.e", 8),
        Fact("arg", "e f", 8),
    }


def test_what_does_not_parse_is_read_by_its_lines() -> None:
    text = 'import torch\nprint "old"\n# loss.backward()\nclass N(M):\n  def train(self):\n    loss.backward()\n'
    found = set(facts("python", text))
    assert Fact("import", "torch", 1) in found
    assert Fact("base", "M", 4) in found
    assert Fact("def", "train", 5) in found
    assert Fact("call", "loss.backward", 6) in found
    assert not any(fact.line == 3 for fact in found)


def test_shell_commands_are_joined() -> None:
    text = "#SBATCH --nodes=4\n# not this\ntorchrun \\\n  train.py \\\n  --lr 1e-4\necho done\n"
    assert list(facts("shell", text)) == [
        Fact("batch", "SBATCH --nodes=4", 1),
        Fact("run", "torchrun train.py --lr 1e-4", 3),
        Fact("run", "echo done", 6),
    ]


def test_configuration_keys() -> None:
    text = 'lr: 3e-4 # high\n"num-layers": 6,\n  - path: x\nbatch = 4\n'
    assert [f.name for f in facts("config", text)] == ["lr=3e-4", "num-layers=6", "path=x", "batch=4"]


def test_documentation_lines_that_name_a_script() -> None:
    text = "# Title\n## Fine-tuning\nplain\n    python src/train.py --x\n"
    assert list(facts("docs", text)) == [Fact("doc", "Fine-tuning: python src/train.py --x", 4)]


@pytest.mark.parametrize(
    "hostile",
    [
        "(" * 100_000,
        "x = " + "-" * 100_000 + "1",
        "x = " + "a." * 100_000 + "b",
        "if x:\n" + "".join(" " * n + "if x:\n" for n in range(1, 200)),
        "x = [" * 5000,
        "f(" * 3000 + ")" * 3000,
        "\0import os",
        "def f(:\n" * 20_000,
        "from a import (" * 20_000,
        "class A(" * 20_000,
        "'" * 99_999,
        "a" * 500_000,
        '{"cells": [' * 10_000,
        "key: " * 50_000,
        "# " * 50_000 + "\\\n" * 5000,
        "\n" * 200_000,
        "$(" * 50_000,
        "`" * 100_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_files_end_soon(hostile: str) -> None:
    start = time.monotonic()
    for language in LANGUAGES:
        rules().signals_of(facts(language, hostile))
    assert time.monotonic() - start < 10  # a second is usual; catastrophic patterns take minutes


@given(st.sampled_from(LANGUAGES), st.text(max_size=400))
@settings(max_examples=120, deadline=None)
def test_any_text_gives_facts_inside_it(language: str, text: str) -> None:
    lines = text.count("\n") + 1
    for fact in facts(language, text):
        assert 1 <= fact.line <= lines + text.count("\r") + text.count("\x0c") + 1


def test_a_command_that_ends_programs_starts_none_of_them() -> None:
    text = "pdsh -w hosts 'pkill -f train.py'\nps aux | grep train.py\npkill -f train.py; torchrun train.py\n"
    assert [fact.name for fact in facts("shell", text)] == [
        "pdsh -w hosts '",
        "",
        "; torchrun train.py",
    ]


def test_drawing_rows_of_data_does_not_run_a_model() -> None:
    text = "random.sample(rows, 3)\nsample_dataset(data, 5)\nmodel.sample(4)\nsample_tokens(logits)\n"
    found = {fact.name for fact in facts("python", text) if "generates" in rules().signals_of([fact])}
    assert found == {"model.sample", "sample_tokens"}
