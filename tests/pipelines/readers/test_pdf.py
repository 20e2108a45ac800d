"""PDF: what a page says and where, and an honest outcome for what cannot be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.readers.pdf import MAX_PAGES, Line, Pdf, char_boxes, flows, is_heading, parse, quote_page, read_pdf
from tests.pipelines.readers.pdfs import column, make_pdf

REPORT = make_pdf(
    [
        [
            (72, 780, 18, "Nimbus-2: a small language model"),
            *column(["Abstract", "We train Nimbus-2 on text that anyone can fetch."], top=740),
            *column(["1. Infra\xadstructure"], top=700, size=13),
            *column(["Nimbus-2 was trained on sixteen accelera-", "tors for nine days (see Table 2)."], top=680),
            (290, 30, 9, "1"),
        ],
        [
            *column(["Left column begins here and goes", "on to the end of the column."], left=60, top=760),
            *column(["Right column comes second."], left=320, top=760),
            *column(["References"], left=320, top=700, size=13),
            *column(["A. Writer. 2020. A cluster of 512 accelerators."], left=320, top=680),
            (290, 30, 9, "2"),
        ],
    ]
)

LOCK = "/Encrypt << /Filter /Standard /V 9 /R 9 /O (x) /U (y) /P 0 >> "


def folded(text: str) -> str:
    return re.sub(r"[\s­‐-]+", "", text)


def test_lines_know_their_place_and_role() -> None:
    pdf = parse(REPORT)
    assert pdf.complete
    assert pdf.page_count == 2
    lines = {page.text[line.start : line.end]: line for page in pdf.pages for line in page.lines}
    title = lines["Nimbus-2: a small language model"]
    assert title.role == "heading"
    left, bottom, right, top = title.box
    assert 70 < left < 76
    assert 770 < bottom < 781 < top < 805
    assert 300 < right < 420
    assert lines["1"].role == "margin"
    assert lines["A. Writer. 2020. A cluster of 512 accelerators."].role == "references"
    assert lines["Right column comes second."].role == "body"


def test_columns_are_read_one_after_the_other() -> None:
    text = " ".join(flow.text for _, flow in flows(parse(REPORT).pages[1]))
    assert "begins here and goes on to the end of the column. Right column" in text
    assert "Writer" not in text


def test_a_flow_quotes_what_the_page_says() -> None:
    page = parse(REPORT).pages[0]
    heading, flow = next((h, f) for h, f in flows(page) if "sixteen" in f.text)
    assert heading.endswith("structure")
    start = flow.text.index("Nimbus-2 was")
    quote, selector = flow.quote(start, len(flow.text))
    assert selector.page == 1
    assert page.text[selector.start : selector.end] == quote.exact
    assert quote.exact.endswith("(see Table 2).")


def test_the_worker_reads_what_this_process_reads() -> None:
    assert read_pdf(REPORT) == parse(REPORT)


def test_captions_and_paragraphs_stand_apart() -> None:
    page = make_pdf(
        [
            [
                *column(["2. Data"], top=790, size=13),
                *column(["We took the text of every"], top=770),
                *column(["Figure 1: Loss of a small", "model of 200 billion words"], top=740, size=8),
                *column(["library in the country."], top=700),
                *column(["Another paragraph follows"], top=660),
                *column(["and goes on to its end,", "line by line by line."], top=648),
            ]
        ]
    )
    found = [flow for heading, flow in flows(parse(page).pages[0]) if heading == "2. Data"]
    assert [flow.caption for flow in found] == [False, True]
    assert "every library in the country. Another" in found[0].text
    assert found[0].paragraphs == [found[0].text.index("Another")]
    assert found[1].text == "Figure 1: Loss of a small model of 200 billion words"


def test_headings_in_small_capitals_and_below_one_that_was_not_seen() -> None:
    small = [(72, 770, 12, "2 P"), (88.5, 770, 9, "RETRAINING")]
    lines = [*small, *column(["We trained on text.", "It took a day."], top=750), (72, 700, 10, "3.1 Cold Start")]
    more = column(["We tuned on dialogues.", "It took an hour."], top=680)
    pdf = parse(make_pdf([[*column(["1 Introduction"], top=800, size=12), *lines, *more]]))
    assert [h for h, _ in flows(pdf.pages[0])] == ["2 PRETRAINING", "3.1 Cold Start"]


@pytest.mark.parametrize(
    ("text", "latin", "heading"),
    [
        ("请写一首关于雨的诗", True, False),
        ("C. 不，那是第三个答案", True, False),
        ("训练数据的来源", False, True),
        ("2.1 训练数据", False, True),
        ("参考文献", True, True),
        ("2.1 Données d'entraînement", True, True),
    ],
)
def test_a_prompt_in_another_script_is_no_heading(text: str, latin: bool, heading: bool) -> None:
    line = Line(0, len(text), (72, 700, 300, 712), 12.0)
    assert is_heading(text, line, 10.0, latin) is heading


def test_boxes_of_characters() -> None:
    page = parse(REPORT).pages[0]
    start = page.text.index("sixteen")
    boxes = char_boxes(REPORT, 1, start, start + 7)
    assert [box[0] for box in boxes] == sorted(box[0] for box in boxes)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not_pdf"),
        (b"<html>no PDF</html>", "not_pdf"),
        (b"%PDF-1.7\n" + b"\0" * 2000, "broken"),
        (REPORT[: len(REPORT) // 3], "broken"),
        (make_pdf([[]]), "no_text"),
        (
            make_pdf([column(["x"])], trailer="/Encrypt << /Filter /Standard /V 9 /R 9 /O (x) /U (y) /P 0 >> "),
            "encrypted",
        ),
    ],
)
def test_a_bad_file_has_a_named_problem(body: bytes, problem: str) -> None:
    assert read_pdf(body).problem == problem


def test_too_slow_is_ended() -> None:
    assert read_pdf(REPORT, wall=0.001).problem == "timeout"


def test_two_thousand_pages_are_read_in_part_and_counted() -> None:
    pdf = parse(make_pdf([column(["A page of a very long book."])], repeat=2000))
    assert (pdf.page_count, len(pdf.pages)) == (2000, MAX_PAGES)
    assert not pdf.complete


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_damage_never_raises(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(REPORT) - 1))
    junk = data.draw(st.binary(max_size=40))
    pdf = parse(REPORT[:at] + junk + REPORT[at + len(junk) :])
    assert isinstance(pdf, Pdf)


def test_real_papers_quote_themselves(corpus: Path) -> None:
    """Every quoted line is found again by another reading of the bytes, white space and hyphens folded."""
    import pypdfium2

    for path in sorted((corpus / "corpus" / "papers").glob("*.pdf"))[:3]:
        body = path.read_bytes()
        pdf = parse(body)
        document = pypdfium2.PdfDocument(body)
        for page in pdf.pages[:6]:
            text = folded(document[page.number - 1].get_textpage().get_text_range())
            for line in page.lines:
                quote, _ = quote_page(page, line.start, line.end)
                assert folded(quote.exact) in text
        document.close()


def test_a_bomb_ends_within_its_memory() -> None:
    """A page whose stream unpacks to two gigabytes of drawing is given up, not waited for."""
    import zlib

    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"0 0 m 1 1 l S " * 75_000) for _ in range(64)) + packer.flush()
    body = make_pdf([column(["x"])])
    stream = re.search(rb"<< /Length \d+ >>\nstream\n.*?\nendstream", body, re.DOTALL)
    assert stream
    bomb = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)
    pdf = read_pdf(body[: stream.start()] + bomb + body[stream.end() :], seconds=2)
    assert pdf.problem in ("timeout", "crashed", "broken", "no_text")
