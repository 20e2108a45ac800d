"""How cards name and speak of a topic, in every language that has a file in `lexicon/`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from output.data_files import load
from pipelines.readers.markdown import Card, Part
from pipelines.readers.patterns import either as patterns_either
from pipelines.readers.phrases import Literals, Phrase, Phrasebook

FOLDER = Path(__file__).parent / "lexicon"
LABEL_WORDS = 10  # a longer label is a sentence
LABEL_SIGNS = 24  # the same where words are written without spaces
BARE_NEGLIGIBLE = frozenset(["the", "our", "this", "a", "an", "of", "and", "model", "models"])


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How labels name a topic: `names` match a whole label, `words` match inside one.

    `maybe` are names of `names` that count only where a sentence under them speaks of the topic by itself.
    """

    names: list[str] = []
    words: list[str] = []
    maybe: list[str] = []


class Prose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How running text speaks of a topic. `loose` is enough only under a heading that names the topic among others."""

    triggers: list[str]
    patterns: list[str]
    loose: list[str] = []


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    language: str
    script: str = ""  # a text is read with this file where it holds one of these characters; "": by trigger words
    topics: dict[str, Names] = {}
    prose: dict[str, Prose] = {}
    ignore: list[str] = []
    boilerplate: dict[str, list[str]] = {}
    template: list[str] = []
    placeholder: list[str] = []
    pointer: list[str] = []


@dataclass(frozen=True, eq=False)
class Cue:
    """The prose of one topic in one language."""

    topic: str


SentenceKind = Literal["template", "placeholder", "boilerplate", "pointer"]
Scripts = tuple[Phrasebook[Cue], ...]


@dataclass(frozen=True)
class Lexicon:
    names: dict[str, tuple[str, ...]]
    maybe: frozenset[tuple[str, str]]  # topic and whole label
    by_first: dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]  # first word to phrases and their topics
    cjk: tuple[tuple[str, tuple[str, ...]], ...]
    ignore: re.Pattern[str]
    prose: Phrasebook[Cue]
    spaced: dict[str, tuple[Cue, ...]]  # trigger word to cues, for languages with spaces
    triggers: Literals  # the same words
    scripts: tuple[tuple[re.Pattern[str], Phrasebook[Cue]], ...]  # characters of a language, its triggers
    sentences: Phrasebook[SentenceKind]
    spoken_of: frozenset[str]  # topics that running text has words for
    strict: Phrasebook[str]
    loose: Phrasebook[str]
    boilerplate: dict[str, re.Pattern[str]]
    any_boilerplate: re.Pattern[str]
    template: re.Pattern[str]
    placeholder: re.Pattern[str]
    pointer: re.Pattern[str]


def languages() -> list[Language]:
    """The files of `lexicon/`, strictly read, in order of their names."""
    return [load(p, Language) for p in sorted(FOLDER.glob("*.yaml"))]


def either(patterns: list[str]) -> re.Pattern[str]:
    """One pattern for many; in `[^.!?]` a decimal point ends no sentence."""
    return patterns_either(p.replace("[^.!?]", r"(?:[^.!?]|[.](?=\d))") for p in patterns)


@cache
def phrase_of(pattern: str) -> Phrase:
    return Phrase(either([pattern]))


@cache
def lexicon() -> Lexicon:
    names: dict[str, list[str]] = {}
    words: dict[str, list[str]] = {}
    spaced: dict[str, list[Cue]] = {}
    scripts = []
    strict: dict[str, list[str]] = {}  # patterns of each topic
    loose: dict[str, list[str]] = {}
    many = languages()
    maybe: set[tuple[str, str]] = set()
    said: list[tuple[Cue, Phrase]] = []
    boilerplate: dict[str, list[str]] = {}
    for language in many:
        for topic, patterns in language.boilerplate.items():
            boilerplate.setdefault(topic, []).extend(patterns)
        for topic, labels in language.topics.items():
            maybe.update((topic, normalise(name)) for name in labels.maybe)
            for name in (*labels.names, *labels.maybe):
                names.setdefault(normalise(name), []).append(topic)
            for word in labels.words:
                words.setdefault(normalise(word), []).append(topic)
        cues = []
        for topic, prose in language.prose.items():
            cue = Cue(topic)
            said += [(cue, phrase_of(p)) for p in prose.patterns]
            strict.setdefault(topic, []).extend(prose.patterns)
            loose.setdefault(topic, []).extend(prose.patterns + prose.loose)
            if language.script:
                cues.append((cue, Phrase(either(prose.triggers))))
                continue
            for trigger in prose.triggers:
                spaced.setdefault(trigger.casefold(), []).append(cue)
        if language.script:
            scripts.append((re.compile(f"[{language.script}]"), Phrasebook(cues)))
    by_first: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for word in sorted((w for w in words if not CJK.search(w)), key=len, reverse=True):
        tokens = singular(word)
        by_first.setdefault(tokens[0], []).append((tokens, tuple(dict.fromkeys(words[word]))))
    cjk = sorted((w for w in words if CJK.search(w)), key=len, reverse=True)
    return Lexicon(
        {k: tuple(dict.fromkeys(v)) for k, v in names.items()},
        frozenset(maybe),
        {first: tuple(found) for first, found in by_first.items()},
        tuple((word, tuple(dict.fromkeys(words[word]))) for word in cjk),
        re.compile("|".join(rf"\b{re.escape(normalise(i))}\b" for la in many for i in la.ignore) or r"(?!)"),
        Phrasebook(said),
        {k: tuple(v) for k, v in spaced.items()},
        Literals(word for word in spaced if LOWER_WORD.fullmatch(word)),
        tuple(scripts),
        Phrasebook(sentence_kinds(many)),
        frozenset(loose),
        Phrasebook((t, phrase_of(p)) for t, patterns in strict.items() if t != "description" for p in patterns),
        Phrasebook((topic, phrase_of(p)) for topic, patterns in loose.items() for p in patterns),
        {topic: either(patterns) for topic, patterns in boilerplate.items()},
        either([p for patterns in boilerplate.values() for p in patterns]),
        either([p for la in many for p in la.template]),
        either([p for la in many for p in la.placeholder]),
        either([p for la in many for p in la.pointer]),
    )


def sentence_kinds(many: list[Language]) -> Iterator[tuple[SentenceKind, Phrase]]:
    for la in many:
        boilerplate = [p for patterns in la.boilerplate.values() for p in patterns]
        kinds: dict[SentenceKind, list[str]] = {
            "template": la.template,
            "placeholder": la.placeholder,
            "boilerplate": boilerplate,
            "pointer": la.pointer,
        }
        for kind, patterns in kinds.items():
            yield from ((kind, phrase_of(p)) for p in patterns)


LOWER_WORD = re.compile(r"\w+")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
HAN_KANA = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
NUMBERING = re.compile(r"^(?:(?:\d+|[ivx]+|[a-h])[.)、:]\s*)*(?:\d+\s+)?(?=\w)")
LABEL_CUT = re.compile(r"[:：(–—|]| - ")
INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
NOISE = re.compile(r"[^\w ]+|_")


def normalise(label: str) -> str:
    """A label without case, numbering, punctuation and emoji: `🟠 4. Out-of-Scope use:` is `out of scope use`."""
    text = (
        unicodedata.normalize("NFKC", INVISIBLE.sub("", label[:300]))
        .casefold()
        .replace("[optional]", " ")
        .strip(" #*_\ufeff")
    )
    text = NUMBERING.sub("", NOISE.sub(lambda m: m[0] if m[0] in ".):" else " ", text).strip())
    return " ".join(NOISE.sub(" ", text).split())


def singular(text: str) -> tuple[str, ...]:
    """The words of a normalised label without a final s, so that `intended uses` is `intended use`."""
    return tuple(w[:-1] if len(w) > 3 and w[-1] == "s" else w for w in text.split())


def phrase_topics(text: str) -> Iterator[tuple[str, ...]]:
    """Topics of the phrases in a normalised label, the longest first at each word."""
    words = lexicon()
    tokens = singular(text)
    at = 0
    while at < len(tokens):
        step = 1
        for phrase_tokens, topics in words.by_first.get(tokens[at], ()):
            if tokens[at : at + len(phrase_tokens)] == phrase_tokens:
                yield topics
                step = len(phrase_tokens)
                break
        at += step
    if CJK.search(text):
        yield from cjk_topics(text)


def cjk_topics(text: str) -> Iterator[tuple[str, ...]]:
    """The same for writing without spaces: each stretch of the label belongs to the longest phrase in it."""
    found: list[tuple[int, tuple[str, ...]]] = []
    for word, topics in lexicon().cjk:
        at = text.find(word)
        if at >= 0:
            found.append((at, topics))
            text = text.replace(word, "\0" * len(word))
    yield from (topics for _, topics in sorted(found))


def is_sentence(text: str) -> bool:
    """Whether a normalised label is too long to name anything."""
    return len(text.split()) > LABEL_WORDS or len(HAN_KANA.findall(text)) > LABEL_SIGNS


@lru_cache(maxsize=8192)
def label_topics(label: str) -> tuple[str, ...]:
    """Topics that a heading, bold label or first cell names, in the order in which it names them."""
    words = lexicon()
    text = name_in(label)
    if not text or is_sentence(text) or label.endswith("。"):
        return ()
    text = " ".join(words.ignore.sub(" ", text).split())
    bare = " ".join(w for w in text.split() if w not in BARE_NEGLIGIBLE)
    whole = words.names.get(text) or words.names.get(bare)
    if whole:
        return whole
    found: dict[str, None] = {}
    for topics in phrase_topics(text):
        found.update(dict.fromkeys(topics))
    for piece in re.split(r" and | und | et | y | & |／|/", f"{text}") if not found else ():
        found.update(dict.fromkeys(words.names.get(piece.strip(), ())))
    return tuple(found)


def may_name(topic: str, label: str) -> bool:
    """Whether a label names a topic only in some cards: `Disclaimer` over limits, or over something else."""
    return (topic, name_in(label)) in lexicon().maybe


def name_in(label: str) -> str:
    """What names the topic: a label that runs on into a sentence counts up to its colon or dash."""
    text = normalise(label)
    return text if not is_sentence(text) else normalise(LABEL_CUT.split(label, maxsplit=1)[0])


def cues_of(card: Card, part: Part, start: int, end: int, scripts: Scripts) -> Iterator[Cue]:
    """Cues whose trigger words a part holds; `scripts` are those of the languages that the card is written in."""
    table = lexicon()
    hits = card.where(table.triggers).inside(part.start, part.end)
    said = {table.triggers.literals[number] for number, *place in hits if whole_word(card.lower, *place)}
    yield from dict.fromkeys(cue for word in sorted(said) for cue in table.spaced[word])
    for triggers in scripts:
        for cue, trigger in card.where(triggers).inside(start, end):
            if trigger.pattern.search(card.visible, start, end):
                yield cue


def whole_word(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalnum() or after.isalnum() or before == "_" or after == "_")


def scripts_of(text: str) -> Scripts:
    if text.isascii():
        return ()
    characters = "".join(set(text))
    return tuple(triggers for script, triggers in lexicon().scripts if script.search(characters))


def first_match(phrases: Iterable[Phrase], card: Card, start: int, end: int) -> re.Match[str] | None:
    tried = (p.first(card.visible, card.lower, start, end) for p in phrases)
    return min(filter(None, tried), key=lambda match: match.start(), default=None)


def speaks_of(topic: str, book: Phrasebook[str], card: Card, start: int, end: int) -> bool:
    """Whether a phrase of a topic matches between two positions."""
    about = (one for of, one in card.where(book).inside(start, end) if of == topic)
    return any(one.first(card.visible, card.lower, start, end) for one in about)
