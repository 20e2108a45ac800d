"""Where a walk goes for training code: to a fork's parent, and one hop to what a README names for training."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from output.record import Source, git_blob_id
from spiders.document import Document, Lead, Miss
from spiders.github import commit_of, walk_github
from spiders.leads import leads_of_text, rank_repositories
from spiders.release import TRAINING_POINTERS, Release, ReleaseSpider, Root
from spiders.training_pointers import training_leads
from spiders.walk import Answer, Ask, Walk

API, RAW = "https://api.github.com/repos", "https://raw.githubusercontent.com"
COMMIT, BASE = "a" * 40, "b" * 40
README = b"# Framework\n"


def fetcher(answers: dict[str, Any], asked: list[str]) -> Any:
    async def fetch(ask: Ask) -> Answer:
        asked.append(ask.url)
        source = Source(ask.url, ask.view_url, ask.revision, ask.path)
        known = answers.get(ask.url)
        if known is None:
            return Answer(ask, 404, miss=Miss(ask.target, ask.what, source, "unavailable", "not there (HTTP 404)"))
        body = known if isinstance(known, bytes) else json.dumps(known).encode()
        return Answer(ask, 200, Document(ask.what, ask.target, source, body))

    return fetch


def fork(**parent: object) -> dict[str, Any]:
    tree = [{"path": "README.md", "type": "blob", "mode": "100644", "size": 12, "sha": git_blob_id(README)}]
    return {
        f"{API}/maker/fork": {
            "full_name": "maker/fork", "default_branch": "main", "fork": True,
            "parent": {"full_name": "lab/framework", "default_branch": "dev", **parent},
        },
        f"{API}/maker/fork/commits/main": {"sha": COMMIT},
        f"{API}/maker/fork/git/trees/{COMMIT}?recursive=1": {"tree": tree, "truncated": False},
        f"{RAW}/maker/fork/{COMMIT}/README.md": README,
        f"{API}/maker/fork/compare/lab:dev...{COMMIT}?per_page=1": {
            "ahead_by": 3, "behind_by": 40, "merge_base_commit": {"sha": BASE},
        },
        f"{RAW}/lab/framework/{BASE}/README.md": README,
    }  # fmt: skip


def walked(answers: dict[str, Any]) -> tuple[Walk, list[str]]:
    asked: list[str] = []
    walk = Walk("github:maker/fork", fetcher(answers, asked))
    asyncio.run(walk_github(walk))
    return walk, asked


def test_a_fork_is_compared_with_its_parent_where_it_began() -> None:
    walk, asked = walked(fork())
    kinds = {d.kind: d for d in walk.documents}
    assert json.loads(kinds["github_compare"].body)["ahead_by"] == 3
    assert kinds["parent_readme"].source.revision == BASE
    assert kinds["parent_readme"].source.url == f"{RAW}/lab/framework/{BASE}/README.md"
    assert len(asked) == 6


def read_at(answers: dict[str, Any], ref: str, path: str | None) -> tuple[str | None, Walk, list[str]]:
    asked: list[str] = []
    walk = Walk("github:maker/fork", fetcher(answers, asked), ref, path)
    commit = asyncio.run(commit_of(walk, "maker/fork", "main"))
    return commit, walk, [url.rpartition("/commits/")[2] for url in asked]


@pytest.mark.parametrize(
    ("ref", "path", "found", "asked"),
    [
        ("dev", None, "dev", ["dev"]),
        ("dev", "scripts/train", "dev", ["dev"]),
        ("user", "topic", "user/topic", ["user", "user/topic"]),
        ("user", "topic/scripts", "user/topic", ["user", "user/topic"]),
        ("what?", None, "what%3F", ["what%3F"]),
    ],
)
def test_a_repository_is_read_at_the_branch_that_a_link_names(
    ref: str, path: str | None, found: str, asked: list[str]
) -> None:
    commit, walk, order = read_at({f"{API}/maker/fork/commits/{found}": {"sha": BASE}}, ref, path)
    assert (commit, order, walk.misses) == (BASE, asked, [])


def test_that_a_branch_is_gone_is_said() -> None:
    commit, walk, order = read_at({f"{API}/maker/fork/commits/main": {"sha": COMMIT}}, "gone", "scripts/train")
    assert (commit, order) == (COMMIT, ["gone", "gone/scripts", "main"])
    (miss,) = walk.misses
    assert (miss.what, miss.outcome) == ("github_commit", "unavailable")
    assert miss.source.url == f"{API}/maker/fork/commits/gone"
    assert "no branch, tag or commit gone" in miss.reason


def test_no_comparison_leaves_a_miss_and_no_guess() -> None:
    answers = {url: body for url, body in fork().items() if "/compare/" not in url}
    walk, _ = walked(answers)
    assert {d.kind for d in walk.documents}.isdisjoint({"github_compare", "parent_readme"})
    assert [m.what for m in walk.misses] == ["github_compare"]


def test_what_is_no_fork_is_not_compared() -> None:
    answers = fork()
    answers[f"{API}/maker/fork"]["fork"] = False
    _, asked = walked(answers)
    assert not [url for url in asked if "compare" in url or "lab/framework" in url]


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("We train with [tools](HERE).\n\nTraining code: HERE/tree/v1/a", "v1"),
        ("[Code](HERE)\n\nOld notes: HERE/tree/v0/notes", None),
        ("Training: HERE/tree/v1\n\n[Training code](HERE)", "v1"),
    ],
)
def test_a_link_to_a_branch_counts_where_it_speaks_of_training(text: str, ref: str | None) -> None:
    body = text.replace("HERE", "https://github.com/maker/model").encode()
    card = Document("model_card", "hf:model:maker/model", Source("u", "v", path="README.md"), body)
    found = list(leads_of_text(card, card.target))
    assert len(found) == 2
    ((_, lead),) = rank_repositories(found, "maker/model")
    assert lead.ref == ref


def test_a_repository_of_the_same_owner_that_is_an_example_of_others_is_not_followed() -> None:
    body = b"[Code](https://github.com/maker/model) uses tools such as [Heron](https://github.com/maker/heron).\n"
    card = Document("model_card", "hf:model:maker/model", Source("u", "v", path="README.md"), body)
    ranked = {lead.target: score for score, lead in rank_repositories(leads_of_text(card, card.target), "maker/model")}
    assert ranked["github:maker/model"] >= 3 > ranked["github:maker/heron"]


@pytest.mark.parametrize(("label", "followed"), [("- **Repository:**", True), ("- Runtime:", False)])
def test_a_repository_of_another_owner_is_followed_where_it_is_named_as_the_code(label: str, followed: bool) -> None:
    body = f"# Model\n\n{label} https://github.com/birds/stork\n".encode()
    card = Document("model_card", "hf:model:maker/model", Source("u", "v", path="README.md"), body)
    ((score, _),) = rank_repositories(leads_of_text(card, card.target), "maker/model")
    assert (score >= 3) is followed


def leads(text: str) -> list[Lead]:
    document = Document("source_file", "github:maker/model", Source("u", "v", path="README.md"), text.encode())
    return list(training_leads(document, document.target))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("The training code is at [this repository](https://github.com/lab/trainer).", "lab/trainer"),
        ("We trained Heron with a fork of [megatrain](https://github.com/lab/megatrain).", "lab/megatrain"),
        ("- [Code for fine-tuning](https://github.com/lab/tune)\n- [Data](https://github.com/lab/data)", "lab/tune"),
        ("To fine-tune your own variant,\nplease see https://github.com/lab/tune.", "lab/tune"),
        ("训练代码: https://github.com/lab/xunlian", "lab/xunlian"),
        ("Fine-tuning: https://github.com/lab/tune", "lab/tune"),
        ("# Use\n## Training\n```\ngit clone https://github.com/lab/trainer\n```", "lab/trainer"),
        ("SFT was done using [tuner](https://github.com/lab/tuner) on 8 GPUs.", "lab/tuner"),
        ("- **SFT**: [Weights](https://example.org), [Code](https://github.com/lab/sft)", "lab/sft"),
        ("* **[A fork](https://github.com/lab/fork)** contains the scripts for training in rounds.", "lab/fork"),
    ],
)  # fmt: skip
def test_a_sentence_that_says_where_training_code_is(text: str, target: str) -> None:
    assert [lead.target for lead in leads(text)] == [f"github:{target}"]


@pytest.mark.parametrize(
    "text",
    [
        "Heron is derived from [Stork](https://github.com/lab/stork), trained with 3 T tokens.",
        "[lab/ppo](https://github.com/lab/ppo): our training code is adapted from it",
        "Inference code of the trained model: https://github.com/lab/serve",
        "Thanks to [lab](https://github.com/lab/trainer) for their training code.",
        "The training code is here.\n\nSee also [a demo](https://github.com/lab/demo).",
        "@misc{x, title={An open framework for training}, url={https://github.com/lab/trainer}}",
        "Training code: https://github.com/maker/model",
        "- [2026/03] [Stork](https://github.com/lab/stork): a training framework for tall models",
        "# Projects built on Heron\n## Stork\nTo train birds, see [Stork](https://github.com/lab/stork).",
        "[Stork](https://github.com/lab/stork) is a training framework built on Heron.",
        "Heron was trained using the [Reeds](https://github.com/lab/reeds) dataset.",
        "Heron was fine-tuned with [LoRA](https://github.com/lab/lora).",
        "## Training\nSegment your birds first, using [masks](https://github.com/lab/masks).",
        "To train, rename the folder (see [list](https://github.com/lab/x/blob/main/list.txt)).",
        "Trained on code for training.\n[![Licence](https://example.org/a.svg)](https://github.com/lab/stork)",
    ],
)
def test_other_links_are_no_pointers_for_training(text: str) -> None:
    assert leads(text) == []


def test_the_branch_and_folder_of_a_pointer_are_kept() -> None:
    (lead,) = leads("Recipes for training are in https://github.com/lab/trainer/tree/v2/recipes/heron")
    assert (lead.ref, lead.path, lead.relation) == ("v2", "recipes/heron", "training")


def chosen(reached: str, *found: Lead) -> list[Lead]:
    walk = Walk("github:maker/model", fetcher({}, []), leads=list(found))
    root = Lead(walk.target, walk.target, reached, "asked for", followed=True)  # type: ignore[arg-type]
    return list(ReleaseSpider().choose_from(Release(Root((walk.target,))), root, walk))


def test_pointers_are_followed_one_hop_and_few() -> None:
    found = [Lead("github:maker/model", f"github:lab{n}/x", "training", "said") for n in range(5)]
    assert [x.target for x in chosen("root", *found)] == ["github:lab0/x", "github:lab1/x"]
    assert TRAINING_POINTERS == 2
    assert chosen("training", *found) == []


MODULES = b"""[submodule "tuning"]
	path = tuning
	url = https://github.com/lab/tuning.git
[submodule "engine"]
	path = lib/engine
	url = git@github.com:lab/engine.git
[submodule "exams"]
	path = exams
	url = https://github.com/lab/exams.git
[submodule "unpinned"]
	path = unpinned
	url = https://github.com/lab/unpinned.git
"""
LISTS = b"""# Nimbus

- `tuning`: git submodule with scripts for the fine-tuning experiments
- `lib/engine`: the training code, a submodule
- `exams`: scripts for evaluation and training of judges
- `unpinned`: scripts for training
"""


def test_submodules_that_a_readme_gives_for_training_are_followed_at_their_commit() -> None:
    tree = [
        {"path": "README.md", "type": "blob", "mode": "100644", "size": len(LISTS), "sha": git_blob_id(LISTS)},
        {"path": ".gitmodules", "type": "blob", "mode": "100644", "size": len(MODULES), "sha": git_blob_id(MODULES)},
        *({"path": p, "type": "commit", "mode": "160000", "sha": p[0] * 40} for p in ("tuning", "exams")),
        {"path": "lib/engine", "type": "commit", "mode": "160000", "sha": "e" * 40},
    ]
    answers = fork() | {
        f"{API}/maker/fork/git/trees/{COMMIT}?recursive=1": {"tree": tree, "truncated": False},
        f"{RAW}/maker/fork/{COMMIT}/README.md": LISTS,
        f"{RAW}/maker/fork/{COMMIT}/.gitmodules": MODULES,
    }
    walk, asked = walked(answers)
    leads = [lead for lead in walk.leads if lead.relation == "training"]
    assert [(lead.target, lead.ref, lead.exact) for lead in leads] == [
        ("github:lab/tuning", "t" * 40, "tuning"),
        ("github:lab/engine", "e" * 40, "lib/engine"),
    ]
    assert f"{RAW}/maker/fork/{COMMIT}/.gitmodules" in asked
    lead = leads[0]
    assert lead.selector
    assert LISTS.decode()[lead.selector.start : lead.selector.end] == "tuning"
