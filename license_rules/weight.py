"""Whether words carry weight: give, limit or take away a right. Warranty disclaimers and mere pointers do not.

Looks at lower-case text; the same measure serves what a text adds to a licence and what it lacks of one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from license_rules.data_files import load

LOOKED_AT = 20_000
WORDS = Path(__file__).parent / "weight.yaml"
RESIDUAL_WORDS = 8

_RULES = re.compile(
    r"\b(?:may not|must|shall|prohibit\w*|not (?:be )?(?:use[d]?|permitted|allowed)|commercial\w*|non-?commercial\w*"
    r"|research (?:purposes?|only)|restrict\w*|only (?:for|if|to|with)|provided that|permission|permitted"
    r"|agree(?:s|ment)?|terminat\w*|royalt\w*|obligat\w*|military|liab\w+|indemnif\w*|govern\w*)\b"
)
_STRONG = re.compile(
    r"\b(?:non-?commercial\w*|commercial(?:ly)? (?:use|purpose|product|exploit|service|advantage|licen)\w*"
    r"|not .{0,60}commercial|research (?:purpose|only|use)\w*"
    r"|(?:academic|educational|personal|military) (?:use|purpose)\w*"
    r"|modified (?:mit|apache|version of the)|based (?:closely )?on the [^.]{0,60}licen[cs]e"
    r"|weapons?|prohibited|forbidden|revenue"
    r"|monthly active|not permitted|not allowed|shall not|must not|ethical|harmful)\b"
)
_ORDERS = re.compile(
    r"\b(?:(?:may|shall|must|can|will) not (?:be )?(?:use[d]?|redistribut\w+|sold|sell|copied|copy|modif\w+|train\w*)"
    r"|cannot (?:be )?use[d]?|not for (?:use|sale)|(?:you|users?|licensees?) (?:must|shall)|only (?:for|by|with|if)"
    r"|for (?:\w+ ){0,3}only|does not apply|(?:need|require)s? (?:\w+ ){0,3}(?:permission|license|consent|agreement)"
    r"|(?:shall|must) be|(?:is|are) (?:not )?(?:limited|restricted|prohibited|permitted|allowed))\b"
)
_STRONG_INSIDE = re.compile(r"\b(?:(?:non)?commercial\w*|research|academic|educational|military|solely)\b")
_ORDERS_HAN = re.compile(r"[不禁须須需仅僅只限应應许許可商用军軍]")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_ASIDE = re.compile(r"\([^()]{0,40}\bonly\b[^()]{0,40}(?:\)|$)")
_EDGES = re.compile(
    r"^\W*(?:only|shall|may|must|will|should)\b"
    r"|\b(?:only|(?:may|shall|must|will|should)(?: (?:not|be not|not be|be))?)\W*$"
)
"""Words of the licence itself at the edge of a stretch, where only a name was put in."""
_FLIPS = re.compile(
    r"\b(?:not|never|only|academic|(?:non)?commercial|non-?profit|research|internal|educational|evaluation"
    r"|except|excluding|revocable|temporary|prohibited)\b"
)
_DISCLAIMS = re.compile(
    r"\b(?:warrant\w*|merchantab\w*|as is|as-is|liab(?:le|ility|ilities)|damages?|disclaim\w*|negligence"
    r"|own risk|entire risk|fitness for|suitability|usefulness|non-?infringement)\b"
)
_HARMLESS = re.compile(
    r"\b(?:shall|will|may|can|must) (?:not )?be (?:held )?(?:liable|responsible|deemed)"
    r"|\b(?:may|does|shall|will) not apply to you|\b(?:not|without) (?:be )?(?:limited|limitation|restricted) to"
    r"|\b(?:is|are) limited to|\ball rights reserved"
)
_GRANTS = re.compile(
    r"\b(?:permission|grant\w*|redistribut\w*|sublicens\w*|indemnif\w*|conditions? (?:are|is)|provided that"
    r"|(?:may|must) (?:not )?(?:be )?(?:use|cop|modif|distribut|remov|misrepresent|represent|endorse|reproduce)\w*"
    r"|terminat\w*|patents?|royalt\w*|govern\w*|export\w*)\b"
)
_WEIGHTY = re.compile(
    r"\b(?:may|must|shall|cannot|permi\w+|grant\w*|allow\w*|rights?|licen[cs]e\w*|provided|requir\w*|restrict\w*"
    r"|agree\w*|prohibit\w*|only|free|freely|use[ds]?|cop(?:y|ies)|modif\w*|(?:re)?distribut\w*|sell|retain\w*"
    r"|reproduce\w*|acknowledg\w*|patent\w*|terminat\w*|govern\w*|notices?|redistribut\w*|without)\b"
)
_POINTS = re.compile(
    r"(?:you (?:may|can) obtain )?(?:a )?copy of the licen[cs]e (?:(?:is located|can be found) )?(?:at|in)\b"
)
_CODE = re.compile(
    r"\w\([^()]{0,80}\)[ \t]*;$|[{}]$|\breturn\b[^.]{0,60};$|^#[ \t]*(?:include|define|ifn?def|endif)\b"
    r"|^from [\w.]{1,60} import\b|^(?:def|class) .{1,120}:$|^(?:package|import) [\w.]{1,80};?$"
)
_LINE_COMMENT = re.compile(r"^[ \t]*//[^\n]*", re.M)
_COMMENT = re.compile(r"[ \t]*(?:[*#;%!'\"|]|//|--|dnl\b|rem\b)")
_SENTENCE = re.compile(r"(?<=[.;])\s+(?=\S)|(?<=[。！？；])|\n\s*\n")


@dataclass(frozen=True)
class Lexicon:
    """Words of sentences beside a licence, see `weight.yaml`."""

    keys: tuple[str, ...]
    replaced: tuple[str, ...]
    idle: tuple[str, ...]
    limits: re.Pattern[str]
    touches: re.Pattern[str]
    rights: re.Pattern[str]
    states: re.Pattern[str]
    scope: re.Pattern[str]


@cache
def lexicon() -> Lexicon:
    lists = load(WORDS, dict[str, list[str]])
    keys, replaced, idle = (tuple(lists.pop(name)) for name in ("keys", "replaced", "idle"))
    patterns = {name: re.compile(rf"\b(?:{'|'.join(words)})\b") for name, words in lists.items()}
    return Lexicon(keys, replaced, idle, **patterns)


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence; an empty line ends one too."""
    ends = [m.span() for m in _SENTENCE.finditer(text)]
    return list(zip([0, *(end for _, end in ends)], [*(start for start, _ in ends), len(text)], strict=True))


def disclaims(sentence: str) -> bool:
    """Whether a sentence turns down warranty or liability and does nothing else."""
    if not _DISCLAIMS.search(sentence):
        return False
    rest = _HARMLESS.sub(" ", sentence)
    return not (_STRONG.search(rest) or _ORDERS.search(rest) or _GRANTS.search(rest))


def light(sentence: str) -> bool:
    """Whether a sentence of a licence could be left out without giving or taking a right."""
    return disclaims(sentence) or points(sentence) or not _WEIGHTY.search(sentence)


def points(sentence: str) -> bool:
    """Whether a sentence only says where the words of the licence stand."""
    return _POINTS.match(sentence) is not None


def orders(text: str) -> bool:
    """Whether words give an order or set a limit in plain speech, however few they are."""
    return _STRONG.search(text) is not None or _ORDERS.search(text) is not None


def orders_reach(text: str, context: int, start: int, stop: int) -> bool:
    """Whether an order that begins in words of the licence ("you must", "this does not …") goes on in others."""
    near = text[context:stop]
    hits = (hit for pattern in (_STRONG, _ORDERS) for hit in pattern.finditer(near))
    return any(context + hit.start() < start <= context + hit.end() + 1 for hit in hits)


def limits(sentence: str) -> bool:
    """Whether a sentence beside a licence could limit what it gives: speaks of rights, users, money or places.

    Meant to err on the side of telling: what only says who wrote what, and under which licence, passes.
    """
    sentence = bare(sentence)
    if disclaims(sentence):
        return False
    if len(_IDEOGRAPHS.findall(sentence)) >= 6:
        return _ORDERS_HAN.search(sentence) is not None
    words = lexicon()
    rest = words.states.sub(" ", words.scope.sub(" ", _ASIDE.sub(" ", sentence)))
    return words.limits.search(rest) is not None or len({m.group() for m in words.touches.finditer(rest)}) >= 2


def bare(sentence: str) -> str:
    """The words without line ends and the signs that begin lines of comments and lists."""
    return " ".join(word for word in sentence.split() if any(map(str.isalnum, word)))


def scope(text: str) -> str:
    """The one part, weights, code or data, for which a text says that its licence is; empty where it does not."""
    said = (lexicon().scope.search(bare(text[a:b].lower())) for a, b in sentences(text))
    return next((str(found.lastgroup) for found in said if found), "")


def firmly(text: str) -> bool:
    """Whether words away from the text of a licence, or beside a mere notice, set a limit in plain speech."""
    return any(firm(text[a:b]) for a, b in sentences(text))


def firm(sentence: str) -> bool:
    """Whether a sentence that may be about anything sets a limit, and to rights."""
    if disclaims(sentence):
        return False
    if len(_IDEOGRAPHS.findall(sentence)) >= 6:
        return _ORDERS_HAN.search(sentence) is not None
    sentence = lexicon().states.sub(" ", lexicon().scope.sub(" ", bare(sentence)))
    limited = orders(sentence) or lexicon().limits.search(sentence) is not None
    return limited and lexicon().rights.search(sentence) is not None


def is_code(text: str) -> bool:
    """Whether a text is a program, or comments of one; looks at the first 20,000 characters."""
    lines = (line.strip() for line in text[:LOOKED_AT].splitlines())
    likely = (line for line in lines if line and (line[-1] in ";{}:" or line[0] in "#fdcpi"))
    return len(list(islice((line for line in likely if _CODE.search(line)), 2))) > 1 or is_comments(text[:LOOKED_AT])


def is_comments(text: str) -> bool:
    """Whether a text is nothing but two comments or more."""
    _, *pieces = text.split("*/")
    rest, lines = _LINE_COMMENT.subn("", "\n".join(piece.partition("/*")[0] for piece in pieces))
    return len(pieces) + (lines > 0) > 1 and not any(map(str.isalnum, rest))


def comment_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Start and end of the comment of a program in which characters stand."""
    opened = text.rfind("/*", 0, start)
    if opened >= 0 and text.find("*/", opened, start) < 0:
        closed = text.find("*/", end)
        return opened, closed if closed >= 0 else len(text)
    while start > 0 and _COMMENT.match(text, text.rfind("\n", 0, start - 1) + 1, start):
        start = text.rfind("\n", 0, start - 1) + 1
    end = line_end(text, end)
    while end < len(text) and _COMMENT.match(text, end):
        end = line_end(text, end)
    return start, end


def line_end(text: str, at: int) -> int:
    return text.find("\n", at) + 1 or len(text)


def speaks_of_rules(text: str, words: int, *, inside: bool, near: bool) -> bool:
    """Whether words that no known text explains give or take rights.

    `near` says that they stand beside or amid the text of a licence, `inside` that they stand amid it.
    """
    if words <= 2:
        return _FLIPS.search(text) is not None or orders(text)
    text = _EDGES.sub(" ", text)
    if near and any(limits(text[a:b]) for a, b in sentences(text)):
        return True
    if not near:
        return firmly(text)
    if words >= RESIDUAL_WORDS:
        text = "\n".join(text[a:b] for a, b in sentences(text) if not disclaims(text[a:b]))
    if orders(text) or (inside and _STRONG_INSIDE.search(text)):
        return True
    if words < RESIDUAL_WORDS:
        return False
    return len({match.group()[:8] for match in _RULES.finditer(text)}) >= (1 if inside else 2)
