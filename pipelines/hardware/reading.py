"""Hardware in running text: what is named, how many, for how long, and whether it trained the model or runs it.

Works on any plain text with character offsets: the visible text of a card, a page of a PDF, a README.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import yaml

FOLDER = Path(__file__).parent

Kind = Literal[
    "accelerator", "count", "cluster", "duration", "device_hours", "flop", "energy", "co2", "parallelism",
    "interconnect", "framework",
]  # fmt: skip
Use = Literal["training", "inference", "unknown"]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accelerators: dict[str, list[str]]
    triggers: list[str]
    generic: list[str]
    clusters: list[str]
    parallelism: dict[str, list[str]]
    interconnect: list[str]
    frameworks: list[str]
    training: list[str]
    inference: list[str]


class Fact(NamedTuple):
    """One thing that a text says about hardware; `sentence` is the range to quote."""

    kind: Kind
    start: int
    end: int
    value: dict[str, Any]
    sentence: tuple[int, int]
    use: Use


class Rules(NamedTuple):
    triggers: tuple[str, ...]
    any_accelerator: re.Pattern[str]
    accelerators: tuple[tuple[str, re.Pattern[str]], ...]
    generic: re.Pattern[str]
    named: tuple[tuple[Kind, str, re.Pattern[str]], ...]
    training: re.Pattern[str]
    inference: re.Pattern[str]


@cache
def rules() -> Rules:
    words = msgspec.convert(yaml.safe_load((FOLDER / "lexicon.yaml").read_text("utf-8")), Words)

    def either(patterns: list[str], flags: int = 0) -> re.Pattern[str]:
        return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(patterns)})(?![A-Za-z0-9])", flags)

    named: list[tuple[Kind, str, re.Pattern[str]]] = [("cluster", "", either(words.clusters))]
    named += [("parallelism", name, either(patterns, re.I)) for name, patterns in words.parallelism.items()]
    named += [("interconnect", "", either(words.interconnect)), ("framework", "", either(words.frameworks))]
    every = [p for patterns in words.accelerators.values() for p in patterns]
    return Rules(
        tuple(words.triggers),
        either([*every, *words.generic], re.I),
        tuple((name, either(patterns)) for name, patterns in words.accelerators.items()),
        either(words.generic, re.I),
        tuple(named),
        either(words.training, re.I),
        either(words.inference, re.I),
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
    rf"(?<![A-Za-z0-9.,$])(\d[\d,]{{0,7}}|{'|'.join(NUMBERS)})\s*[x×*]?\s*{MAKERS}(?:\w+\s){{0,1}}$", re.I
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
ENERGY = re.compile(r"(?<![A-Za-z0-9.])(\d[\d,]*(?:\.\d+)?)\s*([kMG]Wh)\b")
CARBON = r"(?:carbon dioxide|carbon|CO2\w*|CO₂\w*|CO_2\w*)"
CO2 = re.compile(
    r"(?<![A-Za-z0-9.])(\d[\d,]*(?:\.\d+)?)\s*"
    rf"(?:(kg|g|t|tons?|tonnes?|kilograms?|grams?|metric tons?|lbs)\s*(?:of\s+)?{CARBON}|(t|kg|g)CO[2₂]\w*)|"
    r"(?:carbon|CO2\w*|CO₂\w*|emissions?|emitted)[^.\n]{0,40}?"
    r"(\d[\d,]*(?:\.\d+)?)\s*(kg|tons?|tonnes?|tCO2\w*|kgCO2\w*|grams?)(?![A-Za-z])",
    re.I,
)
SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？]|\n\s*\n")
CJK_TRIGGER = re.compile(r"显卡|昇腾|张卡|训练|[AHV]\d{3}", re.I)


def number(text: str) -> int:
    word = text.lower()
    return NUMBERS[word] if word in NUMBERS else int(word.replace(",", "") or 0)


def triggered(words: Iterable[str]) -> bool:
    """Whether hardware may be spoken of in a text of these lower-case words; without any it need not be read."""
    stems = rules().triggers
    return any(word.startswith(stems) or (not word.isascii() and CJK_TRIGGER.search(word)) for word in words)


def read_hardware(text: str, start: int = 0, end: int | None = None, context: str = "") -> list[Fact]:
    """Facts about hardware between two positions of a text, sorted by position.

    `context` is what stands above (headings, a label): it decides what a bare table cell is about.
    """
    end = len(text) if end is None else end
    facts: list[Fact] = []
    for low, high in sentence_ranges(text, start, end):
        found = list(read_sentence(text, low, high))
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
    if trains and not runs:
        return "training"
    if runs and not trains:
        return "inference"
    if trains and runs:
        return "training" if trains.start() < runs.start() else "inference"
    if table.training.search(context) and not table.inference.search(context):
        return "training"
    return "inference" if table.inference.search(context) else "unknown"


def read_sentence(text: str, low: int, high: int) -> Iterator[Fact]:
    table = rules()
    use: Use = "unknown"
    quote = trim(text, low, high)
    taken: list[tuple[int, int]] = []
    for name, pattern in table.accelerators if table.any_accelerator.search(text, low, high) else ():
        for match in pattern.finditer(text, low, high):
            if any(a < match.end() and match.start() < b for a, b in taken):
                continue
            taken.append(match.span())
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
            yield Fact("accelerator", *match.span(), value, quote, use)
    for match in table.generic.finditer(text, low, high):
        before = COUNT.search(text[max(low, match.start() - 40) : match.start()])
        if before and not any(a < match.end() and match.start() - 12 < b for a, b in taken):
            yield Fact("count", match.start(), match.end(), {"count": number(before[1]), "of": match[0]}, quote, use)
    for kind, name, pattern in table.named:
        for match in pattern.finditer(text, low, high):
            yield Fact(kind, *match.span(), {"name": name or match[0], "text": match[0]}, quote, use)
    yield from read_quantities(text, low, high, quote, use)


def read_quantities(text: str, low: int, high: int, quote: tuple[int, int], use: Use) -> Iterator[Fact]:
    for match in DEVICE_HOURS.finditer(text, low, high):
        scale = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "billion": 1e9}.get((match[2] or "").lower(), 1)
        amount = float(match[1].replace(",", "")) * scale
        worked: dict[str, Any] = {"amount": amount, "unit": f"{match[3]} {match[4]}", "text": match[0]}
        yield Fact("device_hours", *match.span(), worked, quote, use)
    for match in DURATION.finditer(text, low, high):
        value = {"amount": float(match[1].replace(",", "")), "unit": match[2], "text": match[0].strip()}
        yield Fact("duration", *match.span(), value, quote, use)
    for match in FLOP.finditer(text, low, high):
        yield Fact("flop", *match.span(), {"text": match[0], "flop": flop(match)}, quote, use)
    for match in ENERGY.finditer(text, low, high):
        value = {"amount": float(match[1].replace(",", "")), "unit": match[2], "text": match[0]}
        yield Fact("energy", *match.span(), value, quote, use)
    for match in CO2.finditer(text, low, high):
        emitted, unit = (match[1], match[2] or match[3]) if match[1] else (match[4], match[5])
        value = {"amount": float(emitted.replace(",", "")), "unit": unit, "text": " ".join(match[0].split())}
        yield Fact("co2", *match.span(), value, quote, use)


def flop(match: re.Match[str]) -> float | None:
    """Number of floating point operations; None for a rate."""
    if match[1]:
        return float(match[1]) * 10.0 ** int(match[2] or match[3])
    scale = {"p": 1e15, "e": 1e18, "z": 1e21, "y": 1e24}[match[5][0].lower()]
    return float(match[4]) * scale * 86_400 if match[6] else None


def trim(text: str, low: int, high: int) -> tuple[int, int]:
    raw = text[low:high]
    return low + len(raw) - len(raw.lstrip()), low + max(len(raw.rstrip()), len(raw) - len(raw.lstrip()) + 1)
