"""Links of entries that lead elsewhere: what the host says, and what is only a fault of the night."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from crawler.nightly.links import Seen, due, judged, plain, web_links
from tests.crawler.nightly.conftest import Place

PAGES: dict[str, tuple[int, dict[str, str]]] = {
    "/web/fine": (200, {"ETag": '"1"'}),
    "/web/gone": (404, {}),
    "/web/old": (301, {"Location": "/web/new"}),
    "/web/new": (200, {}),
    "/web/short": (302, {"Location": "/web/fine"}),
    "/web/members": (302, {"Location": "/web/login?next=members"}),
    "/web/login": (200, {}),
    "/web/stumbles": (500, {}),
    "/web/no-head": (200, {"No-HEAD": "1"}),
    "/web/bots": (403, {}),
    "/web/private": (200, {}),
}
FIRST = {
    "fine": "ok", "gone": "removed", "old": "moved", "short": "ok", "members": "gated", "stumbles": "unknown",
    "no-head": "ok", "bots": "refused", "private": "refused",
}  # fmt: skip


def health(place: Place) -> dict[str, dict[str, Any]]:
    links = json.loads((place.out / "latest/links.json").read_text())
    return {link["url"].rpartition("/")[2]: link for link in links}


def add_links(place: Place) -> str:
    """Entry 2 links to every page; the address of their host."""
    base = place.services.environ["HF_ENDPOINT"].removesuffix("/hf")
    links = "".join(f"\n        - {base}{path}" for path in PAGES if path not in ("/web/new", "/web/login"))
    entry = place.index / "Lumen-2.yaml"
    more = f"datasheet:\n    class: open\n    link:{links}\n        - http://no-such-host.invalid/x\n"
    entry.write_text(entry.read_text() + more)
    return base


def test_what_a_host_says_and_what_is_only_a_fault(place: Place) -> None:
    base = add_links(place)
    place.world.web = dict(PAGES)
    place.world.robots = "User-agent: *\nDisallow: /web/private\n"
    status, summary, said = place.night("--links-every", "1")
    assert status == 0, said
    found = health(place)
    assert {name: found[name]["verdict"] for name in FIRST} == FIRST
    assert found["x"]["verdict"] == "unknown"
    assert "could not be found" in found["x"]["reason"]
    assert found["old"]["final"] == f"{base}/web/new"
    assert found["Lumen-2"]["verdict"] == "ok"  # of the Hub, known without a request
    pages = [path for path in place.services.asked if path.startswith("/web/")]
    assert "/web/private" not in pages
    assert pages.count("/web/fine") == 2  # its own address and the short one
    assert summary["link_requests"] >= len(pages) + 1
    assert not any("127.0.0.1" in where for where in summary["requests"])

    # the next night: one page is gone, one has recovered; a page that did not change costs an answer without a body
    place.world.web |= {"/web/fine": (410, {}), "/web/stumbles": (200, {}), "/web/gone": (200, {})}
    place.world.hub["lab2/Renamed"] = place.world.hub.pop("lab2/Lumen-2")
    place.world.moved["lab2/Lumen-2"] = "lab2/Renamed"
    status, _, said = place.night("--links-every", "1")
    assert status == 0, said
    found = health(place)
    assert [found[name]["verdict"] for name in ("fine", "stumbles", "gone", "Lumen-2")] == [
        "removed", "ok", "ok", "renamed",
    ]  # fmt: skip
    changes = json.loads((place.out / "latest/changes.json").read_text())
    said_of = {c["target"]: (c["old"], c["new"]) for c in changes if c["kind"] == "link"}
    assert said_of[f"{base}/web/fine"] == ("ok", "removed")
    assert f"{base}/web/stumbles" not in said_of

    # people are told
    told = CliRunner().invoke(cli, ["lint", "--index", str(place.index), "--run", str(place.out / "latest"), "--all"])
    assert f"{base}/web/fine: the host says that it is not there (HTTP 410)" in told.output
    assert "renamed, to lab2/Renamed" in told.output
    assert "no-such-host" not in told.output
    report = CliRunner().invoke(cli, ["report", str(place.out / "latest"), "--out", str(place.out / "site")])
    assert report.exit_code == 0, report.output
    assert "the host says that it is not there" in (place.out / "site/index.html").read_text()


def test_a_silent_host_is_dead_after_some_nights_only() -> None:
    known: dict[str, Any] = {"verdict": "ok", "since": "2026-01-01T00:00:00Z"}
    verdicts = []
    for day in range(1, 5):
        known = judged(known, Seen(fault="no answer in time"), f"2026-02-0{day}T00:00:00Z", ours=day == 1)
        verdicts.append(known["verdict"])
    assert verdicts == ["ok", "ok", "dead", "dead"]
    assert known["since"] == "2026-02-01T00:00:00Z"
    known = judged(known, Seen("ok", 200), "2026-02-09T00:00:00Z", ours=False)
    assert (known["verdict"], known["since"], known.get("faults")) == ("ok", "2026-02-09T00:00:00Z", None)


def test_a_night_in_which_most_hosts_are_silent_counts_for_none() -> None:
    known: dict[str, Any] = {"verdict": "ok"}
    for _ in range(9):
        known = judged(known, Seen(fault="the host name could not be found"), "2026-02-01T00:00:00Z", ours=True)
    assert known["verdict"] == "ok"


def test_each_address_is_due_once_in_some_nights_and_at_once_where_in_doubt() -> None:
    links = [f"https://example.org/{n}" for n in range(70)]
    known: dict[str, dict[str, Any]] = {link: {"verdict": "ok"} for link in links}
    nights = [due(links, known, night, 7) for night in range(7)]
    assert sorted(link for night in nights for link in night) == sorted(links)
    assert max(map(len, nights)) < 25
    known[links[0]] = {"verdict": "ok", "faults": 1}
    assert all(links[0] in due(links, known, night, 7) for night in range(7))
    assert due(["https://example.org/new"], known, 1, 7) == ["https://example.org/new"]
    assert due(["https://example.org/new"], known, 1, 0) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://www.example.org/a/", "https://example.org/a", True),
        ("https://example.org/a", "https://example.org/b", False),
        ("https://example.org/a?b=1", "https://example.org/a?b=2", False),
    ],
)
def test_what_counts_as_the_same_page(one: str, other: str, same: bool) -> None:
    assert (plain(one) == plain(other)) is same


def test_only_addresses_of_the_web_that_no_service_has(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "system:\n    name: a\n    link: https://example.org/x\npaper:\n    link:\n        - https://arxiv.org/abs/2501.00001\n"
        "        - https://example.org/x\n        - ftp://example.org\n        - https://huggingface.co/blog/a\n"
    )
    assert web_links(tmp_path) == {
        "https://example.org/x": [("a", "system"), ("a", "paper")],
        "https://huggingface.co/blog/a": [("a", "paper")],
    }
