"""Where sentences end, and that it does not matter which stretch of a text is asked about."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers.sentences import sentence_at, sentences

TEXTS = st.text(st.sampled_from("ab .!?\n\"')。e.g"), max_size=60)


def said(text: str, start: int = 0, end: int | None = None) -> list[str]:
    return [text[a:b] for a, b in sentences(text, start, len(text) if end is None else end)]


def test_a_sentence_ends_at_its_full_stop_and_at_an_empty_line() -> None:
    assert said('One. Two!? "Three."\n \nFour 1.5 e.g. five et al. six') == [
        "One.", "Two!?", '"Three.', '"', "Four 1.5 e.g. five et al. six",
    ]  # fmt: skip
    assert said("一。二！三") == ["一。", "二！", "三"]


@given(TEXTS, st.data())
def test_a_stretch_of_whole_sentences_has_the_same_ones(text: str, data: st.DataObject) -> None:
    every = sentences(text, 0, len(text))
    if every:
        first = data.draw(st.integers(0, len(every) - 1))
        last = data.draw(st.integers(first, len(every) - 1))
        assert sentences(text, every[first][0], every[last][1]) == every[first : last + 1]


@given(TEXTS)
def test_sentences_hold_all_that_is_not_white_space(text: str) -> None:
    assert "".join("".join(s.split()) for s in said(text)) == "".join(text.split())


@given(TEXTS)
def test_the_sentence_around_a_word_is_one_of_the_text(text: str) -> None:
    for low, high in sentences(text, 0, len(text)):
        assert sentence_at(text, low, low + 1, 0, len(text)) == (low, high)


def test_the_sentence_around_a_match_stays_inside_its_paragraph() -> None:
    text = "Outside before it. Here it is, and more. Outside."
    at = text.index("it is")
    assert text[slice(*sentence_at(text, at, at + 2, 0, len(text)))] == "Here it is, and more."
    assert text[slice(*sentence_at(text, at, at + 2, at - 2, at + 5))] == text[at - 2 : at + 5].strip()
    both = text[slice(*sentence_at(text, text.index("before"), at, 0, len(text)))]
    assert both == "Outside before it. Here it is, and more."
