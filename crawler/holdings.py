"""What the services hold now, asked for many files at once: heads of repositories and blobs of files.

A blob's name is git's hash of its bytes: where it is the one that was read, so are the bytes, and nothing is fetched.

| service | question | answers for |
|---|---|---|
| Hub | `/api/models/ID?blobs=true` | head, and every file's blob at the head |
| GitHub | one GraphQL query | blobs of 50 files, at the pin and at the head |
| arXiv | one `id_list` | latest versions of 200 papers |
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crawler.nightly.questions import arxiv_questions, read_answer
from output.record import Source
from spiders.addresses import GITHUB, hub_api
from spiders.answers import Asker
from spiders.walk import Ask

FILES_PER_QUERY = 50

Refs = Mapping[tuple[str, str], str]  # by target and commit: the branch or tag that led there


@dataclass
class Holdings:
    """Keys that are left out could not be told; None says that a service has no such thing."""

    heads: dict[str, str | None] = field(default_factory=dict)  # by target
    blobs: dict[tuple[str, str, str], str | None] = field(default_factory=dict)  # by target, revision and path


async def ask_holdings(asker: Asker, sources: Mapping[str, list[Source]], refs: Refs) -> Holdings:
    """`sources`: pinned files by target."""
    held = Holdings()
    files = [(target, source) for target, found in sources.items() if target.startswith("github:") for source in found]
    if GITHUB.name not in asker.addresses.tokens:  # its GraphQL wants one
        files = []
    await asyncio.gather(
        *(ask_hub(asker, held, target, found) for target, found in sources.items() if target.startswith("hf:")),
        *(
            ask_github(asker, held, files[first : first + FILES_PER_QUERY], refs)
            for first in range(0, len(files), FILES_PER_QUERY)
        ),
        ask_arxiv(asker, held, [target for target in sources if target.startswith("arxiv:")]),
    )
    return held


async def ask_hub(asker: Asker, held: Holdings, target: str, sources: Iterable[Source]) -> None:
    _, kind, name = target.split(":", 2)
    url = hub_api(kind + "s", name, "blobs=true" if kind == "model" else "")  # as a crawl asks
    answer = await asker.fetch(Ask(url, "hub_model", target, f"https://huggingface.co/{name}"))
    if answer.miss is not None and answer.miss.outcome == "unavailable":
        held.heads[target] = None
    if not isinstance(head := answer.facts.get("sha"), str):
        return
    held.heads[target] = head
    files = {s["rfilename"]: s.get("blobId") for s in answer.facts.get("siblings") or () if "rfilename" in s}
    for source in sources:
        path = str(source.path)
        if path not in files or files[path]:
            held.blobs[target, head, path] = files.get(path)


async def ask_github(asker: Asker, held: Holdings, files: list[tuple[str, Source]], refs: Refs) -> None:
    by_target: dict[str, list[tuple[int, Source]]] = {}
    for number, (target, source) in enumerate(files):
        by_target.setdefault(target, []).append((number, source))
    parts, tips = [], {}
    for n, (target, found) in enumerate(by_target.items()):
        owner, _, name = target.removeprefix("github:").partition("/")
        fields = []
        for number, source in found:
            tips[number] = refs.get((target, str(source.revision)), "HEAD")
            fields += [
                f"{alias}{number}: object(expression: {json.dumps(at)}) {{oid}}"
                for alias, at in (
                    ("tip", tips[number]),
                    ("pin", f"{source.revision}:{source.path}"),
                    ("now", f"{tips[number]}:{source.path}"),
                )
            ]
        about = f"owner: {json.dumps(owner)}, name: {json.dumps(name)}"
        parts.append(f"r{n}: repository({about}) {{nameWithOwner {' '.join(fields)}}}")
    body = json.dumps({"query": "query {" + " ".join(parts) + "}"}).encode()
    answer = await asker.fetch(
        Ask(
            f"{GITHUB.public}/graphql", "github_repository", "github:*", "https://github.com",
            headers={"Content-Type": "application/json"}, body=body,
        )
    )  # fmt: skip
    data = answer.facts.get("data") or {}
    errors = answer.facts.get("errors") or ()
    lost = {str(e["path"][0]) for e in errors if e.get("type") == "NOT_FOUND" and e.get("path")}
    for n, (target, found) in enumerate(by_target.items()):
        facts = data.get(f"r{n}")
        if facts is None:
            held.heads |= {target: None} if f"r{n}" in lost else {}
            continue
        for number, source in found:
            tip, pin, now = ((facts.get(f"{alias}{number}") or {}).get("oid") for alias in ("tip", "pin", "now"))
            if pin:
                held.blobs[target, str(source.revision), str(source.path)] = pin
            if tip:
                held.heads[target] = tip
                held.blobs[target, tip, str(source.path)] = now


async def ask_arxiv(asker: Asker, held: Holdings, targets: list[str]) -> None:
    for question in arxiv_questions({target.removeprefix("arxiv:"): (target,) for target in targets}):
        found = read_answer(question, await asker.fetch(question.ask)) or {}
        for target, paper in found.items():
            held.heads[target] = None if paper.get("gone") else paper["revision"].partition(" ")[0]
