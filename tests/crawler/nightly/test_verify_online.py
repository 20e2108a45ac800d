"""`verify --online` against services that changed since."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.crawler.nightly.conftest import Place


def test_verdicts_tell_what_still_holds(place: Place) -> None:
    assert place.night()[0] == 0
    card = place.world.hub["lab2/Lumen-2"]
    card["README.md"] = "Some words before.\n\n" + card["README.md"].partition("---\n")[2].partition("---\n")[2]
    del place.world.hub["lab0/Lumen-3"]
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "verify", "--online", "--json"]
    process = subprocess.run(
        [*command, str(place.out / "latest")],
        env={**os.environ, **place.services.environ},
        capture_output=True,
        text=True,
        timeout=400,
    )
    found = json.loads(process.stdout)
    assert process.returncode == 1, process.stderr
    assert found["today"]["still true"] > 0
    assert found["today"]["moved"] > 0
    assert found["today"]["gone"] > 0
    assert found["pinned"]["bytes differ"] > 0  # this Hub forgets old revisions
    assert found["quotes"] == sum(found["today"].values())
