"""Which datasets that a card links are followed: those the model may have been trained on."""

from __future__ import annotations

import pytest

from output.record import Source
from spiders.document import Document
from spiders.leads import leads_of_text

CARD = "hf:model:maker/Heron-7B"
DATA = "https://huggingface.co/datasets/"


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        (f"Heron-7B was trained on [reeds]({DATA}maker/reeds).", "dataset"),
        (f"Heron-7B was made by fine-tuning Egret on [reeds]({DATA}maker/reeds).", "dataset"),
        (f"* [Heron-7B-Chat](https://x.example): built by finetuning Heron-7B on [talk]({DATA}maker/talk).", "mention"),
        (f"* Built by finetuning Heron-7B on rain.\n* Trained on [reeds]({DATA}maker/reeds).", "dataset"),
        (f"Detailed results are [here]({DATA}open-llm-leaderboard/details_maker__Heron-7B).", "mention"),
        (f"See the [answers]({DATA}maker/heron-evals).", "mention"),
    ],
)
def test_datasets_of_other_models_and_results_are_only_mentioned(text: str, relation: str) -> None:
    card = Document("model_card", CARD, Source("https://huggingface.co/x", None, None, None), text.encode())
    assert [lead.relation for lead in leads_of_text(card, CARD) if "dataset" in lead.target] == [relation]
