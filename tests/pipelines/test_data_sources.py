"""Data sources: declared, published, described and withheld, for base and end model apart."""

from __future__ import annotations

import hashlib
import json

import pytest

from output.record import EvidenceRecord, Source
from pipelines.data_sources import detector, named
from pipelines.dossier import Dossier
from pipelines.model_card import detector as model_card
from pipelines.model_card.pages import cards
from spiders.datasets import dataset_ask
from spiders.document import Document, Lead, Miss
from tests.pipelines.checks import document, told_apart, verify

ROOT = "hf:model:org/name"
HUB = "https://huggingface.co/datasets"
CARD = """---
datasets:
- org/letters
- org/letters-mmlu
---

# Heron

Heron was pre-trained on SlimPajama and a filtered subset of Wikipedia.
It was fine-tuned on [notes](https://huggingface.co/datasets/org/notes) and on proprietary customer data.

## Evaluation

We test on [squares](https://huggingface.co/datasets/org/squares).
"""


def records(body: str, *documents: Document, misses: tuple[Miss, ...] = ()) -> list[EvidenceRecord]:
    card = document(body)
    dossier = Dossier(ROOT, (card, *documents), misses)
    found = list(detector.detect(dossier, tuple(model_card.detect(dossier, ()))))
    for record in found:
        verify(record, (card, *documents))
    told_apart(found)
    return found


def declared(found: list[EvidenceRecord]) -> dict[str, EvidenceRecord]:
    return {r.value["dataset"]: r for r in found if r.indicator == "data.declared" and r.outcome == "present"}


def test_declared_linked_and_named() -> None:
    found = declared(records(CARD))
    assert found["org/letters"].value["how"] == "front matter"
    assert found["org/notes"].parameter == "datasources_endmodel"
    assert found["SlimPajama"].parameter == "datasources_basemodel"
    assert found["Wikipedia"].value["subset"] is True


def test_datasets_named_in_one_sentence_are_facts_of_their_own() -> None:
    found = declared(records(f"Trained on pages from RefinedWeb and SlimPajama, on [a]({HUB}/o/a) and [b]({HUB}/o/b)."))
    assert {"RefinedWeb", "SlimPajama", "o/a", "o/b"} <= set(found)


def test_evaluation_data_are_not_training_data() -> None:
    found = declared(records(CARD))
    assert found["org/letters-mmlu"].value["role"] == "evaluation"
    assert found["org/squares"].value["role"] == "evaluation"


def test_a_sentence_on_evaluation_may_name_the_training_set() -> None:
    said = f"Evaluated on [a]({HUB}/o/a), apart from the training set."
    found = declared(records(f"# Heron\n\n## Evaluation data\n\n{said}\n"))
    assert found["o/a"].value["role"] == "evaluation"


def test_a_heading_on_data_below_one_on_resources_is_on_training() -> None:
    found = declared(records(f"# Heron\n\n## Resources\n\n### Data pipeline\n\n1. Seeds: {HUB}/o/a\n"))
    assert found["o/a"].value["role"] == "training"


def test_a_name_that_a_card_repeats_is_quoted_once() -> None:
    card = document("Trained on C4 data. " * 500)
    (page,) = cards(Dossier(card.target, (card,)))
    assert len(list(named(card, page.card, page.stretches()[0]))) == 1


def test_withheld_data() -> None:
    found = [r for r in records(CARD) if r.indicator == "data.withheld"]
    assert [r.value["kind"] for r in found] == ["proprietary"]


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("It was trained on a new mix of publicly available online data.", "publicly_available"),
        ("The training data has not been released.", "undisclosed"),
        ("We trained it on 10,000 hours of licensed music.", "licensed"),
    ],
)
def test_kinds_of_withholding(sentence: str, kind: str) -> None:
    assert [r.value["kind"] for r in records(f"# M\n\n{sentence}\n") if r.indicator == "data.withheld"] == [kind]


def test_a_benchmark_under_a_heading_on_scores_is_no_training_data() -> None:
    body = "# Heron\n\n## Benchmark scores\n\n### Base pretrained models\n\n| task | score |\n|-|-|\n| SQuAD | 76.4 |\n"
    assert declared(records(body)) == {}


def test_other_peoples_data_are_not_withheld() -> None:
    assert not [r for r in records("# M\n\nTune it on your own private data.\n") if r.indicator == "data.withheld"]


def test_published_dataset() -> None:
    info = {"id": "org/letters", "gated": "auto", "siblings": [{"rfilename": "a.parquet", "size": 5_000_000_000}]}
    answer = document(json.dumps(info), "hub_dataset", "hf:dataset:org/letters")
    found = next(r for r in records(CARD, answer) if r.indicator == "data.published")
    assert (found.outcome, found.points, found.value["bytes"]) == ("present", "partial", 5_000_000_000)
    assert found.subject.target == "hf:dataset:org/letters"


def test_a_dataset_that_could_not_be_reached_is_not_absent() -> None:
    source = Source("https://huggingface.co/api/datasets/org/letters", "", status=404)
    miss = Miss("hf:dataset:org/letters", "hub_dataset", source, "unavailable", "404 Not Found")
    found = [r for r in records(CARD, misses=(miss,)) if r.indicator == "data.published"]
    assert [r.outcome for r in found] == ["unavailable"]


def test_a_dataset_without_an_owner_is_sourced_where_it_is_named() -> None:
    source = Source("https://huggingface.co/api/datasets/letters", "", status=401)
    miss = Miss("hf:dataset:letters", "hub_dataset", source, "unavailable", "not there")
    card = "---\ndatasets:\n- letters\n---\n# M\n"
    (record,) = [r for r in records(card, misses=(miss,)) if r.indicator == "data.published"]
    assert record.source == document(card).source
    assert record.quote is not None
    assert "letters" in record.quote.exact
    assert record.value["asked"] == source.url


def test_nothing_declared_is_absent_with_what_was_searched() -> None:
    found = [r for r in records("# M\n\nA model.\n") if r.indicator == "data.declared"]
    assert [r.outcome for r in found] == ["absent"]
    assert found[0].searched


def test_what_is_inherited_from_the_base_is_marked() -> None:
    base = document(CARD, target="hf:model:org/base")
    lead = Lead(ROOT, "hf:model:org/base", "base_model", "front matter", followed=True)
    found = list(detector.detect(Dossier(ROOT, (base,), leads=(lead,)), ()))
    assert {r.parameter for r in found} == {"datasources_basemodel"}
    assert all(r.value.get("inherited_by") == ROOT for r in found if r.indicator == "data.declared")


@pytest.mark.parametrize(
    "sentence",
    [
        "We release six small models distilled from name, trained on letters.",
        "We fine-tuned several small models on synthetic letters.",
        "It can be used as part of a synthetic data generation pipeline for training.",
        "It is trained to answer and is capable of generating high quality synthetic data.",
    ],
)
def test_synthetic_data_for_others_is_not_its_own(sentence: str) -> None:
    assert not [r for r in records(f"# Heron\n\n{sentence}\n") if r.value.get("synthetic")]


def test_synthetic_training_data() -> None:
    found = [r for r in records("# Heron\n\nIt was trained on synthetic letters.\n") if r.value.get("synthetic")]
    assert [r.outcome for r in found] == ["present"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Heron-Story was built by finetuning name on ShareGPT.",
        "[maker/Egret-7B](https://huggingface.co/maker/Egret-7B): this model is trained on Wikipedia.",
        "The training mix is inspired by The Pile.",
        "The tokenizer was trained on SlimPajama.",
        "It is trained from the vision model laion/CLIP-ViT-H.",
        "It was trained with this [recipe](https://huggingface.co/datasets/org/letters/blob/main/clean.py).",
    ],
)
def test_corpora_of_others_are_not_its_own(sentence: str) -> None:
    assert not declared(records(f"# Heron\n\n{sentence}\n"))


def test_a_part_and_another_with_a_stroke_between_are_no_model() -> None:
    assert set(declared(records("# Heron\n\n- Train/validation: trained on SlimPajama\n"))) == {"SlimPajama"}


def test_what_was_left_out_is_not_named() -> None:
    found = declared(records("# Heron\n\nTrained on RedPajama, without the *Books3* subset, and on C4.\n"))
    assert set(found) == {"RedPajama", "C4"}


def test_a_sentence_on_both_stages_is_read_by_the_nearest_word() -> None:
    body = (
        "# Heron\n\nPre-trained on 14 trillion diverse and high-quality tokens, followed by Supervised Fine-Tuning.\n"
    )
    (record,) = [r for r in records(body) if r.indicator == "data.withheld"]
    assert record.parameter == "datasources_basemodel"
    assert record.value["tokens"] == "14 trillion diverse and high-quality tokens"


def test_general_terms_count_only_where_nothing_is_named() -> None:
    body = "---\ndatasets: [org/letters]\n---\n# Heron\n\nTrained on a collection of publicly available text data.\n"
    assert not [r for r in records(body) if r.indicator == "data.withheld"]


@pytest.mark.parametrize(
    ("line", "dataset", "address"),
    [
        ("Trained on [two million letters](https://zenodo.org/records/123).", "two million letters", "zenodo.org"),
        ("Trained on the [LETTERS dataset](https://github.com/org/letters).", "LETTERS dataset", "github.com"),
        ("## Training data\n\n| set | size |\n|-|-|\n| [Post](https://opus.nlpl.eu/Post.php) | 2 |", "Post", "opus"),
    ],
)
def test_datasets_outside_the_hub(line: str, dataset: str, address: str) -> None:
    found = declared(records(f"# Heron\n\n{line}\n"))
    assert address in found[dataset].value["address"]
    assert found[dataset].value["hub"] is None


@pytest.mark.parametrize(
    "line",
    [
        "Trained as the [paper](https://arxiv.org/abs/2401.00001) on data says.",
        "## Evaluation\n\nTested on the [LETTERS dataset](https://github.com/org/letters).",
        "Write to us about the data on [our blog](https://example.org/blog/data).",
    ],
)
def test_other_links_are_no_datasets(line: str) -> None:
    assert not declared(records(f"# Heron\n\n{line}\n"))


def test_a_name_inside_another_is_quoted_at_its_own_place() -> None:
    found = declared(records("---\ndatasets:\n- mc4\n- c4\n---\n# Heron\n"))
    assert found["c4"].selector is not None
    assert found["c4"].selector.start_line == 4


def test_only_the_name_beside_the_word_is_a_subset() -> None:
    found = declared(records("# Heron\n\nTrained on Conceptual Captions, Open Images and a subset of YFCC100M.\n"))
    assert {name for name, record in found.items() if record.value["subset"]} == {"YFCC100M"}


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("our-oss-instruct-50k", f"{HUB}/org/our-oss-instruct-50k"),
        ("the set", f"{HUB}/org/our-oss-instruct-50k"),
    ],
)
def test_a_name_inside_a_link_to_a_dataset_is_part_of_the_link(words: str, address: str) -> None:
    text = f"# Heron\n\nHeron was trained on [{words}]({address}).\n\n## Training data\n\n- {address}\n"
    assert list(declared(records(text))) == ["org/our-oss-instruct-50k"]


def test_a_name_in_another_writing_is_the_same_dataset() -> None:
    text = f"# Heron\n\nHeron was trained on [code]({HUB}/org/the-stack-v2). It was trained on The Stack v2 in May.\n"
    assert list(declared(records(text))) == ["org/the-stack-v2"]


def test_a_link_is_not_named_a_second_time() -> None:
    found = declared(records(f"# Heron\n\nTrained on [SlimPajama]({HUB}/org/slim).\n"))
    assert set(found) == {"org/slim"}


def place(address: str, body: bytes | str, media_type: str = "application/json") -> Document:
    data = body.encode() if isinstance(body, str) else body
    ask = dataset_ask(address)
    digest = hashlib.sha256(data).hexdigest()
    source = Source(ask.url, ask.view_url, media_type=media_type, sha256=digest, size=len(data), status=200)
    return Document(ask.what, ask.target, source, data)


ZENODO_RECORD = {
    "modified": "2024-05-01T08:00:00+00:00",
    "files": [{"key": "a.zip", "size": 2_500_000_000}, {"key": "b.csv", "size": 1_000}],
    "metadata": {"title": "Letters of Herons", "access_right": "open", "license": {"id": "cc-by-4.0"}},
}
REPOSITORY = {
    "full_name": "o/letters",
    "size": 12_000,
    "license": {"spdx_id": "MIT"},
    "pushed_at": "2023-02-03T04:05:06Z",
}
PAGE = "<html><head><title>Letters &amp; more</title></head><body>Data.</body></html>"


@pytest.mark.parametrize(
    ("address", "body", "media_type", "outcome", "words"),
    [
        (
            "https://zenodo.org/record/4321#.x",
            json.dumps(ZENODO_RECORD),
            "application/json",
            "present",
            "published on Zenodo (2 files, 2.5 GB, access: open, licence: cc-by-4.0, last change 2024-05-01)",
        ),
        (
            "https://doi.org/10.5281/zenodo.4321",
            json.dumps({"metadata": {"title": "Letters", "access_right": "restricted"}}),
            "application/json",
            "unavailable",
            "no files listed, access: restricted, licence: none stated",
        ),
        (
            "https://github.com/o/letters/tree/main/data",
            json.dumps(REPOSITORY),
            "application/json",
            "present",
            "in the repository o/letters on GitHub (12.0 MB, licence: MIT, last change 2023-02-03)",
        ),
        ("https://www.openslr.org/38/", PAGE, "text/html", "linked", "has a page at www.openslr.org"),
        ("https://a.example/letters.tsv", "a\tb\n", "text/plain", "present", "as a file of 4 bytes"),
        ("https://zenodo.org/record/4321", "[]", "application/json", "error", "could not be read"),
        ("https://github.com/o/letters", "\x00", "application/json", "error", "could not be read"),
    ],
)
def test_a_dataset_elsewhere_is_told_by_its_place(
    address: str, body: str, media_type: str, outcome: str, words: str
) -> None:
    card = f"# M\n\nIt was trained on the [letters corpus]({address}).\n"
    (record,) = [r for r in records(card, place(address, body, media_type)) if r.indicator == "data.published"]
    assert (record.outcome, record.subject.target) == (outcome, f"url:{address}")
    assert words in record.statement


@pytest.mark.parametrize(
    ("reason", "status", "points", "words"),
    [
        ("not there (HTTP 404)", 404, "closed", "could not be reached at a.example: not there (HTTP 404)"),
        ("Forbidden by robots.txt", None, "neutral", "could not be reached at a.example: Forbidden by robots.txt"),
        ("over the size cap of 2 MiB (7000000000 bytes)", None, "neutral", "as a file of 7.0 GB, which was not read"),
    ],
)
def test_a_dataset_elsewhere_that_was_not_read(reason: str, status: int | None, points: str, words: str) -> None:
    ask = dataset_ask("https://a.example/letters")
    miss = Miss(ask.target, ask.what, Source(ask.url, ask.view_url, status=status), "unavailable", reason)
    card = "# M\n\nIt was trained on the [letters corpus](https://a.example/letters).\n"
    (record,) = [r for r in records(card, misses=(miss,)) if r.indicator == "data.published"]
    assert (record.outcome, record.points) == ("unavailable", points)
    assert words in record.statement


def test_a_dataset_elsewhere_that_was_not_asked_is_not_told_of() -> None:
    card = "# M\n\nIt was trained on the [letters corpus](https://a.example/letters).\n"
    assert not [r for r in records(card) if r.indicator == "data.published"]


def test_a_bare_address_is_called_by_the_label_before_it() -> None:
    body = "# Heron\n\n## Training data\n\n- Reed counts: https://zenodo.org/records/4659727\n"
    body += "- [Dataset licences](https://github.com/o/heron/blob/main/data/LICENSE) for each one used in training.\n"
    assert list(declared(records(body))) == ["Reed counts"]


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("The weights are not free because of the training data Emilia, which is in the wild.", ["Emilia"]),
        ("Heron was trained by Emilia.", []),
        ("It was trained on the LibreLight dataset, VCTK and WenetSpeech4TTS.", ["LibriSpeech", "VCTK", "WenetSpeech"]),
        ("It was trained on Kinetics-400 and Objaverse-XL.", ["Kinetics", "Objaverse"]),
    ],
)  # fmt: skip
def test_corpora_of_speech_films_and_shapes(sentence: str, names: list[str]) -> None:
    assert sorted(declared(records(f"# M\n\n{sentence}\n"))) == sorted(names)


def test_data_that_measure_a_bias_are_no_training_data() -> None:
    address = "https://huggingface.co/datasets/org"
    prompted = f"# M\n\n## Bias\n\nThe prompts were run on two sets of [faces]({address}/faces).\n"
    assert declared(records(prompted))["org/faces"].value["role"] == "evaluation"
    inherits = f"# M\n\n## Bias\n\nIt shares what is said of the [letters]({address}/letters).\n"
    assert declared(records(inherits))["org/letters"].value["role"] == "training"


def test_a_link_that_only_says_dataset_is_called_by_its_address() -> None:
    body = "# M\n\nHeron was trained on a [dataset](https://zenodo.org/records/77) and [our letters](https://zenodo.org/records/78).\n"
    assert set(declared(records(body))) == {"zenodo.org/records/77", "our letters"}
