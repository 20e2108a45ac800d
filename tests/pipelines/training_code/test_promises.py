"""Promises and refusals of code: which sentences are, and that they are quoted."""

from __future__ import annotations

import time

import pytest

from pipelines.dossier import Dossier
from pipelines.training_code import detector
from pipelines.training_code.promises import in_words, promised, rules
from spiders.document import Lead
from tests.pipelines.checks import document, verify


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Training code will be released soon.", "promised"),
        ("- **Code:** Coming soon!", "promised"),
        ("- [ ] Release the training scripts", "promised"),
        ("- [ ] Train code", "promised"),
        ("Fine-tuning code (coming soon)", "promised"),
        ("We are not able to provide the training code.", "refused"),
        ("训练代码 code 即将开源", "promised"),
    ],
)
def test_promises(text: str, says: str) -> None:
    for about in (rules().about, rules().about_code):
        assert [(p.promise.says, text[p.start : p.end]) for p in promised(text, about)] == [(says, text)]


@pytest.mark.parametrize(
    "text",
    [
        "- [x] Training code will be released soon",
        "If a training script is not provided, one is chosen.",
        "Chat models aligned by RLHF (not released yet) write, speak, listen, draw, sing, translate, cook, code.",
        "We release all code, checkpoints, logs (coming soon).",
        "The weavers never open-sourced their code.",
        "When will the code be released?",
        "TODO: add a code snippet.",
        "- [ ] [Train final models in several languages](https://a.example/issues/12)",
    ],
)
def test_what_promises_nothing(text: str) -> None:
    assert not list(promised(text, rules().about))


def test_a_card_promises_code_and_not_models() -> None:
    card = document(
        "# Heron\n\nWe will release more models after training.\n\nTraining code will be released.\n\n"
        "# Original model card\n\nThe scripts will be released.\n"
    )
    found = [r for r in detector.detect(Dossier(card.target, (card,)), ()) if r.indicator == "training_code.promised"]
    assert [r.statement for r in found] == ["Model card promises code: “Training code will be released.”."]
    verify(found[0], (card,))


def test_a_long_sentence_is_shown_around_its_promise() -> None:
    text = "See [the page of the model](https://x.test/" + "a" * 200 + "), code TODO."
    (one,) = promised(text, rules().about)
    assert in_words("README", one, text).endswith("code TODO.”.")


def test_ten_are_shown_and_long_texts_end() -> None:
    assert len(list(promised("Code will be released.\n" * 50, rules().about))) == 10
    started = time.process_time()
    list(promised("code will be " * 200_000 + "\n" + "code (" * 200_000, rules().about))
    assert time.process_time() - started < 2


def test_repositories_that_are_linked_and_not_its_own_are_named() -> None:
    card = document("# Heron\n\nMade with [Stork](https://github.com/birds/stork).\n")
    stork = Lead(card.target, "github:birds/stork", "repository", "link")
    for leads, said in (
        ((), "name links no repository (searched"),
        ((stork,), "name links no repository that is known as its own (birds/stork) (searched"),
    ):
        (record,) = detector.detect(Dossier(card.target, (card,), leads=leads), ())
        assert f"No training code found: org/{said}" in record.statement
