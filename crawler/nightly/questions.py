"""What is asked to learn what changed, by the cheapest question each service has, and what the answers say.

A fingerprint says in a few words what a service holds of a target: `{name, revision, …}`, or `{gone: true}`. The same
facts are read from the documents of a crawl and from the answers here, so that the two can be compared.

| service | question | answers for |
|---|---|---|
| Hub | `/api/models?author=ORG&expand[]=sha…`, the same for datasets | all of an organisation's repositories |
| GitHub | one GraphQL query with an alias per repository | 100 repositories |
| arXiv | one `id_list` | 200 papers |
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from output.record import Source
from pipelines.dossier import Dossier
from pipelines.readers.arxiv import Entry, FeedError, read_feed
from spiders.addresses import GITHUB, hub_api
from spiders.papers import IDS_PER_REQUEST, feed_url
from spiders.walk import Answer, Ask

Fingerprint = dict[str, Any]
GONE: Fingerprint = {"gone": True}
OURS = frozenset({"ref", "seen", "since"})  # in a fingerprint, but no facts of the service

REPOSITORIES_PER_QUERY = 100
PAGES_PER_LISTING = 3
LISTED = "&".join(f"expand[]={name}" for name in ("sha", "gated", "disabled", "createdAt"))
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Question:
    """One request that settles many targets. `names`: the service's own name, lower case, to its targets."""

    key: str
    ask: Ask
    names: Mapping[str, tuple[str, ...]]

    @property
    def targets(self) -> Iterator[str]:
        return (target for targets in self.names.values() for target in targets)


def name_of(target: str, known: Mapping[str, Fingerprint]) -> str:
    """The name under which a service holds a target now: a renamed repository is listed under the new one."""
    return str(known.get(target, {}).get("name") or target.rpartition(":")[2])


def questions(targets: Iterable[str], known: Mapping[str, Fingerprint]) -> list[Question]:
    """Questions that settle all targets, in an order that does not depend on theirs."""
    by_scheme: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for target in sorted(set(targets)):
        by_scheme[target.rpartition(":")[0]][name_of(target, known).lower()].append(target)
    names = {scheme: {n: tuple(t) for n, t in found.items()} for scheme, found in by_scheme.items()}
    return [
        *hub_questions("models", names.get("hf:model", {})),
        *hub_questions("datasets", names.get("hf:dataset", {})),
        *github_questions(names.get("github", {}), known),
        *arxiv_questions(names.get("arxiv", {})),
    ]


def hub_questions(kind: str, names: Mapping[str, tuple[str, ...]]) -> Iterator[Question]:
    by_owner: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for name, targets in names.items():
        by_owner[name.partition("/")[0] if "/" in name else ""][name] = targets
    for owner, own in sorted(by_owner.items()):
        if owner:
            query = f"author={owner}&sort=lastModified&limit=1000&{LISTED}"
            url = hub_api(kind, "").rstrip("/") + "?" + query
            ask = Ask(url, "hub_listing", f"hf:{kind}:{owner}", f"https://huggingface.co/{owner}")
            yield Question(f"hub:{kind}:{owner}", ask, own)
        else:
            yield from (single_question(kind, name, targets) for name, targets in own.items())


def single_question(kind: str, name: str, targets: tuple[str, ...]) -> Question:
    """For a repository that no listing settles."""
    ask = Ask(hub_api(kind, name, LISTED), "hub_listing", targets[0], f"https://huggingface.co/{name}")
    return Question(f"hub:{kind}:{name}", ask, {name: targets})


def github_questions(names: Mapping[str, tuple[str, ...]], known: Mapping[str, Fingerprint]) -> Iterator[Question]:
    everything = sorted(names.items())
    for first in range(0, len(everything), REPOSITORIES_PER_QUERY):
        batch = everything[first : first + REPOSITORIES_PER_QUERY]
        parts = []
        for n, (name, targets) in enumerate(batch):
            owner, _, repo = name.partition("/")
            ref = known.get(targets[0], {}).get("ref")
            at = f" at{n}: object(expression: {json.dumps(ref)}) {{oid}}" if ref else ""
            parts.append(
                f"r{n}: repository(owner: {json.dumps(owner)}, name: {json.dumps(repo)}) "
                f"{{nameWithOwner isArchived isDisabled defaultBranchRef {{target {{oid}}}}{at}}}"
            )
        body = json.dumps({"query": "query {" + " ".join(parts) + "}"}).encode()
        ask = Ask(
            f"{GITHUB.public}/graphql", "github_repository", f"github:{batch[0][0]}", "https://github.com",
            headers={"Content-Type": "application/json"}, body=body,
        )  # fmt: skip
        yield Question(f"github:{first}", ask, dict(batch))


def arxiv_questions(names: Mapping[str, tuple[str, ...]]) -> Iterator[Question]:
    everything = sorted(names.items())
    for first in range(0, len(everything), IDS_PER_REQUEST):
        batch = everything[first : first + IDS_PER_REQUEST]
        ask = Ask(feed_url([name for name, _ in batch]), "arxiv_feed", "arxiv:*", "https://arxiv.org")
        yield Question(f"arxiv:{first}", ask, dict(batch))


# ---- what answers say


def read_answer(question: Question, answer: Answer) -> dict[str, Fingerprint] | None:
    """Fingerprints by target. None: the service could not tell; a target that is left out was not settled."""
    if answer.document is None:
        not_there = answer.miss is not None and answer.miss.outcome == "unavailable"
        single = len(question.names) == 1 and not question.key.startswith(("github", "arxiv"))
        return dict.fromkeys(question.targets, GONE) if not_there and single else None
    if question.key.startswith("arxiv"):
        return read_papers(question, answer)
    found = of_graphql(answer.facts) if question.key.startswith("github") else of_listing(answer.data)
    if found is None:
        return None
    if question.key.startswith("github"):
        found = {name: found[f"r{n}"] for n, name in enumerate(question.names) if f"r{n}" in found}
    elif isinstance(answer.data, list) and answer.next_url is None:
        found = {name: found.get(name, GONE) for name in question.names}
    elif isinstance(answer.data, dict):  # one repository, perhaps under a new name
        found = dict.fromkeys(question.names, next(iter(found.values()), GONE))
    return {t: found[name] for name, targets in question.names.items() if name in found for t in targets}


def of_listing(data: Any) -> dict[str, Fingerprint] | None:
    rows = [data] if isinstance(data, dict) else data
    if not isinstance(rows, list):
        return None
    return {str(row["id"]).lower(): of_hub(row) for row in rows if isinstance(row, dict) and "id" in row}


def of_hub(facts: Mapping[str, Any]) -> Fingerprint:
    flags = [name for name in ("gated", "disabled") if facts.get(name)]
    return {"name": str(facts.get("id")), "revision": str(facts.get("sha")), "flags": flags}


def of_graphql(answer: Mapping[str, Any]) -> dict[str, Fingerprint] | None:
    """By alias; a repository that GitHub could not look up for a passing reason is left out."""
    data = answer.get("data")
    if not isinstance(data, dict):
        return None
    not_found = {
        str(error.get("path", [""])[0])
        for error in answer.get("errors") or ()
        if isinstance(error, dict) and error.get("type") == "NOT_FOUND"
    }
    found = {}
    for alias, facts in data.items():
        if isinstance(facts, dict) and "nameWithOwner" in facts:
            at = facts.get("at" + alias[1:])
            head = at or (facts.get("defaultBranchRef") or {}).get("target") or {}
            flags = [flag for flag, key in (("archived", "isArchived"), ("disabled", "isDisabled")) if facts.get(key)]
            found[alias] = {"name": facts["nameWithOwner"], "revision": str(head.get("oid")), "flags": flags}
        elif facts is None and alias in not_found:
            found[alias] = GONE
    return found


def read_papers(question: Question, answer: Answer) -> dict[str, Fingerprint] | None:
    assert answer.document is not None
    papers = of_feed(answer.document.body)
    if papers is None:
        return None
    return {t: papers.get(name, GONE) for name, targets in question.names.items() for t in targets}


def of_feed(body: bytes) -> dict[str, Fingerprint] | None:
    try:
        feed = read_feed(body)
    except FeedError:
        return None
    return {entry.id.lower(): of_paper(entry) for entry in feed.entries}


def of_paper(entry: Entry) -> Fingerprint:
    """arXiv has no revision beside the version: a comment that names a venue comes without a new one."""
    said = [f.text if f else "" for f in (entry.title, entry.summary, entry.comment, entry.journal_ref, entry.doi)]
    digest = hashlib.sha256("\0".join(said).encode()).hexdigest()[:16]
    return {"name": entry.id, "revision": f"{entry.version} {digest}"}


# ---- what the documents of a crawl say


def of_dossier(dossier: Dossier) -> dict[str, Fingerprint]:
    """Fingerprints of everything that was read or not found for a release; none for what failed."""
    found: dict[str, Fingerprint] = {}
    for miss in dossier.misses:
        if miss.outcome == "unavailable" and miss.what in ("hub_model", "hub_dataset", "github_repository"):
            found[miss.target] = GONE
    for document in dossier.of("hub_model", "hub_dataset", "github_repository"):
        facts = json.loads(document.body)
        if document.kind != "github_repository":
            found[document.target] = of_hub(facts)
            continue
        flags = [flag for flag in ("archived", "disabled") if facts.get(flag)]
        found[document.target] = {"name": str(facts.get("full_name")), "revision": "None", "flags": flags}
        for commit in dossier.of("github_commit", target=document.target):
            found[document.target]["revision"] = str(commit.source.revision)
            if (ref := ref_of(commit.source)) != facts.get("default_branch"):
                found[document.target]["ref"] = ref
    named = {lead.target.removeprefix("arxiv:") for lead in dossier.leads if lead.relation == "paper"}
    for feed in dossier.of("arxiv_feed"):
        papers = of_feed(feed.body)
        asked = set(asked_ids(feed.source.url)) & named if papers is not None else ()
        for ident in sorted(asked):
            found[f"arxiv:{ident}"] = (papers or {}).get(ident.lower(), GONE)
    return found


def ref_of(source: Source) -> str:
    return unquote(source.url.rpartition("/commits/")[2])


def asked_ids(url: str) -> list[str]:
    match = re.search(r"[?&]id_list=([^&]*)", url)
    return match[1].split(",") if match else []


def difference(old: Fingerprint, new: Fingerprint) -> str | None:
    """In words what differs, None where nothing does."""
    old, new = ({k: v for k, v in f.items() if k not in OURS} for f in (old, new))
    if old == new:
        return None
    if new.get("gone"):
        return "not listed any more"
    if old.get("gone"):
        return "there now"
    if old["name"] != new["name"]:
        return f"renamed to {new['name']}"
    if old["revision"] != new["revision"]:
        return f"changed from {old['revision'][:7]} to {new['revision'][:7]}"
    now, before = set(new.get("flags", ())), set(old.get("flags", ()))
    said = [*(f"now {flag}" for flag in sorted(now - before)), *(f"no longer {flag}" for flag in sorted(before - now))]
    return ", ".join(said)
