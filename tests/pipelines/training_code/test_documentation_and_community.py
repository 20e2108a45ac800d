"""What is said of documentation and community, beside the training code of the same small repositories."""

from __future__ import annotations

import importlib
import json

from output.record import EvidenceRecord, Source, git_blob_id
from pipelines import code_documentation, community, read, training_code
from pipelines.code_documentation import readme_sections
from pipelines.dossier import Dossier
from spiders.document import Document
from tests.pipelines.training_code.cases import archive

TARGET = "github:maker/model"
TRAIN = b'''"""Train a model."""

import torch


def train(model):
    """One pass over the data."""
    optimizer = torch.optim.SGD(model.parameters())
    model(1).backward()  # all at once
    optimizer.step()


def undocumented():
    return 1


if __name__ == "__main__":
    train(torch.nn.Linear(1, 1))
'''


def records(files: dict[str, bytes], *more: Document) -> dict[str, EvidenceRecord]:
    dossier = Dossier(TARGET, (archive(files), *more))
    return {r.indicator: r for r in read(dossier, (training_code, code_documentation, community))}


def test_documented_training() -> None:
    readme = "# Heron\n\n## Training\n\n" + "Run the script with care. " * 20 + "\n\n## Data\n\nSee the folder.\n"
    found = records({"README.md": readme.encode(), "train.py": TRAIN, "docs/training.md": b"# How to train\n"})
    assert found["code_documentation.readme"].value["topics"]["training"] == 100
    assert found["code_documentation.readme"].points == "open"
    assert found["code_documentation.readme"].quote is not None
    assert found["code_documentation.readme"].quote.exact == "## Training"
    assert found["code_documentation.docs"].value["training_pages"] == ["docs/training.md"]
    docstrings = found["code_documentation.docstrings"]
    assert (docstrings.value["named"], docstrings.value["documented"]) == (2, 1)
    assert docstrings.value["comment_lines"] == 1
    assert docstrings.quote is not None
    assert docstrings.quote.exact == "One pass over the data."


def test_a_page_is_quoted_below_its_front_matter_and_requirements_are_no_page() -> None:
    page = b"---\nlayout: bird\n---\n.. _birds:\n\n# How the heron is trained\n"
    files = {"train.py": TRAIN, "docs/training.md": page, "docs/requirements.txt": b"sphinx==4.0.0\n"}
    found = records(files)["code_documentation.docs"]
    assert (found.value["pages"], found.quote and found.quote.exact) == (1, "# How the heron is trained")


def test_a_notice_of_copyright_is_no_docstring_to_quote() -> None:
    code = TRAIN.replace(b'"""Train a model."""', b'"""\nCopyright (c) 2026 The makers.\n"""')
    quote = records({"train.py": code})["code_documentation.docstrings"].quote
    assert quote is not None
    assert quote.exact == "One pass over the data."
    alone = b'"""Copyright (c) 2026 The makers."""\n' + TRAIN.split(b"def train")[0].split(b"\n", 1)[1]
    assert (
        records({"train.py": alone + b"loss.backward()\noptimizer.step()\n"})["code_documentation.docstrings"].quote
        is None
    )


def test_the_readme_of_a_forks_parent_documents_nothing_of_the_model() -> None:
    readme = "# Framework\n\n## Training\n\n" + "Run the script with care. " * 20
    address = "https://raw.githubusercontent.com/lab/framework/" + "b" * 40 + "/README.md"
    parent = Source(address, "v", revision="b" * 40, path="README.md", git_blob=git_blob_id(readme.encode()))
    inherited = Document("parent_readme", TARGET, parent, readme.encode())
    record = records({"README.md": readme.encode(), "train.py": TRAIN}, inherited)["code_documentation.readme"]
    assert (record.outcome, record.points) == ("boilerplate", "closed")
    assert record.statement.endswith("unchanged from lab/framework at bbbbbbb.")
    assert [s.url for s in record.searched] == [address]
    own = (readme + "\n\nThis is Heron's.\n").encode()
    record = records({"README.md": own, "train.py": TRAIN}, inherited)["code_documentation.readme"]
    assert (record.outcome, record.value["unchanged_from_parent"]) == ("present", False)


def test_undocumented_training() -> None:
    found = records({"train.py": TRAIN})
    assert found["code_documentation.readme"].outcome == "absent"
    assert found["code_documentation.readme"].searched
    assert found["code_documentation.docs"].outcome == "absent"


def test_no_training_code_needs_no_documentation() -> None:
    found = records({"README.md": b"# Heron\n", "generate.py": b"print(1)\n"})
    for indicator in ("readme", "docs", "docstrings"):
        record = found[f"code_documentation.{indicator}"]
        assert record.outcome == "not_applicable"
        assert record.value["see"] == found["training_code.coverage"].id
    assert found["code_documentation.readme"].statement == "No training code, so no documentation."
    assert records({"README.md": b"# Heron\n"})["code_documentation.docs"].statement == "No code, so no documentation."


def test_community_files_and_switches() -> None:
    answer = json.dumps({"has_issues": True, "has_discussions": False, "archived": False}).encode()
    about = Document("github_repository", TARGET, Source("https://api.github.com/repos/maker/model", "v"), answer)
    files = {"LICENSE": b"All rights reserved.\n", ".github/CONTRIBUTING.md": b"# Contribute\n", "docs/license.py": b""}
    found = records(files, about)
    assert found["community.contributing"].value["files"] == [".github/CONTRIBUTING.md"]
    assert found["community.license_file"].value["files"] == ["LICENSE"]
    assert found["community.citation"].outcome == "absent"
    assert (found["community.issues"].outcome, found["community.issues"].points) == ("present", "open")
    assert (found["community.discussions"].outcome, found["community.discussions"].points) == ("absent", "closed")


def test_a_security_policy_is_no_guide_for_contributors() -> None:
    found = records({"SECURITY.md": b"# Report\n", "CODE_OF_CONDUCT.md": b"# Be kind\n"})
    assert found["community.contributing"].outcome == "absent"


def test_issues_of_an_archived_repository_are_closed() -> None:
    answer = json.dumps({"has_issues": True, "archived": True}).encode()
    about = Document("github_repository", TARGET, Source("https://api.github.com/repos/maker/model", "v"), answer)
    found = records({"LICENSE": b"x"}, about)
    assert found["community.issues"].outcome == "absent"
    assert "community.discussions" not in found


def test_number_signs_inside_strings_are_no_comments() -> None:
    comments = importlib.import_module("pipelines.code_documentation").comments  # the package's name is its detector's
    found = comments('"""Doc\n# not one\n"""\na = "#"  # one\n# two\nb = \'it\\\'s #\'\n')
    assert found is not None
    assert (found.comment_lines, found.module) == (2, True)


def test_words_below_subheadings_belong_to_the_section_around_them() -> None:
    text = "# Training made easy\n\nWords.\n\n## Training / tuning\n### Of pictures\nRun scripts.\n## Demo\nSee.\n"
    found = [(s.heading, s.topic, s.words) for s in readme_sections(text)]
    assert found[1:] == [("Training / tuning", "training", 0), ("Of pictures", "training", 2)]


def test_a_documentation_site_inside_a_copied_framework_is_not_the_repositorys() -> None:
    copied = records({"train.py": TRAIN, "lab/docs/conf.py": b"project = 'lab'\n"})["code_documentation.docs"]
    assert copied.outcome == "absent"
    own = records({"train.py": TRAIN, "docs/source/conf.py": b"project = 'heron'\n"})["code_documentation.docs"]
    assert own.value["site"] == "docs/source/conf.py"
