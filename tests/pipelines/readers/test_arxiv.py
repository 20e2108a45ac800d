"""arXiv: ids as people write them, and feeds read strictly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers.arxiv import FeedError, find_ids, read_feed

HEAD = '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">'


def feed(*entries: str) -> bytes:
    return (HEAD + "".join(f"<entry>{entry}</entry>" for entry in entries) + "</feed>").encode()


PAPER = (
    "<id>http://arxiv.org/abs/2701.00001v3</id><title>Nimbus &amp; Co:\n  a grün model</title><summary>S</summary>"
    "<author><name>A. Writer</name></author><arxiv:journal_ref>J. of Clouds 4</arxiv:journal_ref>"
)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("[Paper](https://arxiv.org/abs/2402.00838v2)", ["2402.00838v2"]),
        ("https://arxiv.org/pdf/2402.00838.pdf", ["2402.00838"]),
        ("journal={arXiv preprint arXiv:2402.00838}", ["2402.00838"]),
        ("eprint = {2402.00838},", ["2402.00838"]),
        ("volume = {abs/2105.15203}", ["2105.15203"]),
        ("https://huggingface.co/papers/2402.00838", ["2402.00838"]),
        ("doi:10.48550/arXiv.2402.00838", ["2402.00838"]),
        ("https://arxiv.org/abs/cs/0703001", ["cs/0703001"]),
        ("- arxiv:2304.12244", ["2304.12244"]),
        ("10.3 - 7988.8133 = ", []),
        ("version 2402.00838 of nothing", []),
        ("arXiv:2413.00838", []),
        ("arxiv:2402.008380", []),
    ],
)
def test_ids(text: str, ids: list[str]) -> None:
    assert [found.id + found.version for found in find_ids(text)] == ids


def test_fields_stand_where_they_say() -> None:
    body = feed(PAPER.replace("2701.00001v3", "2701.00009v1"), PAPER)
    entry = read_feed(body).find("2701.00001")
    assert entry
    assert entry.version == "v3"
    assert entry.title.text == "Nimbus & Co: a grün model"
    text = body.decode()
    assert text[entry.title.start : entry.title.end] == "Nimbus &amp; Co:\n  a grün model"
    assert entry.journal_ref
    assert text[entry.journal_ref.start : entry.journal_ref.end] == "J. of Clouds 4"
    assert [author.text for author in entry.authors] == ["A. Writer"]


def test_an_unknown_element_is_named() -> None:
    assert read_feed(feed(PAPER + "<arxiv:mood>blue</arxiv:mood>")).unknown == ("mood",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Rate exceeded.",
        b"<html><body>busy</body></html>",
        feed(PAPER)[:-9],
        b'<!DOCTYPE f [<!ENTITY a "b">]>' + feed(PAPER),
        feed(PAPER).decode().replace("UTF-8", "latin-1").encode("latin-1"),
        (HEAD + "<a>" * 50).encode(),
    ],
)
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(FeedError):
        read_feed(body)


@given(st.text(max_size=300))
def test_ids_of_any_text(text: str) -> None:
    for found in find_ids(text):
        assert text[found.start : found.end].endswith(found.id + found.version)


def test_recorded_answers(corpus: Path) -> None:
    answers = {}
    for path in sorted((corpus / "corpus" / "api-answers" / "arxiv").glob("*.json")):
        recorded = json.loads(path.read_text("utf-8"))
        read = read_feed(recorded["body"].encode())
        assert read.unknown == ()
        answers[path.name.split("_s0_")[0]] = read
    assert answers["id_0000.0000"].entries == ()
    assert answers["id_abc"].errors == ("incorrect id format for abc",)
    assert [e.id for e in answers["id_0808.05394_1707.08567"].entries] == ["1707.08567"]
    old = answers["id_astro-ph_0601001"].entries[0]
    assert (old.id, old.version) == ("astro-ph/0601001", "v1")
    assert old.journal_ref
    assert old.journal_ref.text == "ActaAstron.56:1-50,2006"
