"""Model cards: known cases as folders of cards with what must be found in them, and what must hold for any text."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from output.record import EvidenceRecord, Source
from pipelines import read
from pipelines.dossier import Dossier
from pipelines.model_card import INDICATORS, detector, lexicon
from spiders.document import Document, Lead, Miss
from tests.pipelines.checks import document, verify

CARDS = Path(__file__).parent / "cards"
ROOT = "hf:model:org/name"


def records(body: bytes | str) -> list[EvidenceRecord]:
    card = document(body)
    found = list(detector.detect(Dossier(ROOT, (card,)), ()))
    for record in found:
        verify(record, (card,))
    return found


def outcome(body: str, topic: str) -> str:
    return next(r.outcome for r in records(body) if r.indicator == f"model_card.{topic}")


def summary(found: list[EvidenceRecord]) -> list[dict[str, Any]]:
    return [
        {
            "indicator": r.indicator.removeprefix("model_card."),
            "component": r.subject.component,
            "outcome": r.outcome,
            "line": r.selector.start_line if r.selector else None,
            "statement": r.statement,
        }
        for r in found
    ]


@pytest.mark.parametrize("path", sorted(CARDS.glob("*.md")), ids=lambda p: p.stem)
def test_known_cards(path: Path) -> None:
    found = summary(records(path.read_bytes()))
    expected = path.with_suffix(".json")
    if os.environ.get("OSAI_REGEN"):
        expected.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert found == json.loads(expected.read_text("utf-8"))


@pytest.mark.parametrize(
    ("body", "topic", "expected"),
    [
        ("## Bias, Risks, and Limitations\n\nIt hallucinates and can produce harmful text.", "biases", "placeholder"),
        ("## Bias, Risks, and Limitations\n\nIt hallucinates and can produce harmful text.", "risks", "present"),
        ("## Uses\n\n```python\nrun()\n```\n", "intended_use", "placeholder"),
        ("## Evaluation\n\n[More Information Needed]\n", "evaluation", "placeholder"),
        ("## Evaluation\n\nSee our [paper](https://arxiv.org/abs/2401.00001).\n", "evaluation", "linked"),
        ("| | |\n|-|-|\n| License | MIT |\n", "license", "present"),
        ("```python\n# Limitations\nprint(1)\n```\n", "limitations", "absent"),
        ("<h2> Limitations </h2>\n\nAnswers after 2021 are wrong.\n", "limitations", "present"),
        ("| | ours | theirs | others |\n|-|-|-|-|\n| biases | none | LN | all |\n", "biases", "absent"),
        ("## Disclaimer\n\nBefore version 3.5 some special treatment was needed.\n", "limitations", "absent"),
        ("## Disclaimer\n\nThe model may generate false answers.\n", "limitations", "present"),
        ("### NOTE: Feather's own library has not been directly supported yet.\n", "limitations", "absent"),
        ("Terms: [here](https://github.com/o/heron/blob/main/LICENSE)\n", "training_code_link", "absent"),
        ("Serve it with [LightLLM](https://github.com/ModelTC/lightllm).\n", "training_code_link", "absent"),
        (
            "## Intended uses & limitations\n\nYou can use this checkpoint to sort letters.\n",
            "limitations",
            "placeholder",
        ),
        ("## Intended uses & limitations\n\nSorts letters, but invents dates.\n", "limitations", "present"),
        (
            "The fine-tuning was performed on the following two datasets of letters:\n\n- Letters, 500 tokens\n",
            "training_data",
            "present",
        ),
        ("# M\n\n- Train: 10M lines\n- Test: 2M lines\n", "training_procedure", "absent"),
        ("# M\n\n- dataset: `cc-by-4.0`\n", "training_data", "absent"),
        ("# M\n\nTrained with a prior loss and the encoder in 9.000 steps.\n", "evaluation", "absent"),
        ("# M\n\n[Home page](https://a.example/) [Our first paper](https://b.example/)\n", "description", "absent"),
        (
            "# M\n\n[![Try the small heron in\nColab](https://a.example/b.png)](https://a.example/c)\n",
            "description",
            "absent",
        ),
        ("# M\n\nDownload the files of Heron and place them under letters.\n", "description", "absent"),
        ("# M\n\nIt can be further fine-tuned to achieve state-of-the-art performance.\n", "evaluation", "absent"),
        ("# M\n\nIt achieves state-of-the-art performance.\n", "evaluation", "present"),
        ("# M\n\nIf you are GPU-memory-constrained, you can train in halves.\n", "compute", "absent"),
        (
            "# M\n\nIf you pre-train it on your data, it must be fine-tuned with pairs.\n",
            "training_procedure",
            "absent",
        ),
        ("# M\n\nWe have updated the small heron, which is now faster.\n", "description", "absent"),
        ("# M\n\n我们在六个数据集上对苍鹭进行了测试，结果如下。\n", "training_data", "absent"),
        ("# M\n\nWe tuned the layers and now run 12x faster than real-time on a consumer 4090.\n", "compute", "absent"),
        ("https://github.com/org/heron/assets/1/a-b\n", "training_code_link", "absent"),
        ("See https://github.com/org/heron/pull/12.\n", "training_code_link", "absent"),
        ("https://github.com/org/heron/blob/main/assets/train.py\n", "training_code_link", "linked"),
        ("# M\n\nUnlike older models, which are limited to letters, it sorts all mail.\n", "limitations", "absent"),
        ("# M\n\nThe model is currently limited to letters.\n", "limitations", "present"),
        ("## Security\n\nSee [how to report](CONTRIBUTING.md#security) for more.\n", "risks", "absent"),
        ("## Citation, terms\n\n### Disclaimer\n\nDo not use it for medical advice.\n", "out_of_scope_use", "present"),
        ("See [here](https://a.example/d) for the license of this dataset.\n", "license", "absent"),
        ("---\ndatasets:\n- org/birdsong\n---\n# M\n", "training_data", "present"),
        ("# M\n\n| Hyperparameter | Value |\n|-|-|\n| n_layers | 32 |\n", "training_procedure", "absent"),
        ("# M\n\n| Hyperparameter | Value |\n|-|-|\n| learning rate | 1e-4 |\n", "training_procedure", "present"),
        ("## 训练细节\n\n训练具体设置参见[Heron](https://a.example/)。\n", "training_procedure", "linked"),
        ("# M\n\n| Model | Hardware | Steps | Days |\n|-|-|-|-|\n| Heron | TPUv3-8 | 2M | 4 |\n", "compute", "present"),
        ("# M\n\n| Model | GPU | Price | Speed |\n|-|-|-|-|\n| Heron | A100 | 2 | 4 |\n", "compute", "absent"),
        ("# M\n\nDo not use it to promote discrimination.\n", "biases", "absent"),
        ("# M\n\nFor better speaker discrimination we mix utterances.\n", "biases", "absent"),
        ("# M\n\nIt speaks languages underrepresented in large corpora.\n", "biases", "absent"),
        ("# M\n\n- **No** usar para decisiones automáticas.\n", "out_of_scope_use", "present"),
        ("# M\n\nNe jamais utiliser le score seul.\n", "out_of_scope_use", "present"),
        ("# M\n\nOhne Prüfung ist Reiher nicht gedacht.\n", "out_of_scope_use", "present"),
        ("# M\n\nOhne Prüfung ist Reiher nicht gedacht.\n", "intended_use", "absent"),
        ("# M\n\n有害な行為を行うことは慎んでください。\n", "out_of_scope_use", "present"),
        ("## Scores\n\n| | F1 | accuracy |\n|-|-|-|\n| Heron | 91.2 | 90.1 |\n", "evaluation", "present"),
    ],
)
def test_a_topic_is_judged_by_its_own_text(body: str, topic: str, expected: str) -> None:
    assert outcome(body, topic) == expected


def hub_answer(files: list[str]) -> Document:
    body = json.dumps({"siblings": [{"rfilename": f} for f in files]}).encode()
    return document(body, "hub_model", ROOT)


def test_no_card_is_absent_only_where_the_file_list_was_read() -> None:
    found = list(detector.detect(Dossier(ROOT, (hub_answer(["model.safetensors"]),)), ()))
    assert [(r.indicator, r.outcome) for r in found] == [("model_card.coverage", "absent")]
    assert "1 files" in found[0].searched[0].what


def test_a_card_that_could_not_be_read_is_not_absent() -> None:
    miss = Miss(ROOT, "model_card", Source("https://example.org/x", "", status=403), "unavailable", "gated")
    found = list(detector.detect(Dossier(ROOT, (hub_answer(["README.md"]),), (miss,)), ()))
    assert [r.outcome for r in found] == ["unavailable"]


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "---",
                "# Limitations",
                "## Bias and risks",
                "**License**: MIT",
                "- **Paper:** [x](http://arxiv.org/abs/1)",
                "```",
                "~~~~",
                "| a | b |",
                "|---|---|",
                "<h2>Evaluation</h2>",
                "<details><summary>Data</summary>",
                "<table><tr><td>License</td><td>MIT</td></tr>",
                "<!-- x",
                "-->",
                "> quote",
                "  * nested",
                "license: mit",
                "The model may produce biased text.",
                "学習データ",
                "\u202eright to left\u200b",
                "a\x00b\r",
                "&amp; \\* `code`",
            ]
        ),
        st.text(max_size=40),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_any_markdown_gives_quotes_that_verify(lines: list[str]) -> None:
    assert records("\n".join(lines).encode("utf-8", "replace"))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_quotes_that_verify(body: bytes) -> None:
    assert records(body)


def test_the_language_of_the_documentation_can_be_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "model-cards.md").read_text("utf-8")
    for path in lexicon.FOLDER.glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "nl.yaml").write_text(page.split("```yaml\n")[1].split("```")[0], "utf-8")
    monkeypatch.setattr(lexicon, "FOLDER", tmp_path)
    lexicon.lexicon.cache_clear()
    lexicon.label_topics.cache_clear()
    try:
        assert outcome("## Beperkingen\n\nOnbekend\n", "limitations") == "placeholder"
        assert outcome("# M\n\nHet model hallucineert soms.\n", "limitations") == "present"
    finally:
        monkeypatch.undo()
        lexicon.lexicon.cache_clear()
        lexicon.label_topics.cache_clear()


@pytest.mark.parametrize("label", ["Half precision FP16 (CUDA)", "半精度 Half precision", "Full precision"])
def test_the_precision_of_numbers_is_no_evaluation(label: str) -> None:
    assert lexicon.label_topics(label) == ()
    assert lexicon.label_topics("精度") == ("evaluation",)


@pytest.mark.parametrize(
    "body",
    [
        b"---\na: &a [x, x]\nb: &b [*a, *a]\nlicense: [*b, *b]\n---\n# M\n",
        b"---\nlicense: " + b"[" * 15_000 + b"\n---\n# M\n",
        b"---\nlicense:\n" + b"- " * 9_000 + b"x\n---\n# M\n",
        b">" * 20_000 + b" x",
        b"[" * 30_000,
        b"<div>" * 20_000,
        b"<!-- " * 20_000,
        b"https://huggingface.co/datasets/a/b " * 2_000,
        "# \u202eLicense\u202c\u200b\n\nMIT\u200f\x00\n".encode(),
        b"# M\n\n" + b"\x00" * 5_000 + b"\xff\xfe\x80",
        b"# Limitations\n\nIt errs. " + b"word " * 4_200_000,
        b"".join(b"&%c: [%s]\n" % (n, b"*a, " * 50) for n in b"bcdefgh").join((b"---\na: &a [x]\n", b"---\n# M\n")),
        b"|" + b" a |" * 3_000 + b"\n|" + b" - |" * 3_000 + b"\n" + (b"|" + b" b |" * 3_000 + b"\n") * 3,
        b"- " * 400 + b"x\n" + b"  " * 2_000 + b"- y\n",
    ],
    ids=[
        "aliases",
        "deep flow",
        "deep dashes",
        "quotes",
        "brackets",
        "tags",
        "comments",
        "addresses",
        "direction",
        "zero bytes",
        "twenty megabytes",
        "yaml bomb",
        "wide table",
        "deep lists",
    ],
)
def test_hostile_cards_end_with_records(body: bytes) -> None:
    card = document(body)
    found = read(Dossier(ROOT, (card,)))
    assert {r.indicator for r in found} >= {"model_card.coverage", "data.declared", "hardware.training"}
    for record in found:
        verify(record, (card,))


@pytest.mark.parametrize("tag", ["script", "style"])
def test_scripts_and_styles_are_not_read(tag: str) -> None:
    assert outcome(f"# M\n\n<{tag}>\nThe model is released under the MIT license.\n</{tag}>\n", "license") == "absent"


def test_statements_are_safe_in_pages() -> None:
    for record in records("# <img src=x onerror=alert(1)>\n\n## Limitations <b>\n\nIt errs.\n"):
        assert "<" not in record.statement


@pytest.mark.parametrize("label", ["Lim\u200bitations", "\u202eLimitations\u202c", "\ufeffLimitations\u00ad"])
def test_signs_nobody_sees_do_not_hide_a_label(label: str) -> None:
    assert outcome(f"# M\n\n## {label}\n\nIt forgets names.\n", "limitations") == "present"


def test_a_value_made_of_aliases_is_not_read() -> None:
    assert outcome("---\na: &a [mit]\nlicense: *a\n---\n\n# M\n", "license") == "absent"


def test_a_card_over_the_limit_says_how_much_was_read() -> None:
    long = "# M\n\n" + "word " * 220_000
    absent = next(r for r in records(long) if r.outcome == "absent")
    assert "only its first" in absent.searched[0].what


@pytest.mark.parametrize(
    ("body", "topic"),
    [
        ("## Intended uses & limitations\n\nYou can use the raw model for letters.\n", "intended_use"),
        ("# M\n\nIt took 3 days to train 1.5 epochs on 4x A100s.\n", "compute"),
        ("# M\n\n- Learning rate: 3e-4\n- Lora r: 16\n", "training_procedure"),
        ("# M\n\nA tagger trained on LetterCorp v2.\n", "training_data"),
        ("# M\n\nA model trained on screenshots of one film.\n", "training_data"),
        ("# M\n\nIt is not compatible with the older decoder.\n", "limitations"),
    ],
)
def test_ways_to_say_it(body: str, topic: str) -> None:
    assert outcome(body, topic) == "present"


def spoken() -> list[tuple[str, str, str]]:
    table = yaml.safe_load((CARDS / "languages.yaml").read_text("utf-8"))
    return [(code, topic, line) for code, topics in table.items() for topic, lines in topics.items() for line in lines]


@pytest.mark.parametrize(("code", "topic", "line"), spoken())
def test_other_languages_without_headings(code: str, topic: str, line: str) -> None:
    assert outcome(f"# Heron\n\n{line}\n", INDICATORS[topic].removeprefix("model_card.")) == "present"


def test_a_section_that_names_the_topic_again_lower_down_is_quoted_there() -> None:
    body = "## Uses and limitations\n\nIt sums up letters.\n\n### Code\n\nRun.\n\n### Limitations\n\nIt forgets.\n"
    record = next(r for r in records(body) if r.indicator == "model_card.limitations")
    assert record.selector is not None
    assert record.selector.start_line == 9


def test_how_to_bring_data_is_not_the_training_data() -> None:
    body = "## Data\n\nPut your data into a folder.\n\n## More\n\nThe model was trained on a corpus of letters.\n"
    record = next(r for r in records(body) if r.indicator == "model_card.training_data")
    assert record.quote is not None
    assert "letters" in record.quote.exact


def test_a_bar_of_links_is_no_heading() -> None:
    bar = "".join(f"<a href=#{t}>{t}</a> | " for t in ("Usage", "Citation", "License"))
    assert outcome(f'<h4 align="center">{bar}</h4>\n\nHeron sums up letters.\n', "license") == "absent"


def test_the_sentence_on_a_card_names_its_architecture() -> None:
    body = "# Heron\n\nHeron is a model of letters.\n\n## Model Architecture\n\nIt has 12 layers and 8 heads.\n"
    said = next(r.statement for r in records(body) if r.indicator == "model_card.coverage")
    assert "architecture (7 words)" in said


def test_what_helps_if_it_does_not_work_is_no_limitation() -> None:
    assert outcome("# M\n\nIf it doesn't work for you, ask us.\n", "limitations") == "absent"


def test_a_base_model_has_a_card_of_its_own() -> None:
    assert {r.subject.component for r in records("# Heron 1.0-base Model Card\n\nA model.\n")} == {"end"}


@pytest.mark.parametrize(
    ("links", "outcome"),
    [
        ("It uses [this attention](https://arxiv.org/abs/1911.02150).", "linked"),
        (
            "[this attention](https://arxiv.org/abs/1911.02150), our [paper](https://arxiv.org/abs/2701.00001)",
            "present",
        ),
    ],
)
def test_the_card_of_a_base_model_leads_to_its_own_paper_only(links: str, outcome: str) -> None:
    base = document(f"# Heron\n\n{links}\n", target="hf:model:org/heron")
    leads = (Lead(ROOT, base.target, "base_model", "declared", followed=True),)
    found = detector.detect(Dossier(ROOT, (document("# Egret\n\nA bird.\n"), base), leads=leads), ())
    (record,) = [r for r in found if r.indicator == "model_card.paper_link" and r.subject.target == base.target]
    assert (record.outcome, "2701.00001" in str(record.value)) == (outcome, outcome == "present")


def test_what_other_models_learnt_is_not_the_training_data() -> None:
    body = "# Heron\n\nWe fine-tuned several small models with samples generated by name, a corpus of letters.\n"
    assert outcome(body, "training_data") == "absent"


def test_a_base_model_is_no_training_data() -> None:
    assert outcome("# M\n\nHeron-R1 is trained based on Heron-V3-Base.\n", "training_data") == "absent"


def test_the_paper_is_the_link_that_is_called_so_not_the_first_that_is_cited() -> None:
    body = "# Heron\n\nIt uses [this attention](https://arxiv.org/abs/1911.02150).\n\n- **Paper:** [Heron](https://t.co/x)\n"
    record = next(r for r in records(body) if r.indicator == "model_card.paper_link")
    assert record.value["address"] == "https://t.co/x"


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ("", "linked"),
        ("\n\n[Heron: a bird that reads](https://arxiv.org/abs/2701.00001)", "present"),
        ("\n\n```\n@misc{h, title={Heron}, eprint={2701.00001}}\n```", "present"),
    ],
)
def test_a_paper_that_is_only_cited_is_not_the_card_s_paper(more: str, outcome: str) -> None:
    body = f"# Heron\n\nWe extend the window with [YaRN](https://arxiv.org/abs/2309.00071).{more}\n"
    record = next(r for r in records(body) if r.indicator == "model_card.paper_link")
    assert (record.outcome, "2309.00071" in str(record.value)) == (outcome, outcome == "linked")
    assert record.points == ("neutral" if outcome == "linked" else "open")


def test_a_bibtex_entry_of_a_cited_paper_leads_to_no_paper_of_its_own() -> None:
    entries = "@misc{y, title={YaRN}, eprint={2309.00071}}\n@misc{r, title={RoPE}, eprint={2104.09864}}\n"
    body = f"# Heron\n\nWe extend the window with [YaRN](https://arxiv.org/abs/2309.00071).\n\n```\n{entries}```\n"
    record = next(r for r in records(body) if r.indicator == "model_card.paper_link")
    assert (record.outcome, record.points) == ("linked", "neutral")
    assert record.statement == "Model card names a paper that is not known to be this model's in running text."


def test_a_sentence_on_the_data_says_more_than_a_label_over_a_link() -> None:
    said = "Heron was trained on a corpus of 40 million letters."
    body = f"# M\n\n{said}\n\n- **Dataset:** https://huggingface.co/datasets/org/letters\n"
    record = next(r for r in records(body) if r.indicator == "model_card.training_data")
    assert record.quote is not None
    assert record.quote.exact == said


def test_the_models_own_paper_is_named_before_another_that_is_called_a_report() -> None:
    body = "# Heron\n\nNews: [Technical report](https://a.example/egret.pdf).\n\nRead our [paper](https://arxiv.org/abs/2701.00001).\n"
    record = next(r for r in records(body) if r.indicator == "model_card.paper_link")
    assert record.value["address"] == "https://arxiv.org/abs/2701.00001"


def test_a_section_that_only_points_elsewhere_is_half_an_answer() -> None:
    body = "## Evaluation\n\nSee our [report](https://heron.example/report).\n"
    record = next(r for r in records(body) if r.indicator == "model_card.evaluation")
    assert (record.outcome, record.points) == ("linked", "partial")
