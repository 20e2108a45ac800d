"""Rules over facts: which signals a file gives, and which stages they prove."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import msgspec

from output.data_files import load
from pipelines.training_code.facts import Fact

Stage = Literal[
    "pretraining",
    "finetuning",
    "preference",
    "training",
    "data_processing",
    "evaluation",
    "inference",
    "conversion",
    "quantisation",
    "model",
]


LAST_SHOWN = {"import": 1, "path": 2}  # kinds of fact that show a signal less plainly than others


ANY_OWNER = r"(.+\.)?"  # how a pattern begins that does not ask whose method is called
STARTS = (ANY_OWNER, r"(.*[/_.-])?", r"(.*/)?")  # common beginnings of patterns


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    stage: Stage
    weight: int
    all: list[str]
    decides: bool = True
    supports: bool = False
    any: list[str] = []
    none: list[str] = []


class Match(msgspec.Struct, frozen=True):
    """One rule that holds for a file, and the line that shows it."""

    stage: Stage
    rule: str
    weight: int
    line: int


class Patterns:
    """Patterns of signals for one kind of fact: one that tells whether any matches, and each signal's own."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        pairs = list(pairs)
        self.any = re.compile(together(pattern for _, pattern in pairs), re.IGNORECASE)
        self.each = [(signal, re.compile(pattern, re.IGNORECASE)) for signal, pattern in pairs]

    def of(self, name: str) -> tuple[str, ...]:
        if not self.any.fullmatch(name):
            return ()
        return tuple(dict.fromkeys(signal for signal, pattern in self.each if pattern.fullmatch(name)))


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    signals: dict[str, dict[str, list[str]]]
    derived: dict[str, list[list[str]]]
    rules: list[Rule]

    @cached_property
    def patterns(self) -> dict[str, Patterns]:
        """Per kind of fact the patterns of all signals, those of a name's last part apart (kind and a dot)."""
        kinds: dict[str, list[tuple[str, str]]] = {}
        for signal, by_kind in self.signals.items():
            for kind, patterns in by_kind.items():
                for pattern in patterns:
                    of_last = pattern.startswith(ANY_OWNER) and "." not in pattern.removeprefix(ANY_OWNER)
                    key, pattern = (kind + ".", pattern.removeprefix(ANY_OWNER)) if of_last else (kind, pattern)
                    kinds.setdefault(key, []).append((signal, pattern))
        return {kind: Patterns(pairs) for kind, pairs in kinds.items()}

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def known(self) -> dict[tuple[str, str], tuple[str, ...]]:
        return {}

    def of_name(self, kind: str, name: str) -> tuple[str, ...]:
        """Signals that one fact gives: by its whole name, and by the part behind the last dot.

        Names repeat from file to file, and last parts more than names, so answers are kept for a while.
        """
        if len(self.known) > 200_000:
            self.known.clear()
        found = self.known.get((kind, name))
        if found is None:
            found = self.patterns[kind].of(name) if kind in self.patterns else ()
            if kind + "." in self.patterns:
                found += self.of_name(kind + ".", name.rsplit(".", 1)[-1])
            self.known[kind, name] = found
        return found

    def of_path(self, path: str) -> tuple[str, ...]:
        return self.of_name("path", plain_path(path))

    def signals_of(self, facts: Iterable[Fact]) -> dict[str, int]:
        """Signals of a file with the line that shows each: a call or definition rather than an import, the first one.

        Derived signals stand at their first part.
        """
        best: dict[str, tuple[int, int]] = {}
        for fact in facts:
            rank = (LAST_SHOWN.get(fact.kind, 0), fact.line)
            for signal in self.of_name(fact.kind, fact.name):
                if signal not in best or rank < best[signal]:
                    best[signal] = rank
        lines = {signal: line for signal, (_, line) in best.items()}
        for name, alternatives in self.derived.items():
            for parts in alternatives:
                if all(part in lines for part in parts):
                    lines[name] = lines[parts[0]]
                    break
        return lines

    def matches(self, signals: dict[str, int]) -> list[Match]:
        return [
            Match(rule.stage, rule.id, rule.weight, signals[rule.all[0]])
            for rule in self.rules
            if all(s in signals for s in rule.all)
            and (not rule.any or any(s in signals for s in rule.any))
            and not any(s in signals for s in rule.none)
        ]


def together(patterns: Iterable[str]) -> str:
    """One pattern for all, common beginnings taken out: a name is tried once per place, not once per pattern."""
    by_start: dict[str, list[str]] = {}
    for pattern in patterns:
        start = next((start for start in STARTS if pattern.startswith(start)), "")
        by_start.setdefault(start, []).append(f"(?:{pattern.removeprefix(start)})")
    return "|".join(f"{start}(?:{'|'.join(tails)})" for start, tails in by_start.items())


def plain_path(path: str) -> str:
    """A path as patterns ask for it: a hyphen between words is an underscore."""
    return path.replace("-", "_")


@cache
def rules() -> Rules:
    return load(Path(__file__).parent / "rules.yaml", Rules)
