"""A patch changes the intended value, on one line, and not one byte elsewhere."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from output.line_patch import Change, PatchError, Value, patch, scalar, written

ENTRY = """---
# Made up for the tests.

system:
    name: Small 1
    notes:

trainingcode:
    class: openTRAILING
    link:  https://example.org/code # as of May
    notes: "Repository: documented."

# access:
licenses:
    class: closed
    notes:
""".replace("TRAILING", "  ")


def changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    assert len(old) == len(new)
    return [(a, b) for a, b in zip(old, new, strict=True) if a != b]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("block", "key", "value", "line"),
    [
        ("trainingcode", "class", "partial", "    class: partial"),
        ("trainingcode", "link", "https://example.org/x", "    link: https://example.org/x # as of May"),
        ("trainingcode", "notes", "Plain words.", "    notes: Plain words."),
        ("system", "notes", "Weights: MIT.", '    notes: "Weights: MIT."'),
        ("licenses", "notes", None, None),
        (
            "trainingcode",
            "link",
            ["https://a.org", "https://b.org"],
            '    link: ["https://a.org", "https://b.org"] # as of May',
        ),
    ],
)
def test_one_line_changes(ending: str, block: str, key: str, value: Value, line: str | None) -> None:
    text = ENTRY.replace("\n", ending)
    result = patch(text, Change(block, key, value))
    assert [new for _, new in changed_lines(text, result)] == ([line + ending] if line else [])
    assert yaml.safe_load(result)[block][key] == value


def test_a_missing_key_is_put_after_its_predecessor() -> None:
    result = patch(ENTRY, Change("licenses", "link", "https://example.org/license"))
    assert "    class: closed\n    link: https://example.org/license\n    notes:\n" in result


def test_last_line_without_an_end() -> None:
    result = patch("licenses:\n    class: open", Change("licenses", "link", "https://example.org/"))
    assert result == "licenses:\n    class: open\n    link: https://example.org/\n"


@pytest.mark.parametrize(
    "change",
    [
        Change("nothing", "class", "open"),
        Change("licenses", "other", "x"),
        Change("licenses", "notes", "two\nlines"),
        Change("licenses", "notes", "two\u2028lines"),
    ],
)
def test_what_cannot_be_patched_is_refused(change: Change) -> None:
    with pytest.raises(PatchError):
        patch(ENTRY, change)


ONE_LINE = st.text(
    st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"], blacklist_characters="\ufffe\uffff\ufeff")
)


@given(ONE_LINE)
def test_any_text_comes_back(text: str) -> None:
    assert yaml.safe_load(f"k: {scalar(text)}") == {"k": text}
    result = patch(ENTRY, Change("licenses", "notes", text))
    assert yaml.safe_load(result)["licenses"]["notes"] == text
    assert len(changed_lines(ENTRY, result)) <= 1


@pytest.mark.parametrize(
    "text", ["yes", "null", "12", "1e3", "2025-01-02", "- x", "a #b", "a: b", "[x", "@x", "0o7", ""]
)
def test_text_that_means_something_else_is_quoted(text: str) -> None:
    assert written(text) == f'"{text}"'


@pytest.mark.parametrize(
    "text", ["Apache-2.0", "2025-01", "https://example.org/a#b", "DeepSeek (深度求索)", "~4e24 FLOP"]
)
def test_the_rest_stays_plain(text: str) -> None:
    assert written(text) == text
