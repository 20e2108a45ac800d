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


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    signals: dict[str, dict[str, list[str]]]
    derived: dict[str, list[list[str]]]
    rules: list[Rule]

    @cached_property
    def patterns(self) -> dict[str, tuple[re.Pattern[str], list[tuple[str, re.Pattern[str]]]]]:
        """Per kind of fact: one pattern that tells whether any signal matches, and the signals' own patterns."""
        kinds: dict[str, list[tuple[str, str]]] = {}
        for signal, by_kind in self.signals.items():
            for kind, patterns in by_kind.items():
                kinds.setdefault(kind, []).extend((signal, pattern) for pattern in patterns)
        return {
            kind: (
                re.compile(together(p for _, p in signals), re.IGNORECASE),
                [(signal, re.compile(p, re.IGNORECASE)) for signal, p in signals],
            )
            for kind, signals in kinds.items()
        }

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def known(self) -> dict[tuple[str, str], tuple[str, ...]]:
        return {}

    def of_name(self, kind: str, name: str) -> tuple[str, ...]:
        """Signals that one fact gives. Names repeat from file to file, so answers are kept for a while."""
        found = self.known.get((kind, name))
        if found is None:
            anything, each = self.patterns.get(kind, (None, []))
            found = ()
            if anything is not None and anything.fullmatch(name):
                found = tuple(dict.fromkeys(signal for signal, pattern in each if pattern.fullmatch(name)))
            if len(self.known) > 200_000:
                self.known.clear()
            self.known[kind, name] = found
        return found

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
    """One pattern for all, their common beginning taken out: names are tried once per dot, not once per pattern."""
    patterns = list(patterns)
    tails = [p.removeprefix(ANY_OWNER) for p in patterns if p.startswith(ANY_OWNER)]
    others = [p for p in patterns if not p.startswith(ANY_OWNER)]
    return "|".join([f"{ANY_OWNER}(?:{'|'.join(tails)})"] * bool(tails) + [f"(?:{p})" for p in others])


@cache
def rules() -> Rules:
    return load(Path(__file__).parent / "rules.yaml", Rules)
