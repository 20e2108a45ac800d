"""The command line in a process whose clock jumps, or whose patience is short.

python -m tests.crawler.nightly.odd '{"jump": 86400, "after": 2, "timeout": 2, "give_up": 3}' nightly --index …
"""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import crawler.nightly.night
import crawler.pace
import crawler.settings
import crawler.state
from crawler.cli import cli


def jump(seconds: float, after: float) -> None:
    """Let the wall clock be wrong from then on."""
    real = time.time

    def wrong() -> float:
        return real() + seconds

    def wrong_now() -> str:
        return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def strike() -> None:
        time.time = wrong
        crawler.state.now = crawler.nightly.night.now = wrong_now

    threading.Timer(after, strike).start()


def main() -> None:
    how = json.loads(sys.argv[1])
    if "jump" in how:
        jump(how["jump"], how["after"])
    if "give_up" in how:
        crawler.pace.GIVE_UP_SECONDS = how["give_up"]
    if "timeout" in how:
        settings = crawler.settings.settings
        crawler.nightly.night.settings = lambda **more: settings(**{"DOWNLOAD_TIMEOUT": how["timeout"], **more})
    cli(sys.argv[2:])


if __name__ == "__main__":
    main()
