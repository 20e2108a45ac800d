from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers.words import WORD, WordCount

LETTERS = st.characters() | st.sampled_from("ab1_ -.é漢字ーカ・가\u3040\uabff\U0001f600\U00020000𝔸\ud800İ")


@given(st.text(LETTERS, max_size=60) | st.text("ab1_ .", max_size=60), st.data())
def test_words_between_two_positions_are_those_of_the_pattern(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) + 2))
    end = data.draw(st.integers(0, len(text) + 2))
    assert WordCount(text).between(start, end) == len(WORD.findall(text, start, end))
