"""Training data in running text: names of corpora, links, statements of withholding, synthetic data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from output.data_files import load
from pipelines.readers.markdown import Card
from pipelines.readers.patterns import either
from pipelines.readers.phrases import Literals, Phrase, Phrasebook

FOLDER = Path(__file__).parent

Stage = Literal["base", "end", "unsaid"]


class Corpus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    patterns: list[str]
    hub: str = ""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    corpora: list[Corpus]
    training: list[str]
    not_training: list[str]
    base_stage: list[str]
    end_stage: list[str]
    subset: list[str]
    synthetic: list[str]
    not_synthetic: list[str]
    withheld: dict[str, list[str]]
    not_ours: list[str]
    excluded: list[str]
    tokens: str
    not_amount: list[str]


class Rules(NamedTuple):
    corpora: Phrasebook[Corpus]
    training: Phrase
    not_training: Phrase
    base_stage: Phrase
    end_stage: Phrase
    subset: Phrase
    synthetic: Phrase
    not_synthetic: Phrase
    withheld: Phrasebook[str]
    not_ours: Phrase
    excluded: Phrase
    tokens: re.Pattern[str]
    not_amount: Phrase


def named(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("(?<![A-Za-z0-9])(?:" + "|".join(patterns) + ")(?![A-Za-z0-9])", re.I)


@cache
def rules() -> Rules:
    words = load(FOLDER / "lexicon.yaml", Words)
    return Rules(
        Phrasebook((corpus, Phrase(named([p]))) for corpus in words.corpora for p in corpus.patterns),
        Phrase(either(words.training)),
        Phrase(either(words.not_training)),
        Phrase(either(words.base_stage)),
        Phrase(either(words.end_stage)),
        Phrase(either(words.subset)),
        Phrase(either(words.synthetic)),
        Phrase(either(words.not_synthetic)),
        Phrasebook((kind, Phrase(either([p]))) for kind, patterns in words.withheld.items() for p in patterns),
        Phrase(either(words.not_ours)),
        Phrase(either(words.excluded)),
        either([words.tokens]),
        Phrase(either(words.not_amount)),
    )


class Named(NamedTuple):
    """A corpus named in a sentence about training."""

    corpus: Corpus
    start: int
    end: int
    sentence: tuple[int, int]
    stage: Stage
    subset: bool


class Withheld(NamedTuple):
    """A sentence that says training data are held back, or speaks of them without naming any."""

    kind: str
    text: str
    sentence: tuple[int, int]
    stage: Stage
    tokens: str
    names: bool  # whether the sentence names a corpus as well


def about_training(sentence: str, context: str) -> bool:
    """A sentence about training, or one under a heading about training that is not about results."""
    table = rules()
    if table.training.found_in(sentence):
        return True
    return heading_about_data((context,)) and not table.not_training.found_in(sentence)


DATA_HEADING = re.compile(r"\bdata(?:sets?)?\b|\bcorp(?:us|ora)\b|数据|データ|데이터|данн|données|datos|daten", re.I)


# fmt: off
ABOUT_DATA = Literals([
    "train", "tun", "distil", "corp", "data", "source", "synthetic", "proprietary", "crawl", "licensed", "generated",
    "samples", "entra", "affin", "обуч", "корпус", "данн", "训练", "语料", "語料", "数据", "微调", "学習", "訓練",
    "データ",
    "チューニング", "학습", "훈련", "데이터", "튜닝", "말뭉치",
])  # words without which a text does not speak of training data
# fmt: on


@lru_cache(maxsize=4096)
def heading_about_data(path: tuple[str, ...]) -> bool:
    text = " ".join(path)
    return bool(DATA_HEADING.search(text)) or rules().training.found_in(text)


def stage_of(sentence: str, context: str = "", at: int | None = None) -> Stage:
    """Which model the data belong to, as far as the words say: pre-training or tuning.

    Where a sentence speaks of both, the word before character `at`, where the data are named, decides.
    """
    table = rules()
    for text, place in ((sentence, at), (context, None)):
        base, end = table.base_stage.found_in(text), table.end_stage.found_in(text)
        if base and end and place is not None:
            before_base = last_before(table.base_stage.pattern, text, place)
            before_end = last_before(table.end_stage.pattern, text, place)
            base, end = before_base > before_end, before_end > before_base
        if base and not end:
            return "base"
        if end and not base:
            return "end"
    return "unsaid"


def last_before(pattern: re.Pattern[str], text: str, at: int) -> int:
    return max((m.start() for m in pattern.finditer(text, 0, at)), default=-1)


LEFT_OUT = re.compile(
    r"\b(?:without|excluding|except(?: for)?|minus|inspired by|similar to|in the style of|unlike)\W+(?:\w+\W+){0,2}$",
    re.I,
)


SUBSET_NEAR = 50, 10  # characters before and after a name within which it is called a subset


def left_out(text: str, low: int, start: int, end: int) -> bool:
    """Whether a name is given as left out, as inspiration, or is the owner in somebody's `owner/model`."""
    return bool(LEFT_OUT.search(text, max(low, start - 40), start)) or (text[end : end + 1] == "/")


def read_names(card: Card, low: int, high: int, context: str) -> Iterator[Named]:
    """Corpora named between two positions (one sentence)."""
    table, text = rules(), card.visible
    sentence = text[low:high]
    found: dict[str, tuple[Corpus, int, int]] = {}
    for corpus, rule in card.where(table.corpora).inside(low, high):
        if corpus.name not in found:
            match = rule.pattern.search(text, low, high)
            if match and not left_out(text, low, *match.span()):
                found[corpus.name] = (corpus, *match.span())
    if not found or not about_training(sentence, context) or table.excluded.found_in(sentence):
        return
    for corpus, start, end in found.values():
        near = max(low, start - SUBSET_NEAR[0]), min(high, end + SUBSET_NEAR[1])
        subset = table.subset.first(text, card.lower, *near) is not None
        yield Named(corpus, start, end, (low, high), stage_of(sentence, context, start - low), subset)


def read_withheld(card: Card, low: int, high: int, context: str) -> Iterator[Withheld]:
    """The first statement of withholding or vagueness in one sentence about training data."""
    table, text = rules(), card.visible
    sentence = text[low:high]
    for kind, rule in card.where(table.withheld).inside(low, high):
        match = rule.pattern.search(text, low, high)
        if not match:
            continue
        ours = DATA_WORD.found_in(sentence) and not table.not_ours.found_in(sentence)
        if not ours or not about_training(sentence, context):
            return
        names = any(True for _ in read_names(card, low, high, context))
        if kind in VAGUE and names:
            continue
        tokens = table.tokens.search(sentence)
        stage = stage_of(sentence, context, match.start() - low)
        yield Withheld(kind, match[0], (low, high), stage, tokens[0].strip() if tokens else "", names)
        return


VAGUE = frozenset(["publicly_available", "web_crawl"])
DATA_WORD = Phrase(
    re.compile(
        r"\bdata\w*|\bcorp(?:us|ora)\b|\bsources?\b|\btokens?\b|\bcontent\b|\btexts?\b|\bimages\b|\bmusic\b|\brecordings\b|"
        r"数据|データ|데이터|данн",
        re.I,
    )
)
