"""The public summary of training content of the EU AI Act, Article 53(1)(d): by its title and its three parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from output.record import Outcome
from pipelines.datasheet.sheet import rules
from pipelines.readers.markdown import Card

LINE = 120  # a longer line names no section


class Summary(NamedTuple):
    """What a document says of the summary; positions are characters of the document."""

    outcome: Outcome
    start: int
    end: int
    parts: tuple[str, ...]
    address: str | None
    whole: bool  # the document is the summary, by its own title
    titled: bool  # it calls itself by the Act's words


def read_summary(card: Card, whole: bool = False) -> Summary | None:
    """The summary itself, a link to one, or only its name; None where nothing speaks of it.

    A title that other documents have too ("training data summary") counts only as a heading over all three parts.
    `whole` says that the file's name already calls it a summary.
    """
    words = rules()
    title = words.title.first(card.visible, card.lower, 0, len(card.visible))
    heading = next((h for h in card.headings if words.heading.found_in(h.label)), None)
    if title is None and heading is None and not whole:
        return None
    parts = tuple(sections(card))
    place = title.span() if title else (heading.start, heading.end) if heading else (card.body_start, card.body_start)
    if len(parts) >= (2 if title or whole else 3):
        return Summary("present", *place, parts, None, whole or heading is not None, title is not None)
    link = next((x for x in card.links if words.title.found_in(x.label) or words.title.found_in(x.href)), None)
    if link:
        return Summary("linked", link.start, link.end, parts, link.href, False, title is not None)
    return Summary("placeholder", *place, parts, None, False, True) if title else None


def sections(card: Card) -> Iterator[str]:
    """Which of the three parts have a heading, a label or a line of their own."""
    labels = [" ".join(label.split()).strip(" :*") for label in lines(card)]
    for name, pattern in rules().parts.items():
        if any(pattern.fullmatch(label) for label in labels):
            yield name


def lines(card: Card) -> Iterator[str]:
    for part in card.parts:
        if part.label:
            yield part.label
        elif part.kind in ("text", "item"):
            yield from (line for line in card.visible[part.start : part.end].split("\n") if len(line) < LINE)
