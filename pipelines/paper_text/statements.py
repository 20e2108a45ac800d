"""Statements of a report about the hardware it was trained on, and about its training data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from pipelines.paper_text.sentences import Sentence
from pipelines.papers.names import pattern, pieces


class Accelerator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    said: str


class HardwareRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    training: str
    used: str
    interconnect: str
    connected: str
    hours: str
    not_training: str
    compared: str
    sections: str
    not_sections: str
    parallelism: str
    energy: str


class StageRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stage: str
    said: str


class DataRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    units: str
    not_amount: str
    training: str
    role: str
    strong: str
    named: str
    many: str
    kinds: str
    training_data: str
    vague: str
    sections: str
    not_sections: str
    not_training: str
    stages: list[StageRule]
    withheld: str


class LicenceRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    named: str
    release: str


class TopicRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    topic: str
    said: str


class Lexicon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accelerators: list[Accelerator]
    machines: str
    hardware: HardwareRules
    data: DataRules
    first_person: str
    of_the_model: str
    of_others: str
    licence: LicenceRules
    topics: list[TopicRule]


@cache
def lexicon() -> Lexicon:
    return msgspec.convert(yaml.safe_load((Path(__file__).parent / "lexicon.yaml").read_text("utf-8")), Lexicon)


@cache
def said(expression: str, *, case: bool = False) -> re.Pattern[str]:
    return re.compile(expression, 0 if case else re.IGNORECASE)


@cache
def accelerator_pattern() -> re.Pattern[str]:
    parts = "|".join(f"(?P<a{n}>{a.said})" for n, a in enumerate(lexicon().accelerators))
    return re.compile(rf"(?:(?<![\w-])|(?<=\dx)|(?<=\d×))(?:{parts})(?![a-z]{{2}})")


class Statement(msgspec.Struct, frozen=True):
    """One fact of a report with the sentence that says it best; `key` is the same for the same fact said again."""

    indicator: str
    rule: str
    sentence: Sentence
    start: int  # of the words that it rests on, in the sentence
    end: int
    value: dict[str, Any]
    key: tuple[Any, ...]
    weight: int


class Speaker:
    """Tells the report's own model from others."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = [pattern(pieces(name)) for name in names if pieces(name)]

    def own(self, text: str) -> bool:
        return bool(said(lexicon().first_person).search(text)) or any(name.search(text) for name in self.names)

    def place(self, text: str) -> int | None:
        """Where the own model is named first, or else the first person."""
        named = min((m.start() for name in self.names if (m := name.search(text))), default=None)
        person = said(lexicon().first_person).search(text)
        return named if named is not None else person.start() if person else None

    def others(self, text: str) -> bool:
        """The sentence is about somebody else's model: its subject carries a citation."""
        match = said(lexicon().of_others, case=True).search(text)
        return match is not None and not any(name.search(text[: match.end()]) for name in self.names)


def statements(found: Iterable[Sentence], speaker: Speaker) -> list[Statement]:
    """All statements, the same fact once, in the order of the pages."""
    best: dict[tuple[Any, ...], Statement] = {}
    for sentence in found:
        for statement in (*hardware(sentence, speaker), *data(sentence, speaker), *licence(sentence, speaker)):
            key = (statement.indicator, *statement.key)
            if key not in best or best[key].weight < statement.weight:
                best[key] = statement
    return sorted(best.values(), key=lambda s: (s.sentence.page, s.sentence.flow.places[s.sentence.start], s.indicator))


# --- hardware


def hardware(sentence: Sentence, speaker: Speaker) -> Iterator[Statement]:
    rules, text = lexicon().hardware, sentence.text
    if (
        said(rules.not_training).search(text)
        or said(rules.not_sections).search(sentence.section)
        or speaker.others(text)
    ):
        return
    training = bool(said(rules.training).search(text))
    section = bool(said(rules.sections).search(sentence.section))
    own = speaker.own(text)
    if (match := said(rules.energy, case=True).search(text)) and (training or own or section):
        key: tuple[Any, ...] = (match[0].lower(), text[:60])
        yield Statement("hardware.energy", "energy", sentence, *match.span(), {}, key, 1)
    used = bool(said(rules.used).search(text))
    if (match := said(rules.parallelism, case=True).search(text)) and (training or section or (own and used)):
        kinds = sorted({m[0].lower() for m in said(rules.parallelism, case=True).finditer(text)})
        value: dict[str, Any] = {"kinds": kinds}
        yield Statement("hardware.parallelism", "parallelism", sentence, *match.span(), value, tuple(kinds), len(kinds))
    if sentence.tabular and not re.search(r"(?i)GPU hours", text):
        return
    machines = list(accelerator_pattern().finditer(text))
    hours = own_hours(text, speaker)
    large = said(lexicon().machines, case=True).search(text)
    links = said(rules.interconnect, case=True).search(text) if said(rules.connected).search(text) else None
    counted = re.search(r"(?<![\d.,])(\d[\d,]*)\s?(?:x|×)?\s?GPUs\b", text)
    first = min((m for m in (*machines, hours, large, counted) if m), key=lambda m: m.start(), default=links)
    compared = bool(said(rules.compared).search(f"{sentence.before} {text}"))
    if first is None or (compared and not own and not hours):
        return
    ours = own or section or bool(said(lexicon().of_the_model).search(text))
    used_here = used and (section or own) and not compared
    hours_of_training = bool(training and hours and not in_summary(sentence))
    if not ((training and ours) or hours_of_training or used_here or (section and (links or large))):
        return
    value = hardware_value(text, machines, hours, large, links)
    facts = (tuple(value.get("accelerators", ())), value.get("count"), value.get("hours"), value.get("machine"))
    key = (text[:80],) if facts == ((), None, None, None) else facts
    weight = 2 * bool(machines) + 2 * bool(value.get("count")) + training + section - in_summary(sentence)
    rule = "accelerators" if machines else "compute"
    yield Statement("hardware.training", rule, sentence, *first.span(), value, key, weight)


def own_hours(text: str, speaker: Speaker) -> re.Match[str] | None:
    """Hours of training; where the sentence sets two models against each other, those said after the own one."""
    found = said(lexicon().hardware.hours, case=True)
    if re.search(r"(?i)\b(?:while|whereas|than|compared (?:to|with)|versus|vs\.)\s", text):
        start = speaker.place(text)
        return found.search(text, start) if start is not None else None
    return found.search(text)


def in_summary(sentence: Sentence) -> bool:
    """Abstract, introduction and conclusion say again what a section says better."""
    return bool(re.search(r"(?i)abstract|introduction|conclusion", sentence.section))


def hardware_value(
    text: str,
    machines: list[re.Match[str]],
    hours: re.Match[str] | None,
    large: re.Match[str] | None,
    links: re.Match[str] | None,
) -> dict[str, Any]:
    names = lexicon().accelerators
    value: dict[str, Any] = {}
    if machines:
        value["accelerators"] = sorted({names[int(str(m.lastgroup)[1:])].name for m in machines})
        value["as_said"] = machines[0][0]
    count = count_of(text, machines)
    if count:
        value["count"] = count
    if node := re.search(r"(\d[\d,]*|[a-z]+) nodes?\b", text):
        value["nodes"] = node[1]
    if hours:
        value["hours"] = " ".join(hours[0].split())
    if days := DURATION.search(text):
        value["duration"] = days[0]
    if large:
        value["machine"] = large[0]
    if links:
        value["interconnect"] = links[0]
    return value


DURATION = re.compile(r"(?i)\b(?:[\d.]+|one|two|three|four|five|six|seven|eight|nine|ten)\s(?:days?|weeks?|months?)\b")
NUMBER_BEFORE = re.compile(r"(?<![\d.,])(\d{1,3}(?:[, ]\d{3})+|\d+)\s?(?:x|×)?\s?(?:\w+ ){0,1}$")


def count_of(text: str, machines: list[re.Match[str]]) -> int | None:
    """Number of accelerators: the one right before its name, or before `GPUs`."""
    for machine in machines:
        before = NUMBER_BEFORE.search(text[: machine.start()])
        if before and int(re.sub(r"\D", "", before[1])) < 1_000_000:
            return int(re.sub(r"\D", "", before[1]))
    match = re.search(r"(?<![\d.,])(\d[\d,]*)\s?(?:x|×)?\s?(?:\w+ ){0,1}(?:GPUs|TPUs|accelerators|chips|GCDs)\b", text)
    return int(match[1].replace(",", "")) if match else None


# --- training data

SCALE = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "b": 1e9, "billion": 1e9, "t": 1e12, "trillion": 1e12}


@cache
def amount_pattern() -> re.Pattern[str]:
    units = lexicon().data.units
    return re.compile(
        r"(?<![\w.])(?P<n>\d[\d,]*(?:\.\d+)?(?:, \d{3})*)\s?"
        r"(?P<s>[KMBTk]\b|[KMBT](?=-)|thousand|million|billion|trillion)?"
        rf"(?P<gap>(?:[- ][a-zA-Z-]{{2,14}}){{0,4}}?)[- ](?P<unit>{units})\b",
        re.IGNORECASE,
    )


def amounts(text: str) -> list[tuple[float, str, int, int]]:
    """Amounts of data: number, unit, place. Context lengths, batch sizes and vocabularies are none."""
    masked = said(lexicon().data.not_amount).sub(lambda m: " " * len(m[0]), text)
    found = []
    for match in amount_pattern().finditer(masked):
        number = float(re.sub(r"[, ]", "", match["n"])) * SCALE.get((match["s"] or "").lower(), 1)
        small = 10 if match["unit"].lower() in ("gb", "tb") else 1000
        if number >= small and not (match["s"] is None and 1900 <= number <= 2100):
            found.append((number, match["unit"].lower(), match.start(), match.end()))
    return found


def data(sentence: Sentence, speaker: Speaker) -> Iterator[Statement]:
    rules, text = lexicon().data, sentence.text
    if sentence.tabular or len(text) < 30 or said(rules.not_training).search(text):
        return
    own = speaker.own(text)
    section = bool(said(rules.sections).search(sentence.section))
    about_data = bool(re.search(r"(?i)\bdata\b|dataset|corpus|corpora", sentence.section))
    if said(rules.not_sections).search(sentence.section) or (in_summary(sentence) and not own):
        return
    if not about_data and speaker.others(text):
        return
    if not (own or section or said(lexicon().of_the_model).search(text)):
        return
    if match := said(rules.withheld).search(text):
        value: dict[str, Any] = {"stage": stage(text, sentence)}
        yield Statement("data.withheld", "withheld", sentence, *match.span(), value, (text[:80],), 1)
    if not (section or about_data or said(rules.training).search(text)) or not said(rules.role).search(text):
        return
    found = amounts(text)
    sources = source_spans(text, own or about_data, own and section)
    if not (found or sources):
        return
    value = {
        "amounts": [text[s:e] for *_, s, e in found],
        "sources": sorted({text[s:e] for s, e, named in sources if named}),
        "stage": stage(text, sentence),
    }
    spans = [(s, e) for *_, s, e in found] + [(s, e) for s, e, _ in sources]
    key = tuple(sorted((n, u) for n, u, *_ in found)) or tuple(value["sources"]) or (text[:80],)
    weight = own + 2 * section + bool(value["sources"]) + (40 < len(text) < 400) - 2 * in_summary(sentence)
    yield Statement("data.described", "amount" if found else "source", sentence, *min(spans), value, key, weight)


DATA_WORD = re.compile(r"(?i)\b(?:data|datasets?|corpus|corpora|mixture|collection)\b")


def source_spans(text: str, ours: bool, making: bool) -> list[tuple[int, int, bool]]:
    """Where a sentence says what the data are, and whether it does so by a name."""
    rules = lexicon().data
    found: list[tuple[int, int, bool]] = []
    if ours:
        named = [m for m in said(rules.named, case=True).finditer(text) if m[0].split()[0] not in STARTERS]
        found += [(*m.span(), True) for m in named]
        found += [(*m.span(), False) for m in re.finditer(r"\d+(?:\.\d+)?\s?%\s[^.]{0,60}\d+(?:\.\d+)?\s?%", text)]
    wordings = [rules.many] if ours and said(rules.training).search(text) else []
    kinds = list(said(rules.kinds).finditer(text)) if ours and DATA_WORD.search(text) else []
    if len({m[0].lower() for m in kinds}) >= 3:
        found.append((kinds[0].start(), kinds[-1].end(), False))
    if ours or said(rules.training_data).search(text):
        wordings.append(rules.vague)
    if making or (ours and re.search(r"(?i)\bdatasets?\b", text)):
        wordings.append(rules.strong)
    found += [(*m.span(), False) for wording in wordings if (m := said(wording).search(text))]
    return found


STARTERS = ("We", "Our", "The", "This", "These", "For", "In", "To", "A", "An")


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
