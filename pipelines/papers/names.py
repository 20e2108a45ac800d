"""Names of models in titles: is this paper called after this model, another version of it, or its base?"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

import msgspec

from output.data_files import load


class Cues(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    noise: list[str]
    base_families: dict[str, list[str]]
    generic_words: list[str]
    used_titles: str
    label: str
    label_before: str
    own_words: str
    model_introduced: str
    papers_below: str
    of_data: str
    about_data_for: str
    asked_to_cite: str
    originally: str
    foreign: str


@cache
def cues() -> Cues:
    return load(Path(__file__).parent / "cues.yaml", Cues)


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
    return tuple(piece for token in tokens(name) for piece in token)


def tokens(name: str) -> list[tuple[str, ...]]:
    """Pieces by the words that they stand in: mask2former-swin -> (mask 2 former) (swin)."""
    name = re.sub(r"(?<![\d.]\d)(?<=\d)_(?=\d(?![\d.]))|(?<=\b[vV]\d)-(?=\d\b)", ".", name.translate(GREEK))
    name = re.sub(r"(?<=[a-zA-Z]{3})[vV](?=\d)", " v", name)
    parts = [p for p in re.split(r"[-_/\s:]+", name) if p]
    kept = [p for p in parts if not noise().fullmatch(p)] or parts[:1]
    return [tuple(p.lower() for p in re.findall(r"\d+(?:\.\d+)*|[^\W\d_]+", part)) for part in kept]


def heads(name: str) -> list[tuple[str, ...]]:
    """Beginnings of a name, the longest first. Words are cut before versions and letters: no `mask` of mask2former."""
    found: list[tuple[str, ...]] = []
    before: tuple[str, ...] = ()
    for token in tokens(name):
        found += [
            before + token[:end]
            for end in range(1, len(token) + 1)
            if all(is_version(piece) or len(piece) == 1 for piece in token[end:])
        ]
        before += token
    return [head for head in reversed(found) if head != before]


def acronyms(name: str) -> list[str]:
    """Initials of long words and the short words, of the whole name first: stable-diffusion-xl-refiner -> SDXLR, SDXL.

    Three words and letters at least.
    """
    words = [w for w in re.split(r"[-_\s]+", name) if re.fullmatch(r"[A-Za-z]+", w)]
    kept = [w for w in words if len(w) <= 2 or not noise().fullmatch(w)]
    letters = ["".join(w if len(w) <= 2 else w[0] for w in kept[:end]).upper() for end in range(len(kept), 2, -1)]
    return [short for short in letters if len(short) >= 3]


def is_version(piece: str) -> bool:
    return piece[0].isdigit()


@cache
def pattern(parts: tuple[str, ...], versions: str = "same") -> re.Pattern[str]:
    """The name in running text. `versions`: "same", or "any" where another number may stand, or none."""
    found: list[str] = []
    for part, after in pairwise([*parts, ""]):
        if part == "v" and after and is_version(after):
            found.append("v?" if versions == "same" else "")
        elif not is_version(part):
            found.append(re.escape(part))
        elif versions == "same":
            found.append(re.escape(part.removesuffix(".0")) + r"(?:\.0)?(?![\d]|\.\d)")
        else:
            found.append(r"(?:v?\d{1,2}(?:\.\d{1,2})?(?![\dBbMm]))?")
    left = r"(?<![^\W_])" if len(parts) > 1 else r"(?<![^\W_])(?<!\w-)"
    return re.compile(left + SEPARATOR.join(found) + r"(?![^\W\d_])", re.IGNORECASE)


def find(parts: tuple[str, ...], text: str, versions: str = "same") -> re.Match[str] | None:
    """Where a text holds the name. Most hold not even its words: no pattern is built for those."""
    low = text.lower()
    if any(part not in low for part in parts if part != "v" and not is_version(part)):
        return None
    return pattern(parts, versions).search(text)


def clean_title(title: str) -> str:
    """A title without BibTeX braces, LaTeX and typographic odds and ends."""
    title = re.sub(r"(?<=\w)\+(?!\w)", "p", re.sub(r"\\[a-zA-Z]+\s?|[{}$\\]", "", title))
    return " ".join(title.translate(GREEK).split())


def bare(title: str) -> str:
    """What a link calls a paper: `CLIP` of "CLIP Paper"."""
    return re.sub(r"(?i)\W*\bpaper$", "", title)


def match_title(title: str, name: str, owner: str = "", bases: tuple[str, ...] = ()) -> Match:
    """How a title (or a link's words) names a model.

    "full": the model itself; "version": another version of it; "family": the family it is a variant of; "base": a
    model it was built on, from `bases` or the families that are known as such; "": none of these.
    """
    title = clean_title(title)
    parts = pieces(name)
    if not parts or not title:
        return ""
    if (named := find(parts, title)) and not only_generic(parts):
        return "version" if numbered(title[named.end() :]) and not is_version(parts[-1]) else "full"
    for short in acronyms(name):
        if re.search(rf"\b{short}\b", title):
            return "full" if short == acronyms(name)[0] else "family"
    for base in bases:
        if pieces(base) != parts and not only_generic(pieces(base)) and find(pieces(base), title):
            return "base"
    found = find(parts, title, "any") if len(words_of(parts)) > 1 and not only_generic(parts) else None
    if found and (re.search(r"\d", found[0]) or (found.start() < 40 and not goes_on(title[found.end() :]))):
        return other_version(parts, found[0], owner, title)
    return part_of_name(title, name, owner)


def numbered(rest: str) -> bool:
    """Whether a name goes on with a version that the model's own name does not have: OLMo 2, but not OLMo 7B."""
    return bool(re.match(SEPARATOR + r"v?\d{1,2}(?:\.\d{1,2})?(?![\d.]*\s?[BbMmKkTt]\b)(?![\w.-]*\w)", rest))


def words_of(parts: tuple[str, ...]) -> str:
    return "".join(p for p in parts if not is_version(p))


def only_generic(parts: tuple[str, ...]) -> bool:
    return all(p in cues().generic_words for p in parts if not is_version(p))


def other_version(parts: tuple[str, ...], found: str, owner: str, title: str) -> Match:
    """All words of the name, but not its numbers beside them: the same model if they stand elsewhere in the title (Swin
    Transformer V2), or if the number is a first one or not the owner's."""
    numbers = [n for n, p in enumerate(parts) if is_version(p)]
    if not re.search(r"\d", found):
        if numbers and all(re.search(rf"(?i)\bv?{re.escape(parts[n])}(?![\d.]*\w)", title) for n in numbers):
            return "full"
        first = all(float(".".join(parts[n].split(".")[:2])) < 1.5 for n in numbers)
        of_others = all(n > 0 and family_of_others(parts[n - 1], owner) for n in numbers)
        if first or of_others:
            return "full"
    last = re.findall(r"\d+(?:\.\d+)?", found)
    if last and last == [parts[n] for n in numbers][: len(last)]:
        return "full"
    return "family" if last and numbers and revision(last[-1], parts[numbers[-1]]) else "version"


def revision(known: str, number: str) -> bool:
    """Whether a number is a small revision of another: 3.1 and 3.3 of 3, but not 2.5 of 2."""
    whole, _, part = number.partition(".")
    return known == whole and part in ("1", "2", "3")


def family_of_others(word: str, owner: str) -> bool:
    makers = cues().base_families.get(word)
    return makers is not None and not any(maker in plain_owner(owner) for maker in makers)


def plain_owner(owner: str) -> str:
    return re.sub(r"[^a-z0-9]", "", owner.lower())


def part_of_name(title: str, name: str, owner: str) -> Match:
    """A title that holds the beginning of the name, or what follows it."""
    parts, owners = pieces(name), pieces(owner) if owner else ()
    for head in heads(name):
        called = pieces(bare(title)) == head
        letter = len(words_of(head)) < 2 and not any(map(is_version, head))
        if (head == owners and not called) or only_generic(head) or letter:
            continue
        for versions in ("same", "any"):
            found = find(head, title, versions)
            if not found or goes_on(title[found.end() :]) or (found.start() > 40 and not any(map(is_version, head))):
                continue
            if family_of_others(words_of(head), owner):
                if not OPENING.fullmatch(title[: found.start()]):
                    continue
                return "base"
            return "family" if versions == "same" else other_version(head, found[0], owner, title)
    proper = len(title.split()) >= 4 or bool(re.search(r"(?i)paper|report", title))
    for start in range(1, len(parts)):
        for end in range(len(parts), start, -1):
            tail = parts[start:end]
            if is_version(tail[0]) or only_generic(tail):
                continue
            word = words_of(tail)
            found = find(tail, title) or (find(tail, title, "any") if len(word) > 3 else None)
            if not found:
                continue
            if word in cues().base_families:
                if not family_of_others(word, owner):
                    return "family"
                if OPENING.fullmatch(title[: found.start()]):
                    return "base"
                continue
            if len(word) >= 4 and proper:
                return "full"
    return ""


# What may stand before a family's name in the title of its own paper; "Does CLIP benefit …" is about something else.
OPENING = re.compile(r"(?i)\W*(?:(?:the|an?|introducing|code|original|open|scaling)\W+)*")


def goes_on(rest: str) -> bool:
    """Whether a name is part of a longer one (DeepSeekMoE, DeepSeek-V3); a size makes no other (Teuken-7B)."""
    return bool(re.match(r"-?\w", re.sub(r"^[-\s]?\d+(?:\.\d+)?[BMKbmk]\b(?:-(?:Base|Instruct|Chat))?", "", rest)))


def named_base(title: str, name: str, owner: str) -> Match:
    """A title that begins with a family others build on, or with the owner's family where the name only ends in it."""
    title, parts = clean_title(title).lstrip("- "), pieces(name)
    for family in (*cues().base_families, *pieces(owner)[:1]):
        if (
            len(family) < 4
            or not (found := pattern((family,)).match(title))
            or re.match(r"-?[^\W\d]", title[found.end() :])
        ):
            continue
        if family_of_others(family, owner):
            return "base"
        if parts and parts[0] != family and parts[0].endswith(family):
            return "version"
    return ""


SIZE = re.compile(r"(?<![a-z\d.])\d+(?:\.\d+)?[bm](?![a-z\d])")  # of a model in parameters, in lower case


def another_size(one: str, other: str) -> bool:
    """Whether two texts name sizes of models, and none that both name: `Heron-7B` and `Heron-32B`."""
    sizes, others = set(SIZE.findall(one.lower())), set(SIZE.findall(other.lower()))
    return bool(sizes and others) and sizes.isdisjoint(others)
