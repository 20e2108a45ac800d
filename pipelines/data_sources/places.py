"""Datasets outside the Hub: what the place that a card links says of itself, where it was asked."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from output.record import Outcome, Points, Quote, Selector
from pipelines.detector import quote_pointer, quote_span
from pipelines.dossier import Dossier
from pipelines.weights import size_text
from spiders.addresses import GITHUB, ZENODO, below
from spiders.datasets import dataset_ask
from spiders.document import Document, Miss

PLACES = ("dataset_place", "github_repository", "paper_metadata")
TITLE = re.compile(r"<title[^>]{0,200}>\s*([^<]{1,400}?)\s*</title>", re.I)
HEAD = 100_000  # characters of a page in which its title is looked for
ANNOUNCED = re.compile(r"\((\d+) bytes\)")


class Said(NamedTuple):
    """What a place says: `told` is the end of the statement that begins with the dataset's name."""

    outcome: Outcome
    points: Points
    rule: str
    told: str
    value: dict[str, Any]
    quote: tuple[Quote, Selector] | tuple[None, None] = (None, None)


def answer_of(dossier: Dossier, address: str) -> Document | Miss | None:
    """What was got for the address of a dataset, or None where it was not asked."""
    documents, misses = dossier.once(asked)
    url = dataset_ask(address).url
    return documents.get(url) or misses.get(url)


def asked(dossier: Dossier) -> tuple[Mapping[str, Document], Mapping[str, Miss]]:
    documents = {d.source.url: d for d in dossier.documents if d.kind in PLACES}
    return documents, {m.source.url: m for m in dossier.misses if m.what in PLACES}


def said_of(answer: Document | Miss) -> Said:
    if isinstance(answer, Miss):
        return not_read(answer)
    if below(answer.source.url, ZENODO.public):
        return of_zenodo(answer)
    if below(answer.source.url, GITHUB.public):
        return of_github(answer)
    return of_page(answer)


def not_read(miss: Miss) -> Said:
    host = urlsplit(miss.source.view_url).netloc
    value: dict[str, Any] = {"reason": miss.reason, "status": miss.source.status}
    if announced := ANNOUNCED.search(miss.reason):
        size = int(announced[1])
        told = f"lies at {host} as a file of {size_text(size)}, which was not read"
        return Said("unavailable", "neutral", "file", told, {**value, "bytes": size})
    points: Points = "closed" if miss.source.status in (404, 410, 451) else "neutral"
    return Said(miss.outcome, points, "not-read", f"could not be reached at {host}: {miss.reason}", value)


def of_zenodo(answer: Document) -> Said:
    """Records of developers.zenodo.org: `files` with sizes, `metadata` with access and licence."""
    info = answer.facts or {}
    metadata = info.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("title"), str):
        return unreadable("Zenodo")
    files = [f for f in listed(info.get("files")) if isinstance(f, dict)]
    size = sum(f["size"] for f in files if isinstance(f.get("size"), int))
    access = text(metadata.get("access_right")) or "unsaid"
    licence = text(metadata.get("license", {}).get("id") if isinstance(metadata.get("license"), dict) else None)
    changed = text(info.get("modified") or info.get("updated"))[:10]
    volume = f"{len(files)} file{'' if len(files) == 1 else 's'}, {size_text(size)}, " if files else "no files listed, "
    open_ = access == "open" and bool(files)
    return Said(
        "present" if open_ or access == "unsaid" else "unavailable",
        "open" if open_ else "partial",
        "zenodo-record",
        f"published on Zenodo ({volume}access: {access}, licence: {licence or 'none stated'}{last(changed)})",
        {"files": len(files), "bytes": size or None, "access": access, "license": licence or None,
         "last_modified": changed or None},
        quote_pointer(info, "/metadata/title"),
    )  # fmt: skip


def of_github(answer: Document) -> Said:
    """GitHub's facts of the repository: `size` counts kilobytes of its history, data or not."""
    info = answer.facts or {}
    name = info.get("full_name")
    if not isinstance(name, str):
        return unreadable("GitHub")
    licence = info.get("license")
    spdx = text(licence.get("spdx_id")) if isinstance(licence, dict) else ""
    changed = text(info.get("pushed_at"))[:10]
    kilobytes = info.get("size") if isinstance(info.get("size"), int) else None
    volume = f"{size_text(1000 * kilobytes)}, " if kilobytes else "empty, " if kilobytes == 0 else ""
    state = "archived, " if info.get("archived") else ""
    return Said(
        "present",
        "partial",
        "github-repository",
        f"linked in the repository {name} on GitHub ({volume}{state}licence: {spdx or 'none stated'}{last(changed)})",
        {"repository": name, "bytes": 1000 * kilobytes if kilobytes else None, "license": spdx or None,
         "archived": bool(info.get("archived")), "last_modified": changed or None},
        quote_pointer(info, "/full_name"),
    )  # fmt: skip


def of_page(answer: Document) -> Said:
    """A page only shows that the address answers; anything else that was read whole is a file."""
    host = urlsplit(answer.source.view_url).netloc
    value: dict[str, Any] = {"media_type": answer.source.media_type, "status": answer.source.status}
    if answer.source.media_type not in ("text/html", "application/xhtml+xml"):
        value["bytes"] = len(answer.body)
        return Said("present", "open", "file", f"lies at {host} as a file of {size_text(len(answer.body))}", value)
    told = f"has a page at {host}; size, access and licence were not read there"
    title = TITLE.search(answer.text, 0, HEAD)
    if title is None:
        return Said("linked", "partial", "page", told, value)
    value["title"] = html.unescape(" ".join(title[1].split()))
    return Said("linked", "partial", "page", told, value, quote_span(answer.text, *title.span(1)))


def unreadable(service: str) -> Said:
    return Said("error", "neutral", "api-answer", f"was asked of {service}, whose answer could not be read", {})


def last(changed: str) -> str:
    return f", last change {changed}" if changed else ""


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
