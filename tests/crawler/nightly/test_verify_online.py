"""`verify --online` against services that changed since."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from tests.crawler.nightly.conftest import Place


def verify(place: Place, **environ: str) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "verify", "--online", "--json"]
    process = subprocess.run(
        [*command, str(place.out / "latest")],
        env={**os.environ, **place.services.environ, **environ},
        capture_output=True,
        text=True,
        timeout=400,
    )
    return process.returncode, json.loads(process.stdout) if process.stdout else {}, process.stderr


def test_verdicts_tell_what_still_holds(place: Place) -> None:
    for n in (1, 2):
        place.world.git[f"lab{n}/lumen-{n}"]["README.md"] += f"\nLumen-{n} was trained on 64 NVIDIA A100 GPUs.\n"
    assert place.night()[0] == 0

    # nothing changed: what the services say of blobs and heads settles every file, none is fetched
    place.services.take()
    status, found, said = verify(place)
    asked = list(place.services.asked)
    assert (status, found["today"]) == (0, {"still true": found["quotes"]}), said
    assert not [path for path in asked if "/resolve/" in path or path.startswith("/raw/")]
    assert len(asked) == sum(found["requests"].values()) < found["sources"]

    # a card is longer at its top, a repository of the Hub is gone, one of GitHub says something else, one lost a file
    card = place.world.hub["lab2/Lumen-2"]
    card["README.md"] = "Some words before.\n\n" + card["README.md"].partition("---\n")[2].partition("---\n")[2]
    del place.world.hub["lab0/Lumen-3"]
    place.world.git["lab1/lumen-1"] = {"README.md": "# lumen-1\n\nTrained on 64 GPUs.\n"}
    del place.world.git["lab2/lumen-2"]["README.md"]
    status, found, said = verify(place)
    assert status == 1, said
    for verdict in ("still true", "moved", "changed", "gone"):
        assert found["today"][verdict] > 0
    assert found["pinned"]["bytes differ"] > 0  # this Hub forgets old revisions
    assert found["quotes"] == sum(found["today"].values())
    raw = {fault["today"] for fault in found["faults"] if fault["url"].startswith("https://raw.githubusercontent.com/")}
    assert raw == {"changed", "gone"}

    # without a token GitHub answers no batch: its files are asked for one by one, with the same verdicts
    assert verify(place, GITHUB_TOKEN="")[1]["today"] == found["today"]


def test_a_wrong_token_is_no_verdict(place: Place) -> None:
    assert place.night()[0] == 0
    status, found, said = verify(place, HF_TOKEN="expired")
    assert (status, found) == (2, {})
    assert "HF_TOKEN" in said
