"""How the links of index entries fare: `links.json` of a night, for `lint` and the report."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from output.record import ArchivePosition
from output.run import RunError

Verdict = Literal["ok", "moved", "renamed", "gated", "removed", "dead", "refused", "unknown"]
WORDS: dict[Verdict, str] = {
    "ok": "answers",
    "moved": "moved for good",
    "renamed": "renamed",
    "gated": "asks for a login or consent",
    "removed": "the host says that it is not there",
    "dead": "the host has not answered in several nights",
    "refused": "the host does not answer programs",
    "unknown": "could not be looked at yet",
}
TROUBLE: tuple[Verdict, ...] = ("removed", "dead", "moved", "renamed", "gated")


class LinkHealth(msgspec.Struct, frozen=True, omit_defaults=True):
    """One address that entries link to. Times are UTC; `since` is when the verdict was first true."""

    url: str
    verdict: Verdict
    places: tuple[tuple[str, str], ...]  # entry and block
    status: int | None = None
    final: str | None = None  # where it leads now
    reason: str = ""
    checked_at: str | None = None
    since: str | None = None
    archive: ArchivePosition | None = None

    @property
    def sentence(self) -> str:
        """The verdict in words, with where it leads and since when."""
        said = WORDS[self.verdict]
        said += f", to {self.final}" if self.final and self.verdict in ("moved", "renamed") else ""
        said += f" ({self.reason})" if self.reason else ""
        return said + (f", since {self.since[:10]}" if self.since else "")


def read_links(run: Path) -> list[LinkHealth]:
    """Links of a run folder, none where it was no night. Raises RunError."""
    path = run / "links.json"
    if not path.is_file():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[LinkHealth])
    except msgspec.MsgspecError as error:
        raise RunError(f"{path}: {error}") from error


def troubled(links: Iterable[LinkHealth]) -> list[LinkHealth]:
    """Those that somebody should look at, the worst first."""
    return sorted((x for x in links if x.verdict in TROUBLE), key=lambda x: (TROUBLE.index(x.verdict), x.url))
