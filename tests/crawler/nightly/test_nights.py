"""Nights from the outside, real processes and services on loopback. A night takes seconds, so tests tell stories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crawler.commands.nightly import why_read
from tests.crawler.nightly.conftest import Place


def changes_of(place: Place) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((place.out / "latest/changes.json").read_text())
    return found


def test_a_week(place: Place) -> None:
    # the first night reads everything
    status, first, said = place.night("--report")
    assert status == 0, said
    assert "Lumen-2" in Path(first["report"]).read_text()
    assert {path.stem for path in (place.out / "latest/entries").iterdir()} >= {"Lumen-1", "Lumen-2", "Lumen-3"}
    assert set(first["read"]) == {"Lumen-1", "Lumen-2", "Lumen-3"}
    before = place.evidence()
    assert len(before) > 20

    # nothing changed: an organisation, all repositories, all papers; everything is carried forward
    place.services.take()
    status, second, said = place.night()
    assert status == 0, said
    asked = place.services.take()
    assert asked == {"hf": 3, "gh": 1, "arxiv-api": 1}
    assert sum(second["requests"].values()) == asked.total()
    assert (second["read"], second["carried"]) == ({}, 3)
    assert second["tracked"] == 7  # three models, three repositories, a paper
    assert place.evidence() == before
    assert changes_of(place) == []
    history = json.loads((place.out / "history.json").read_text())
    assert [night["run"] for night in history] == [first["run"], second["run"]]
    assert (place.out / "latest").resolve().name == second["run"]

    # the Hub is down: a failure is no absence
    place.world.faults = [lambda handler, service: service == "hf" and not handler.reply({}, 418)]
    status, third, _ = place.night()
    assert status == 1
    assert set(third["not_checked"]) == {"Lumen-1", "Lumen-2", "Lumen-3"}
    assert place.evidence() == before

    # it is back; a model changed and its organisation has a new one
    place.world.faults = []
    place.world.system(1, extra="It also invents sources.", paper=True)
    place.world.system(4)
    place.services.take()
    status, fourth, said = place.night()
    assert status == 0, said
    assert list(fourth["read"]) == ["Lumen-1"]
    assert place.services.take().total() <= 5 + 10
    assert {(c["entry"], c["kind"]) for c in changes_of(place)} == {("", "candidate"), ("Lumen-1", "changed")}
    assert "lab1/Lumen-4" in (place.out / "changes.atom").read_text()
    lives = [json.loads(line) for line in (place.out / "latest/seen.jsonl").read_text().splitlines()]
    assert any(life["superseded"] for life in lives)
    assert all(life["last_seen"] >= life["first_seen"] for life in lives)
    assert {life["id"] for life in lives if not life["superseded"]} == {r["id"] for r in place.evidence()}


def test_a_name_without_an_owner_is_asked_for_under_its_owner_once_it_is_known(place: Place) -> None:
    place.world.moved["tales"] = "lab1/tales"
    place.world.datasets["lab1/tales"] = {"README.md": "# Tales\n\nOld tales.\n"}
    place.world.datasets["lab1/poems"] = {"README.md": "# Poems\n\nOld poems.\n"}
    entry = place.index / "Lumen-1.yaml"
    found = "".join(f"\n        - https://huggingface.co/datasets/{name}" for name in ("tales", "lab1/poems"))
    entry.write_text(entry.read_text() + f"datasheet:\n    class: open\n    link:{found}\n")
    status, _, said = place.night()
    assert status == 0, said
    assert "lab1/tales/resolve" in (place.out / "latest/documents.jsonl").read_text()
    place.services.take()
    status, quiet, said = place.night()
    assert (status, quiet["carried"]) == (0, 3), said
    assert place.services.take()["hf"] == 4  # three listings of models, one of datasets
    place.world.datasets["lab1/tales"]["README.md"] += "And new ones.\n"
    status, changed, said = place.night()
    assert (status, list(changed["read"])) == (0, ["Lumen-1"]), said
    assert place.services.take()["hf"] <= 4 + 10


def test_a_dry_run_keeps_nothing_and_names_the_cost(place: Place) -> None:
    hook = place.services.environ["HF_ENDPOINT"].replace("/hf", "/hook")
    entry = place.index / "Lumen-2.yaml"
    links = "".join(f"\n        - https://{page}" for page in ("a.example/1", "a.example/2", "b.example"))
    entry.write_text(entry.read_text() + f"datasheet:\n    class: open\n    link:{links}\n")
    status, summary, _ = place.night("--dry-run", "--webhook", hook)
    assert status == 0
    assert place.services.told == [summary]
    assert len(summary["read"]) == 3
    assert summary["cost"]["huggingface.co"] >= 3
    assert summary["link_cost"] == {"a.example": 3, "b.example": 2}  # with robots.txt
    assert not any("example" in path for path in place.services.asked)
    assert not place.out.exists()


def test_entries_that_are_read_for_the_same_reasons_share_a_paragraph() -> None:
    read = {f"Lumen-{n}": ["the detectors changed"] for n in range(40)} | {"Umbra": ["new"], "Penumbra": ["new"]}
    first, *lines = why_read(read)
    assert first.startswith("  40 entries, the detectors changed: Lumen-0, Lumen-1,")
    assert max(map(len, first.splitlines())) <= 118
    assert "Lumen-\n" not in first
    assert lines == ["  Umbra: new", "  Penumbra: new"]


def test_without_a_token_or_with_a_wrong_one_nothing_is_published(place: Place) -> None:
    status, _, said = place.night(GITHUB_TOKEN=None)
    assert status == 2
    assert "GITHUB_TOKEN" in said
    status, _, said = place.night(HF_TOKEN="expired")
    assert status == 2
    assert "HF_TOKEN" in said
    assert not (place.out / "latest").exists()
