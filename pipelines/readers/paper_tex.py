"""LaTeX of a paper as arXiv's `e-print` gives it: one TeX file or a tar of many, packed with gzip or not.

The main file is found, what it inputs is followed inside the archive, comments are passed over. Quotes are characters
of the file that they stand in (a member of the archive, decoded as UTF-8 with replacement), commands and all, without
a comment amid them. Nothing is written to disk, and sizes, files and depth are capped.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import msgspec

from output.record import Source
from pipelines.readers.paper_html import MAX_FLOWS, HtmlFlow, HtmlPaper

MAX_UNPACKED = 256 * 1024 * 1024  # figures and all
MAX_RATIO = 200
RATIO_FROM = 16 * 1024 * 1024
MAX_MEMBERS = 5_000
MAX_FILE = 4 * 1024 * 1024
MAX_DEPTH = 8
MAX_INPUTS = 300
ALONE = "main.tex"  # what a single packed file is called as a member

START = re.compile(rb"\\document(?:class|style)\b")
TOKEN = re.compile(
    r"(?P<comment>%[^\n]*\n?[ \t]*)"
    r"|\\(?P<command>[a-zA-Z@]+)\*?"
    r"|\\(?P<escaped>.)"
    r"|(?P<display>\$\$[^$]{0,4000}\$\$)"
    r"|(?P<blank>\n[ \t]*\n\s*)"
    r"|(?P<mark>[{}$~])"
    r"|(?P<text>[^%\\{}$~\n]+|\n)",
    re.DOTALL,
)
ARGUMENT = r"\s{0,9}\{((?:[^{}\\]|\\.|\{(?:[^{}\\]|\\.|\{[^{}]{0,400}\}){0,400}\}){0,4000})\}"
OPTIONS = r"(?:\s{0,9}\[[^\[\]]{0,400}\]){0,3}"
ONE = re.compile(OPTIONS + ARGUMENT)
LEVELS = {"section": 1, "subsection": 2, "subsubsection": 3, "paragraph": 4}
INPUTS = frozenset({"input", "include", "subfile"})
# Commands whose argument is no text of the paper.
SILENT = frozenset(
    re.findall(
        r"\w+",
        """
        label ref eqref cref Cref autoref pageref cite citep citet citealp citeauthor citeyear parencite
        textcite autocite vspace hspace includegraphics bibliographystyle bibliography usepackage
        documentclass newcommand renewcommand setlength addtolength definecolor hypersetup pagestyle
        thispagestyle color def graphicspath author affiliation affil email address thanks date title
        maketitle bibitem vskip hskip url
        """,
    )
)
HIDDEN = (
    r"equation|align|gather|multline|eqnarray|displaymath|math|tikzpicture|lstlisting|verbatim|minted|tabular|tabularx|"
    r"longtable|algorithm|algorithmic|thebibliography|comment|filecontents|pspicture|array"
)
ENVIRONMENT = re.compile(r"\s{0,9}\{([a-zA-Z]{1,30})(\*?)\}")
FLOATS = frozenset({"figure", "table", "wrapfigure", "wraptable"})


class TexError(ValueError):
    """No LaTeX that can be read; the message says why."""


@dataclass(frozen=True)
class TexFile:
    """One file of the source: its path in the archive (none where the document is the file itself)."""

    path: str | None
    body: bytes

    def source(self, document: Source) -> Source:
        """Where its bytes come from: the member of the document, with a hash of its own."""
        if self.path is None:
            return document
        archive = msgspec.structs.replace(document.archive, member=self.path) if document.archive else None
        digest = hashlib.sha256(self.body).hexdigest()
        return msgspec.structs.replace(
            document, path=self.path, sha256=digest, size=len(self.body), git_blob=None, archive=archive
        )


class TexFlow(HtmlFlow):
    """A paragraph; `places[n]` is the offset of character n in the decoded file."""

    RUN = re.compile(r"(?:[^%\\]|\\.)+", re.DOTALL)

    def __init__(self, file: TexFile, source: str, caption: bool) -> None:
        super().__init__(source, caption)
        self.file = file


class TexPaper(HtmlPaper):
    """Paragraphs under their headings, in the order in which the main file brings them."""


def is_tex(body: bytes) -> bool:
    """Whether this may be LaTeX source: packed, a tar, or a file that begins a document."""
    return body[:2] == b"\x1f\x8b" or body[257:262] == b"ustar" or START.search(body[:20_000]) is not None


def read_tex(body: bytes) -> TexPaper:
    """Read the source of a paper. Raises TexError where there is none or a cap is reached."""
    return TexReader(tex_files(body)).read()


def tex_files(body: bytes) -> list[TexFile]:
    """The TeX files of a source, in the order of the archive."""
    packed = body[:2] == b"\x1f\x8b"
    plain = unpacked(body) if packed else body
    if plain[257:262] == b"ustar":
        return list(tar_members(plain))
    if START.search(plain[:200_000]) is None:
        raise TexError("no LaTeX in it")
    return [TexFile(ALONE if packed else None, plain[:MAX_FILE])]


def unpacked(body: bytes) -> bytes:
    """Without gzip, never past the caps."""
    parts: list[bytes] = []
    count = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            while part := stream.read(1 << 20):
                parts.append(part)
                count += len(part)
                if count > MAX_UNPACKED or (count > RATIO_FROM and count > MAX_RATIO * len(body)):
                    raise TexError("the source unpacks to more than it may")
    except (OSError, EOFError, zlib.error) as error:
        raise TexError(f"the source cannot be unpacked: {error}") from error
    return b"".join(parts)


def tar_members(plain: bytes) -> Iterator[TexFile]:
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
            for count, info in enumerate(tar):
                if count >= MAX_MEMBERS:
                    raise TexError("the source has more files than it may")
                if info.isfile() and info.size <= MAX_FILE and info.name.lower().endswith((".tex", ".ltx")):
                    file = tar.extractfile(info)
                    yield TexFile(info.name, file.read() if file else b"")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise TexError(f"the source cannot be unpacked: {error}") from error


class TexReader:
    """Walks the main file and what it inputs."""

    def __init__(self, files: list[TexFile]) -> None:
        self.files = {str(PurePosixPath(file.path or "")): file for file in files}
        mains = [file for file in files if START.search(file.body) and b"\\begin{document}" in file.body]
        if not mains:
            raise TexError("no file of the source begins a document")
        self.main = max(
            mains, key=lambda file: (file.body.count(b"\\input") + file.body.count(b"\\include"), len(file.body))
        )
        self.flows: list[tuple[str, HtmlFlow]] = []
        self.numbers = [0, 0, 0, 0]
        self.appendix = False
        self.heading = ""
        self.caption = False
        self.inputs = 0
        self.over = False

    def read(self) -> TexPaper:
        text = self.main.body.decode("utf-8", "replace")
        title = None
        if match := re.search(r"\\(?:icml|aaai)?title" + ONE.pattern, text):
            title = TexFlow(self.main, text, caption=False)
            self.walk(self.main, text, match.start(1), match.end(1), 0, title)
        start = text.find("\\begin{document}") + len("\\begin{document}")
        self.walk(self.main, text, start, len(text), 0)
        return TexPaper(self.flows, title)

    def walk(self, file: TexFile, text: str, at: int, end: int, depth: int, into: TexFlow | None = None) -> None:
        """Tokens from `at` to `end`; `into` takes all text of a title or a heading."""
        flow = into or TexFlow(file, text, self.caption)
        while at < end and not self.over:
            token = TOKEN.match(text, at, end)
            if token is None:
                at += 1
                continue
            at = token.end()
            kind = token.lastgroup
            if kind == "text":
                flow.add(token[0], token.start())
            elif kind == "escaped":
                if token["escaped"] in "[(":  # a formula
                    close = text.find("\\]" if token["escaped"] == "[" else "\\)", at, end)
                    at = close + 2 if close >= 0 else at
                flow.add(token["escaped"] if token["escaped"] in "%&_#$" else " ", token.start("escaped"))
            elif kind == "mark":
                flow.add(" " if token[0] == "~" else "", token.start())
            elif kind == "blank" and into is None:
                flow = self.close(flow)
            elif kind == "command":
                at, flow = self.command(token["command"], file, text, at, end, depth, flow, into)
        if into is None:
            self.close(flow)

    def close(self, flow: TexFlow) -> TexFlow:
        if flow.text.strip() and len(self.flows) < MAX_FLOWS:
            self.flows.append((self.heading, flow))
        return TexFlow(flow.file, flow.source, self.caption)

    def command(
        self, name: str, file: TexFile, text: str, at: int, end: int, depth: int, flow: TexFlow, into: TexFlow | None
    ) -> tuple[int, TexFlow]:
        """What a command does to the text; where reading goes on."""
        if name in ("begin", "end") and (environment := ENVIRONMENT.match(text, at, end)):
            return self.environment(name, environment, text, end, flow, into)
        argument = ONE.match(text, at, end)
        if name in LEVELS and argument:
            flow = self.close(flow)
            said = TexFlow(file, text, caption=False)
            self.walk(file, text, argument.start(1), argument.end(1), depth, said)
            self.heading = self.numbered(LEVELS[name], " ".join(said.text.split()))
            self.flows.append((self.heading, TexFlow(file, text, caption=False)))  # it may hold sections alone
            return argument.end(), flow
        if name == "appendix":
            self.appendix, self.numbers = True, [0, 0, 0, 0]
        elif name in INPUTS and argument:
            flow = self.close(flow)
            self.follow(argument[1].strip(), file, depth)
            return argument.end(), flow
        elif name == "caption" and argument and into is None:
            flow = self.close(flow)
            said = TexFlow(file, text, caption=True)
            self.walk(file, text, argument.start(1), argument.end(1), depth, said)
            self.close(said)
            return argument.end(), flow
        elif name in SILENT:
            return (argument.end() if argument else at), flow
        flow.add(" " if name in ("item", "newline", "par", "quad", "qquad") else "", at)
        return at, flow

    def environment(
        self, which: str, match: re.Match[str], text: str, end: int, flow: TexFlow, into: TexFlow | None
    ) -> tuple[int, TexFlow]:
        name = match[1]
        if which == "end" and name == "document":
            self.over = True
        if which == "begin" and re.fullmatch(HIDDEN, name):
            close = text.find(f"\\end{{{name}{match[2]}}}", match.end(), end)
            return (close if close >= 0 else end), flow
        if into is None:
            flow = self.close(flow)
        if name in FLOATS:
            self.caption = which == "begin"
            flow.caption = self.caption
        if name == "abstract" and which == "begin":
            self.heading = "Abstract"
        options = re.compile(OPTIONS).match(text, match.end(), end)
        return (options.end() if options else match.end()), flow

    def numbered(self, level: int, said: str) -> str:
        """A heading with its number as it is printed, which tells what it stands below."""
        self.numbers[level - 1] += 1
        self.numbers[level:] = [0] * (4 - level)
        first = chr(ord("A") + (self.numbers[0] - 1) % 26) if self.appendix else str(self.numbers[0])
        return ".".join([first, *map(str, self.numbers[1:level])]) + " " + said

    def follow(self, name: str, file: TexFile, depth: int) -> None:
        """A file that is input, by its path from the main file's folder or from the file's own."""
        self.inputs += 1
        if depth >= MAX_DEPTH or self.inputs > MAX_INPUTS:
            return
        for folder in (PurePosixPath(self.main.path or "").parent, PurePosixPath(file.path or "").parent):
            for path in (name, name + ".tex"):
                found = self.files.get(str(PurePosixPath(folder, path)))
                if found is not None:
                    inner = found.body.decode("utf-8", "replace")
                    start = inner.find("\\begin{document}")
                    self.walk(found, inner, start + 16 if start >= 0 else 0, len(inner), depth + 1)
                    self.over = False
                    return
