"""Which questions of a datasheet a text answers: an asked question with nothing under it is not answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from output.data_files import load
from output.record import Outcome
from pipelines.model_card.lexicon import LABEL_CUT, label_topics, lexicon, normalise
from pipelines.readers.markdown import Card, Part
from pipelines.readers.patterns import either
from pipelines.readers.phrases import Phrase
from pipelines.readers.sentences import sentence_at, sentences

FOLDER = Path(__file__).parent
GROUPS = ("motivation", "composition", "collection_process", "preprocessing", "uses", "distribution", "maintenance")
SECTION = r"(?:section )?(?:\d+(?:\.\d+)*[.)]?|[a-z][.)])? ?"  # the number before a section's name
LABEL_WORDS = 9  # a longer label must be a question


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: list[str]
    said: list[str] = []


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: list[str]
    questions: dict[str, Question]
    prose: list[str]
    rai: list[str] = []


class SummaryWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: list[str]
    heading: list[str]
    file: list[str]
    parts: dict[str, list[str]]


class Groups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    groups: dict[str, Group]
    guidance: list[str]
    prompts: list[str]
    placeholder: list[str]
    training_summary: SummaryWords


class Rules(NamedTuple):
    groups: dict[str, Group]
    names: dict[str, str]
    words: re.Pattern[str]
    by_word: dict[str, tuple[tuple[str, str], ...]]
    prose: tuple[tuple[str, str, Phrase], ...]  # group, question ("" for the group as a whole), sentence
    guidance: re.Pattern[str]
    prompts: re.Pattern[str]
    placeholder: re.Pattern[str]
    title: Phrase
    heading: Phrase
    file: re.Pattern[str]
    parts: dict[str, re.Pattern[str]]


@cache
def rules() -> Rules:
    data = load(FOLDER / "groups.yaml", Groups)
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
        tuple(prose_rules(data)),
        either(data.guidance),
        either(data.prompts),
        either(data.placeholder),
        Phrase(either(data.training_summary.title)),
        Phrase(either(data.training_summary.heading)),
        either(data.training_summary.file),
        {part: either([SECTION + p for p in patterns]) for part, patterns in data.training_summary.parts.items()},
    )


def prose_rules(data: Groups) -> Iterator[tuple[str, str, Phrase]]:
    for group, entry in data.groups.items():
        for question, asked_for in entry.questions.items():
            yield from ((group, question, Phrase(either([said]))) for said in asked_for.said)
        yield group, "", Phrase(either(entry.prose))


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


def answers(card: Card, start: int = 0, end: int | None = None) -> Iterator[Answer]:
    """Questions that labels ask, with what stands under them, then what running text answers without being asked.

    Reads a whole dataset card, or the stretch of another document that is a datasheet.
    """
    parts = card.parts if end is None else card.inside(start, end)
    for part in parts:
        if not part.label or (part.kind == "row" and part.columns > 3) or part.kind == "head":
            continue
        for group, question in asked(part.label) or other_comments(card, part):
            answer = judge(card, part, group, question)
            if answer:
                yield answer
    if end is None:
        yield from front(card)
    yield from prose(card, parts)


SECTION_NAME = re.compile(r"\bdata ?sheets?\b|\bdata ?set card\b|\bdata (?:card|statement)\b", re.I)
QUESTIONS_ASKED = 4  # without a heading that says so, a section is a datasheet from so many of its questions on


def section(card: Card) -> tuple[int, int] | None:
    """The part of a model card or paper that is a datasheet: under a heading of that name, or by questions asked."""
    headings = card.headings
    for number, heading in enumerate(headings):
        if SECTION_NAME.search(heading.label):
            end = heading.extent
            for below in headings[number + 1 :]:
                if below.start == end and (asked(below.label) or "?" in below.label):
                    end = below.extent
            return heading.start, end
    asking = [p for p in card.parts if "?" in p.label and asked(p.label)]
    if len({asked(p.label)[0] for p in asking}) >= QUESTIONS_ASKED:
        return asking[0].start, max(p.extent for p in asking)
    return None


def other_comments(card: Card, part: Part) -> Iterator[tuple[str, str]]:
    """ "Any other comments?" closes each group of the paper's questions: the heading above says which."""
    if normalise(part.label).startswith("any other comment"):
        groups = (group for label in reversed(card.heading_path(part.start)[:-1]) for group, _ in asked(label))
        group = next(groups, None)
        if group:
            yield group, "other"


def judge(card: Card, part: Part, group: str, question: str) -> Answer | None:
    real, pointer, other = 0, None, False
    first: tuple[int, int] | None = None
    asks = "?" in part.label
    for low, high in under(card, part, group):
        for start, end in sentences(card.visible, low, high):
            text = " ".join(card.visible[start:end].split()).strip("[]*_:：-–—|> ")
            if not card.words(start, end):
                continue
            kind = sentence_kind(text, asks)
            if kind == "real":
                real += card.words(start, end)
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


def prose(card: Card, parts: tuple[Part, ...]) -> Iterator[Answer]:
    """The first sentence that answers each question under a heading of another kind."""
    open_rules = [rule for rule in rules().prose if rule[2].may_match(card.lower)]
    for part in parts:
        if not open_rules or not readable(card, part):
            continue
        start, end = (part.body, part.end) if part.kind == "label" else (part.start, part.end)
        lower = card.lower[start:end]
        done: set[tuple[str, str]] = set()
        for group, question, rule in open_rules:
            match = None
            if (group, question) not in done and rule.may_match(lower):
                match = rule.pattern.search(card.visible, start, end)
            if not match:
                continue
            first, last = sentence_at(card.visible, match.start(), match.end(), start, end)
            text = " ".join(card.visible[first:last].split()).strip("[]*_:：-–—|> ")
            if sentence_kind(text, False) == "real":
                done.add((group, question))
                words = card.words(first, last)
                yield Answer(group, question, "present", first, last, "", words, "prose")
        open_rules = [rule for rule in open_rules if rule[:2] not in done]


def readable(card: Card, part: Part) -> bool:
    """Running text that is neither a template's advice, nor a table of contents, nor a citation."""
    if part.kind not in ("text", "item", "label") or "?" in part.label or (part.label and asked(part.label)):
        return False
    if rules().guidance.search(card.visible, part.start, part.end):
        return False
    if any(link.href.startswith("#") for link in card.links_inside(part.start, part.end)):
        return False
    above = card.heading_path(part.start)
    return not above or not {"citation"} & set(label_topics(above[-1]))
