"""Names of models in titles: is this paper called after this model, another version of it, or its base?"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import yaml


class Cues(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    noise: list[str]
    base_families: list[str]
    used_titles: str
    label: str
    label_before: str
    own_words: str
    foreign: str


@cache
def cues() -> Cues:
    return msgspec.convert(yaml.safe_load((Path(__file__).parent / "cues.yaml").read_text("utf-8")), Cues)


@cache
def cue(name: str) -> re.Pattern[str]:
    """One of the cue expressions, compiled; line breaks of the file are not part of it."""
    return re.compile(re.sub(r"\n", "", getattr(cues(), name).strip()), re.IGNORECASE)


@cache
def noise() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{part})" for part in cues().noise), re.IGNORECASE)


Match = Literal["full", "version", "family", "base", ""]

SEPARATOR = r"[\s\-_./]{0,2}"
GREEK = str.maketrans({"Σ": "sigma", "α": "alpha", "δ": "delta", "Δ": "delta", "π": "pi", "²": "2", "–": "-", "‑": "-"})


def pieces(name: str) -> tuple[str, ...]:
    """Words and version numbers of a model's name, without sizes and variants: Qwen2.5-Coder-7B -> qwen 2.5 coder."""
    name = name.translate(GREEK)
    parts = [p for p in re.split(r"[-_/\s:]+", name) if p]
    kept = [p for p in parts if not noise().fullmatch(p)] or parts[:1]
    found: list[str] = []
    for part in kept:
        found += [p.lower() for p in re.findall(r"\d+(?:\.\d+)*|[^\W\d_]+", part)]
    return tuple(found)


def is_version(piece: str) -> bool:
    return piece[0].isdigit()


@cache
def pattern(parts: tuple[str, ...], versions: str = "same") -> re.Pattern[str]:
    """The name in running text. `versions`: "same", or "any" where another number may stand, or none."""
    found: list[str] = []
    for part in parts:
        if not is_version(part):
            found.append(re.escape(part))
        elif versions == "same":
            found.append(re.escape(part.removesuffix(".0")) + r"(?:\.0)?(?![\d]|\.\d)")
        else:
            found.append(r"(?:v?\d{1,2}(?:\.\d{1,2})?(?![\dBbMm]))?")
    return re.compile(r"(?<![^\W_])" + SEPARATOR.join(found) + r"(?![^\W\d_])", re.IGNORECASE)


def clean_title(title: str) -> str:
    """A title without BibTeX braces, LaTeX and typographic odds and ends."""
    title = re.sub(r"\\[a-zA-Z]+\s?|[{}$]", "", title)
    return " ".join(title.translate(GREEK).split())


def match_title(title: str, name: str, owner: str = "", bases: tuple[str, ...] = ()) -> Match:
    """How a title (or a link's words) names a model.

    "full": the model itself; "version": another version of it; "family": the family it is a variant of; "base": a
    model it was built on, from `bases` or the families that are known as such; "": none of these.
    """
    title = clean_title(title)
    parts = pieces(name)
    if not parts or not title:
        return ""
    own = pattern(parts).search(title)
    if own:
        return "full"
    if (words := tuple(p for p in parts if not is_version(p))) and len("".join(words)) > 1:
        found = pattern(parts, "any").search(title)
        if found:
            return "version" if is_version(parts[-1]) or re.search(r"\d", found[0]) else "full"
    for base in bases:
        if pieces(base) != parts and pattern(pieces(base)).search(title):
            return "base"
    return part_of_name(title, parts, owner)


def part_of_name(title: str, parts: tuple[str, ...], owner: str) -> Match:
    """A title that holds the beginning of the name, or what follows it."""
    families = {f.replace(" ", "") for f in cues().base_families}
    owners = pieces(owner)
    for end in range(len(parts) - 1, 0, -1):
        head = parts[:end]
        if head == owners or all(is_version(p) for p in head) or len("".join(head)) < 2:
            continue
        found = pattern(head).search(title)
        if found and found.start() < 40 and not re.match(r"-?\w", title[found.end() :]):
            return "family" if head[0] not in families or is_owner(head, owner) else "base"
        loose = pattern(head, "any").search(title) if any(map(is_version, head)) else None
        if loose and loose.start() < 40 and not re.match(r"-?\w", title[loose.end() :]):
            return "version" if head[0] not in families or is_owner(head, owner) else "base"
    for start in range(1, len(parts)):
        if is_version(parts[start]):
            continue
        for end in range(len(parts), start, -1):
            tail = parts[start:end]
            word = "".join(p for p in tail if not is_version(p))
            if len(word) < 4 and word not in families:
                continue
            found = pattern(tail).search(title) or pattern(tail, "any").search(title)
            if found:
                return "base" if word in families else "full" if len(word) >= 6 else ""
    return ""


def is_owner(head: tuple[str, ...], owner: str) -> bool:
    """Whether the owner of the repository is the one who makes the family (Qwen/Qwen2, google-t5/t5)."""
    return head[0] in re.sub(r"[^a-z0-9]", "", owner.lower())
