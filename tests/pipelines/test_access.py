"""Access: libraries, packages, hosted services, and what it takes to run a model."""

from __future__ import annotations

import json

import pytest

from output.record import EvidenceRecord
from pipelines.access import detector
from pipelines.dossier import Dossier
from tests.pipelines.checks import document, verify

ROOT = "hf:model:org/name"
CARD = """---
library_name: transformers
---

# Heron

Try our [demo](https://heron.example.org/demo). It is free of charge, with 20 requests per minute.

```bash
pip install -U heron-tools
pip install -r requirements.txt
```

```python
from vllm import LLM
```

The package is on [the index](https://pypi.example/project/heron-tools).
"""


def records(body: str) -> dict[str, EvidenceRecord]:
    card = document(body)
    found = list(detector.detect(Dossier(ROOT, (card,)), ()))
    for record in found:
        verify(record, (card,))
    return {r.indicator: r for r in found}


def test_libraries_with_their_lines() -> None:
    value = records(CARD)["package.library"].value
    assert [(x["name"], x["line"]) for x in value["libraries"]] == [("heron-tools", 10), ("vLLM", 15)]
    assert value["library_name"] == ["transformers"]


def test_package_on_an_index() -> None:
    assert records(CARD)["package.published"].value["package"] == "heron-tools"


def test_hosted_service_with_its_limits() -> None:
    found = records(CARD)["api.hosted"]
    assert found.value == {"addresses": ["https://heron.example.org/demo"], "limits": "free of charge"}


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("# Heron\n\nOur web app is up. Access at: https://heron.example/\n", "present"),
        ("# Heron\n\nHome page: https://heron.example/\n", "absent"),
        ("# Heron\n\n[search](https://huggingface.co/spaces/org/heron-search)\n", "absent"),
        ("# Heron\n\n[terms](https://huggingface.co/spaces/org/model-license-agreement)\n", "absent"),
        ("# Heron\n\n[sign up](https://forms.heron.example/demo)\n", "absent"),
        ("# Heron\n\n[Demo video](https://youtu.be/heron)\n", "absent"),
        ("# Heron\n\n[demo](https://org.github.io/heron/)\n", "absent"),
        ("# Heron\n\n[BirdBench](https://huggingface.co/spaces/org/bird-bench)\n", "absent"),
        ("# Heron\n\n[demo](https://huggingface.co/spaces/org/heron)\n", "present"),
    ],
)
def test_what_is_a_hosted_service(body: str, outcome: str) -> None:
    assert records(body)["api.hosted"].outcome == outcome


def test_a_library_named_is_not_one_shown_at_work() -> None:
    assert "shows no line" in records("---\nlibrary_name: diffusers\n---\n# Heron\n")["package.library"].statement
    lines = "pip install -U sentence-transformers\npip install -r needs/heron.txt\npip install csrc/wing"
    shown = records(f"# Heron\n\n```\n{lines}\n```\n")["package.library"]
    assert [x["name"] for x in shown.value["libraries"]] == ["sentence-transformers"]


def test_an_engine_named_with_a_link_is_not_one_shown_at_work() -> None:
    body = (
        "# Heron\n\nRuns with [it](https://github.com/sgl-project/sglang) and https://github.com/vllm-project/vllm.\n"
    )
    body += (
        "[Fix](https://github.com/ollama/ollama/pull/3), https://github.com/huggingface/diffusers/tree/main/examples\n"
    )
    found = records(body)["package.library"]
    assert found.statement == "Model card links SGLang, vLLM, and shows no line that runs the model."
    assert found.points == "partial"


def test_a_package_and_its_library_are_one() -> None:
    found = records("# Heron\n\n```\npip install vllm auto-gptq\n```\n\n```\nfrom vllm import LLM\n```\n")
    assert [x["name"] for x in found["package.library"].value["libraries"]] == ["vLLM", "AutoGPTQ"]


def test_nothing_found_is_absent() -> None:
    found = records("# Heron\n\nSee the [paper](https://arxiv.org/abs/2401.00001).\n")
    assert {r.outcome for r in found.values()} == {"absent"}


def test_what_it_takes_to_run() -> None:
    stored = {"total": 7_000_000_000, "parameters": {"BF16": 7_000_000_000}}
    answer = document(json.dumps({"id": "org/name", "safetensors": stored}), "hub_model", ROOT)
    found = list(detector.detect(Dossier(ROOT, (answer,)), ()))
    assert found[0].value["bytes"] == 14_000_000_000
    assert "7.0 billion parameters in BF16" in found[0].statement
    verify(found[0], (answer,))


def test_memory_is_not_reckoned_where_the_files_say_otherwise() -> None:
    stored = {"total": 7_000_000_000, "parameters": {"BF16": 7_000_000_000}}
    for size, reckoned in ((14_000_000_100, True), (7_100_000_000, False)):
        listed = [{"rfilename": "model.safetensors", "size": size}, {"rfilename": "README.md", "size": 9}]
        answer = document(json.dumps({"safetensors": stored, "siblings": listed}), "hub_model", ROOT)
        found = next(r for r in detector.detect(Dossier(ROOT, (answer,)), ()) if r.indicator == "package.requirements")
        assert ("GB in memory" in found.statement) is reckoned
        assert (found.value["bytes"] is not None) is reckoned


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "import os\nimport numpy as np\nfrom heron_tools.api import Heron",
            "shows how to run the model with heron_tools.",
        ),
        ("pip install heron-tools\nimport heron_tools", "shows how to run the model with heron-tools."),
        ("pip install matplotlib\nimport matplotlib.pyplot as plt", "shows no library that runs the model."),
        ("pip install pre-commit", "shows no library that runs the model."),
        ("from torch import nn", "shows how to run the model with PyTorch."),
    ],
)
def test_what_code_imports_is_a_library_unless_it_only_helps(code: str, said: str) -> None:
    assert records(f"# Heron\n\n```python\n{code}\n```\n")["package.library"].statement == f"Model card {said}"
