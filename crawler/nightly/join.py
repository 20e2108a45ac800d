"""A process that helps with a night which another one planned: it reads what it leases, and publishes nothing."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from crawler.nightly.budget import Purse, read_budgets
from crawler.nightly.night import NightArchive, NightRun, RefusedError, crawl, need_tokens
from crawler.progress import Progress
from crawler.settings import SOFTWARE
from crawler.state import LEASE_SECONDS, Night, State
from output.record import EvidenceRecord
from pipelines.dossier import Dossier
from spiders.addresses import Addresses
from spiders.answers import Asker

LOOK_AGAIN = 1.0
WAIT_SECONDS = 900.0


@dataclass
class Helped:
    """What this process did for a night. `night` is None where none was there to be helped."""

    night: Night | None
    read: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    interrupted: bool = False


class JoinedRun(NightRun):
    """A night as a helper sees it: its plan lies in the state."""

    async def prepare(self, asker: Asker) -> None:
        self.known = self.state.entries()
        self.remember()
        self.memory.changed = frozenset(self.state.info(self.night).get("changed", ()))

    def commit(self, entry: str, dossier: Dossier, records: list[EvidenceRecord]) -> None:
        """Say first what it cost: the night may be published as soon as its last reading is there."""
        about = {
            "requests": dict(self.requests),
            "faults": dict(self.asker.faults) if self.asker else {},
            "failures": self.failures,
        }
        self.state.note_worker(self.night, self.owner, about)
        super().commit(entry, dossier, records)


def wait_for_night(state: State, seconds: float) -> Night | None:
    end = time.monotonic() + seconds
    while not (nights := state.nights("reading")):
        if time.monotonic() > end:
            return None
        time.sleep(LOOK_AGAIN)
    return nights[-1]


def join(
    out: Path,
    state_url: str,
    *,
    budgets: Path | None = None,
    lease_seconds: float = LEASE_SECONDS,
    wait: float = WAIT_SECONDS,
    addresses: Addresses | None = None,
    progress: Progress | None = None,
) -> Helped:
    """Read for the night that is under way until nothing of it is left. `out` is the folder all its processes see."""
    addresses = addresses or Addresses()
    need_tokens(addresses)
    state = State(state_url)
    try:
        night = wait_for_night(state, wait)
        if night is None:
            return Helped(None)
        owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
        archive = NightArchive(out / "archive", SOFTWARE, f"{night.id}-{owner}-")
        run = JoinedRun(state, night, archive, out, {}, {}, owner=owner, lease_seconds=lease_seconds)
        purse = Purse(state, owner, read_budgets(budgets), addresses)
        outcome = crawl(run, addresses, out / f"log-{owner}.jsonl", progress, purse)
        if outcome.fatal is not None:
            raise RefusedError(outcome.fatal)
        read = len(state.read_by(night, owner))
        return Helped(night, read, outcome.requests, outcome.failures, outcome.interrupted)
    finally:
        state.close()
