"""Names of models in titles."""

from __future__ import annotations

import pytest

from pipelines.papers.names import match_title, pieces
from pipelines.papers.venues import read_comment, read_journal_ref


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Nimbus2.5-Coder-7B-Instruct-GGUF", ("nimbus", "2.5", "coder")),
        ("nimbus-1_5", ("nimbus", "1.5")),
        ("NimbusV3-Chat-0628", ("nimbus", "v", "3")),
        ("nimbus-moe-16b-base", ("nimbus", "moe")),
    ],
)
def test_pieces(name: str, parts: tuple[str, ...]) -> None:
    assert pieces(name) == parts


@pytest.mark.parametrize(
    ("title", "name", "owner", "match"),
    [
        ("Nimbus: A Small Model", "Nimbus-7B-Instruct", "weather", "full"),
        ("{N}imbus-R1: Weather by Reasoning", "Nimbus-R1", "nimbus-ai", "full"),
        ("Nimbus 2 Technical Report", "Nimbus-7B", "weather", "version"),
        ("Nimbus-7B: A Small Model", "Nimbus-7B", "weather", "full"),
        ("Nimbus2 Technical Report", "Nimbus2.5-7B", "weather", "version"),
        ("Nimbus Technical Report", "Nimbus2.5-7B", "weather", "version"),
        ("The Nimbus 3 Herd", "Nimbus-3.1-8B", "weather", "family"),
        ("Nimbus-V3 Technical Report", "Nimbus-R1", "nimbus-ai", ""),
        ("NimbusMoE: Clouds of Experts", "Nimbus-Coder-V2", "nimbus-ai", ""),
        ("Nimbus: A Small Model", "Nimbus-VL-6B", "weather", "family"),
        ("Llama 2: Open Foundation Models", "Nimbus-japanese-Llama-2-7b", "weather", "base"),
        ("LLaMA-Nimbus: Seamless Weather", "Llama-3.1-8B-Nimbus", "weather", "full"),
        ("SRXL: Improving Rain", "steady-rain-xl-refiner-1.0", "weather", "family"),
        ("SRXLR: Improving Rain", "steady-rain-xl-refiner-1.0", "weather", "full"),
        ("A Study of Clouds", "Nimbus-7B", "weather", ""),
        ("Open Language Models", "open_nimbus", "weather", ""),
    ],
)
def test_match_title(title: str, name: str, owner: str, match: str) -> None:
    assert match_title(title, name, owner) == match


def test_a_declared_base_is_the_base() -> None:
    assert match_title("Cirrus: A Base Model", "Nimbus-7B", "weather", ("Cirrus-7B",)) == "base"


@pytest.mark.parametrize(
    ("text", "venue", "track"),
    [
        ("Nature volume 645, pages 633-638 (2025)", "Nature", "journal"),
        ("Proceedings of the 2027 Conference on Empirical Methods in Natural Language Processing", "EMNLP", "main"),
        ("Findings of ACL 2027", "ACL", "findings"),
        ("Journal of Clouds 4 (2027) 1-20", "Journal of Clouds", "journal"),
    ],
)
def test_journal_references(text: str, venue: str, track: str) -> None:
    review = read_journal_ref(text)
    assert review
    assert (review.status, review.venue, review.track) == ("published", venue, track)


@pytest.mark.parametrize("text", ["CoRR abs/2701.00001", "arXiv preprint arXiv:2701.00001", "Zenodo", ""])
def test_archives_review_nothing(text: str) -> None:
    assert read_journal_ref(text) is None


@pytest.mark.parametrize(
    ("text", "status", "venue", "track"),
    [
        ("Accepted at ICML 2027 (spotlight)", "accepted", "ICML", "spotlight"),
        ("Submitted to NeurIPS 2027", "submitted", "NeurIPS", "main"),
        ("Under review", "submitted", "", ""),
        ("NeurIPS 2027 Workshop on Clouds", "accepted", "NeurIPS", "workshop"),
        ("To appear in TACL", "accepted", "TACL", "journal"),
        ("Rejected from ICLR 2027", "withdrawn", "ICLR", "main"),
    ],
)
def test_comments(text: str, status: str, venue: str, track: str) -> None:
    review = read_comment(text)
    assert review
    assert (review.status, review.venue, review.track) == (status, venue, track)


@pytest.mark.parametrize("text", ["12 pages, 3 figures", "Code at https://github.com/weather/nimbus", "v2: typos"])
def test_comments_that_say_nothing(text: str) -> None:
    assert read_comment(text) is None
