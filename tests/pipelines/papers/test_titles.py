"""A paper that is cited without an id is found by its title only where title and an author are the same."""

from __future__ import annotations

import json

import pytest

from crawler.run import choose_lookups
from output.record import Source
from pipelines.dossier import Dossier
from pipelines.papers import detector
from pipelines.papers.titles import named_titles
from spiders.document import Document, Kind
from spiders.papers import title_asks
from spiders.release import Read

ROOT = "hf:model:weather/Nimbus-7B"
TITLE = "Nimbus: Reading {C}louds, One by One"
CITATION = f"# Nimbus-7B\n\n@inproceedings{{n,\n  title={{{TITLE}}},\n  author={{Writer, Ann and Ólafur Bløm}},\n}}\n"


def document(kind: Kind, body: str, url: str = "https://huggingface.co/x/README.md") -> Document:
    return Document(kind, ROOT, Source(url, url, sha256="0" * 64), body.encode())


def work(title: str, author: str) -> dict[str, object]:
    return {
        "paperId": "a1",
        "title": title,
        "authors": [{"authorId": "1", "name": author}],
        "publicationVenue": {"name": "Meeting of Clouds", "type": "conference"},
        "year": 2027,
        "matchScore": 174.2,
    }


@pytest.mark.parametrize(
    ("title", "author", "found"),
    [
        ("Nimbus: reading clouds one by one", "A. Writer", True),
        ("NIMBUS — Reading Clouds, One by One.", "O. Bløm", True),
        ("Nimbus: Reading Clouds, One by One", "B. Reader", False),
        ("Nimbus: Reading Clouds, One by One, Again", "A. Writer", False),
        ("", "A. Writer", False),
    ],
)
def test_title_and_author_have_to_be_the_same(title: str, author: str, found: bool) -> None:
    answer = document(
        "paper_metadata", json.dumps({"data": [work(title, author)]}), "https://api.semanticscholar.org/x"
    )
    records = list(detector.detect(Dossier(ROOT, (document("model_card", CITATION), answer)), ()))
    said = [r for r in records if r.indicator == "paper.published" and r.detector.rule == "found-by-title"]
    assert [r.value["venue"] for r in said] == (["Meeting of Clouds"] if found else [])


@pytest.mark.parametrize(
    "card",
    [
        CITATION.replace("title={Nimbus", "title={Cirrus"),
        CITATION.replace("author=", "editor="),
        CITATION.replace("author=", "eprint={2701.00001},\n  author="),
        CITATION + "\nPaper: https://arxiv.org/abs/2701.00009\n",
        CITATION.replace("author=", "howpublished={https://github.com/weather/nimbus},\n  author="),
    ],
)
def test_what_is_not_looked_up_by_title(card: str) -> None:
    assert named_titles(Dossier(ROOT, (document("model_card", card),))) == []


def test_titles_are_asked_for_as_services_document() -> None:
    wanted = choose_lookups(Read(ROOT, None, (document("model_card", CITATION),), (), ()))
    assert wanted.titles == ("Nimbus: Reading Clouds, One by One",)
    scholar, openalex = title_asks(wanted.titles, "papers:*", {"semantic-scholar", "openalex"})
    assert "/paper/search/match?query=Nimbus%3A%20Reading%20Clouds%2C%20One%20by%20One&fields=title," in scholar.url
    assert "?filter=title.search:Nimbus%20Reading%20Clouds%20One%20by%20One&per-page=5&select=" in openalex.url
    assert list(title_asks(wanted.titles, "papers:*", ())) == []
