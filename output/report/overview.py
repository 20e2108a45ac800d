"""What the pages over many systems show: coverage, licence triples, systems side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from output.parameters import ParameterInfo, parameters
from output.report.view import DIRECTIONS, Fact, Page, Section

KINDS = ("open", "partial", "closed", "mixed", "neutral", "unread", "none")
WORDS = {"neutral": "context only", "unread": "could not look", "none": "no record"}


@dataclass(frozen=True)
class Coverage:
    """One bar: how many systems have facts that point where. `bars` are kind, start and width in percent."""

    name: str
    counts: dict[str, int]

    @property
    def bars(self) -> list[tuple[str, float, float]]:
        total, start, made = sum(self.counts.values()) or 1, 0.0, []
        for kind, n in self.counts.items():
            width = 100 * n / total
            if kind != "none":
                made.append((kind, round(start, 2), round(width, 2)))
            start += width
        return made

    @property
    def words(self) -> str:
        return ", ".join(f"{n} {WORDS.get(kind, kind)}" for kind, n in self.counts.items())


def index_parameters() -> list[ParameterInfo]:
    """The index's own parameters, in its order."""
    return [p for p in parameters().values() if p.open]


def coverage(pages: Sequence[Page]) -> list[Coverage]:
    made = []
    for parameter in index_parameters():
        count = Counter(kind(s) for page in pages for s in page.sections if s.parameter.id == parameter.id)
        made.append(Coverage(parameter.name, {k: count[k] for k in KINDS if count[k]}))
    return made


def kind(section: Section) -> str:
    """The direction all facts of a section share, `mixed`, or why there is none."""
    pointing = [d for d in DIRECTIONS if d in section.tally]
    if len(pointing) == 1:
        return pointing[0]
    if pointing:
        return "mixed"
    if "unread" in section.tally:
        return "unread"
    return "neutral" if section.facts else "none"


def triples(pages: Sequence[Page]) -> list[tuple[Page, Fact]]:
    """Each system's licences of weights, code and data, where a record names them."""
    return [
        (page, fact)
        for page in pages
        for section in page.sections
        if section.parameter.id == "licenses"
        for fact in section.facts
        if fact.record.indicator == "license.triple"
    ]


def side_by_side(pages: Sequence[Page]) -> list[tuple[ParameterInfo, list[tuple[Page, Section | None]]]]:
    """Parameters as rows, systems as columns; rows without any fact are kept, as that is told, too."""
    rows = []
    for parameter in parameters().values():
        row = [(page, next((s for s in page.sections if s.parameter.id == parameter.id), None)) for page in pages]
        if any(section for _, section in row):
            rows.append((parameter, row))
    return rows
