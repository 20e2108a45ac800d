"""Hardware in running text: what is named, how many, for how long, and whether it trained the model or runs it.

Works on any plain text with character offsets: the visible text of a card, a page of a PDF, a README.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from output.data_files import load
from pipelines.readers.phrases import Found, Phrase, Phrasebook, lowered

FOLDER = Path(__file__).parent

Kind = Literal[
    "accelerator", "count", "cluster", "duration", "device_hours", "flop", "energy", "co2", "parallelism",
    "interconnect", "framework",
]  # fmt: skip
Use = Literal["training", "inference", "unknown"]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accelerators: dict[str, list[str]]
    generic: list[str]
    clusters: list[str]
    parallelism: dict[str, list[str]]
    interconnect: list[str]
    frameworks: list[str]
    training: list[str]
    inference: list[str]
    advice: list[str]


class Fact(NamedTuple):
    """One thing that a text says about hardware; `sentence` is the range to quote."""

    kind: Kind
    start: int
    end: int
    value: dict[str, Any]
    sentence: tuple[int, int]
    use: Use


class Rules(NamedTuple):
    book: Phrasebook[tuple[Kind, str]]
    telling: frozenset[int]  # literals of the book that say something of hardware; days and weeks alone do not
    training: re.Pattern[str]
    inference: re.Pattern[str]
    advice: re.Pattern[str]


Where = Found[tuple[Kind, str]]


@cache
def rules() -> Rules:
    words = load(FOLDER / "lexicon.yaml", Words)

    def either(patterns: list[str], flags: int = 0, start: str = "(?<![A-Za-z0-9])") -> re.Pattern[str]:
        return re.compile(rf"{start}(?:{'|'.join(patterns)})(?![A-Za-z0-9])", flags)

    named: list[tuple[Kind, str, re.Pattern[str]]] = []
    for name, patterns in words.accelerators.items():
        named += [("accelerator", name, either([p], start=r"(?:(?<![A-Za-z0-9])|(?<=\dx))")) for p in patterns]
    named += [("count", "", either(words.generic, re.I))]
    named += [("cluster", "", either([p])) for p in words.clusters]
    for name, patterns in words.parallelism.items():
        named += [("parallelism", name, either([p], re.I)) for p in patterns]
    named += [("interconnect", "", either([p])) for p in words.interconnect]
    named += [("framework", "", either([p])) for p in words.frameworks]
    named += [(kind, "", pattern) for kind, (pattern, _) in QUANTITIES.items()]
    book = Phrasebook(((kind, name), Phrase(pattern)) for kind, name, pattern in named)
    return Rules(
        book,
        book.numbers(lambda key: key[0] != "duration"),
        either(words.training, re.I),
        either(words.inference, re.I),
        either(words.advice, re.I),
    )


NUMBERS = {
    "one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10,
    "twelve": 12, "sixteen": 16, "thirty-two": 32, "sixty-four": 64,
}  # fmt: skip
MAKERS = r"(?:(?:NVIDIA|Nvidia|nvidia|AMD|Google|Intel|Huawei|Tesla|Instinct|Cloud|GeForce|cloud)\s+)*"
BEFORE = re.compile(
    rf"(?<![A-Za-z0-9.,$])(?:(\d{{1,4}})\s*[x×*]\s*)?(\d[\d,]{{0,8}}|{'|'.join(NUMBERS)})"
    rf"\s*(?:[x×*]\s*|张|块|台|枚|個の|개의?\s)?\s*{MAKERS}(?:\d+\s?GB\s+)?$",
    re.I,
)
AFTER = re.compile(
    r"^[^.;\n]{0,24}?\s*(?:[x×*]\s*(\d{1,5})\b|\((\d{1,5})\s*[x×]?\s*(?:GPUs?|cards|nodes)?\)|\s*:\s*(\d{1,5})\b)"
)
MEMORY = re.compile(r"^[\s-]*(?:SXM\d?|PCIe)?[\s(-]*(\d{2,3})\s?(?:GB|G)\b")
NODES = re.compile(
    r"(\d[\d,]{0,5})\s+(?:\w+\s+){0,2}(?:nodes|machines|servers|instances)\b|(\d[\d,]{0,5})\s+节点", re.I
)
COUNT = re.compile(
    rf"(?<![A-Za-z0-9.,$])(\d[\d,]{{0,7}}(?!\d|\s?[KMGT]i?B\b)|{'|'.join(NUMBERS)})\s*[x×*]?\s*{MAKERS}(?:\w+\s){{0,1}}$",
    re.I,
)
DEVICE_HOURS = re.compile(
    r"(?<![A-Za-z0-9.,])(\d[\d,]*(?:\.\d+)?)\s*(k|K|M|million|thousand|billion)?\s*(?:[A-Za-z]\w*[\s-]){0,2}?"
    r"((?:GPU|TPU|[AHVB]\d{3}\w*|accelerator|device|chip)s?)[\s-]*(hours?|days?|years?)",
)
DURATION = re.compile(
    r"(?<![A-Za-z0-9.,/-])(?:(?:for|took|in|lasted|lasting|about|approximately|around|roughly|over|~|约)\s*)?"
    r"(\d[\d,]*(?:\.\d+)?)\s*(hours?|hrs?|days?|weeks?|months?|小时|天|時間|日間|시간|일|часов|дней|heures|jours|"
    r"stunden|tage|horas|días)(?![A-Za-z])",
    re.I,
)
FLOP = re.compile(
    r"(?<![A-Za-z0-9.])(\d+(?:\.\d+)?)\s*(?:[x×*·]\s*10\s*\^?\s*\{?\s*(\d{2})\}?|[eE]\+?(\d{2}))\s*(?:FLOPS?|FLOPs|flops?|floating)|"
    r"(?<![A-Za-z0-9.])(\d+(?:\.\d+)?)\s*(peta|exa|zetta|yotta|[PEZY])FLOPs?(?:/s)?(?:[-\s]*(days?))?",
)
ENERGY = re.compile(r"(?<![A-Za-z0-9.])(\d[\d,]*(?:\.\d+)?)\s*(kWh|MWh|GWh)\b")
CARBON = r"(?:carbon dioxide|carbon|CO2\w*|CO₂\w*|CO_2\w*)"
CO2 = re.compile(
    r"(?<![A-Za-z0-9.])(\d[\d,]*(?:\.\d+)?)\s*"
    rf"(?:(kg|g|t|tons?|tonnes?|kilograms?|grams?|metric tons?|lbs)\s*(?:of\s+)?{CARBON}|"
    r"(tCO2|kgCO2|gCO2|tCO₂|kgCO₂|gCO₂)\w*)|"
    r"(?:carbon|CO2\w*|CO₂\w*|emissions?|emitted)[^.\n]{0,40}?"
    r"(\d[\d,]*(?:\.\d+)?)\s*(kg|tons?|tonnes?|tCO2\w*|kgCO2\w*|grams?)(?![A-Za-z])",
    re.I,
)
SENTENCE_END = re.compile(r"[.!?](?=\s)(?!\s+[a-z])|[。！？]|\n\s*\n")


def number(text: str) -> int:
    word = text.lower()
    return NUMBERS[word] if word in NUMBERS else int(word.replace(",", "") or 0)


def triggered(words: Iterable[str]) -> bool:
    """Whether hardware may be spoken of in a text of these lower-case words; without any it need not be read."""
    return bool(rules().book.over(" ".join(words)).hits.hits)


def read_hardware(
    text: str, start: int = 0, end: int | None = None, context: str = "", where: Where | None = None
) -> list[Fact]:
    """Facts about hardware between two positions of a text, sorted by position.

    `context` is what stands above (headings, a label): it decides what a bare table cell is about. `where` is the
    book over the whole text, for whoever reads many stretches of it.
    """
    end = len(text) if end is None else end
    where = where or rules().book.over(lowered(text))
    facts: list[Fact] = []
    if not where.stand_in(start, end):
        return facts
    for low, high in sentence_ranges(text, start, end):
        found = list(read_sentence(text, low, high, where))
        if found:
            use = use_of(text[low:high], context)
            facts += [fact._replace(use=use) for fact in found]
    return sorted(facts, key=lambda f: (f.start, f.end))


def sentence_ranges(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    position = start
    for match in SENTENCE_END.finditer(text, start, end):
        yield position, match.end()
        position = match.end()
    if position < end:
        yield position, end


def use_of(sentence: str, context: str) -> Use:
    """What the hardware was used for; a sentence that names training is about training whatever stands above it."""
    table = rules()
    trains, runs = table.training.search(sentence), table.inference.search(sentence)
    if trains and table.advice.search(sentence):
        return "inference" if runs else "unknown"
    if trains and not runs:
        return "training"
    if runs and not trains:
        return "inference"
    if trains and runs:
        return "training" if trains.start() < runs.start() else "inference"
    if table.training.search(context) and not table.inference.search(context):
        return "training"
    return "inference" if table.inference.search(context) else "unknown"


def read_sentence(text: str, low: int, high: int, where: Where) -> Iterator[Fact]:
    quote = trim(text, low, high)
    taken: list[tuple[int, int]] = []
    for (kind, name), rule in where.inside(low, high):
        for match in rule.pattern.finditer(text, low, high):
            start, end = match.span()
            if kind in ("accelerator", "count"):
                if any(a < end and start - (12 if kind == "count" else 0) < b for a, b in taken):
                    continue
                taken.append((start, end))
            value = value_of(kind, name, text, low, high, match)
            if value is not None:
                yield Fact(kind, start, end, value, quote, "unknown")


def value_of(kind: Kind, name: str, text: str, low: int, high: int, match: re.Match[str]) -> dict[str, Any] | None:
    """What a match says; None where it says nothing, as `GPUs` without a number."""
    if kind == "accelerator":
        return accelerator(text, low, high, name, match)
    if kind == "count":
        before = COUNT.search(text[max(low, match.start() - 40) : match.start()])
        return {"count": number(before[1]), "of": match[0]} if before else None
    if kind in QUANTITIES:
        return QUANTITIES[kind][1](match)
    return {"name": name or match[0], "text": match[0]}


def accelerator(text: str, low: int, high: int, name: str, match: re.Match[str]) -> dict[str, Any]:
    """Name, number and memory of the accelerators around a name."""
    value: dict[str, Any] = {"name": name, "text": match[0]}
    before = BEFORE.search(text[max(low, match.start() - 60) : match.start()])
    after = AFTER.search(text[match.end() : min(high, match.end() + 40)])
    memory = MEMORY.search(text[match.end() : min(high, match.end() + 20)])
    if before:
        value["count"] = number(before[2]) * int(before[1] or 1)
    elif after:
        value["count"] = int(next(g for g in after.groups() if g))
    if memory:
        value["memory_gb"] = int(memory[1])
    return value


def device_hours(match: re.Match[str]) -> dict[str, Any]:
    scale = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "billion": 1e9}.get((match[2] or "").lower(), 1)
    amount = float(match[1].replace(",", "")) * scale
    return {"amount": amount, "unit": f"{match[3]} {match[4]}", "text": match[0]}


def amount(match: re.Match[str]) -> dict[str, Any]:
    return {"amount": float(match[1].replace(",", "")), "unit": match[2], "text": match[0].strip()}


def co2(match: re.Match[str]) -> dict[str, Any]:
    emitted, unit = (match[1], match[2] or match[3]) if match[1] else (match[4], match[5])
    return {"amount": float(emitted.replace(",", "")), "unit": unit, "text": " ".join(match[0].split())}


def flops(match: re.Match[str]) -> dict[str, Any]:
    return {"text": match[0], "flop": flop(match)}


QUANTITIES: dict[Kind, tuple[re.Pattern[str], Callable[[re.Match[str]], dict[str, Any]]]] = {
    "device_hours": (DEVICE_HOURS, device_hours),
    "duration": (DURATION, amount),
    "flop": (FLOP, flops),
    "energy": (ENERGY, amount),
    "co2": (CO2, co2),
}


def flop(match: re.Match[str]) -> float | None:
    """Number of floating point operations; None for a rate."""
    if match[1]:
        return float(match[1]) * 10.0 ** int(match[2] or match[3])
    scale = {"p": 1e15, "e": 1e18, "z": 1e21, "y": 1e24}[match[5][0].lower()]
    return float(match[4]) * scale * 86_400 if match[6] else None


def trim(text: str, low: int, high: int) -> tuple[int, int]:
    raw = text[low:high]
    return low + len(raw) - len(raw.lstrip()), low + max(len(raw.rstrip()), len(raw) - len(raw.lstrip()) + 1)
