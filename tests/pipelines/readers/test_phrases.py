"""The short way over a text gives what the long one gives."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.access import rules as access_rules
from pipelines.data_sources.reading import rules as data_rules
from pipelines.hardware.reading import rules as hardware_rules
from pipelines.papers.mentions import ENTRIES
from pipelines.papers.preprint import ANNOUNCED, BLOG
from pipelines.papers.review import CLAIM
from pipelines.papers.venues import place_pattern
from pipelines.readers import phrases
from pipelines.readers.arxiv import NAMED_ID
from pipelines.readers.phrases import Anchored, Literals, Phrase, Phrasebook, beginnings, lowered, required

BOOKS = {
    "accelerators": hardware_rules().book,
    "corpora": data_rules().corpora,
    "withheld": data_rules().withheld,
    "libraries": access_rules().libraries,
}
ANCHORED = {
    "arxiv": NAMED_ID,
    "announced": ANNOUNCED,
    "blog": BLOG,
    "claim": CLAIM,
    "entry": ENTRIES,
    "publisher": place_pattern(),
}
PIECES = [
    "GPU", "8 x NVIDIA A100 80GB", "for 3 weeks", "data parallel", "The Pile", "Common Crawl", "proprietary data",
    "import torch", "pip install vllm", "arXiv:2307.09288v2", "https://arxiv.org/abs/1706.03762",
    "arXiv arxiv: 2001.00001",
    "@article{x,", "title = {A {B} c}", "}", "https://blog.x.y/a", "https://x.y/research/z.", "paper will be released",
    "Technical report coming soon", "accepted at ICML 2024", "published in", "doi.org/10.1038/s41586",
    "10.48550/arXiv.2001.00001",
    "训练数据", "论文即将", "SIXTEEN TPUS", "ſixteen tpuſ", "\u212a", "İnfiniband", "\n", " ", ". ", "\ud800",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=25).map("".join)


@given(TEXTS, st.sampled_from(sorted(BOOKS)), st.data())
def test_a_book_tries_every_phrase_that_matches(text: str, name: str, data: st.DataObject) -> None:
    book = BOOKS[name]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    tried = [id(one) for _, one in book.over(lowered(text)).inside(start, end)]
    matching = [id(one) for _, one in book.entries if one.pattern.search(text, start, end)]
    assert [one for one in tried if one in set(matching)] == matching


@given(TEXTS, st.sampled_from(sorted(ANCHORED)))
def test_an_anchored_pattern_matches_as_itself(text: str, name: str) -> None:
    anchored = ANCHORED[name]
    assert anchored.heads.literals
    assert [m.span() for m in anchored.finditer(text)] == [m.span() for m in anchored.pattern.finditer(text)]


@given(
    st.lists(st.text("abA", min_size=1, max_size=3).map(str.lower), max_size=6), st.text("ab ", max_size=30), st.data()
)
def test_literals_are_found_wherever_they_stand(literals: list[str], text: str, data: st.DataObject) -> None:
    start, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    found = Literals(literals)
    inside = {(found.literals[n], a, b) for n, a, b in found.over(text).inside(start, end)}
    assert inside == {
        (word, at, at + len(word)) for word in literals for at in range(start, end) if text.startswith(word, at, end)
    }
    assert found.over(text).stand_in(start, end) == any(word in text[start:end] for word in literals)


@pytest.mark.parametrize(
    ("pattern", "one_of", "begins"),
    [
        (r"gpus?\b", ("gpu",), ("gpu",)),
        (r"(?:the )?pile", ("pile",), ("pile", "the pile")),
        (r"\bNVIDIA|amd\s+instinct", ("instinct", "nvidia"), ("amd", "nvidia")),
        (r"\d+ gpus", (" gpus",), ()),
        (r"[ab]cd", ("cd",), ("acd", "bcd")),
        (r"x*", (), ()),
        (r"a|bc", (), ()),
        (r"@\w+", (), ("@",)),
        (r"训", ("训",), ("训",)),
        (r"(?=foo)bar(?!baz)", ("bar",), ("bar",)),
        (r"(?:ab){2,3}c", ("ab",), ("ab",)),
    ],
)
def test_what_a_match_must_hold(pattern: str, one_of: tuple[str, ...], begins: tuple[str, ...]) -> None:
    assert required(pattern) == one_of
    assert beginnings(pattern) == begins


@given(st.from_regex(r"(?:ab?|[cd]e+|\(f\|g\)h|i{1,2}j|\.){1,6}", fullmatch=True), st.data())
def test_every_match_holds_and_begins_with_one(pattern: str, data: st.DataObject) -> None:
    match = data.draw(st.from_regex(re.compile(pattern), fullmatch=True))
    held, begins = required(pattern), beginnings(pattern)
    assert not held or any(word in lowered(match) for word in held)
    assert not begins or lowered(match).startswith(begins)


def test_every_letter_keeps_its_place_in_lower_case() -> None:
    text = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    assert len(lowered(text)) == len(text)
    assert lowered("GPUſ İN") == "gpus in"


def test_without_the_parser_all_is_tried_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(phrases, "importlib", type("", (), {"import_module": staticmethod(gone)}))
    pattern = re.compile("slower, and the same")
    text = "It is slower, and the same."
    assert required(pattern.pattern) == beginnings(pattern.pattern) == ()
    assert [m.start() for m in Anchored(pattern).finditer(text)] == [6]
    assert Phrasebook([("", Phrase(pattern))]).over(text).inside(0, len(text))
