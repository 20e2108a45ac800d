"""Behaviour on the wire, each contract against a loopback server through the real settings of the crawler."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.streaming import OnDisk
from tests.crawler.loopback import Answer, Asked, Loopback

ROOT = Path(__file__).parents[2]
ALLOW = Answer(body=b"User-agent: *\nAllow: /\n")


def probe(tmp_path: Path, asks: list[dict[str, Any]], **environ: str) -> list[dict[str, Any]]:
    """Results of the probe process, the last one what it listened on."""
    clean = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.crawler.probe", str(tmp_path / "run"), json.dumps(asks)],
        cwd=ROOT, env={**clean, **environ}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results


def service(base: str) -> dict[str, Any]:
    """Meta of a request to the Hub's interface."""
    return {"osai_service": "hub", "download_slot": "huggingface", "dont_obey_robotstxt": True}


def test_no_port_is_opened(tmp_path: Path) -> None:
    with Loopback(lambda asked: Answer()) as server:
        results = probe(tmp_path, [{"url": server.base + "/x", "meta": service(server.base)}], HF_ENDPOINT=server.base)
    assert results[0]["status"] == 200
    assert results[-1] == {"listening": []}


def test_robots_holds_back_every_request_while_it_is_on_its_way(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        if asked.path == "/robots.txt":
            return Answer(body=b"User-agent: *\nDisallow: /private\n", delay=0.4)
        return Answer()

    with Loopback(script) as server:
        asks = [{"url": f"{server.base}/private/{n}"} for n in range(5)] + [{"url": server.base + "/public"}]
        results = probe(tmp_path, asks, HF_ENDPOINT=server.base)
        assert sorted(server.paths()) == ["/public", "/robots.txt"]
    assert [r.get("message") for r in results[:5]] == ["Forbidden by robots.txt"] * 5
    assert results[5]["status"] == 200


@pytest.mark.parametrize(("status", "allowed"), [(500, False), (503, False), (404, True), (403, True)])
def test_robots_that_cannot_be_read(tmp_path: Path, status: int, allowed: bool) -> None:
    def script(asked: Asked) -> Answer:
        return Answer(status) if asked.path == "/robots.txt" else Answer()

    with Loopback(script) as server:
        results = probe(tmp_path, [{"url": server.base + "/page"}], HF_ENDPOINT=server.base)
        assert ("/page" in server.paths()) is allowed
    assert (results[0].get("status") == 200) is allowed


def test_crawl_delay_is_kept(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        return Answer(body=b"User-agent: *\nCrawl-delay: 1.2\n") if asked.path == "/robots.txt" else Answer()

    with Loopback(script) as server:
        probe(tmp_path, [{"url": f"{server.base}/{n}"} for n in range(3)], HF_ENDPOINT=server.base)
        times = [asked.at for asked in server.log if asked.path != "/robots.txt"]
    assert all(later - earlier > 1.1 for earlier, later in itertools.pairwise(times))


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(lambda: Answer(429, headers={"Retry-After": "2"}), id="429 with Retry-After"),
        pytest.param(lambda: Answer(503, headers={"Retry-After": "2"}), id="503 with Retry-After"),
        pytest.param(lambda: Answer(429, headers={"RateLimit": '"api";r=0;t=2'}), id="RateLimit of the Hub"),
        pytest.param(
            lambda: Answer(403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 1)}),
            id="403 of GitHub",
        ),
    ],
)
def test_a_limit_holds_the_whole_service_and_then_goes_on(tmp_path: Path, refusal: Any) -> None:
    def script(asked: Asked) -> Answer:
        return refusal() if asked.path == "/0" and asked.number == 0 else Answer()

    with Loopback(script) as server:
        asks = [{"url": f"{server.base}/{n}", "meta": service(server.base)} for n in range(6)]
        results = probe(tmp_path, asks, HF_ENDPOINT=server.base)
        refused = server.log[0].at
        later = [asked.at - refused for asked in server.log[1:]]
    assert [r["status"] for r in results[:6]] == [200] * 6
    # what was already on the wire when the refusal came may have gone out; nothing else before the pause is over
    waited = [gap for gap in later if gap > 0.35]
    assert waited
    assert min(waited) > 0.9


def test_a_spent_budget_is_noticed_before_it_is_refused(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        return Answer(headers={"RateLimit": '"api";r=0;t=2'} if asked.path == "/0" else {})

    with Loopback(script) as server:
        asks = [{"url": f"{server.base}/{n}", "meta": service(server.base)} for n in range(5)]
        probe(tmp_path, asks, HF_ENDPOINT=server.base)
        gaps = [asked.at - server.log[0].at for asked in server.log]
    assert not [gap for gap in gaps if 0.5 < gap < 1.5]
    assert max(gaps) > 1.5


def test_a_cut_body_is_asked_again(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        return Answer(body=b"x" * 5000, cut_after=100 if asked.number == 0 else None)

    with Loopback(script) as server:
        results = probe(tmp_path, [{"url": server.base + "/x", "meta": service("")}], HF_ENDPOINT=server.base)
        assert len(server.log) == 2
    assert results[0]["size"] == 5000


def test_a_token_goes_to_its_service_and_nowhere_else(tmp_path: Path) -> None:
    with (
        Loopback(lambda asked: Answer()) as other,
        Loopback(lambda asked: Answer(302, headers={"Location": other.base + "/stolen"})) as server,
    ):
        results = probe(
            tmp_path,
            [{"url": server.base + "/hf/x", "meta": service(""), "headers": {"X-Api-Key": "of-the-spider"}}],
            HF_ENDPOINT=server.base + "/hf", HF_TOKEN="hf_" + "a" * 30,
        )  # fmt: skip
        assert server.log[0].headers["authorization"] == "Bearer hf_" + "a" * 30
        assert "x-api-key" not in server.log[0].headers
        assert other.log == []
    assert results[0]["error"] == "IgnoreRequest"


def test_a_redirect_after_a_retry_does_not_leave_the_service(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        return Answer(503) if asked.number == 0 else Answer(302, headers={"Location": other.base + "/elsewhere"})

    with Loopback(lambda asked: Answer()) as other, Loopback(script) as server:
        results = probe(tmp_path, [{"url": server.base + "/x", "meta": service("")}], HF_ENDPOINT=server.base)
        assert len(server.log) == 2
        assert other.log == []
    assert "private address" in results[0]["message"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://localhost:1/",
        "http://[::1]:1/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/hostname",
        "ftp://example.org/x",
        "data:text/plain,x",
    ],
)
def test_private_addresses_and_other_schemes_are_refused(tmp_path: Path, url: str) -> None:
    results = probe(tmp_path, [{"url": url, "meta": {"dont_obey_robotstxt": True}}])
    assert results[0]["error"] == "IgnoreRequest"
    assert results[0]["message"].startswith("refused")


def test_a_body_over_the_cap_is_not_read(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)

    def script(asked: Asked) -> Answer:
        if asked.path == "/bomb":
            return Answer(body=bomb, headers={"Content-Encoding": "gzip"})
        return Answer(body=b"x" * 200_000)

    with Loopback(script) as server:
        meta = service("") | {"download_maxsize": 100_000}
        asks = [{"url": f"{server.base}/{name}", "meta": meta} for name in ("large", "bomb")]
        results = probe(tmp_path, asks, HF_ENDPOINT=server.base)
        assert server.paths().count("/large") == 1
    assert all("error" in r for r in results[:2]), results


def test_a_tree_comes_in_on_disk_and_is_archived_from_there(tmp_path: Path) -> None:
    """Cut first, then refused, then whole: what each try left behind is not taken for the next one's."""
    tree = os.urandom(3_000_000)

    def script(asked: Asked) -> Answer:
        if asked.path == "/empty":
            return Answer(body=b"")
        if asked.path == "/packed":
            return Answer(body=gzip.compress(b"words"), headers={"Content-Encoding": "gzip"})
        tries = [Answer(body=tree, cut_after=2_000_000), Answer(503, b"not now"), Answer(body=tree)]
        return tries[asked.number] if asked.path == "/tree" else Answer(404, b"gone")

    names = ("tree", "none", "empty", "packed")
    with Loopback(script) as server:
        meta = service("") | {"osai_to_disk": True}
        asks = [{"url": f"{server.base}/{name}", "meta": meta} for name in names]
        results = probe(tmp_path, asks, HF_ENDPOINT=server.base)
    assert [(r["status"], r["size"]) for r in results[:-1]] == [(200, 0), (404, 4), (200, 0), (200, 5)]
    found: dict[str, list[bytes]] = {name: [] for name in names}
    for path in (tmp_path / "run" / "archive").iterdir():
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                if record.rec_type == "response":
                    name = record.rec_headers.get_header("WARC-Target-URI").rpartition("/")[2]
                    found[name].append(record.content_stream().read())
    assert found == {"tree": [b"not now", tree], "none": [b"gone"], "empty": [b""], "packed": [b"words"]}


def test_a_disk_that_is_full_is_said_when_the_body_is_taken(tmp_path: Path) -> None:
    body = OnDisk(tmp_path)
    body.file.close()
    body.file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    assert body.write(b"words") == 5
    with pytest.raises(OSError, match="No space"):
        body.finished()
    body.close()


def test_cookies_and_referrers_are_not_sent(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        if asked.path == "/a":
            return Answer(302, headers={"Location": "/b?secret=1", "Set-Cookie": "a=1"})
        return Answer()

    with Loopback(script) as server:
        probe(tmp_path, [{"url": server.base + "/a", "meta": service("")}], HF_ENDPOINT=server.base)
        assert server.paths() == ["/a", "/b?secret=1"]
        assert not {"cookie", "referer"} & set(server.log[1].headers)


def test_a_page_does_not_send_the_crawl_elsewhere_by_its_markup(tmp_path: Path) -> None:
    page = Answer(body=b'<meta http-equiv="refresh" content="0; url=/other">', headers={"Content-Type": "text/html"})
    with Loopback(lambda asked: page) as server:
        probe(tmp_path, [{"url": server.base + "/page", "meta": service("")}], HF_ENDPOINT=server.base)
        assert server.paths() == ["/page"]
