"""Answers of paper databases: preprints are told from publications, whatever the services call them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.detector import quote_pointer
from pipelines.readers.publications import AnswerError, read_answer


def openalex(kind: str, name: str) -> dict[str, Any]:
    return {
        "id": "https://openalex.org/W1",
        "doi": "https://doi.org/10.48550/arxiv.2701.00001",
        "title": "Nimbus",
        "type": "article",
        "publication_year": 2027,
        "primary_location": {"source": {"display_name": name, "type": kind}, "is_published": False},
    }


@pytest.mark.parametrize(
    ("kind", "name", "venue"),
    [
        ("conference", "Conference of Clouds", "Conference of Clouds"),
        ("journal", "Journal of Clouds", "Journal of Clouds"),
        ("repository", "arXiv (Cornell University)", ""),
    ],
)
def test_openalex_goes_by_the_kind_of_source(kind: str, name: str, venue: str) -> None:
    (work,) = read_answer(json.dumps(openalex(kind, name)).encode()).publications
    assert (work.venue, work.arxiv, work.doi) == (venue, "2701.00001", "")


def test_an_unknown_kind_is_told() -> None:
    assert read_answer(json.dumps(openalex("blimp", "Clouds")).encode()).unknown == ("OpenAlex source.type 'blimp'",)


def test_a_batch_with_an_unknown_id() -> None:
    papers = [None, {"paperId": "x", "externalIds": {"ArXiv": "2701.00001"}, "venue": "ICML", "title": "Nimbus"}]
    (paper,) = read_answer(json.dumps(papers).encode()).publications
    assert (paper.arxiv, paper.venue, paper.pointer) == ("2701.00001", "ICML", "/1/venue")
    assert quote_pointer(papers, paper.pointer)[0].exact == '"ICML"'


@pytest.mark.parametrize("body", [b"", b"[1]", b"{}", b'{"data": 3}', b"<html>"])
def test_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(AnswerError):
        read_answer(body)


def test_recorded_answers(corpus: Path) -> None:
    answers = corpus / "corpus" / "api-answers"
    (work,) = read_answer((answers / "openalex" / "work_W2150066425.trimmed.json").read_bytes()).publications
    assert work.kind == "conference"  # `type: article`, `is_published: false`
    (many,) = read_answer((answers / "dblp" / "search_publ_author_list.json").read_bytes()).publications
    (one,) = read_answer((answers / "dblp" / "search_publ_single_author_is_object.json").read_bytes()).publications
    assert (len(many.authors), len(one.authors), one.year) == (5, 1, 2005)
    recorded = {
        path.stem: [
            read_answer((i["response"].get("content") or i["response"]["body"]["string"]).encode())
            for i in yaml.safe_load(path.read_text("utf-8"))["interactions"]
        ]
        for path in (answers / "semanticscholar").glob("*.yaml")
        if "references" not in path.stem
    }
    assert recorded["test_not_found"][0].errors == ("Paper with id 0 not found",)
    assert recorded["test_bad_query_parameters"][0].errors
    assert {p.venue for p in recorded["test_search_paper_venue"][0].publications} == {"arXiv.org"}
