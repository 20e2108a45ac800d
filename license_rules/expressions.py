"""SPDX expressions (https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/): made from names, and read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from license_rules.names import spdx_list
from license_rules.notices import Notice

_TOKEN = re.compile(r"[()]|[A-Za-z0-9.\-+:]+")
_OR = re.compile(r"(?<![\w\-])or(?![\w\-])|^[ ]?/[ ]?(?=\w)", re.I)
_LATER = re.compile(r"\bor[\s*#/]+(?:\(at your option\)[\s*#/]+)?(?:any[\s*#/]+)?(?:later|newer|above|greater)\b", re.I)
_CHOICE = re.compile(r"\bdual(?:ly)?[\s\-]licen[cs]|\beither\b|\b(?:at )?your (?:option|choice)\b|\bchoose\b", re.I)
_END = re.compile(r"[.;](?=\s+[A-Z])|\n\s*\n")
GAP = 200
CONTEXT = 120
DEEPEST = 20
Tree = tuple[str, list["Tree"]] | str


def choices(text: str, notices: Sequence[Notice]) -> list[frozenset[str]]:
    """Groups of licences of which a text leaves the choice: "under MIT or Apache-2.0", "dual-licensed under …"."""
    groups: list[set[str]] = []
    ordered = sorted(notices, key=lambda n: n.end)
    for one, other in pairwise(ordered):
        if one.id == other.id or is_exception(other.id) or not offers_choice(text, one, other):
            continue
        if groups and one.id in groups[-1]:
            groups[-1].add(other.id)
        else:
            groups.append({one.id, other.id})
    return [frozenset(group) for group in groups]


def offers_choice(text: str, one: Notice, other: Notice) -> bool:
    between = _LATER.sub(" ", text[one.end : max(other.end, one.end)])
    if len(between) > GAP or _END.search(between):
        return False
    if _OR.search(between):
        return True
    before = text[max(0, one.start - CONTEXT) : one.start]
    ends = [m.end() for m in _END.finditer(before)]
    return _CHOICE.search(before[ends[-1] if ends else 0 :] + between) is not None


def is_exception(ident: str) -> bool:
    listed = spdx_list().get(ident)
    return listed is not None and listed.kind == "exception"


def express(ids: Iterable[str], groups: Sequence[frozenset[str]] = ()) -> str | None:
    """One expression of all ids: exceptions WITH the licence before them, or the first; OR for a choice, else AND."""
    parts: dict[str, str] = {}
    listed = list(dict.fromkeys(ids))
    if first := next((i for i in listed if not is_exception(i)), None):
        listed = [first, *(i for i in listed if i != first)]
    for ident in listed:
        last = next(reversed(parts), None)
        if is_exception(ident) and last is not None:
            parts[last] = f"{parts[last]} WITH {ident}" if " WITH " not in parts[last] else parts[last]
        else:
            parts[ident] = ident
    found: list[str] = []
    left = dict(parts)
    for ident in parts:
        if ident not in left:
            continue
        group = next((g for g in groups if ident in g), frozenset())
        members = [left.pop(i) for i in list(left) if i == ident or i in group]
        found.append(" OR ".join(members))
    if len(found) > 1:
        found = [f"({part})" if " OR " in part else part for part in found]
    return " AND ".join(found) or None


def parse(expression: str) -> Tree:
    """The expression as `("AND" | "OR" | "WITH", operands)` or an id. Raises ValueError for what is none."""
    tokens = _TOKEN.findall(expression)
    tree, rest = _parse_level(tokens, 0, 0)
    if rest != len(tokens):
        raise ValueError(f"not an SPDX expression: {expression[:80]!r}")
    return tree


def _parse_level(tokens: list[str], at: int, depth: int, level: int = 0) -> tuple[Tree, int]:
    operators = ("OR", "AND", "WITH")
    if depth > DEEPEST or at >= len(tokens):
        raise ValueError("an SPDX expression that nests too deep or ends too early")
    if level == len(operators):
        if tokens[at] == "(":
            tree, at = _parse_level(tokens, at + 1, depth + 1)
            if at >= len(tokens) or tokens[at] != ")":
                raise ValueError("an SPDX expression with an open bracket")
            return tree, at + 1
        if tokens[at] == ")" or tokens[at].upper() in operators:
            raise ValueError(f"an SPDX expression with {tokens[at]} where an id belongs")
        return tokens[at], at + 1
    tree, at = _parse_level(tokens, at, depth, level + 1)
    operands = [tree]
    while at < len(tokens) and tokens[at].upper() == operators[level]:
        tree, at = _parse_level(tokens, at + 1, depth, level + 1)
        operands.append(tree)
    return (operands[0] if len(operands) == 1 else (operators[level], operands)), at


def ids_in(expression: str | None) -> list[str]:
    """The licences of an expression in their order, without exceptions."""
    if not expression:
        return []

    def walk(tree: Tree) -> list[str]:
        if isinstance(tree, str):
            return [tree]
        return walk(tree[1][0]) if tree[0] == "WITH" else [ident for part in tree[1] for ident in walk(part)]

    return list(dict.fromkeys(walk(parse(expression))))


def holds(expression: str, test: Callable[[str], bool]) -> bool:
    """Whether a test that each licence passes or not is passed by the whole: one choice is enough, all of an AND."""

    def walk(tree: Tree) -> bool:
        if isinstance(tree, str):
            return test(tree)
        if tree[0] == "WITH":
            return walk(tree[1][0])
        return (any if tree[0] == "OR" else all)(walk(part) for part in tree[1])

    return walk(parse(expression))


def in_words(expression: str, name: Callable[[str], str]) -> str:
    """The expression with names for ids: `MIT or Apache-2.0`, `GPL-2.0-only with Classpath-exception-2.0`."""
    words = [part.lower() if part in ("AND", "OR", "WITH") else name(part) for part in _TOKEN.findall(expression)]
    return " ".join(words).replace("( ", "(").replace(" )", ")")
