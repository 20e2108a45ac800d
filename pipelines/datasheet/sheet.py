"""Which questions of a datasheet a text answers: an asked question with nothing under it is not answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml

from output.record import Outcome
from pipelines.model_card.lexicon import LABEL_CUT, label_topics, lexicon, normalise
from pipelines.model_card.topics import WORD, sentence_at, sentences
from pipelines.readers.markdown import Card, Part
from pipelines.readers.patterns import either
from pipelines.readers.phrases import Phrase, phrase

FOLDER = Path(__file__).parent
GROUPS = ("motivation", "composition", "collection_process", "preprocessing", "uses", "distribution", "maintenance")
LABEL_WORDS = 9  # a longer label must be a question


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: list[str]


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: list[str]
    questions: dict[str, Question]
    prose: list[str]
    rai: list[str] = []


class Summary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: list[str]
    parts: dict[str, list[str]]


class Groups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    groups: dict[str, Group]
    guidance: list[str]
    prompts: list[str]
    placeholder: list[str]
    training_summary: Summary


class Rules(NamedTuple):
    groups: dict[str, Group]
    names: dict[str, str]
    words: re.Pattern[str]
    by_word: dict[str, tuple[tuple[str, str], ...]]
    prose: dict[str, re.Pattern[str]]
    guidance: re.Pattern[str]
    prompts: re.Pattern[str]
    placeholder: re.Pattern[str]
    title: Phrase
    parts: dict[str, re.Pattern[str]]


@cache
def rules() -> Rules:
    data = msgspec.convert(yaml.safe_load((FOLDER / "groups.yaml").read_text("utf-8")), Groups)
    words: dict[str, list[tuple[str, str]]] = {}
    names: dict[str, str] = {}
    for group, entry in data.groups.items():
        for name in entry.names:
            names.setdefault(normalise(name), group)
        for question, asked in entry.questions.items():
            for word in asked.words:
                words.setdefault(normalise(word), []).append((group, question))
    longest = sorted(words, key=len, reverse=True)
    return Rules(
        data.groups,
        names,
        re.compile(r"\b(?:" + "|".join(map(re.escape, longest)) + r")\b"),
        {word: tuple(found) for word, found in words.items()},
        {group: either(entry.prose) for group, entry in data.groups.items()},
        either(data.guidance),
        either(data.prompts),
        either(data.placeholder),
        phrase(either(data.training_summary.title)),
        {part: either(patterns) for part, patterns in data.training_summary.parts.items()},
    )


@lru_cache(maxsize=4096)
def asked(label: str) -> tuple[tuple[str, str], ...]:
    """Group and question that a label names; the question is "" where it names the whole group."""
    text = normalise(label)
    whole = rules().names.get(text.removesuffix(" information"), rules().names.get(text))
    found = dict.fromkeys(pair for match in rules().words.finditer(text) for pair in rules().by_word[match[0]])
    if "?" not in label and len(text.split()) > LABEL_WORDS:
        short = normalise(LABEL_CUT.split(label, maxsplit=1)[0])
        return asked(short) if short != text and len(short.split()) <= LABEL_WORDS else ()
    if "?" in label and len(found) > 1:  # a long question mentions others: the one it opens with is the one it asks
        return (next(iter(found)),)
    if whole and not any(group == whole for group, _ in found):
        return ((whole, ""),)
    return tuple(found)


class Answer(NamedTuple):
    """One question of a group, answered or only asked."""

    group: str
    question: str
    outcome: Outcome
    start: int
    end: int
    label: str
    words: int
    how: str


def answers(card: Card) -> Iterator[Answer]:
    """Questions that labels ask, with what stands under them, then what running text answers without being asked."""
    for part in card.parts:
        if not part.label or (part.kind == "row" and part.columns > 3) or part.kind == "head":
            continue
        for group, question in asked(part.label):
            answer = judge(card, part, group, question)
            if answer:
                yield answer
    yield from front(card)
    yield from prose(card)


def judge(card: Card, part: Part, group: str, question: str) -> Answer | None:
    real, pointer, other = 0, None, False
    first: tuple[int, int] | None = None
    asks = "?" in part.label
    for low, high in under(card, part, group):
        for start, end in sentences(card.visible, low, high):
            text = " ".join(card.visible[start:end].split()).strip("[]*_:：-–—|> ")
            if not WORD.search(text):
                continue
            kind = sentence_kind(text, asks)
            if kind == "real":
                real += len(WORD.findall(card.visible, start, end))
                first = first or (start, end)
            elif kind == "pointer":
                pointer = pointer or (start, end)
            else:
                other = True
    start, end = card.quote_range(part.start, part.end if part.level else max(part.body, part.start + 1))
    how = "heading" if part.level else "row" if part.kind == "row" else "label"
    if first or (pointer and (asks or group == "distribution")):
        last = (first or pointer or (0, 0))[1]
        return Answer(group, question, "present", start, reach(start, end, last), part.label, real, how)
    if pointer:
        return Answer(group, question, "linked", start, reach(start, end, pointer[1]), part.label, 0, how)
    if shows(card, part, group):
        return Answer(group, question, "present", start, end, part.label, 0, how)
    return Answer(group, question, "placeholder", start, end, part.label, 0, how) if other or part.level else None


def reach(start: int, end: int, last: int) -> int:
    return max(end, last if last - start <= 560 else min(last, start + 560))


def sentence_kind(text: str, asks: bool) -> str:
    words = lexicon()
    if rules().prompts.search(text) or rules().placeholder.search(text) or words.template.match(text):
        return "prompt"
    if words.placeholder.match(text) and len(text) < 200:
        return "real" if asks and SHORT_ANSWER.match(text) else "prompt"
    if len(text) < 400 and words.pointer.match(text):
        return "pointer"
    return "real"


SHORT_ANSWER = re.compile(r"(?:no|none|n ?/? ?a|not applicable|unknown|null)\W*$", re.I)


def under(card: Card, part: Part, group: str) -> Iterator[tuple[int, int]]:
    """Ranges of text under a label, without those under labels that ask something else.

    A question in bold at the start of a list item is followed by the template's own prompts; the answer stands below.
    """
    if part.kind == "row" or (part.kind == "label" and not ("?" in part.label and answered_below(card, part))):
        yield part.body, part.end
    skip_to = 0
    for below in card.inside(part.start + 1, part.extent):
        if below.start < max(skip_to, part.body):
            continue
        if below.level:
            if asked(below.label) or "citation" in label_topics(below.label):
                skip_to = below.extent
            continue
        if below.kind in ("code", "image") or rules().guidance.search(card.visible, below.start, below.end):
            continue
        if below.kind == "label" and asked(below.label):
            skip_to = below.extent
            continue
        yield (below.body, below.end) if below.kind == "label" else (below.start, below.end)


def answered_below(card: Card, part: Part) -> bool:
    return part.extent > part.end and bool(card.visible[part.end : part.extent].strip())


def shows(card: Card, part: Part, group: str) -> bool:
    """An example, a table or a picture says what is in the data; for the other groups it says nothing."""
    if group != "composition":
        return False
    return any(p.kind in ("code", "row", "image") for p in card.inside(part.start + 1, part.extent))


def front(card: Card) -> Iterator[Answer]:
    """The licence in the front matter answers on what terms the data are distributed."""
    names = card.front.strings("license") if card.front else []
    if card.front and any(name.lower() not in ("unknown", "other", "unlicensed") for name in names):
        start, end = card.front.span("license")
        yield Answer("distribution", "licence", "present", start, end, "license", 0, "front matter")


def prose(card: Card) -> Iterator[Answer]:
    """The first sentence of each group that stands under a heading of another kind."""
    open_groups = dict.fromkeys(GROUPS)
    for part in card.parts:
        if part.kind not in ("text", "item") or not open_groups:
            continue
        if rules().guidance.search(card.visible, part.start, part.end):
            continue
        if any(link.href.startswith("#") for link in card.links_inside(part.start, part.end)):  # table of contents
            continue
        for group in list(open_groups):
            match = rules().prose[group].search(card.visible, part.start, part.end)
            if not match:
                continue
            start, end = sentence_at(card.visible, match.start(), match.end(), part.start, part.end)
            text = " ".join(card.visible[start:end].split()).strip("[]*_:：-–—|> ")
            if sentence_kind(text, False) == "real":
                del open_groups[group]
                words = len(WORD.findall(card.visible, start, end))
                yield Answer(group, "", "present", start, end, "", words, "prose")
