"""Where links point, which are pinned, and which page a paper's record cites."""

from __future__ import annotations

from pathlib import Path

import pytest

from output.links import at_revision, cited_page, pinned, quoted_page, target_of
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


@pytest.mark.parametrize(
    ("link", "pinned_link"),
    [
        ("https://github.com/maker/train", f"https://github.com/maker/train/tree/{COMMIT}"),
        ("https://github.com/maker/train?tab=readme-ov-file", f"https://github.com/maker/train/tree/{COMMIT}"),
        ("https://github.com/maker/train.git#use", f"https://github.com/maker/train/tree/{COMMIT}#use"),
        (
            "https://github.com/maker/train/blob/main/docs/a.md",
            f"https://github.com/maker/train/blob/{COMMIT}/docs/a.md",
        ),
        ("https://github.com/Maker/Train/tree/master/src", f"https://github.com/Maker/Train/tree/{COMMIT}/src"),
        ("https://github.com/maker/train/tree/feature/x", None),
        ("https://github.com/maker/train/issues/7", None),
        ("https://github.com/maker/other", None),
        (f"https://github.com/maker/train/tree/{COMMIT}", None),
        ("https://example.org/train", None),
    ],
)
def test_a_link_is_pinned_to_the_revision_that_was_read(tmp_path: Path, link: str, pinned_link: str | None) -> None:
    run = RunBuilder(tmp_path / "run")
    page = f"https://github.com/maker/train/blob/{COMMIT}/train.py"
    source = run.document(f"https://raw.githubusercontent.com/maker/train/{COMMIT}/train.py", b"train()", view_url=page)
    record = run.add("trainingcode", "training_code.pretraining", "present", "Code.", source=source, exact="train()")
    run.finish()
    assert at_revision(link, record) == pinned_link


def test_a_model_is_pinned_to_the_file_that_was_quoted(tmp_path: Path) -> None:
    run = RunBuilder(tmp_path / "run")
    page = f"https://huggingface.co/maker/small/blob/{COMMIT}/README.md"
    card = run.document(f"https://huggingface.co/maker/small/resolve/{COMMIT}/README.md", b"# Small", view_url=page)
    record = run.add("modelcard", "model_card.coverage", "present", "Card.", source=card, exact="# Small")
    run.finish()
    assert at_revision("https://huggingface.co/maker/small", record) == page
    tree = "https://huggingface.co/maker/small/tree/main"
    assert at_revision(tree, record) == f"https://huggingface.co/maker/small/tree/{COMMIT}"
    assert at_revision("https://huggingface.co/maker/small/discussions/1", record) is None


def test_an_answer_on_a_repository_is_cited_as_its_tree(tmp_path: Path) -> None:
    run = RunBuilder(tmp_path / "run")
    page = "https://huggingface.co/maker/small"
    answer = run.document("https://huggingface.co/api/models/maker/small", b"{}", view_url=page)
    record = run.add("weights_endmodel", "weights.files", "present", "Weights.", source=answer, exact="{}")
    run.finish()
    assert cited_page(record) == f"{page}/tree/{COMMIT}"
