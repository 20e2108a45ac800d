"""Hugging Face Hub: facts of a repository at the revision of the first answer, its card, licence and report files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from huggingface_hub import DatasetInfo, ModelInfo

from spiders.addresses import hub_api, hub_file, hub_page
from spiders.document import Kind, Lead
from spiders.leads import base_names, leads_of_facts, leads_of_text
from spiders.strict import issues
from spiders.training_pointers import training_leads
from spiders.walk import PAPER_CAP, Ask, Walk

LICENSE_NAME = re.compile(
    r"(?i)^(?:[\w. -]*(?:licen[cs]e|copying|notice)[\w. -]*|[\w. -]*(?:agreement|许可|协议)[\w. -]*\.pdf"
    r"|(?:acceptable[_-]?)?use[_-]?policy[\w.-]*|terms[\w.-]*)$"
)
LICENSE_FILES = 6
REPORT_FILES = 2
FIGURES = re.compile(r"(?i)(?:^|/)(?:ima?ge?s?|img|visual|picture|media|logo|poster|slide|example)[^/]*/")
REPORT_NAME = re.compile(r"(?i)(?:report|paper|preprint|card|datasheet)[^/]*$")
NO_REPORT_NAME = re.compile(
    r"(?i)(?:^|/)(?:plot|fig)[^/]*/|"
    r"(?:poster|slides|presentation|licen[cs]e|agreement|polic(?:y|ies)|guide|tokeni[sz]er|terms|许可|协议)[^/]*$"
)
NOT_A_TEXT = re.compile(r"(?i)header[^/]*$|\.(py|json|ya?ml|png|jpe?g|svg|gif|sh|js|css|ipynb|toml|lock)$")


MODEL_CARD_NAME = re.compile(r"(?i)model[_-]?card\.(?:md|txt)|[\w.-]*(?:model|system)[_-]?card[\w.-]*\.pdf")
DATA_CARD_NAME = re.compile(
    r"(?i)(?:data(?:set)?[_-]?(?:card|sheet)[\w-]*|[\w.-]*(?:data|content|public)[_-]summary[\w.-]*)\.(?:md|txt|pdf)"
)


README_NAME = re.compile(r"(?i)readme(?:\.(?:md|markdown|mdx|rst|txt|org|adoc|html?))?")


def card_file(name: str) -> Kind | None:
    """What kind of card a file is by its name, printed ones included."""
    if MODEL_CARD_NAME.fullmatch(name):
        return "model_card"
    return "dataset_card" if DATA_CARD_NAME.fullmatch(name) else None


def wanted_files(paths: list[str], card_kind: Kind) -> Iterator[tuple[str, Kind]]:
    """Files of a Hub repository that say something about openness. Never `config.json`: reading it counts as a
    download in the model's statistics (Hub docs, "Models Download Stats")."""
    licenses = reports = 0
    for path in sorted(paths):
        name = path.rsplit("/", 1)[-1]
        if path == "README.md":
            yield path, card_kind
        elif card := card_file(name):
            yield path, card
        elif "/" not in path and LICENSE_NAME.match(name) and not NOT_A_TEXT.search(name) and licenses < LICENSE_FILES:
            licenses += 1
            yield path, "license"
        elif may_be_report(path) and reports < REPORT_FILES:
            reports += 1
            yield path, "paper"


def may_be_report(path: str) -> bool:
    """Whether a file is a PDF that may hold a report: no poster, licence or plot, and no image by its folder."""
    if not path.lower().endswith(".pdf") or NO_REPORT_NAME.search(path):
        return False
    return not FIGURES.search(path) or bool(REPORT_NAME.search(path))


async def walk_repository(walk: Walk, kind: str) -> None:
    """`kind` is `models` or `datasets`."""
    facts_kind: Kind = "hub_model" if kind == "models" else "hub_dataset"
    card_kind: Kind = "model_card" if kind == "models" else "dataset_card"
    query = "blobs=true" if kind == "models" else ""
    answer = await walk.ask(
        Ask(hub_api(kind, walk.name, query), facts_kind, walk.target, hub_page(kind, walk.name), revision_key="sha")
    )
    info = answer.facts
    if answer.document is None or not info:
        return
    read_facts: Callable[..., ModelInfo | DatasetInfo] = ModelInfo if kind == "models" else DatasetInfo
    typed = read_facts(**info)
    walk.issues += issues(facts_kind, walk.target, info)
    walk.leads += leads_of_facts(answer.document, walk.target, info)
    if not typed.sha:
        return
    files = list(wanted_files([s.rfilename for s in typed.siblings or []], card_kind))
    asks = [
        Ask(
            hub_file(kind, typed.id, typed.sha, path), what, walk.target,
            hub_page(kind, typed.id, typed.sha, path), typed.sha, path,
            PAPER_CAP if path.lower().endswith(".pdf") else 4 << 20,
        )
        for path, what in files
    ]  # fmt: skip
    for one in await walk.ask_all(asks):
        if one.document is None or one.document.body.startswith(b"%PDF-"):
            continue
        if one.document.kind in ("model_card", "dataset_card"):
            walk.leads += new_leads(walk.leads, leads_of_text(one.document, walk.target))
            walk.leads += new_leads(walk.leads, training_leads(one.document, walk.target))
            if kind == "models":
                note_base_names(walk, one.document)


def new_leads(known: list[Lead], found: Iterator[Lead]) -> list[Lead]:
    have = {(lead.target, lead.relation) for lead in known}
    return [lead for lead in found if (lead.target, lead.relation) not in have]


def note_base_names(walk: Walk, document: Any) -> None:
    """Keep names of base models that prose gives, unless a tag or the front matter already names the base."""
    if any(lead.relation == "base_model" for lead in walk.leads):
        return
    seen: set[str] = set()
    for name, selector, exact in base_names(document, walk.name.rpartition("/")[2]):
        if name.lower() not in seen:
            seen.add(name.lower())
            lead = Lead(walk.target, f"name:{name}", "base_model", "named in prose", document.source, selector, exact)
            walk.base_names.append(lead)


async def walk_model(walk: Walk) -> None:
    await walk_repository(walk, "models")


async def walk_dataset(walk: Walk) -> None:
    await walk_repository(walk, "datasets")


async def organisation_models(walk: Walk, organisation: str) -> list[str]:
    """Ids of an organisation's models by its own listing: one request, newest first."""
    query = f"author={organisation}&sort=lastModified&limit=1000&expand[]=lastModified"
    url = hub_api("models", "").rstrip("/") + "?" + query
    answer = await walk.ask(Ask(url, "hub_listing", walk.target, f"https://huggingface.co/{organisation}"))
    rows = answer.data if isinstance(answer.data, list) else []
    return [str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row]


def resolve_name(lead: Lead, candidates: list[str]) -> str | None:
    """The one repository id whose name is the name in prose; None where none or several are."""
    name = lead.target.removeprefix("name:").lower()
    exact = {c for c in candidates if c.lower() == name or c.rpartition("/")[2].lower() == name}
    return exact.pop() if len(exact) == 1 else None


def resolved(lead: Lead, repo_id: str, how: str) -> Lead:
    return replace(lead, target=f"hf:model:{repo_id}", reason=f"{lead.reason}; {how}")
