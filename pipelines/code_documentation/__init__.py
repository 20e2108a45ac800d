"""Code documentation: README, docs folder and docstrings of the code that was found to train."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from output.data_files import load
from output.record import EvidenceRecord, Outcome, Points, Quote, Searched, Selector, Source, Subject
from pipelines.detector import Detector, quote_span
from pipelines.dossier import Dossier, searched
from pipelines.readers.front_matter import find_front
from pipelines.readers.source_tree import SourceTree, TreeFile, source_trees, tree_outcome
from pipelines.training_code.facts import parse
from pipelines.training_code.survey import line_start, places
from spiders.document import Document
from spiders.hub import README_NAME

FOLDER = Path(__file__).parent
STAGES = ("pretraining", "finetuning", "preference", "data_processing")
HEADING = re.compile(
    r"^ {0,3}#{1,6}[ \t]+([^\n]{1,300}?)[ \t]*#*[ \t]*$|^(?=\S)([^\n]{1,120})\n(?:={3,}|-{3,})[ \t]*$", re.MULTILINE
)
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|[\u4e00-\u9fff\u3040-\u30ff]")
CODE_FILES = 100  # files whose docstrings are counted
# Code on one line with its strings closed, up to a number sign.
BEFORE_COMMENT = re.compile(r"""(?:[^'"#\\]|\\.|'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")++#""")
COPYRIGHT = re.compile(r"copyright|licensed under|all rights reserved|spdx", re.I)
LINE = re.compile(r"^[ \t]*+(?!\.\. )(\S[^\n]*)", re.MULTILINE)
SUBSTANTIVE = 60  # words from which a README section counts as more than a pointer


class Sections(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    topics: dict[str, str]
    site: str
    docs_folder: str
    page: str

    @cached_property
    def patterns(self) -> dict[str, re.Pattern[str]]:
        return {topic: re.compile(pattern, re.IGNORECASE) for topic, pattern in self.topics.items()}

    @cached_property
    def is_site(self) -> re.Pattern[str]:
        return re.compile(self.site, re.IGNORECASE)

    @cached_property
    def in_docs(self) -> re.Pattern[str]:
        return re.compile(self.docs_folder, re.IGNORECASE)

    @cached_property
    def is_page(self) -> re.Pattern[str]:
        return re.compile(self.page, re.IGNORECASE)


@cache
def sections() -> Sections:
    return load(FOLDER / "sections.yaml", Sections)


@dataclass
class Docs:
    """What one walk finds of documentation."""

    readme: TreeFile | None = None
    pages: list[TreeFile] = field(default_factory=list)
    site: TreeFile | None = None
    code: list[TreeFile] = field(default_factory=list)


def detect(dossier: Dossier, earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    for tree in source_trees(dossier):
        about = [r for r in earlier if r.subject.target == tree.target and r.indicator.startswith("training_code.")]
        coverage = next((r for r in about if r.indicator == "training_code.coverage"), None)
        if coverage is None:
            continue
        subject = dossier.subject(tree.target)
        if coverage.outcome != "present":
            yield from nothing_to_document(subject, coverage)
            continue
        paths = {f["path"] for r in about if r.indicator[14:] in STAGES for f in r.value.get("files", ())}
        docs = look(tree, paths)
        name = tree.target.split(":", 1)[1]
        inherited = next((d for d in dossier.of("parent_readme", target=tree.target)), None)
        yield readme_record(subject, tree, docs, name, inherited)
        yield docs_record(subject, tree, docs, name)
        yield docstring_record(subject, tree, docs, name)


def nothing_to_document(subject: Subject, coverage: EvidenceRecord) -> Iterator[EvidenceRecord]:
    """No training code, so no documentation of it; where it could not be looked for, neither could this."""
    absent = coverage.outcome == "absent"
    code = coverage.value.get("languages", {}).keys() - {"docs", "config"}
    if absent:
        outcome: Outcome = "not_applicable"
        statement = f"No {'training code' if code else 'code'}, so no documentation."
    else:
        outcome, statement = coverage.outcome, "Training code could not be looked for, nor its documentation."
    for indicator in ("readme", "docs", "docstrings"):
        yield detector.record(
            subject,
            "code",
            f"code_documentation.{indicator}",
            outcome,
            statement,
            rule="no-training-code" if absent else "not-read",
            points="closed" if absent else "neutral",
            value={"see": coverage.id},
            source=coverage.source,
            searched=coverage.searched,
        )


def look(tree: SourceTree, paths: set[str]) -> Docs:
    docs = Docs()
    rules = sections()
    for file in tree.index():
        if rules.is_site.search(file.path):
            docs.site = docs.site or file
        if not file.readable:
            continue
        if README_NAME.fullmatch(file.name) and (
            docs.readme is None or file.path.count("/") < docs.readme.path.count("/")
        ):
            docs.readme = file
        page = rules.in_docs.match(file.path) and rules.is_page.search(file.path)
        if page and not places().describes_environment(file.path):
            docs.pages.append(file)
        if file.path in paths and file.suffix == ".py":
            docs.code.append(file)
    docs.code = tree.whole(docs.code[:CODE_FILES])
    if docs.readme is not None:
        (docs.readme,) = tree.whole([docs.readme])
    return docs


def absent_or_unseen(tree: SourceTree) -> Outcome:
    return tree_outcome(tree) if tree.problem else "unavailable" if tree.partial else "absent"


def make(
    subject: Subject,
    indicator: str,
    outcome: Outcome,
    statement: str,
    *,
    points: Points,
    value: dict[str, Any],
    source: Source,
    shown: tuple[Quote, Selector] | None = None,
    read: Sequence[Searched] = (),
) -> EvidenceRecord:
    return detector.record(
        subject,
        "code",
        f"code_documentation.{indicator}",
        outcome,
        statement,
        rule=indicator,
        points=points,
        value=value,
        source=source,
        quote=shown[0] if shown else None,
        selector=shown[1] if shown else None,
        searched=read,
    )


@dataclass(frozen=True)
class Section:
    heading: str
    topic: str
    words: int
    start: int
    end: int


def readme_sections(text: str) -> list[Section]:
    """Sections of a README whose heading, or that of a section around them, speaks of a topic, with their words."""
    marks = list(HEADING.finditer(text[:1_000_000]))
    found = []
    around: list[tuple[int, str]] = []
    for mark, following in zip_longest(marks, marks[1:]):
        heading = (mark[1] or mark[2] or "").strip()
        end = following.start() if following else len(text)
        around = [(level, topic) for level, topic in around if level < level_of(mark)]
        own = next((topic for topic, pattern in sections().patterns.items() if pattern.search(heading)), "")
        topic = own or (around[-1][1] if around else "")
        around.append((level_of(mark), topic if level_of(mark) > 1 else ""))  # a title is around everything
        if topic:
            found.append(Section(heading, topic, len(WORD.findall(text[mark.end() : end])), mark.start(), mark.end()))
    return found


def level_of(heading: re.Match[str]) -> int:
    """1 to 6: the number signs before it, or what it is underlined with."""
    line = heading[0].lstrip()
    return len(line) - len(line.lstrip("#")) or (1 if line.endswith("=") else 2)


def readme_record(
    subject: Subject, tree: SourceTree, docs: Docs, name: str, inherited: Document | None
) -> EvidenceRecord:
    """`inherited`: the README of a fork's parent where the fork began; the same blob is no documentation of its own."""
    readme = docs.readme
    if readme is None:
        return make(
            subject,
            "readme",
            absent_or_unseen(tree),
            f"No README found in repository {name}.",
            points="closed",
            value={},
            source=tree.source,
            read=[tree.searched()],
        )
    text = readme.text
    found = readme_sections(text)
    total = len(WORD.findall(text))
    words = {topic: sum(s.words for s in found if s.topic == topic) for topic in sections().topics}
    about = [topic for topic in ("training", "data", "reproduction") if words[topic]]
    points: Points = "open" if words["training"] >= SUBSTANTIVE else "partial" if about else "closed"
    quoted = next((s for s in found if s.topic == "training"), found[0] if found else None)
    shown = quote_span(text, quoted.start, quoted.end) if quoted and quoted.end > quoted.start else None
    parts = ", ".join(f"{topic} {words[topic]} words" for topic in about) or "no section on training, data or results"
    unchanged = inherited is not None and inherited.source.git_blob == readme.source.git_blob
    parent = inherited.source.url.split("/")[3:5] if inherited else []
    origin = f", unchanged from {'/'.join(parent)} at {(inherited.source.revision or '')[:7]}" if inherited else ""
    return make(
        subject,
        "readme",
        "boilerplate" if unchanged else "present",
        f"README of repository {name} has {total} words ({parts}){origin if unchanged else ''}.",
        points="closed" if unchanged else points,
        value={
            **({"parent": "/".join(parent), "unchanged_from_parent": unchanged} if inherited else {}),
            "words": total,
            "topics": words,
            "sections": [{"heading": s.heading[:120], "topic": s.topic, "words": s.words} for s in found[:60]],
            "language": script(text),
        },
        source=readme.source,
        shown=shown,
        read=[searched(inherited, "README of the fork's parent")] if inherited else [],
    )


def docs_record(subject: Subject, tree: SourceTree, docs: Docs, name: str) -> EvidenceRecord:
    pages = sorted(docs.pages, key=lambda f: f.path)
    if not pages and docs.site is None:
        return make(
            subject,
            "docs",
            absent_or_unseen(tree),
            f"No documentation folder or site found in repository {name}.",
            points="neutral",
            value={},
            source=tree.source,
            read=[tree.searched()],
        )
    about = [p for p in pages if sections().patterns["training"].search(p.path.replace("_", " ")[-120:])]
    (first,) = tree.whole([next(file for file in (*about, *pages, docs.site) if file is not None)])
    site = f", site configured in {docs.site.path}" if docs.site else ""
    amount = "1 page" if len(pages) == 1 else f"{len(pages)} pages"
    return make(
        subject,
        "docs",
        "present",
        f"Documentation in repository {name}: {amount}, {len(about)} of them named after training{site}.",
        points="open" if about else "partial",
        value={
            "pages": len(pages),
            "training_pages": [p.path for p in about[:50]],
            "site": docs.site.path if docs.site else None,
        },
        source=first.source,
        shown=first_line(first.text),
    )


def first_line(text: str) -> tuple[Quote, Selector] | None:
    """The first line of a page below its front matter that is no label of reStructuredText."""
    front = find_front(text)
    match = LINE.search(text, front.end if front else 0)
    return quote_span(text, match.start(1), match.end(1)) if match else None


@dataclass(frozen=True)
class Comments:
    """Of one Python file: functions and classes, those with a docstring, lines of code and of comments."""

    named: int
    documented: int
    module: bool
    code_lines: int
    comment_lines: int


def comments(text: str) -> Comments | None:
    """None where the file is no Python 3."""
    tree = parse(text)
    if tree is None:
        return None
    named = documented = 0
    inside: set[int] = set()  # lines of a string of several lines, where a number sign is no comment
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            named += 1
            documented += ast.get_docstring(node, clean=False) is not None
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.end_lineno != node.lineno:
            inside.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = [line.strip() for line in text.split("\n")]
    return Comments(
        named=named,
        documented=documented,
        module=ast.get_docstring(tree, clean=False) is not None,
        code_lines=sum(bool(line) and not line.startswith("#") for line in lines),
        comment_lines=sum(
            line.startswith("#") or ("#" in line and BEFORE_COMMENT.match(line) is not None)
            for number, line in enumerate(lines, 1)
            if number not in inside
        ),
    )


def docstring_record(subject: Subject, tree: SourceTree, docs: Docs, name: str) -> EvidenceRecord:
    measured = [(file, found) for file in docs.code if (found := comments(file.text)) is not None]
    if not measured:
        return make(
            subject,
            "docstrings",
            "not_applicable" if absent_or_unseen(tree) == "absent" else absent_or_unseen(tree),
            f"Training in repository {name} is not written in Python that could be read: no docstrings to count.",
            points="neutral",
            value={},
            source=tree.source,
            read=[tree.searched()],
        )
    named = sum(c.named for _, c in measured)
    documented = sum(c.documented for _, c in measured)
    code = sum(c.code_lines for _, c in measured)
    comment = sum(c.comment_lines for _, c in measured)
    share = documented / named if named else 0.0
    comment_share = comment / (code + comment) if code + comment else 0.0
    best = max(measured, key=lambda pair: (pair[1].documented, pair[0].path))[0]
    return make(
        subject,
        "docstrings",
        "present",
        f"{documented} of {named} functions and classes in the {len(measured)} files that train or make data have a "
        f"docstring, {comment_share:.0%} of their lines are comments ({name}).",
        points="open" if share >= 0.5 else "partial" if share >= 0.1 or comment_share >= 0.08 else "closed",
        value={
            "files": len(measured),
            "named": named,
            "documented": documented,
            "module_docstrings": sum(c.module for _, c in measured),
            "code_lines": code,
            "comment_lines": comment,
            "docstring_share": round(share, 3),
            "comment_share": round(comment_share, 3),
        },
        source=best.source,
        shown=first_docstring(best.text),
    )


def first_docstring(text: str) -> tuple[Quote, Selector] | None:
    """The first line of the first docstring of a function or class, else of the file, where it is no copyright."""
    tree = parse(text)
    if tree is None:
        return None
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    for node in (*sorted(nodes, key=lambda node: node.lineno), tree):
        said = (ast.get_docstring(node) or "").split("\n", 1)[0].strip()
        if said and not COPYRIGHT.search(said):
            at = text.find(said, line_start(text, node.body[0].lineno))
            if at >= 0:
                return quote_span(text, at, at + len(said))
    return None


def script(text: str) -> str:
    """The script most letters of a README belong to: `latin`, `han`, `kana`, `hangul`, `cyrillic`, `arabic`."""
    counts = {
        "latin": len(re.findall(r"[A-Za-z\u00c0-\u024f]", text)) / 4,  # a word of letters is one sign of others
        "han": len(re.findall(r"[\u4e00-\u9fff]", text)),
        "kana": len(re.findall(r"[\u3040-\u30ff]", text)) * 2,
        "hangul": len(re.findall(r"[\uac00-\ud7af]", text)),
        "cyrillic": len(re.findall(r"[\u0400-\u04ff]", text)) / 4,
        "arabic": len(re.findall(r"[\u0600-\u06ff]", text)) / 4,
    }
    return max(counts, key=lambda name: counts[name])


detector = Detector(FOLDER, detect)
