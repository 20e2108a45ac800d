"""What may be asked with a token, shared by all processes of a night through the state.

A process draws a few requests at a time and spends them within seconds; what it did not spend it gives back with the
next draw. A process that was killed has spent all it drew, so a budget is never exceeded, wherever its window begins.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml
from scrapy import Request
from scrapy.http import Response

from crawler.session import session_of
from crawler.state import Limit, State
from crawler.streaming import StreamingHandler
from output.data_files import load
from spiders.addresses import Addresses, Service

DEFAULT = Path(__file__).with_name("budgets.yaml")
LONGEST_FRESH = 10.0
DRAWS_PER_LIMIT = 100
CONNECTION_SECONDS = 180.0
LONGEST_SLEEP = 30.0


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`connections`: how many requests may be under way at once, over all processes."""

    limits: tuple[Limit, ...]
    connections: int | None = None

    @property
    def fresh(self) -> float:
        """Seconds within which a drawn request goes out, or is drawn again."""
        return min(LONGEST_FRESH, min(limit.seconds for limit in self.limits) / 10)

    @property
    def at_once(self) -> int:
        return 1 if self.connections else max(1, min(limit.requests for limit in self.limits) // DRAWS_PER_LIMIT)


class BudgetsError(ValueError):
    """The file of budgets cannot be used."""


def read_budgets(path: Path | None = None) -> dict[str, Budget]:
    """The budgets that come with the program, those of a file in their place."""
    found: dict[str, Budget] = {}
    for one in (DEFAULT, path):
        if one is None:
            continue
        try:
            found |= load(one, dict[str, Budget])
        except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
            raise BudgetsError(f"{one}: {error}") from error
    return found


def name_of(service: Service, url: str) -> str:
    """The budget that a request counts in."""
    if service.name == "hub" and "/resolve/" in url:
        return "hub-files"
    return service.slot if service.slot == "arxiv" else service.name


@dataclass
class Drawn:
    number: int
    count: int
    until: float  # of the monotonic clock
    spent: int = 0

    @property
    def left(self) -> int:
        return self.count - self.spent if time.monotonic() < self.until else 0


class Purse:
    """What this process has drawn."""

    def __init__(self, state: State, owner: str, budgets: Mapping[str, Budget], addresses: Addresses) -> None:
        self.state = state
        self.owner = owner
        self.budgets = budgets
        self.addresses = addresses
        self.drawn: dict[str, Drawn] = {}
        self.locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def key_of(self, service: Service, name: str) -> str:
        """A budget belongs to a token; the state holds its hash only."""
        token = self.addresses.tokens.get(service.name, "")
        return f"{name}:{hashlib.sha256(token.encode()).hexdigest()[:16] if token else 'anonymous'}"

    @asynccontextmanager
    async def request(self, url: str) -> AsyncIterator[None]:
        """One request under way; waits until there is one to spend."""
        service = self.addresses.asked_service(url)
        name = name_of(service, url) if service else ""
        budget = self.budgets.get(name)
        if service is None or budget is None:
            yield
            return
        key = self.key_of(service, name)
        number = await self.spend(key, budget)
        try:
            yield
        finally:
            if budget.connections:
                self.state.give_back(number, 1)

    async def spend(self, key: str, budget: Budget) -> int:
        async with self.locks[key]:
            while True:
                drawn = self.drawn.get(key)
                if drawn is not None and drawn.left:
                    drawn.spent += 1
                    return drawn.number
                wait = self.draw(key, budget)
                if wait:
                    await asyncio.sleep(min(wait, LONGEST_SLEEP))

    def draw(self, key: str, budget: Budget) -> float:
        """Draw anew; seconds to wait where nothing may be drawn now."""
        if (old := self.drawn.pop(key, None)) is not None and not budget.connections:
            self.state.give_back(old.number, old.spent)
        start = time.monotonic()
        number, count, wait = self.state.draw(
            key, self.owner, budget.limits, budget.at_once, budget.fresh, budget.connections,
            CONNECTION_SECONDS if budget.connections else 0.0,
        )  # fmt: skip
        if count:
            self.drawn[key] = Drawn(number, count, start + budget.fresh)
        return wait

    def hold(self, url: str, seconds: float) -> None:
        """A service asked to wait: nobody draws with this token until then."""
        service = self.addresses.asked_service(url)
        if service is not None and (name := name_of(service, url)) in self.budgets:
            self.state.hold(self.key_of(service, name), seconds)

    def close(self) -> None:
        for drawn in self.drawn.values():
            self.state.give_back(drawn.number, drawn.spent)
        self.drawn.clear()


class BudgetHandler(StreamingHandler):
    """The last place before a request leaves: what waits in a slot's queue is not counted too early."""

    async def download_request(self, request: Request) -> Response:
        purse = session_of(self.crawler).purse
        if purse is None:
            return await super().download_request(request)
        async with purse.request(request.url):
            return await super().download_request(request)
