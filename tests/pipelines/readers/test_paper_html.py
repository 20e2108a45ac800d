"""HTML of papers: sections, sentences and quotes that stand where they say."""

from __future__ import annotations

import hashlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from output.record import EvidenceRecord, Source
from pipelines.dossier import Dossier
from pipelines.paper_text import detector
from pipelines.papers import detector as papers
from pipelines.readers.paper_html import is_html_paper, read_html
from spiders.document import Document

PAGE = """<!DOCTYPE html>
<html><head><title>x</title><script>var a = "<h2>not read</h2>";</script></head>
<body><div class="ltx_page_main"><article class="ltx_document">
<h1 class="ltx_title ltx_title_document">Nimbus-2: A Model <br>of Weather</h1>
<!-- <h2>not a section</h2> -->
<section><h2 class="ltx_title"><span class="ltx_tag">1 </span>Training data</h2>
<div class="ltx_para"><p class="ltx_p">We trained Nimbus-2 on <math alttext="1.4"><mn>1.4</mn></math> trillion tokens of
text from Common&nbsp;Crawl &amp; books <cite>(Writer, 2020)</cite>.</p></div></section>
<section><h2 class="ltx_title">2 Infrastructure</h2>
<p>Nimbus-2 was trained on <b>512 NVIDIA H100 GPUs</b> for nine days.</p>
<figure><img src="a.png"><figcaption>Figure 1: Loss of the model.</figcaption></figure></section>
<section class="ltx_bibliography"><h2>References</h2>
<ul><li>We trained on 8 V100 GPUs for three days.</li></ul></section>
</article></div></body></html>
"""


def read(page: str) -> list[EvidenceRecord]:
    body = page.encode()
    source = Source("paper.html", "paper.html", path="paper.html", sha256=hashlib.sha256(body).hexdigest())
    case = Dossier("url:paper.html", (Document("paper", "url:paper.html", source, body),))
    return [*papers.detect(case, ()), *detector.detect(case, ())]


def test_sections_and_title() -> None:
    paper = read_html(PAGE.encode())
    assert paper.title == "Nimbus-2: A Model of Weather"
    assert [heading for heading, _ in paper.flows] == ["1 Training data", "2 Infrastructure", "2 Infrastructure"]
    said = "We trained Nimbus-2 on 1.4 trillion tokens of text from Common Crawl & books (Writer, 2020)."
    assert paper.flows[0][1].text == said
    assert [flow.caption for _, flow in paper.flows] == [False, False, True]


def test_statements_are_quoted_from_the_source() -> None:
    found = {r.indicator: r for r in read(PAGE)}
    hardware, data = found["hardware.training"], found["data.described"]
    assert hardware.value["given"] == "512 NVIDIA H100"
    assert "section 2 Infrastructure" in hardware.statement
    assert hardware.quote
    assert hardware.quote.exact == "512 NVIDIA H100 GPUs"
    assert data.value["amounts"] == ["1.4 trillion tokens"]
    assert found["preprint.report"].statement == "Report: Nimbus-2: A Model of Weather (paper.html, HTML)."
    for record in found.values():
        if record.quote:
            assert record.selector
            assert PAGE[record.selector.start : record.selector.end] == record.quote.exact
            assert "<" not in record.quote.exact
            assert record.selector.page is None


def test_only_what_latexml_wrote_is_a_paper() -> None:
    assert is_html_paper(PAGE.encode())
    assert not is_html_paper(b"<html><body>404: no such paper</body></html>")
    assert [r.outcome for r in read("<html><body>404</body></html>")] == ["unavailable", "unavailable"]


@pytest.mark.parametrize("junk", ["<!--" * 100_000, "<math" * 100_000, "<p>&amp;" * 60_000, "<" * 300_000])
def test_hostile_pages_end_soon(junk: str) -> None:
    start = time.process_time()
    read_html((PAGE + junk).encode())
    assert time.process_time() - start < 5


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damage_never_raises(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(PAGE) - 1))
    page = PAGE[:at] + data.draw(st.text(max_size=30)) + PAGE[at + 20 :]
    paper = read_html(page.encode())
    decoded = page.encode().decode("utf-8", "replace")
    for _, flow in paper.flows:
        quote, selector = flow.quote(0, len(flow.text))
        assert decoded[selector.start : selector.end] == quote.exact
