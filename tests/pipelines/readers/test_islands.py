"""Plain markup read without a tree is what BeautifulSoup's tree says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.readers.islands import Island, read_islands, read_plain, read_soup
from pipelines.readers.markdown import read_markdown

PLAIN = [
    "<h1>", "</h1>", '<H2 align="center">', "</h2>", "<tr>", "</tr>", "<td>", "</td>", "<th class=x>", "</th>", "<b>",
    "</b>", "<strong>", "</strong >", "<li>", "</li>", "<ul>", "</ul>", "<br>", "<br/>", "<p/>", "<li/>", "</p>",
    "<div>", "</div>", "words", "  ", "\n", "\n\n", "é漢", "<summary>", "</summary>", "<details open>", "</details>",
    '<a href="x?a=1&b=2">', "</a>", "<a href=x>", "<input disabled>", "<tr/>", "<td/>", "<b\n>", "&amp;",
    "&nbsp;", "<!-- c -->", "<!-- <h1>c</h1> -->", "<span style='a:b'>",
]  # fmt: skip
ODD = [
    "a < b", "&rarr;", "&amp", "<!-->", "<!-- a -- b -->", "<x", "</", "</br>", "<a b==c>", "<b/ >", "<img alt='a>b'>",
    "<script>", "</script>", "<a href=x/y>", "<style>", "<td x ='1'>", "x>y", "<![CDATA[", "<?x>", "<rt>", "\0",
]  # fmt: skip


def seen(islands: list[Island]) -> list[tuple[str, int, str, list[str]]]:
    def one_line(text: str) -> str:
        return re.sub(r"\s+", " ", text).strip()

    return [(i.name, i.start, one_line(i.words), [one_line(c) for c in i.cells]) for i in islands]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PLAIN), max_size=16).map("".join))
def test_plain_markup_needs_no_tree(raw: str) -> None:
    plain = read_plain(raw)
    assert plain is not None
    assert seen(plain) == seen(list(read_soup(raw)))


@given(st.lists(st.sampled_from(PLAIN + ODD) | st.text("<>/b= &\"'", max_size=4), max_size=16).map("".join))
def test_odd_markup_is_the_tree_s_or_the_same(raw: str) -> None:
    assert seen(list(read_islands(raw))) == seen(list(read_soup(raw)))


@pytest.mark.parametrize("raw", [*ODD[:5], "<script><b>x</b></script>", "<rt>x</rt>"])
def test_what_is_odd_goes_to_beautifulsoup(raw: str) -> None:
    assert read_plain(raw) is None


def test_a_row_has_its_cells() -> None:
    assert read_plain("<table><tr><td>Owner</td><td><b>A</b> lab</td></tr></table>") == [
        Island("tr", 7, "Owner A  lab", ["Owner", "A  lab"]),
        Island("b", 29, "A"),
    ]


def test_anchors_inside_a_paragraph_are_links() -> None:
    text = "Try <a href='https://a.example/demo'><img src='b.svg'></a> or <a href=\"/two\">the **other** one</a>.\n"
    links = read_markdown(text).links
    assert [(link.href, link.label) for link in links] == [("https://a.example/demo", ""), ("/two", "the other one")]
    assert text[slice(*links[1][:2])] == '<a href="/two">the **other** one</a>'
