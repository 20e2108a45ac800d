"""Who points where: links, front matter, tags, and base models that a sentence names without a link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from output.data_files import load
from output.record import Selector
from spiders.document import Document, Lead, Relation

URL = re.compile(r"https?://[^\s<>\"'`)\]}|\\，。、）】]{4,500}")
ARXIV_ID = re.compile(
    r"(?i)(?:arxiv[:\s./]{1,3}|eprint\s{0,3}=\s{0,3}[{\"]\s{0,3}(?:arxiv:)?)(\d{4}\.\d{4,5})(v\d{1,2})?\b"
)
ARXIV_PATH = re.compile(r"^/(?:abs|pdf|html|papers)/(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(v\d+)?")
ASSET = re.compile(r"(?i)\.(svg|png|jpe?g|gif|webp|ico|mp4|webm)$")
NAME = r"[A-Za-z0-9][\w.-]{0,95}"
# "DeepSeek-R1 is trained based on DeepSeek-V3-Base": verb, preposition, a name with a digit or a hyphen in it
BASE_IN_PROSE = re.compile(
    r"(?i:\b(?:fine-?\s?tuned|trained|post-?trained|built|based|initiali[sz]ed|derived|distilled|continued))"
    r"(?i:\s+(?:based|version|pre-?training|training))?(?i:\s+(?:upon|on\s+top\s+of|from|on|of))"
    r"(?i:\s+(?:the|our))?\s+[\[*_`\"]{0,3}(?P<name>[A-Za-z][\w.]{0,40}(?:[-/][\w.]{1,40}){1,8})"
)
SENTENCE_END = re.compile(r"[.!?。！？](?=\s)|\n\s*\n|\n(?=[-*#|>])")
LABEL = re.compile(r"(?i)\b(repo(?:sitory)?|code|github|source|training|train|project)\b")
TRAINING_LABEL = re.compile(r"(?i)\btrain(?:ing|ed|er)?\b")


class KnownNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    serving_engines: frozenset[str]
    hub_sections: frozenset[str]
    github_sections: frozenset[str]
    generic_words: frozenset[str]


@cache
def known() -> KnownNames:
    return load(Path(__file__).parent / "known_names.yaml", KnownNames)


def runs_models(target: str) -> bool:
    """Whether a target is a library or serving engine that cards of many models name."""
    return target.removeprefix("github:").lower() in known().serving_engines


@dataclass(frozen=True)
class Link:
    """An address as a text names it: where it stands and the words before it on its line."""

    url: str
    start: int
    end: int
    before: str


def links(text: str) -> Iterator[Link]:
    for match in URL.finditer(text):
        url = match[0].rstrip(".,;:!?*_")
        line_start = text.rfind("\n", max(0, match.start() - 120), match.start()) + 1
        before = text[max(line_start, match.start() - 120) : match.start()]
        yield Link(url, match.start(), match.start() + len(url), before)


@dataclass(frozen=True)
class Place:
    """The crawl target that an address names, with the branch and path in it."""

    target: str
    relation: Relation
    ref: str | None = None
    path: str | None = None
    asset: bool = False


def place(url: str) -> Place | None:
    """What a public address is to this crawler, or None for the rest of the web and for what is no address."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    path = unquote(parts.path)
    steps = [s for s in path.split("/") if s]
    if host in ("huggingface.co", "hf.co", "hf-mirror.com"):
        return hub_place(steps, path)
    if host == "github.com" and len(steps) >= 2:
        return github_place(steps, parts.query)
    if host in ("raw.githubusercontent.com", "raw.github.com") and len(steps) >= 4:
        return Place(f"github:{steps[0]}/{steps[1]}", "repository", asset=bool(ASSET.search(path)))
    if host in ("arxiv.org", "export.arxiv.org") and (match := ARXIV_PATH.match(path.removesuffix(".pdf"))):
        return Place(f"arxiv:{match[1]}", "paper", ref=match[2])
    return None


def hub_place(steps: list[str], path: str) -> Place | None:
    if steps[:1] == ["papers"] and (match := ARXIV_PATH.match(path)):
        return Place(f"arxiv:{match[1]}", "paper")
    if steps[:1] == ["datasets"]:
        names = steps[1:3]
        if len(names) == 2 and names[1] in ("blob", "tree", "resolve", "viewer"):
            names = names[:1]
        if names and all(re.fullmatch(NAME, n) for n in names):
            return Place("hf:dataset:" + "/".join(names), "dataset", asset=bool(ASSET.search(path)))
        return None
    if len(steps) >= 2 and steps[0] not in known().hub_sections and all(re.fullmatch(NAME, n) for n in steps[:2]):
        return Place(f"hf:model:{steps[0]}/{steps[1]}", "mention", asset=bool(ASSET.search(path)))
    return None


def github_place(steps: list[str], query: str) -> Place | None:
    owner, name = steps[0], steps[1].removesuffix(".git")
    if owner in known().github_sections or not re.fullmatch(NAME, owner) or not re.fullmatch(NAME, name):
        return None
    asset = bool(ASSET.search("/".join(steps))) or "raw=true" in query
    tail = steps[2:]
    if tail[:1] in (["tree"], ["commit"]) and len(tail) >= 2:
        return Place(f"github:{owner}/{name}", "repository", tail[1], "/".join(tail[2:]) or None, asset)
    path = "/".join(tail[2:]) if tail[:1] == ["blob"] else None
    return Place(f"github:{owner}/{name}", "repository", path=path or None, asset=asset)


def leads_of_text(document: Document, origin: str, text: str | None = None) -> Iterator[Lead]:
    """Leads of a card or README: its links and arXiv ids, in the order they stand, each target once per relation, and
    once more where a link names a branch, tag or commit of it."""
    text = document.text if text is None else text
    seen: set[tuple[str, bool, bool]] = set()
    for link in links(text):
        found = place(link.url)
        if found is None or found.target == origin:
            continue
        kind = (found.target, found.asset, found.ref is not None and found.target.startswith("github:"))
        if kind in seen:
            continue
        seen.add(kind)
        selector = Selector(link.start, link.end, text.count("\n", 0, link.start) + 1)
        selector = replace_end_line(selector)
        relation: Relation = "mention" if found.asset else found.relation
        reason = "picture or file beside the text" if found.asset else "link"
        if runs_models(found.target):
            relation, reason = "serving_engine", "a library or serving engine, not the model's own code"
        elif relation == "dataset" and (other := not_its_data(text, link, origin, found.target)):
            relation, reason = "mention", other
        yield Lead(
            origin, found.target, relation, reason_with_label(reason, link.before), document.source, selector,
            link.url, found.ref, found.path,
        )  # fmt: skip
    for match in ARXIV_ID.finditer(text):
        target = f"arxiv:{match[1]}"
        if (target, False, False) not in seen:
            seen.add((target, False, False))
            selector = replace_end_line(Selector(match.start(), match.end(), text.count("\n", 0, match.start()) + 1))
            yield Lead(origin, target, "paper", "arXiv id in the text", document.source, selector, match[0], match[2])


RESULTS = re.compile(r"(?i)leaderboard|/details_|[-_](?:results|evals?)$")
BLOCK = re.compile(r"\n\s*\n|\n[ \t]*(?=[-*+#|>])")
BLOCK_LIMIT = 1_000  # characters of a paragraph or list item before a link


def not_its_data(text: str, link: Link, origin: str, dataset: str) -> str:
    """Why a dataset is not what the model of a card was trained on, if the place of its link says so."""
    if RESULTS.search(dataset):
        return "results of an evaluation, not training data"
    before = text[max(0, link.start - BLOCK_LIMIT) : link.start]
    block = before[max((m.end() for m in BLOCK.finditer(before)), default=0) :]
    own = re.escape(origin.rpartition("/")[2])
    made = re.search(rf"(?i)\bby fine-?\s?tuning (?:the |of )?{own}(?![\w-])", block)
    return "data of another model that was made of this one" if made else ""


def replace_end_line(selector: Selector) -> Selector:
    return Selector(selector.start, selector.end, selector.start_line, selector.start_line)


def reason_with_label(reason: str, before: str) -> str:
    label = re.sub(r"[\[\](){}*_`|#<>]+", " ", before).strip()[-60:]
    return f"{reason} after “{label}”" if label else reason


def leads_of_facts(document: Document, origin: str, info: dict[str, Any]) -> Iterator[Lead]:
    """Leads of the Hub's own answer: base models, datasets and arXiv ids of front matter and tags."""
    card = info.get("cardData") or {}
    tags = [str(t) for t in info.get("tags") or []]
    rows: list[tuple[str, Relation, str, str]] = []
    for key, relation, prefix in (("base_model", "base_model", "hf:model:"), ("datasets", "dataset", "hf:dataset:")):
        value = card.get(key)
        for n, one in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(one, str) and re.fullmatch(rf"(?:{NAME}/)?{NAME}", one):
                pointer = f"/cardData/{key}/{n}" if isinstance(value, list) else f"/cardData/{key}"
                rows.append((prefix + one, relation, pointer, f"`{key}` in the front matter"))  # type: ignore[arg-type]
    for n, tag in enumerate(tags):
        kind, _, name = tag.partition(":")
        if kind == "arxiv" and re.fullmatch(r"\d{4}\.\d{4,5}", name):
            rows.append((f"arxiv:{name}", "paper", f"/tags/{n}", "tag"))
        elif kind == "dataset" and re.fullmatch(rf"(?:{NAME}/)?{NAME}", name):
            rows.append((f"hf:dataset:{name}", "dataset", f"/tags/{n}", "tag"))
        elif kind == "base_model" and re.fullmatch(rf"{NAME}/{NAME}", name.rpartition(":")[2]):
            rows.append((f"hf:model:{name.rpartition(':')[2]}", "base_model", f"/tags/{n}", "tag"))
    seen: set[str] = set()
    for target, relation, pointer, reason in rows:
        if target not in seen and target != origin:
            seen.add(target)
            yield Lead(origin, target, relation, reason, document.source, Selector(json_pointer=pointer), target)


def base_names(document: Document, model: str) -> Iterator[tuple[str, Selector, str]]:
    """Names of base models that a sentence about this model gives without a link: name, position, the phrase.

    The sentence must name this model (not a longer name that begins with it) or say "this model" before the verb.
    """
    text = document.text
    own = re.compile(rf"(?i)(?<![\w-]){re.escape(model)}(?![\w-])|\bthis\s+model\b|\bour\s+model\b")
    for match in BASE_IN_PROSE.finditer(text):
        first = max(0, match.start() - 400)
        start = max((m.end() for m in SENTENCE_END.finditer(text, first, match.start())), default=first)
        name = match["name"].rstrip(".-")
        if not re.search(r"\d", name) or not own.search(text, start, match.start()):
            continue
        if name.lower() == model.lower():
            continue
        line = text.count("\n", 0, match.start()) + 1
        end = match.start("name") + len(name)
        yield name, Selector(match.start(), end, line, text.count("\n", 0, end) + 1), text[match.start() : end]


def words(name: str) -> frozenset[str]:
    """Telling words of a name: `DeepSeek-R1-Distill-7B` gives deepseek, r1, distill."""
    parts = re.split(r"[^a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1\2", name).lower())
    generic = known().generic_words
    return frozenset(p for p in parts if p and p not in generic and not re.fullmatch(r"\d+(\.\d+)?[bmk]?", p))


def same_owner(hub_owner: str, github_owner: str) -> bool:
    a, b = (re.sub(r"[^a-z0-9]|(?:ai|labs?|research|org)$", "", o.lower()) for o in (hub_owner, github_owner))
    return bool(a) and bool(b) and (a == b or (min(len(a), len(b)) >= 4 and (a in b or b in a)))


# The words before a link, as `reason_with_label` gives them: where it is named as the code, as in the Hub's template …
NAMED_AS_CODE = re.compile(r"“\W*(?:source code|code|(?:github )?repo(?:sitory)?)\W*:\W*”", re.I)
# … and where it is one of several that are not the model's own.
AS_EXAMPLE = re.compile(
    r"\b(?:such as|e\.g\.|for example|unlike|compared (?:to|with)|similar to)\W+(?:[\w.-]+\W*){0,2}”", re.I
)


def rank_repositories(leads: Iterable[Lead], model: str) -> list[tuple[int, Lead]]:
    """Repositories that a card names, the model's own first, each with its score and the reason in words.

    `model` is `ORG/NAME` on the Hub. A score below 3 means: seen, not followed. Of links to one repository that speak
    of training alike, the one that names a branch, tag or commit counts.
    """
    owner, _, name = model.partition("/")
    best: dict[str, tuple[int, bool, Lead]] = {}
    for order, lead in enumerate(leads):
        if lead.relation != "repository":
            continue
        github_owner, _, repo = lead.target.removeprefix("github:").partition("/")
        score, reasons = 0, []
        if same_owner(owner, github_owner):
            score, reasons = 4, ["same owner as the model"]
        common = words(name) & words(repo)
        if common:
            score += 3 if words(repo) <= words(name) or words(name) <= words(repo) else 1
            reasons.append("name shares " + ", ".join(sorted(common)))
        if LABEL.search(lead.reason):
            score += 2 if order < 40 else 1
            reasons.append("called " + (LABEL.search(lead.reason) or [""])[0].lower())
        if NAMED_AS_CODE.search(lead.reason):
            score += 1
        if not common and AS_EXAMPLE.search(lead.reason):
            score -= 5
            reasons.append("named as an example of others")
        training = TRAINING_LABEL.search(lead.reason) is not None
        score += training
        ranked = replace(lead, reason="; ".join([lead.reason, *reasons]))
        key, at_branch = lead.target.lower(), training and lead.ref is not None
        if key not in best or best[key][:2] < (score, at_branch):
            best[key] = (score, at_branch, ranked)
    return sorted(((score, lead) for score, _, lead in best.values()), key=lambda pair: -pair[0])
