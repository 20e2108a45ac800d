"""Where links point, which are pinned, and which page a paper's record cites."""

from __future__ import annotations

from pathlib import Path

import pytest

from output.links import cited_page, pinned, quoted_page, target_of
from tests.output.builder import COMMIT, RunBuilder


@pytest.mark.parametrize(
    ("link", "target", "is_pinned"),
    [
        ("https://huggingface.co/maker/small", "hf:model:maker/small", False),
        (f"https://huggingface.co/maker/small/blob/{COMMIT}/README.md", "hf:model:maker/small", True),
        ("https://huggingface.co/datasets/maker/corpus", "hf:dataset:maker/corpus", False),
        ("https://huggingface.co/papers/2501.00001", None, True),
        ("https://huggingface.co/collections/maker/small", None, True),
        ("https://github.com/maker/train", "github:maker/train", False),
        ("https://github.com/maker/train.git", "github:maker/train", False),
        (f"https://github.com/maker/train/tree/{COMMIT}", "github:maker/train", True),
        ("https://arxiv.org/pdf/2501.00001", "arxiv:2501.00001", False),
        ("https://arxiv.org/abs/2501.00001v2", "arxiv:2501.00001", True),
        ("https://example.org/report.pdf", None, True),
    ],
)
def test_targets_and_pins(link: str, target: str | None, is_pinned: bool) -> None:
    assert target_of(link) == target
    assert pinned(link) is is_pinned


def test_a_paper_is_cited_by_its_own_address(tmp_path: Path) -> None:
    run = RunBuilder(tmp_path / "run")
    url = "https://export.arxiv.org/api/query?id_list=2501.00001,2501.00002"
    feed = run.document(url, b"<feed>Nature</feed>", view_url="https://arxiv.org/abs/2501.00001")
    value = {"arxiv": "2501.00002v3", "doi": "10.1000/made-up"}
    paper = run.add("paper", "paper.published", "present", "Paper.", source=feed, exact="Nature", value=value)
    preprint = run.add("preprint", "preprint.archived", "present", "Preprint.", source=feed, exact="feed", value=value)
    hostile = {"arxiv": "2501.00002/../../x", "doi": 'javascript:"'}
    other = run.add("paper", "paper.status", "present", "Paper.", source=feed, exact="Nature", value=hostile)
    run.finish()
    assert cited_page(paper) == "https://doi.org/10.1000/made-up"
    assert quoted_page(paper) == quoted_page(preprint) == cited_page(preprint) == "https://arxiv.org/abs/2501.00002v3"
    assert cited_page(other) == "https://arxiv.org/abs/2501.00001"
