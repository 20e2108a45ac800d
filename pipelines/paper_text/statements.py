"""Statements of a report about the hardware it was trained on, and about its training data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from output.data_files import load
from pipelines.hardware import ANCHORS, GROUPS, describe
from pipelines.hardware.reading import Fact, read_hardware, triggered
from pipelines.paper_text import training_data
from pipelines.paper_text.sentences import Sentence
from pipelines.papers.names import is_version, pattern, pieces


class HardwareRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    training: str
    used: str
    framework: str
    common_frameworks: list[str]
    not_training: str
    row: str
    compared: str
    sections: str
    not_sections: str


class StageRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stage: str
    said: str


class DataRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    units: str
    not_amount: str
    named: str
    many: str
    kinds: str
    size: str
    listed: str
    own_names: str
    own_models: str
    trained_others: str
    not_names: list[str]
    vague: str
    material: str
    shares: str
    data_heading: str
    not_sections: str
    stages: list[StageRule]
    withheld: str


class LicenceRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    named: str
    release: str


class AvailabilityRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    said: str
    promised: str
    not_ours: str


class TopicRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    topic: str
    said: str


class Lexicon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hardware: HardwareRules
    data: DataRules
    first_person: str
    of_the_model: str
    of_others: str
    licence: LicenceRules
    availability: AvailabilityRules
    topics: list[TopicRule]


@cache
def lexicon() -> Lexicon:
    return load(Path(__file__).parent / "lexicon.yaml", Lexicon)


@cache
def said(expression: str, *, case: bool = False) -> re.Pattern[str]:
    return re.compile(expression, 0 if case else re.IGNORECASE)


class Statement(msgspec.Struct, frozen=True):
    """One fact of a report with the sentence that says it best; `key` is the same for the same fact said again."""

    indicator: str
    rule: str
    sentence: Sentence
    start: int  # of the words that it rests on, in the sentence
    end: int
    value: dict[str, Any]
    key: tuple[Any, ...]
    weight: float


class Speaker:
    """Tells the report's own model from others."""

    def __init__(self, names: Iterable[str], data_names: Iterable[str] = ()) -> None:
        parts = [pieces(name) for name in names if pieces(name)]
        self.names = [pattern(name) for name in parts]
        self.families = [pattern(name, "any") for name in parts if any(map(is_version, name))]
        self.data_names = [re.compile(rf"\b{re.escape(name)}\b") for name in data_names]

    def own(self, text: str) -> bool:
        return bool(said(lexicon().first_person).search(text)) or any(name.search(text) for name in self.names)

    def named(self, text: str) -> bool:
        return any(name.search(text) for name in self.names)

    def other_version(self, text: str) -> bool:
        """Only another version of the own model is named: `Yuan 1.0` in the report of Yuan 2.0."""
        found = (m[0] for family in self.families for m in family.finditer(text))
        return not self.named(text) and any(any(c.isdigit() for c in name) for name in found)

    def own_data(self, text: str) -> list[re.Match[str]]:
        """Where data are named that the makers made themselves."""
        return [m for name in self.data_names for m in name.finditer(text)]

    def place(self, text: str) -> int | None:
        """Where the own model is named first, or else the first person."""
        named = min((m.start() for name in self.names if (m := name.search(text))), default=None)
        person = said(lexicon().first_person).search(text)
        return named if named is not None else person.start() if person else None

    def others(self, text: str) -> bool:
        """The sentence is about somebody else's model: its subject carries a citation."""
        match = said(lexicon().of_others, case=True).search(text)
        return match is not None and not any(name.search(text[: match.end()]) for name in self.names)


def own_data_names(found: Iterable[Sentence]) -> list[str]:
    """Names of data that the report says its makers made: `we build SkyPile, a corpus of …`."""
    names: Counter[str] = Counter()
    for sentence in found:
        if not said(lexicon().data.not_sections).search(sentence.section):
            names.update(next(filter(None, m.groups())) for m in own_names().finditer(sentence.text))
    return [name for name in names if any(c.isupper() for c in name[1:])]


def own_model_names(found: Iterable[Sentence]) -> list[str]:
    """What the first pages say that the report introduces: `we present Qwen3`."""
    names: list[str] = []
    for sentence in found:
        if (sentence.page or 1) > FIRST_PAGES or said("related work|background").search(sentence.section):
            continue
        if said(lexicon().first_person).search(sentence.text):
            names += [m[1].strip(".") for m in own_models().finditer(sentence.text)]
    return list(dict.fromkeys(names))


FIRST_PAGES = 3


def speaker_of(found: Sequence[Sentence], names: Iterable[str]) -> Speaker:
    """The report's own models and data, by the names that are known and by what its first pages introduce."""
    return Speaker([*names, *own_model_names(found)], own_data_names(found))


@cache
def own_names() -> re.Pattern[str]:
    return re.compile(lexicon().data.own_names)


@cache
def own_models() -> re.Pattern[str]:
    return re.compile(lexicon().data.own_models)


def statements(found: Iterable[Sentence], speaker: Speaker) -> list[Statement]:
    """All statements, the same fact once, in the order of the pages."""
    best: dict[tuple[Any, ...], Statement] = {}
    found = list(found)
    readers = (hardware, withheld, licence, availability)
    by_sentence = (reader(sentence, speaker) for sentence in found for reader in readers)
    for statement in chain(*by_sentence, data(found, speaker)):
        key = (statement.indicator, *statement.key)
        if key not in best or best[key].weight < statement.weight:
            best[key] = statement
    return sorted(best.values(), key=order)


def order(statement: Statement) -> tuple[int, int, str]:
    """By page and place on it."""
    sentence = statement.sentence
    return sentence.page or 0, sentence.flow.places[sentence.start], statement.indicator


# --- hardware


def hardware(sentence: Sentence, speaker: Speaker) -> Iterator[Statement]:
    """Facts of the hardware reader, where the sentence is about the training of the report's own model."""
    rules, text = lexicon().hardware, sentence.text
    if said(rules.not_training).search(text) or said(rules.not_sections).search(sentence.section):
        return
    if speaker.others(text) or speaker.other_version(text) or not triggered(re.findall(r"\w+", text.lower())):
        return
    facts = own_side(plain_counts(read_hardware(text, context=sentence.section), text), text, speaker)
    if not facts or (sentence.tabular and not any(f.kind == "device_hours" for f in facts)):
        return
    own = speaker.own(text)
    section = bool(said(rules.sections).search(sentence.section))
    training = bool(said(rules.training).search(text))
    if in_summary(sentence) and not own:
        return
    if sentence.caption and not training:
        return
    used = bool(said(rules.used).search(text))
    compared = bool(said(rules.compared).search(f"{sentence.before} {text}"))
    ours = own or section or bool(said(lexicon().of_the_model).search(text))
    hours = any(f.kind == "device_hours" for f in facts) and training and not in_summary(sentence)
    if compared and not own and not hours:
        return
    emitted = any(f.kind in GROUPS["hardware.energy"] for f in facts) and (section or own or training)
    linked = bool(CONNECTED.search(text)) or any(f.kind == "cluster" for f in facts)
    used_here = used and (section or own) and not compared
    row = section and bool(said(rules.row).search(text))
    if not ((training and ours) or hours or emitted or used_here or row or (section and linked)):
        return
    the_model = bool(said(lexicon().of_the_model).search(text))
    theirs = own or the_model or (section and (training or bool(CONNECTED.search(text))))
    for indicator, kinds in GROUPS.items():
        about = [f for f in facts if f.kind in kinds]
        anchors = [f for f in about if is_anchor(f, indicator, text, training and ours, section)]
        if not anchors or (indicator == "hardware.parallelism" and not theirs):
            continue
        key = tuple(
            sorted({str((f.kind, f.value.get("name"), f.value.get("count"), f.value.get("amount"))) for f in about})
        )
        named = 2 * any(f.kind == "accelerator" for f in about) + 2 * any("count" in f.value for f in about)
        weight = named + len(about) + training + section - in_summary(sentence)
        value = {"facts": [{"kind": f.kind, **f.value} for f in about], "given": describe(about)}
        yield Statement(indicator, anchors[0].kind, sentence, anchors[0].start, anchors[0].end, value, key, weight)


CONNECTED = re.compile(r"(?i)\b(?:(?:inter)?connect\w*|equipped|contains?|consists? of|comprising)\b")


def is_anchor(fact: Fact, indicator: str, text: str, trained: bool, section: bool) -> bool:
    """Whether a fact alone says something: a cloud, a link or a framework does only where training is spoken of."""
    rules = lexicon().hardware
    if fact.kind == "cluster":
        return indicator == "hardware.training" and (section or trained)
    if fact.kind == "interconnect":
        return section and bool(CONNECTED.search(text))
    if fact.kind == "framework":
        common = str(fact.value["name"]).lower() in rules.common_frameworks
        return trained and not common and bool(said(rules.framework).search(text))
    return fact.kind in ANCHORS[indicator]


def plain_counts(facts: list[Fact], text: str) -> list[Fact]:
    """Without what is no fact: hours read as devices, `16 per GPU`, `$2 per GPU hour`, what was done without."""
    hours = [f for f in facts if f.kind == "device_hours"]
    kept = []
    for fact in facts:
        inside = fact.kind == "count" and any(h.start <= fact.start < h.end for h in hours)
        each = fact.kind == "count" and text[: fact.start].rstrip().endswith("per")
        price = fact.kind == "device_hours" and " per " in text[fact.start : fact.end]
        if not (inside or each or price or denied(fact, text)):
            kept.append(fact)
    return kept


def denied(fact: Fact, text: str) -> bool:
    """`without costly tensor parallelism`, `tensor parallelism was not used`."""
    before, after = text[max(0, fact.start - 40) : fact.start], text[fact.end : fact.end + 25]
    return bool(
        re.search(r"(?i)\b(?:without|no need for|instead of|rather than|avoid(?:s|ed|ing)?)\b[^,;]*$", before)
        or re.match(r"(?i)\s?(?:\(\w+\)\s)?(?:was|is|were|are) not\b", after)
    )


COMPARED = re.compile(r"(?i)\b(?:while|whereas|than|compared (?:to|with)|versus|vs\.)\s")


def own_side(facts: list[Fact], text: str, speaker: Speaker) -> list[Fact]:
    """Where a sentence sets two models against each other, the facts on the side of the own one."""
    cuts = [m.start() for m in COMPARED.finditer(text)]
    if not cuts or not facts:
        return facts
    start = speaker.place(text)
    if start is None:
        return []
    after = [f for f in facts if f.start >= start]
    end = next((cut for cut in cuts if cut > start and after and after[0].start < cut), len(text))
    return [f for f in after if f.start < end]


def in_summary(sentence: Sentence) -> bool:
    """Abstract, introduction and conclusion say again what a section says better."""
    return bool(re.search(r"(?i)abstract|introduction|conclusion", sentence.section))


# --- training data

SCALE = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "b": 1e9, "billion": 1e9, "t": 1e12, "trillion": 1e12}


@cache
def amount_pattern() -> re.Pattern[str]:
    units = lexicon().data.units
    return re.compile(
        r"(?<![\w.])(?P<n>\d[\d,]*(?:\.\d+)?(?:, \d{3})*)\s?"
        r"(?P<s>[KMBTk]\b|[KMBT](?=-)|thousand|million|billion|trillion)?"
        rf"(?P<gap>(?:(?:, |[- ])[a-zA-Z-]{{2,30}}){{0,4}}?)[- ](?P<unit>{units})\b",
        re.IGNORECASE,
    )


@cache
def counted_pattern() -> re.Pattern[str]:
    """`all correct actions (287K)`"""
    return re.compile(rf"\b(?:{lexicon().data.units})\s\(\d[\d.,]*\s?[KMB]\)", re.IGNORECASE)


def amounts(text: str) -> list[tuple[float, str, int, int]]:
    """Amounts of data: number, unit, place. Context lengths, batch sizes and vocabularies are none."""
    masked = said(lexicon().data.not_amount).sub(lambda m: " " * len(m[0]), text)
    found = []
    for match in amount_pattern().finditer(masked):
        number = float(re.sub(r"[, ]", "", match["n"])) * SCALE.get((match["s"] or "").lower(), 1)
        small = 10 if match["unit"].lower() in ("gb", "tb") else 1000
        if number >= small and not (match["s"] is None and 1900 <= number <= 2100):
            found.append((number, match["unit"].lower(), match.start(), match.end()))
    for wording in (said(lexicon().data.size), counted_pattern()):
        found += [(0.0, m[0].lower(), *m.span()) for m in wording.finditer(masked)]
    return found


def withheld(sentence: Sentence, speaker: Speaker) -> Iterator[Statement]:
    """Data that are kept in-house or back."""
    rules, text = lexicon().data, sentence.text
    if sentence.tabular or len(text) < MIN_LENGTH or theirs(sentence, speaker):
        return
    if (below_data(sentence) or speaker.own(text)) and (match := said(rules.withheld).search(text)):
        value: dict[str, Any] = {"stage": stage(text, sentence)}
        yield Statement("data.withheld", "withheld", sentence, *match.span(), value, (text[:80],), 1)


def data(found: Sequence[Sentence], speaker: Speaker) -> Iterator[Statement]:
    """Passages that are likely to say what the own model was trained on, with the amounts and sources they name."""
    scored = [(sentence, likelihood(sentence, speaker)) for sentence in found]
    for passage, surest, likely in training_data.passages(scored, training_data.rules()):
        text, offset = passage.text, surest.start - passage.start
        sizes, sources = amounts(text), source_spans(text, speaker)
        spans = [(s, e) for *_, s, e in sizes] + [(s, e) for s, e, _ in sources]
        inside = [(s, e) for s, e in spans if offset <= s < offset + len(surest.text)]
        value: dict[str, Any] = {
            "amounts": [text[s:e] for *_, s, e in sizes],
            "sources": sorted({text[s:e] for s, e, named in sources if named}),
            "stage": stage(surest.text, passage),
        }
        said_amounts = sorted((n, u) for n, u, *_ in amounts(surest.text))
        key: tuple[Any, ...] = tuple(said_amounts) or tuple(value["sources"]) or (text[:80],)
        start, end = min(inside, default=(offset, offset + len(surest.text)))
        weight = 2 * speaker.own(text) + bool(value["sources"]) + len(sizes) - 2 * in_summary(passage) + likely
        yield Statement("data.described", "amount" if sizes else "source", passage, start, end, value, key, weight)


MIN_LENGTH = 30


def below_data(sentence: Sentence) -> bool:
    return bool(said(lexicon().data.data_heading).search(sentence.section))


def theirs(sentence: Sentence, speaker: Speaker) -> bool:
    """Somebody else's model; where the makers speak of themselves or of data, a cited name is a source or a method."""
    ours = said(lexicon().first_person).search(sentence.text) or below_data(sentence)
    return speaker.others(sentence.text) and not ours


def likelihood(sentence: Sentence, speaker: Speaker) -> float:
    """How likely a sentence says what the own model was trained on; 0 where it does not speak of data at all."""
    return training_data.probability(signs(sentence, speaker), sentence) if of_data(sentence, speaker) else 0.0


def of_data(sentence: Sentence, speaker: Speaker) -> bool:
    text = sentence.text
    if sentence.tabular or len(text) < MIN_LENGTH or theirs(sentence, speaker):
        return False
    about = training_data.shows(text, training_data.rules().about)
    return bool(about or amounts(text) or source_spans(text, speaker))


def signs(sentence: Sentence, speaker: Speaker) -> dict[str, bool]:
    """What is seen of a sentence: the signs of `training_data.yaml`, and what takes more than a pattern to see."""
    text, found = sentence.text, amounts(sentence.text)
    named, spans = speaker.named(text), source_spans(text, speaker)
    return {
        **training_data.signs_of(sentence),
        "amount": bool(found),
        "large amount": any(number >= 1e9 for number, *_ in found),
        "small amount": bool(found) and all(0 < number < 3000 for number, *_ in found),
        "named source": bool(named_sources(text)),
        "own model": named,
        "own model with amount": bool(found) and named,
        "another model": not speaker.own(text) and bool(said(lexicon().data.trained_others, case=True).search(text)),
        "caption": sentence.caption,
        "many": bool(said(lexicon().data.many).search(text)),
        "any source": bool(spans or found),
        "several sources": len(spans) + len(found) >= 3,
        "long": len(text) > 300,
    }


def named_sources(text: str) -> list[re.Match[str]]:
    rules = lexicon().data
    return [m for m in said(rules.named, case=True).finditer(text) if m[0].split()[0].lower() not in rules.not_names]


def source_spans(text: str, speaker: Speaker) -> list[tuple[int, int, bool]]:
    """Where a sentence says what the data are, and whether it does so by a name."""
    rules = lexicon().data
    named = [*named_sources(text), *said(rules.listed, case=True).finditer(text), *speaker.own_data(text)]
    plain = [
        m for wording in (rules.many, rules.shares, rules.vague, rules.material) for m in said(wording).finditer(text)
    ]
    kinds = list(said(rules.kinds).finditer(text))
    if len({m[0].lower() for m in kinds}) >= 3:
        plain.append(kinds[0])
    return [(*m.span(), True) for m in named] + [(*m.span(), False) for m in plain]


def stage(text: str, sentence: Sentence) -> str:
    """`tuning` or `pretraining`: by the sentence, then by its section."""
    if re.search(r"(?i)pre-?train(?:[^.]|\.(?=\w)){0,60}\btokens\b", text):
        return "pretraining"
    for words in (text, sentence.section):
        for rule in lexicon().data.stages:
            if said(rule.said).search(words):
                return rule.stage
    return "pretraining"


# --- licence


def licence(sentence: Sentence, speaker: Speaker) -> Iterator[Statement]:
    """What the report says its own release is licensed under; never what it says of others."""
    rules, text = lexicon().licence, sentence.text
    match = said(rules.named).search(text)
    if not match or not said(rules.release).search(text) or speaker.others(text) or not speaker.own(text):
        return
    yield Statement("license.declared", "release", sentence, *match.span(), {"said": match[0]}, (match[0].lower(),), 1)


# --- availability of code, data and weights


def availability(sentence: Sentence, speaker: Speaker) -> Iterator[Statement]:
    """What the report says can be had of the makers' code, data and weights, or is promised."""
    rules, text = lexicon().availability, sentence.text
    match = said(rules.said).search(text)
    if match is None or sentence.caption or speaker.others(text) or said(rules.not_ours).search(text):
        return
    if not (speaker.own(text) or said("availab|release").search(sentence.section)):
        return
    named = (match["a"] or match["b"]).lower()
    what = next(kind for kind, words in KINDS_RELEASED if re.search(words, named))
    promised = bool(said(rules.promised).search(text))
    weight = bool(re.search(r"https?://|github|hugging ?face", text, re.IGNORECASE)) + bool(speaker.own(text))
    value = {"what": what, "promised": promised}
    yield Statement("preprint.availability", "availability", sentence, *match.span(), value, (what, promised), weight)


KINDS_RELEASED = (("code", "code"), ("data", "data|corp"), ("weights", "weight|checkpoint|model"))
