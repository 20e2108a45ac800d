"""The SPDX 2.3 document passes spdx-tools and claims no licence that no record claims."""

from __future__ import annotations

from pathlib import Path

import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file

from output.exports import export
from output.run import load_run
from tests.output.builder import COMMIT, RunBuilder


@pytest.mark.parametrize(
    ("value", "concluded"),
    [
        ({"verdict": "exact", "expression": "MIT", "name": "MIT"}, "MIT"),
        ({"verdict": "variant", "expression": None, "base": "MIT", "name": "modified MIT"}, "LicenseRef-text-"),
        ({"verdict": "exact", "expression": "LicenseRef-AI-pan", "name": "Pan License"}, "LicenseRef-AI-pan"),
    ],
)
def test_concluded_and_declared(tmp_path: Path, value: dict[str, object], concluded: str) -> None:
    builder = RunBuilder(tmp_path / "run")
    page = f"https://huggingface.co/maker/small-1/resolve/{COMMIT}/LICENSE"
    source = builder.document(page, b"Made-up terms.", "LICENSE")
    said = {"expression": "MIT", "name": "MIT"}
    for indicator, what in (("license.declared", said), ("license.text", value)):
        builder.add(
            "licenses", indicator, "present", "Says so.", source=source, exact="Made-up terms.", value=what
        )  # fmt: skip
    (path,) = export(load_run(builder.finish(finished_at="2026-11-20T11:00:00Z")), "spdx", tmp_path / "out")
    document = parse_file(str(path))
    model = document.packages[0]
    assert str(model.license_declared) == "MIT"
    assert str(model.license_concluded).startswith(concluded)
    for known in document.extracted_licensing_info:
        assert known.extracted_text == "Made-up terms."


def test_the_text_itself_is_extracted_before_words_that_name_it(tmp_path: Path) -> None:
    builder = RunBuilder(tmp_path / "run")
    page = f"https://huggingface.co/maker/small-1/resolve/{COMMIT}/LICENSE"
    source = builder.document(page, b"Made-up terms. The pan is under them.", "LICENSE")
    value = {"verdict": "exact", "expression": "LicenseRef-AI-pan", "name": "Pan License"}
    for indicator, exact in (("license.declared", "The pan is under them."), ("license.text", "Made-up terms.")):
        builder.add("licenses", indicator, "present", "Says so.", source=source, exact=exact, value=value)
    (path,) = export(load_run(builder.finish(finished_at="2026-11-20T11:00:00Z")), "spdx", tmp_path / "out")
    (known,) = parse_file(str(path)).extracted_licensing_info
    assert known.extracted_text == "Made-up terms."
