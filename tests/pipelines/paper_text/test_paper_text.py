"""Statements of reports: training hardware is not that of a benchmark, of inference or of somebody else's model."""

from __future__ import annotations

import hashlib
import re
import sys

import pytest

from output.record import EvidenceRecord, Source
from pipelines.dossier import Dossier
from pipelines.paper_text import detector, own_name
from pipelines.readers.pdf import parse
from spiders.document import Document
from tests.pipelines.readers.pdfs import Placed, make_pdf

TITLE = "Nimbus-2 Technical Report"


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker process has its own tests; starting one for each sentence would take long."""
    monkeypatch.setattr(sys.modules["pipelines.paper_text"], "read_pdf", parse)


def report(heading: str, text: str) -> bytes:
    """A report with one section; `text` is set in lines of about 90 characters."""
    lines: list[Placed] = [(72, 780, 18, TITLE), (72, 740, 13, "1. Introduction"), (72, 720, 10, "We present a model.")]
    lines.append((72, 690, 13, heading))
    words, line, at = text.split(), "", 670
    for word in words:
        if len(line) + len(word) > 90:
            lines.append((72, at, 10, line))
            line, at = "", at - 12
        line = f"{line} {word}".strip()
    lines.append((72, at, 10, line))
    return make_pdf([lines])


def read(body: bytes) -> list[EvidenceRecord]:
    source = Source("report.pdf", "report.pdf", path="report.pdf", sha256=hashlib.sha256(body).hexdigest())
    return list(detector.detect(Dossier("url:report.pdf", (Document("paper", "url:report.pdf", source, body),)), ()))


def found(heading: str, text: str, indicator: str) -> list[EvidenceRecord]:
    return [r for r in read(report(heading, text)) if r.indicator == indicator]


@pytest.mark.parametrize(
    ("heading", "text", "given", "points"),
    [
        (
            "2. Infrastructure",
            "Nimbus-2 was trained on 512 NVIDIA H100 GPUs for nine days.",
            "512 NVIDIA H100",
            "open",
        ),
        (
            "2. Training Details",
            "We use 16 nodes, each with 8 A100 80GB GPUs, for all runs.",
            "8 NVIDIA A100 80 GB",
            "open",
        ),
        (
            "3. Pre-training",
            "In total, pre-training took 1.4M H800 GPU hours.",
            "1.4M H800 GPU hours; NVIDIA H800",
            "open",
        ),
        ("3. Training", "We trained our model on Cloud TPU v4 pods.", "Google TPU", "partial"),
        ("B.1. Hyperparameters", "The second stage is conducted on 96 A800 GPUs.", "96 NVIDIA A800", "open"),
        ("Acknowledgements", "We thank the LUMI supercomputer for the hours.", "LUMI; supercomputer", "partial"),
        (
            "4. Efficiency",
            "Training Cirrus took 900K GPU hours, while Nimbus-2 needed 300K GPU hours.",
            "300K GPU hours",
            "partial",
        ),
    ],
)
def test_training_hardware(heading: str, text: str, given: str, points: str) -> None:
    (record,) = found(heading, text, "hardware.training")
    assert (record.value["given"], record.points) == (given, points)
    assert record.quote
    assert record.selector
    assert record.selector.page == 1
    assert re.sub(r"\s", "", record.quote.exact) == re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("4. Inference", "The model runs on a single A100 GPU."),
        ("2. Infrastructure", "We deploy Nimbus-2 on 32 H800 GPUs with a latency of 20 ms."),
        ("2. Kernels", "The kernel reaches 80 % of the peak of an H100 GPU, a speed-up of two."),
        ("5. Related Work", "Cirrus was trained on 2048 A100 GPUs."),
        ("2. Infrastructure", "Cirrus (Writer et al., 2026) was trained on 2048 A100 GPUs."),
        ("2. Throughput", "The experiment was run on 8 V100 GPUs to compare both frameworks."),
        ("2. Architecture", "The model was designed to fit within a consumer GPU such as an RTX 4090."),
        ("6. Evaluation", "Evaluation was performed on 4 A100 GPUs."),
        ("1. Introduction", "Training large models relies on scarce accelerators such as the H100."),
        ("3. Storage", "For clusters with 10,000 accelerators, reading scales linearly."),
        ("4. Training", "We use local batches of 16 per GPU."),
        (
            "4. Distributed training",
            "The Nimbus-1 model is trained on a GPU cluster (2128 GPUs) with an efficiency of 45%.",
        ),
    ],
)
def test_no_training_hardware(heading: str, text: str) -> None:
    assert found(heading, text, "hardware.training") == []


def test_parallelism() -> None:
    text = "Training uses 8-way tensor parallelism and ZeRO-1."
    (record,) = found("2. Infrastructure", text, "hardware.parallelism")
    assert [fact["name"] for fact in record.value["facts"]] == ["tensor", "sharded"]
    assert found("2. Setup", "We evaluate in a zero-shot setting, training nothing.", "hardware.parallelism") == []


@pytest.mark.parametrize(
    "text",
    ["We train Nimbus-2 without costly tensor parallelism.", "Here, tensor parallelism was not used in training."],
)
def test_parallelism_that_was_done_without(text: str) -> None:
    assert found("2. Infrastructure", text, "hardware.parallelism") == []


def test_a_price_is_no_amount() -> None:
    text = "At $2 per GPU hour, our training took 3M GPU hours."
    (record,) = found("2. Training Costs", text, "hardware.training")
    assert record.value["given"] == "3M GPU hours"


def test_energy() -> None:
    (record,) = found("5. Carbon Footprint", "A total of 539 tCO2eq were emitted.", "hardware.energy")
    assert record.points == "open"


@pytest.mark.parametrize(
    ("heading", "text", "parameter"),
    [
        ("3.1 Pre-training Data", "The corpus consists of 1.2 trillion tokens.", "datasources_basemodel"),
        ("3.1 Data", "We sampled 40 % of the text from the Cloud Atlas corpus.", "datasources_basemodel"),
        ("4 Supervised Fine-Tuning", "We collect 30k instructions written by hand.", "datasources_endmodel"),
    ],
)
def test_training_data(heading: str, text: str, parameter: str) -> None:
    (record,) = found(heading, text, "data.described")
    assert record.parameter == parameter


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("5 Evaluation", "The test set consists of 12,000 questions."),
        ("2 Related Work", "Cirrus was trained on 4 trillion tokens."),
        ("3.2 Hyper-parameters", "We train with a context length of 32,768 tokens."),
        ("3 Training", "Cirrus (Writer et al., 2026) was trained on 4 trillion tokens of text."),
        ("5.3 Ablation Studies", "We train a small model on 300B tokens."),
    ],
)
def test_no_training_data(heading: str, text: str) -> None:
    assert found(heading, text, "data.described") == []


def test_data_that_are_kept_back_point_to_closed() -> None:
    (record,) = found("3.1 Data", "We train on internal data that we cannot describe.", "data.withheld")
    assert record.points == "closed"


def test_only_the_reports_own_licence_counts() -> None:
    own = "We release Nimbus-2 under the Apache 2.0 license."
    base = "Cirrus (Writer et al., 2026) is released under the MIT license."
    assert [r.value["said"] for r in found("6. Release", own, "license.declared")] == ["Apache 2.0"]
    assert found("6. Release", base, "license.declared") == []


def test_coverage_names_topics_and_what_is_missing() -> None:
    text = "Nimbus-2 was trained on clouds. " * 8
    (record,) = found("2. Training Data", text, "preprint.coverage")
    assert list(record.value["topics"]) == ["training data"]
    assert "limitations" in record.value["missing"]


@pytest.mark.parametrize(
    "seed", ["A-", "A.", "1,", "we use a ", "(a ", "8 x ", "1K-a ", "the ", "a_", "from Ab Cd-E, "]
)
def test_hostile_sentences_come_to_an_end(seed: str) -> None:
    assert read(report("3.1 Data", seed * 400))


def test_a_damaged_report_is_an_error() -> None:
    (record,) = read(b"%PDF-1.7 nothing more")
    assert record.outcome == "error"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        (TITLE, "Nimbus-2"),
        ("Nimbus: A Model of Weather", "Nimbus"),
        ("The Nimbus 3 Herd of Models and Many Other Things", ""),
        ("learning the weather by heart", ""),
    ],
)
def test_what_a_title_calls_the_model(title: str, name: str) -> None:
    assert own_name(title) == name


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("We release the model weights at https://example.org/nimbus.", "(weights)"),
        ("Our training code is publicly available at https://example.org/code.", "(code)"),
        ("We plan to release the training data later this year.", "(data, promised)"),
        ("We make the first attempt to develop a code model of this size.", None),
        ("Storm-7B (Writer, 2020) released its code at https://example.org.", None),
        ("We release a portion of our SFT code data on a public page.", "(data)"),
    ],
)
def test_what_can_be_had(text: str, given: str | None) -> None:
    records = found("5. Availability", text, "preprint.availability")
    assert [given] * bool(given) == [r.statement.split(", page 1 ")[1].split(":")[0] for r in records]


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("2. Data verification", "It requires 1,200 GPU hours, equivalent to running 64 GPUs for nearly a day."),
        (
            "3. Training Details",
            "We trained Storm-1.5B for 150 steps to evaluate our proposed roll-out. The experiments were conducted on "
            "64 A800 GPUs, using a batch size of 32.",
        ),
        ("2. Infrastructure", "Storm-3B from Writer et al. 2024 is a dense model trained on 64 A800 GPUs."),
    ],
)
def test_hardware_of_an_experiment_or_another_model_is_not_that_of_the_training(heading: str, text: str) -> None:
    assert found(heading, text, "hardware.training") == []


@pytest.mark.parametrize(
    ("heading", "text", "words"),
    [
        ("2. Data", "SkyWell is our corpus of the web. We build SkyWell, a corpus of rain reports.", None),
        ("3. Tuning data", "We tune it on data that we collect from all correct actions (287K).", "actions (287K)"),
        ("3. Data", "We incorporate about 5% synthetic reasoning data in this stage.", "5% synthetic reasoning"),
        ("3. Data", "We evolve the instructions, increasing the data size from 15k to 96k.", "data size from 15k"),
        (
            "3. Training data",
            "Our data are 9,000 problems that we collect from CloudCode, RainBench and StormForces.",
            "CloudCode, RainBench",
        ),
        ("3. Data", "The effective verification of data typically requires at least 100B tokens.", None),
        ("4. Ablation set-up", "All variants are pre-trained on 250B tokens of our corpus.", None),
        ("4. Pre-training", "First, we pre-train the model on 7 trillion tokens.", "7 trillion tokens"),
    ],
)
def test_how_data_are_told(heading: str, text: str, words: str | None) -> None:
    said = [str(r.value["amounts"]) + str(r.value["sources"]) for r in found(heading, text, "data.described")]
    assert any(words in one for one in said) if words else not any("B tokens" in one for one in said)


@pytest.mark.parametrize(
    "text",
    [
        "The rest are newspaper archives under a licence that does not let us share them.",
        "We also train on an in-house dataset of letters.",
        "These transcripts cannot be released.",
    ],
)
def test_data_that_are_kept_back(text: str) -> None:
    (record,) = found("2. Training data", text, "data.withheld")
    assert record.points == "closed"


def test_sentences_that_say_it_together_are_one_quote() -> None:
    text = (
        "We pre-train the model on 7 trillion tokens of web pages that we collect from Common Crawl. "
        "The remaining 40% of the training data is drawn from books, code and encyclopedias. "
        "We thank the harbour office for its kind patience with us over all these years."
    )
    (record,) = found("3. Pre-training data", text, "data.described")
    assert record.quote
    assert "Common Crawl" in record.quote.exact
    assert "encyclopedias" in record.quote.exact
    assert "harbour" not in record.quote.exact


def test_what_the_first_pages_introduce_is_the_own_model() -> None:
    body = "We introduce Drizzle-1, a model of rain. Drizzle-1 was trained on 7 trillion tokens of web data."
    (record,) = found("1. Abstract", body, "data.described")
    assert "7 trillion tokens" in record.statement
