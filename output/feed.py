"""What changed, for people and their readers: a page, an Atom feed (RFC 4287), JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

HOMEPAGE = "https://osai-index.eu"
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MARKS = {
    "appeared": "new",
    "vanished": "gone",
    "changed": "changed",
    "lost_sight": "could not look now",
    "seen_again": "could look again",
    "taken_down": "training code taken down",
    "added": "training code added",
}
FEED_LIMIT = 200


def text(value: object) -> str:
    """Any text as characters that XML allows, escaped."""
    return escape(NOT_XML.sub(" ", str(value)), {'"': "&quot;"})


def sentence(change: Mapping[str, Any]) -> str:
    """One change in one line of plain text."""
    kind = change.get("kind", "")
    if kind == "candidate":
        return f"new release of an organisation in the index: {change.get('target')}"
    if kind == "entry_read":
        return f"read for the first time, {change.get('records')} records"
    if kind == "link":
        to = f", now {change['final']}" if change.get("final") else ""
        return f"link {change.get('target')}: {change.get('old') or 'new'} → {change.get('new')}{to}"
    old, new = change.get("old"), change.get("new")
    said = f"{old} → {new}" if old and new else new or old
    return f"{MARKS.get(kind, kind)}: {change.get('parameter')}: {said}"


def by_entry(changes: Iterable[Mapping[str, Any]]) -> list[tuple[int, str, list[Mapping[str, Any]]]]:
    """Night, entry (`index` for what belongs to none) and its changes, the latest night first."""
    ordered = sorted(changes, key=lambda c: (-c["run"], c["entry"]))
    return [
        (run, entry or "index", list(group))
        for (run, entry), group in groupby(ordered, key=lambda c: (c["run"], c["entry"]))
    ]


def atom(changes: Iterable[Mapping[str, Any]], nights: Mapping[int, Mapping[str, str]], updated: str) -> str:
    """One Atom entry per night and entry of the index. `nights`: number → `{id, started_at}`."""
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<id>{HOMEPAGE}/evidence/changes</id>\n<title>Changes in the evidence on open AI models</title>\n"
        f"<updated>{updated}</updated>\n<author><name>osai-evidence</name></author>\n"
    ]
    for run, entry, group in by_entry(changes)[:FEED_LIMIT]:
        night = nights[run]
        lines = "".join(f"<li>{text(sentence(c))}</li>" for c in group)
        parts.append(
            f"<entry>\n<id>urn:osai-evidence:{text(night['id'])}:{text(re.sub(r'[^A-Za-z0-9.-]+', '-', entry))}</id>\n"
            f"<title>{text(entry)}: {len(group)} change{'s' if len(group) > 1 else ''}</title>\n"
            f"<updated>{night['started_at']}</updated>\n"
            f'<content type="html">{text(f"<ul>{lines}</ul>")}</content>\n</entry>\n'
        )
    return "".join([*parts, "</feed>\n"])


def page(changes: Iterable[Mapping[str, Any]], title: str) -> str:
    """A page without scripts: what changed per entry, and why it was read again."""
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{text(title)}</title><style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
        "padding:0 1rem}li{margin:.3rem 0}.why{color:#555}</style></head><body>"
        f"<h1>{text(title)}</h1>\n"
    ]
    groups = by_entry(changes)
    for _, entry, group in groups:
        why = "; ".join(dict.fromkeys(w for c in group for w in c.get("because") or ()))
        parts.append(f"<h2>{text(entry)}</h2>\n")
        parts.append(f'<p class="why">Read because: {text(why)}</p>\n' if why else "")
        parts.append("<ul>" + "".join(f"<li>{text(sentence(c))}</li>\n" for c in group) + "</ul>\n")
    if not groups:
        parts.append("<p>Nothing changed.</p>\n")
    return "".join([*parts, "</body></html>\n"])
