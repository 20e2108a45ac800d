"""Links of entries that lead elsewhere than to the Hub, GitHub and arXiv: does the page still answer, and as what?

An address is asked once in some nights, with HEAD and its validators (RFC 9110, sections 9.3.2 and 13); where a host
does not take HEAD, with a GET of which only the head is read. One request at a time per host, and robots.txt is obeyed.
What a host says counts at once; a host that says nothing is called dead only after some nights in a row, and not in a
night in which most hosts said nothing: then it was ours.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, StopDownload
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawler.state import Night, State, now
from output.entries import entry_paths, read_entry
from output.line_patch import PatchError
from output.link_health import LinkHealth, Verdict
from output.record import INDEX_PARAMETERS, ArchivePosition
from spiders.answers import failure_text
from spiders.leads import place

EVERY = 7
NIGHTS_TO_DEATH = 3
OUR_OWN_FAULT = 0.5  # share of hosts without an answer
FEW_HOSTS = 4
HOPS = 5
TIMEOUT = 30
LONGEST = 1000
NOT_THERE = (404, 410, 451)
FOR_GOOD = (301, 308)
FOR_NOW = (302, 303, 307)
NOT_FOR_HEAD = frozenset({400, 403, 404, 405, 406, 410, 429, 451, *range(500, 600)})
LOGIN = re.compile(r"(?i)(?:^|[/._-])(?:log-?in|sign-?in|sso|oauth2?|authorize|accounts)(?:[/._-]|$)")

Places = dict[str, list[tuple[str, str]]]


def web_links(folder: Path) -> Places:
    """Addresses on the rest of the web, with entry and block of each place."""
    found: Places = defaultdict(list)
    for url, where in index_links(folder):
        if place(url) is None:
            found[url].append(where)
    return dict(sorted(found.items()))


def index_links(folder: Path) -> Iterable[tuple[str, tuple[str, str]]]:
    for path in entry_paths(folder):
        try:
            entry = read_entry(path)
            blocks = [name for name in ("system", "org", *INDEX_PARAMETERS) if entry.block(name)]
        except PatchError:
            continue
        for name in blocks:
            for url in dict.fromkeys(entry.links(name)):
                if url.startswith(("http://", "https://")) and len(url) <= LONGEST:
                    yield url, (entry.id, name)


@dataclass
class Seen:
    """What one night learned of an address. `fault`: why there was no answer."""

    verdict: Verdict = "unknown"
    status: int | None = None
    final: str | None = None
    reason: str = ""
    fault: str | None = None
    validators: dict[str, str] = field(default_factory=dict)
    archive: ArchivePosition | None = None


def due(links: Iterable[str], known: Mapping[str, dict[str, Any]], night: int, every: int) -> list[str]:
    """Addresses to ask tonight: new ones, those in doubt, and of the others one in `every`."""
    if every == 0:
        return []
    return [
        url for url in links
        if url not in known or in_doubt(known[url]) or (zlib.crc32(url.encode()) + night) % every == 0
    ]  # fmt: skip


def cost_of_links(urls: Iterable[str]) -> dict[str, int]:
    """Requests by host: one for each address, and one for the robots.txt of each host."""
    addresses = Counter(host(url) for url in urls)
    return {name: count + 1 for name, count in addresses.most_common()}


def in_doubt(known: Mapping[str, Any]) -> bool:
    return bool(known.get("faults")) and known.get("verdict") != "dead"


class LinkCheck:
    """Asks through the crawl's own downloader, so that its guard and robots.txt hold."""

    def __init__(self, crawler: Crawler, state: State, night: Night, known: Mapping[str, dict[str, Any]]) -> None:
        self.crawler = crawler
        self.state = state
        self.night = night
        self.known = known
        self.hosts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        crawler.signals.connect(self.head_is_enough, signal=signals.headers_received)

    @staticmethod
    def head_is_enough(request: Request) -> None:
        if request.meta.get("osai_link"):
            raise StopDownload(fail=False)

    async def run(self, urls: Iterable[str], places: Places) -> None:
        """Ask for all and keep what was learned, with what changed."""
        found = dict(zip(urls, await asyncio.gather(*(self.one(url) for url in urls)), strict=True))
        silent = {host(url) for url, seen in found.items() if seen.fault}
        ours = len(silent) >= FEW_HOSTS and len(silent) > OUR_OWN_FAULT * len({host(url) for url in found})
        for url, seen in found.items():
            before = self.known.get(url, {})
            after = judged(before, seen, now(), ours=ours)
            changed = before.get("verdict") not in (None, "unknown", after["verdict"]) or (
                not before and after["verdict"] not in ("ok", "unknown", "refused")
            )
            what = {"kind": "link", "parameter": "", "old": before.get("verdict"), "new": after["verdict"],
                    "target": url, "final": after.get("final")}  # fmt: skip
            entries = sorted({entry for entry, _ in places[url]}) if changed else []
            self.state.put_link(self.night, url, after, [(entry, what) for entry in entries])

    async def one(self, url: str) -> Seen:
        async with self.hosts[host(url)]:
            seen = Seen()
            try:
                await self.follow(url, seen)
            except Exception as error:
                if isinstance(error, IgnoreRequest) and "Forbidden by robots" in str(error):
                    return Seen("refused", reason="its robots.txt asks programs to stay away")
                if isinstance(error, IgnoreRequest) and str(error).startswith("refused"):
                    return Seen("refused", reason=str(error))
                seen.fault = failure_text(error)
            return seen

    async def follow(self, url: str, seen: Seen) -> None:
        """Redirects one by one: a chain of permanent ones from the start says that the page moved."""
        moved, here = True, url
        for _ in range(HOPS):
            response = await self.ask(here, self.known.get(url, {}).get("validators", {}) if here == url else {})
            seen.status = response.status
            seen.archive = (response.request or Request(here)).meta.get("osai_archive")
            location = header(response, "Location")
            if response.status not in (*FOR_GOOD, *FOR_NOW) or not location:
                break
            moved = moved and response.status in FOR_GOOD
            here = urljoin(here, location)
            seen.final = here if moved else seen.final
            if urlsplit(here).scheme not in ("http", "https"):
                break
        else:
            seen.fault = "redirects without an end"
            return
        judge(url, here, response, seen)

    async def ask(self, url: str, validators: Mapping[str, str]) -> Response:
        response = await self.download(url, "HEAD", validators)
        return await self.download(url, "GET", validators) if response.status in NOT_FOR_HEAD else response

    async def download(self, url: str, method: str, validators: Mapping[str, str]) -> Response:
        engine = self.crawler.engine
        assert engine is not None
        meta = {"osai_link": True, "dont_redirect": True, "handle_httpstatus_all": True, "download_timeout": TIMEOUT}
        return await engine.download_async(
            Request(url, method=method, headers=dict(validators), meta=meta, callback=NO_CALLBACK)
        )


def judge(url: str, here: str, response: Response, seen: Seen) -> None:
    status = response.status
    if status in NOT_THERE:
        seen.verdict, seen.reason = "removed", f"HTTP {status}"
    elif status == 401 or (LOGIN.search(urlsplit(here).path) and not LOGIN.search(urlsplit(url).path)):
        seen.verdict, seen.reason = "gated", f"HTTP {status}"
    elif status == 304 or 200 <= status < 300:
        away = seen.final is not None and plain(seen.final) != plain(url)
        seen.verdict = "moved" if away else "ok"
        seen.validators = {
            ask: value
            for ask, said in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
            if (value := header(response, said)) and here == url
        }
    elif status in (408, 429) or status >= 500:
        seen.fault = f"HTTP {status}"
    else:
        seen.verdict, seen.reason = "refused", f"HTTP {status}"


def judged(before: Mapping[str, Any], seen: Seen, when: str, *, ours: bool) -> dict[str, Any]:
    """What is known of an address after a night. `ours`: that most hosts gave no answer was no fault of theirs."""
    if seen.fault:
        faults = before.get("faults", 0) + (0 if ours else 1)
        if faults < NIGHTS_TO_DEATH:
            silent = {"faults": max(1, faults), "fault": seen.fault, "silent_since": before.get("silent_since", when)}
            return {"verdict": "unknown", **before, **silent}
        since = before.get("silent_since", when)
        return {"verdict": "dead", "reason": seen.fault, "faults": faults, "checked_at": when, "since": since,
                "silent_since": since}  # fmt: skip
    same = before.get("verdict") == seen.verdict
    return {
        "verdict": seen.verdict,
        "status": seen.status,
        "final": seen.final if seen.verdict == "moved" else None,
        "reason": seen.reason,
        "validators": seen.validators or (before.get("validators", {}) if seen.status == 304 else {}),
        "archive": [seen.archive.file, seen.archive.record_id, seen.archive.offset] if seen.archive else None,
        "checked_at": when,
        "since": before.get("since") if same else when,
    }


def host(url: str) -> str:
    return urlsplit(url).netloc.lower()


def plain(url: str) -> str:
    """An address without what says nothing about where the page lies."""
    parts = urlsplit(url)
    return f"{(parts.hostname or '').removeprefix('www.')}{parts.path.rstrip('/')}?{parts.query}"


def header(response: Response, name: str) -> str:
    return (response.headers.get(name) or b"").decode("latin-1")


def health(folder: Path, state: State) -> list[LinkHealth]:
    """Every link of the index: of the web as it was asked, of the services as the plan of a night learned it."""
    known, entries = state.links(), state.entries()
    places: Places = defaultdict(list)
    for url, where in index_links(folder):
        places[url].append(where)
    found = []
    for url, at in sorted(places.items()):
        target = place(url)
        if target is None:
            found.append(of_web(url, tuple(at), known.get(url, {})))
            continue
        prints = (entries[e].reads.get(target.target) for e, _ in at if e in entries)
        found.append(of_service(url, target.target, tuple(at), next((p for p in prints if p), None)))
    return found


def of_web(url: str, places: tuple[tuple[str, str], ...], known: Mapping[str, Any]) -> LinkHealth:
    archive = known.get("archive")
    return LinkHealth(
        url, known.get("verdict", "unknown"), places, known.get("status"), known.get("final"),
        known.get("reason") or known.get("fault", ""), known.get("checked_at"), known.get("since"),
        ArchivePosition(*archive) if archive else None,
    )  # fmt: skip


def of_service(
    url: str, target: str, places: tuple[tuple[str, str], ...], known: Mapping[str, Any] | None
) -> LinkHealth:
    name = target.rpartition(":")[2]
    if known is None:
        return LinkHealth(url, "unknown", places)
    if known.get("gone"):
        return LinkHealth(url, "removed", places, reason="not listed, or private")
    if str(known.get("name", name)).lower() != name.lower():
        return LinkHealth(url, "renamed", places, final=known["name"])
    if "disabled" in known.get("flags", ()):
        return LinkHealth(url, "removed", places, reason="disabled by the service")
    return LinkHealth(url, "gated" if "gated" in known.get("flags", ()) else "ok", places)
