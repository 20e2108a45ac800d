"""What a licence asks and forbids, clause by clause, known licence or not: each with the sentence that says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

import msgspec

from license_rules.data_files import load
from license_rules.tokens import lower

RULES = Path(__file__).parent / "clauses.yaml"
PLACES = Path(__file__).parent / "places.yaml"
LONGEST_SENTENCE = 600
LONGEST_LEAD = 600
LONGEST_LIST = 8_000
READ_LIMIT = 200_000
MOST_HITS = 100

ClauseName = Literal[
    "threshold_users",
    "threshold_revenue",
    "territory_exclusion",
    "non_commercial",
    "research_only",
    "field_of_use",
    "naming_display",
    "output_training_ban",
    "military_ban",
    "registration_duty",
    "remote_restriction",
    "termination",
    "share_alike",
    "governing_law",
    "reverse_engineering_ban",
    "patent_termination",
]
CLAUSES: tuple[str, ...] = get_args(ClauseName)
RESTRICTS_USE = frozenset(
    {
        "threshold_users",
        "threshold_revenue",
        "territory_exclusion",
        "non_commercial",
        "research_only",
        "field_of_use",
        "output_training_ban",
        "military_ban",
    }
)
"""Clauses that no open licence has: who may use it, for what, and where."""

_NUMBER = (
    r"(?P<number>\d[\d,.]{0,16}|one hundred|seven hundred|one|two|five|ten|twenty|fifty"
    r"|一百|五百|七百|一千|一|两|五|十|百|千)"
    r"\s?(?P<unit>million|billion|thousand|万|亿|[mkb]\b)?"
)
_WORDS = {
    "one": 1, "two": 2, "five": 5, "ten": 10, "twenty": 20, "fifty": 50, "one hundred": 100, "seven hundred": 700,
    "一": 1, "两": 2, "五": 5, "十": 10, "百": 100, "一百": 100, "五百": 500, "七百": 700, "千": 1000, "一千": 1000,
}  # fmt: skip
_UNITS = {
    "million": 10**6, "m": 10**6, "billion": 10**9, "b": 10**9, "thousand": 10**3, "k": 10**3, "万": 10**4, "亿": 10**8
}  # fmt: skip
_QUOTES = str.maketrans("“”„«»’‘\u2011\u2013\u00a0", '"""""\'\'-- ')
_CURRENCY = {
    "us": "USD", "$": "$", "dollar": "$", "united": "USD", "u.s.": "USD", "美元": "USD", "€": "EUR", "eur": "EUR",
    "rmb": "CNY", "cny": "CNY", "yuan": "CNY", "元": "CNY", "人民币": "CNY", "¥": "¥", "￥": "¥", "£": "GBP",
    "gbp": "GBP", "pound": "GBP", "krw": "KRW", "₩": "KRW", "won": "KRW", "jpy": "JPY", "yen": "JPY",
}  # fmt: skip
_BEFORE = r"(?P<before>us\s?\$|usd\s?\$?|\$|€|eur|rmb|cny|¥|￥|£|gbp|krw|₩|jpy|人民币)\s?"
_AFTER = r"(?P<after>(?:united states |us |u\.s\. )?dollars|usd|euros?|eur\b|yuan|rmb|cny|美元|元|pounds|won\b|yen\b)"
_WITHOUT = re.compile(r"\bexclud|不(?:\s{0,2}包\s{0,2}括|含)|without regard")
_BETWEEN_HAN = re.compile(r"\[[^\]]*\]|(?<=[\u3400-\u9fff])(?=[\u3400-\u9fff])")
_WITHIN = r"(?:[^.。]|\.(?=\d)|(?<=[\W_][a-z\d])\.)"  # a sentence goes on over 3.1, a. and e.g.
_PERIOD = re.compile(r"(?<![\W_][a-z\d])[.。][*_\"')]{0,3}(?=\s)")
_SPACE = re.compile(r"\[[^\]]*\]| ")
_LINE = re.compile(r"^.*$", re.M)
_ITEM = re.compile(r"(?P<space>[ \t>]*)[(（]?(?P<mark>[-*•]|\d{1,2}|[a-z]|[ivx]{1,4})(?:[.)）]|(?<=[-*•]))(?=[ \t])")
_INTRODUCES = re.compile(r"(?:[:：]|\b(?:to|not|for|that|provide|include))[\s*_]*$")
_FIRST = frozenset({"1", "a", "i"})
_SENTENCE_END = re.compile(r"[.;!?。；](?=[\s\"'*)])|\n\s*\n|\n\s*(?:[-*•]|\(?[0-9a-z]{1,3}[.)])\s", re.I)
_LETTERS = re.compile(r"[^\W\d_]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_ENGLISH = frozenset(
    ("the", "of", "and", "to", "or", "this", "that", "you", "your", "for", "is", "by", "with", "shall", "not", "which")
)
LEAST_WORDS = 60
LEAST_ENGLISH = 0.015  # of the words; a third of those of an English licence, hardly one of another
LEAST_HAN = 0.2  # of the letters
MOST_KANA = 0.2  # of the Han characters; Japanese has more


class Lexicon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`clauses.yaml`: frames by their names in capitals, and the rules whose patterns use them."""

    frames: dict[str, str]
    rules: list[Rule]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Patterns of one clause, and words that show that a sentence means something else.

    What a `frame` matches must stand in the same sentence before the pattern, or, with `lists`, in the words that
    introduce the list of which the sentence is an item.
    """

    clause: ClauseName
    words: list[str]
    patterns: list[str]
    unless: list[str]
    frame: str = ""
    lists: bool = False
    value: Literal["number", "places", ""] = ""


@dataclass(frozen=True)
class Clause:
    """One clause found. `value` is a number of users or of money, or the territories or laws that are named.

    `start` to `end` is the sentence, `said` the words in it that made the rule find it. `currency` is the ISO 4217 code
    of an amount of money, or the sign where that says no more.
    """

    clause: str
    start: int
    end: int
    value: int | tuple[str, ...] | None = None
    currency: str = ""
    said: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Compiled:
    rule: Rule
    patterns: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None
    frame: re.Pattern[str] | None


@cache
def places() -> dict[str, list[str]]:
    return load(PLACES, dict[str, list[str]])


@cache
def place_pattern() -> re.Pattern[str]:
    named = [f"(?P<p{n}>{over_lines('|'.join(spellings))})" for n, spellings in enumerate(places().values())]
    return re.compile(rf"(?<![a-z])(?:{'|'.join(named)})(?![a-z])")


def over_lines(pattern: str) -> str:
    """Chinese characters of a pattern, also where a line ends between them."""
    return _BETWEEN_HAN.sub(lambda found: found.group() or r"\s{0,2}", pattern)


@cache
def frames() -> dict[str, str]:
    """What the names in capitals stand for in a pattern."""
    any_place = "|".join(s for spellings in places().values() for s in spellings)
    own = {"BEFORE": _BEFORE, "AFTER": _AFTER, "NUMBER": _NUMBER, "PLACES": rf"(?:{any_place})(?![a-z])"}
    listed = load(RULES, Lexicon).frames.items()
    return own | {name: "(?:{})".format(words.replace(" |", "|")) for name, words in listed}


def expand(pattern: str) -> str:
    """A pattern of the rules as a regular expression."""
    pattern = re.sub(r"[A-Z]{3,}", lambda name: frames()[name.group()], pattern)
    pattern = over_lines(pattern).replace(" ?", r"\s?")
    pattern = pattern.replace("~~", rf"{_WITHIN}{{0,600}}?").replace("~", rf"{_WITHIN}{{0,120}}?")
    return _SPACE.sub(
        lambda found: found.group().replace(" ", r"\s") if len(found.group()) > 1 else r"[\s*_>]+", pattern
    )


@cache
def rules() -> tuple[Compiled, ...]:
    listed = load(RULES, Lexicon).rules
    return tuple(
        Compiled(
            rule,
            tuple(re.compile(expand(p), re.M) for p in rule.patterns),
            re.compile(expand("|".join(rule.unless))) if rule.unless else None,
            re.compile(expand(rule.frame)) if rule.frame else None,
        )
        for rule in listed
    )


def clauses(text: str) -> list[Clause]:
    """All clauses of a text, in order of their place; each once, thresholds and territories once per value.

    Reads the first 200,000 characters.
    """
    plain = lower(text[:READ_LIMIT]).translate(_QUOTES)
    found: dict[tuple[str, object], Clause] = {}
    for compiled in rules():
        if not any(word in plain for word in compiled.rule.words):
            continue
        for pattern in compiled.patterns:
            for match in islice(pattern.finditer(plain), MOST_HITS):
                begin = match.start()
                if compiled.frame:
                    framed = compiled.frame.search(plain, lead(plain, begin), begin)
                    if framed is None and not (compiled.rule.lists and introduced(compiled, plain, begin)):
                        continue
                    begin = framed.start() if framed else begin
                start, end = sentence(plain, begin, match.end())
                if compiled.unless and compiled.unless.search(plain, start, end):
                    continue
                value = read_value(compiled.rule, match, plain, end)
                clause = Clause(compiled.rule.clause, start, end, value, currency(match), (begin, match.end()))
                found.setdefault((clause.clause, value), clause)
    return sorted(tidy(list(found.values())), key=lambda c: (c.start, CLAUSES.index(c.clause)))


def reads(text: str) -> bool:
    """Whether a text is in a language that the rules know, English or Chinese; of a short text nothing is said."""
    plain = text[:READ_LIMIT].lower()
    words = _LETTERS.findall(plain)
    if len(words) < LEAST_WORDS:
        return True
    han, kana = len(_HAN.findall(plain)), len(_KANA.findall(plain))
    if kana < MOST_KANA * han and han > LEAST_HAN * sum(map(len, words)):
        return True
    return sum(word in _ENGLISH for word in words) >= LEAST_ENGLISH * len(words)


def tidy(found: list[Clause]) -> list[Clause]:
    """Drop what another clause of the same kind says more fully: territories without names, laws named twice."""
    kept = []
    for clause in found:
        others = [c for c in found if c.clause == clause.clause and c is not clause]
        if clause.value in (None, ()) and others:
            continue
        if isinstance(clause.value, tuple) and any(
            isinstance(c.value, tuple) and set(clause.value) < set(c.value) for c in others
        ):
            continue
        kept.append(clause)
    return kept


def lead(text: str, end: int) -> int:
    """Where the words begin that lead up to a hit: those of a list stand far before its items."""
    begin = max(0, end - LONGEST_LEAD)
    for mark in _PERIOD.finditer(text, begin, end):
        begin = mark.end()
    return begin


def introduced(compiled: Compiled, text: str, at: int) -> bool:
    """Whether the frame stands in the words far above that introduce the list of whose items `at` is part."""
    assert compiled.frame
    found = introduction(text, at)
    if found is None:
        return False
    start, end, item = found
    whole = text[start:end] + " " + text[item:at]
    return bool(compiled.frame.search(whole)) and not (compiled.unless and compiled.unless.search(text, start, end))


def introduction(text: str, at: int) -> tuple[int, int, int] | None:
    """Start and end of the words that introduce a list, and the start of the item that holds `at`.

    Of "You must not: a) … b) …" those are the first three words, for either item. Items of one list have marks of one
    kind at the same depth; a numbered list goes up to its first item. Looks at the 8,000 characters before `at`.
    """
    item, kind, mark, depth, under = -1, "", "", 0, 1
    for line in reversed(list(_LINE.finditer(text, max(0, at - LONGEST_LIST), at))):
        said = line.group()
        marked = _ITEM.match(said)
        here = len(said) - len(said.lstrip())
        if item < 0:
            if marked:
                item, kind, mark, depth = line.start() + marked.end(), kind_of(marked), marked["mark"], here
            elif said.strip():
                under = here
            elif not under:
                return None
        elif not said.strip():
            continue
        elif marked and here == depth and kind_of(marked) == kind and mark not in _FIRST:
            mark = marked["mark"]
        elif mark in _FIRST or (not mark.isalnum() and here <= depth):
            end = line.start() + len(said.rstrip())
            return (lead(text, end), end, item) if _INTRODUCES.search(said) else None
    return None


def kind_of(marked: re.Match[str]) -> str:
    mark = marked["mark"]
    return "1" if mark.isdigit() else "a" if mark.isalpha() else mark


def sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around a hit, at most 600 characters of it."""
    begin = max(0, start - LONGEST_SENTENCE // 2)
    while 0 < begin < start and text[begin - 1].isalnum():
        begin += 1
    for mark in _SENTENCE_END.finditer(text, begin, start):
        begin = mark.end()
    after = _SENTENCE_END.search(text, end, min(len(text), end + LONGEST_SENTENCE))
    stop = after.start() + 1 if after else min(len(text), end + LONGEST_SENTENCE // 2)
    while begin < start and text[begin].isspace():
        begin += 1
    stop = max(end, min(stop, begin + LONGEST_SENTENCE))
    while stop > end and text[stop - 1].isspace():
        stop -= 1
    return begin, stop


def read_value(rule: Rule, match: re.Match[str], text: str, end: int) -> int | tuple[str, ...] | None:
    if rule.value == "number":
        return number(match.group("number"), match.group("unit"))
    if rule.value == "places":
        if rule.clause == "governing_law" and (without := _WITHOUT.search(text, match.start(), end)):
            end = without.start()
        names = list(places())
        hits = place_pattern().finditer(text, match.start(), end)
        found = list(dict.fromkeys(names[int(str(hit.lastgroup)[1:])] for hit in hits))
        return tuple(name for name in found if name != "China" or "Hong Kong" not in found)
    return None


def currency(match: re.Match[str]) -> str:
    """The currency of an amount, by the words before or behind its number."""
    said = match.groupdict()
    words = said.get("before") or said.get("after") or ""
    return next((code for head, code in _CURRENCY.items() if words.startswith(head)), "")


def number(digits: str, unit: str | None) -> int:
    amount = float(_WORDS[digits]) if digits in _WORDS else _decimal(digits)
    return round(amount * _UNITS.get(unit or "", 1))


def _decimal(digits: str) -> float:
    """`1,000,000`, `1.000.000` and `2.5` as numbers."""
    digits = digits.rstrip(".,")
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits):
        return float(re.sub(r"[.,]", "", digits))
    whole, _, part = digits.replace(",", "").partition(".")
    return float(f"{whole}.{part.replace('.', '') or 0}")


def clause_names_of_rules() -> tuple[str, ...]:
    return tuple(compiled.rule.clause for compiled in rules())
