"""What a file of a repository is, by its path."""

from __future__ import annotations

import pytest

from spiders.github import file_kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("LICENSE", "license"),
        ("weights/LICENSE-MODEL", "license"),
        ("Heron MODEL LICENSE AGREEMENT.txt", "license"),
        ("third_party/lib/LICENSE", "source_file"),
        ("assets/model_licenses/otter_license.txt", "source_file"),
        ("docs/license_header.txt", "source_file"),
        ("docs/MODEL_CARD.md", "model_card"),
        ("DATASHEET.md", "dataset_card"),
        ("report.pdf", "paper"),
        ("imgs/heron_paper.pdf", "paper"),
        ("assets/heron.pdf", "paper"),
        ("figures/heron.pdf", "source_file"),
        ("agreements/heron_agreement.pdf", "license"),
        ("heron 模型许可协议.pdf", "license"),
        ("docs/responsible_use_guide.pdf", "source_file"),
        ("plotstables/scale.pdf", "source_file"),
        ("docs/heron_poster_2025.pdf", "source_file"),
        ("train.py", "source_file"),
    ],
)
def test_kinds(path: str, kind: str) -> None:
    assert file_kind(path) == kind
