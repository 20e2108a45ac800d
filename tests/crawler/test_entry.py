"""Which of an entry's links is the release."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.run import entry_targets

ENTRY = """---
system:
    link: {system}
weights_basemodel:
    link: {base}
weights_endmodel:
    link: {end}
trainingcode:
    link: https://github.com/maker/code
"""
MODEL, OTHER, BASE = (f"https://huggingface.co/maker/{name}" for name in ("model", "other", "base"))
CODE, DATA = "https://github.com/maker/weights", "https://huggingface.co/datasets/maker/data"


@pytest.mark.parametrize(
    ("system", "end", "release"),
    [
        ("https://maker.org", MODEL, "hf:model:maker/model"),
        (OTHER, MODEL, "hf:model:maker/model"),
        (OTHER, DATA, "hf:model:maker/other"),
        (OTHER, CODE, "hf:model:maker/other"),
        ("https://maker.org", CODE, "github:maker/weights"),
        ("https://maker.org", "", "hf:model:maker/base"),
    ],
)
def test_the_release_is_a_model_where_one_is_linked(tmp_path: Path, system: str, end: str, release: str) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(ENTRY.format(system=system, base=BASE, end=end))
    found = entry_targets(path)
    assert found[0] == release
    assert {"hf:model:maker/base", "github:maker/code"} <= set(found)
    assert len(found) == len(set(found))
