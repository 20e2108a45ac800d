"""LaTeX sources: the main file, what it inputs, comments, and quotes that stand in the member's own bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from output.positions import members
from output.record import ArchivePosition, Source
from pipelines.dossier import Dossier
from pipelines.paper_text import detector
from pipelines.paper_text.sentences import sentences
from pipelines.readers.paper_tex import ALONE, TexError, TexFlow, is_tex, read_tex
from spiders.document import Document

MAIN = rb"""\documentclass{article}
\usepackage{times} % \section{No section}
\title{Nimbus-2: Reading \textbf{Clouds}}
\author{Ann Writer}
\begin{document}
\maketitle
\begin{abstract}
We present Nimbus-2. % We trained on 9 trillion tokens.
\end{abstract}
\section{Introduction}\label{sec:one}
Clouds are hard~\cite{writer2026}.
\input{sections/training}
\appendix
\section{Prompts}
\begin{tabular}{ll} 5 & trillion tokens \end{tabular}
\end{document}
We trained on 8 trillion tokens.
"""
TRAINING = """\\section{Training}
\\subsection{Data}
We collect \\emph{rain reports} from the web and pre-train Nimbus-2
on 4 trillion tokens of text.% a note to myself: 7 trillion?

\\subsection{Infrastructure}
Nimbus-2 was trained on 512 NVIDIA H100 GPUs for nine days, which cost 30\\% of Änne's budget.
\\begin{figure}\\includegraphics{cloud}\\caption{A cloud.}\\end{figure}
\\input{sections/training}
\\input{../../outside}
""".encode()


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, body in files.items():
            info = tarfile.TarInfo(name.replace("__", "/") + ".tex")
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


SOURCE = archive(other=b"\\section{Not read}", paper=MAIN, sections__training=TRAINING)


def test_the_main_file_and_what_it_inputs() -> None:
    paper = read_tex(SOURCE)
    found = [(s.section, s.text, s.caption) for s in sentences(paper)]
    assert paper.title == "Nimbus-2: Reading Clouds"
    assert found[:4] == [
        ("Abstract", "We present Nimbus-2.", False),
        ("1 Introduction", "Clouds are hard .", False),
        (
            "2 Training / 2.1 Data",
            "We collect rain reports from the web and pre-train Nimbus-2 on 4 trillion tokens of text.",
            False,
        ),
        (
            "2 Training / 2.2 Infrastructure",
            "Nimbus-2 was trained on 512 NVIDIA H100 GPUs for nine days, which cost 30% of Änne's budget.",
            False,
        ),
    ]
    assert ("2 Training / 2.2 Infrastructure", "A cloud.", True) in found
    assert not any("8 trillion" in text or "9 trillion" in text or "5 " in text for _, text, _ in found)


@pytest.mark.parametrize("packed", [True, False])
def test_a_single_file(packed: bool) -> None:
    paper = read_tex(gzip.compress(MAIN) if packed else MAIN)
    flow = paper.flows[0][1]
    assert isinstance(flow, TexFlow)
    assert (flow.text.strip(), flow.file.path) == ("We present Nimbus-2.", ALONE if packed else None)
    if packed:
        assert list(members(lambda: io.BytesIO(gzip.compress(MAIN)), [ALONE])) == [(ALONE, MAIN)]


def test_statements_are_quoted_from_the_member() -> None:
    url = "https://export.arxiv.org/e-print/2701.00001v1"
    digest = hashlib.sha256(SOURCE).hexdigest()
    source = Source(url, url, sha256=digest, size=len(SOURCE), archive=ArchivePosition("a.warc.gz", "<urn:1>", 0))
    read = Document("paper", "url:x", source, SOURCE)
    records = [r for r in detector.detect(Dossier("url:x", (read,)), ()) if r.quote]
    said = {r.indicator: r for r in records}
    assert {"hardware.training", "data.described"} <= set(said)
    for record in (said["hardware.training"], said["data.described"]):
        assert record.source is not None
        assert record.quote is not None
        assert record.selector is not None
        assert record.source.archive is not None
        assert record.source.archive.member == "sections/training.tex"
        assert record.source.sha256 == hashlib.sha256(TRAINING).hexdigest()
        text = TRAINING.decode()
        assert text[record.selector.start : record.selector.end] == record.quote.exact
        assert "%" not in record.quote.exact.replace("\\%", "")


UNREADABLE: dict[str, Callable[[], bytes]] = {
    "two bytes": lambda: b"\x1f\x8b",
    "cut off": lambda: SOURCE[:200],
    "a PDF": lambda: gzip.compress(b"%PDF-1.5 no TeX"),
    "no main file": lambda: archive(a=b"\\section{No main file}"),
    "a bomb": lambda: gzip.compress(b"\0" * 300_000_000, 9),
    "many files": lambda: archive(**{f"f{n}": b"x" for n in range(5_001)}),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_told_in_little_time(kind: str) -> None:
    body = UNREADABLE[kind]()
    began = time.process_time()
    assert is_tex(body)
    with pytest.raises(TexError):
        read_tex(body)
    assert time.process_time() - began < 5


def test_inputs_in_a_circle_and_open_braces_end() -> None:
    loop = MAIN.replace(b"\\input{sections/training}", b"\\input{paper}\\section{" + b"{" * 50_000)
    began = time.process_time()
    read_tex(archive(paper=loop))
    assert time.process_time() - began < 5


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="\\{}%$ab \n[]~&", max_size=300))
def test_any_text_is_read_and_every_quote_stands_in_it(text: str) -> None:
    body = b"\\documentclass{a}\\begin{document}" + text.encode()
    for flow in (flow for _, flow in read_tex(body).flows if flow.text):
        quote, selector = flow.quote(0, len(flow.text))
        assert selector.start is not None
        assert body.decode()[selector.start : selector.end] == quote.exact
