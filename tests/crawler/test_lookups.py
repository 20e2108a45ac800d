"""Look-ups of peer review: what is asked of each service, with which key, and what comes of its answers."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from output.record import EvidenceRecord, load
from spiders.papers import LOOKUP_TARGET, Wanted, address_asks, database_asks, lookup_url, walk_lookups
from spiders.walk import Answer as WalkAnswer
from spiders.walk import Ask, Walk
from tests.crawler.loopback import Answer, Asked, Loopback
from tests.crawler.test_crawl import command, run_json

KEYS = {"S2_API_KEY": "s2-Key-0123456789", "OPENALEX_API_KEY": "oa-Key-9876543210"}
CARD = """# Nimbus-7B

Paper: https://arxiv.org/abs/2701.00001

Paper: https://aclanthology.org/2027.acl-long.7/

Paper: https://openreview.net/forum?id=NiMbUs1234

Paper: https://hal.science/hal-07654321v2

Paper: https://doi.org/10.5281/zenodo.7654321

## Training data

It was trained on the [cloud corpus](https://zenodo.org/records/765), a [rain dataset](https://github.com/sky/rain) and
a [wind dataset](http://127.0.0.1:9/wind).
"""
TITLE = "Nimbus: A Model of Small Weather"
FEED = f"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:o="http://a9.com/-/spec/opensearch/1.1/">
<o:totalResults>1</o:totalResults><entry><id>http://arxiv.org/abs/2701.00001v2</id><title>{TITLE}</title>
<summary>Nimbus-7B is a model.</summary></entry></feed>
"""
BIB = """@inproceedings{writer-2027-nimbus,
    title = "{N}imbus: A Model of Small Weather",
    author = "Writer, Ann  and
      Reader, Bo",
    booktitle = "Findings of the Association for Computational Linguistics: ACL 2027",
    year = "2027",
    url = "https://aclanthology.org/2027.acl-long.7/",
    doi = "10.18653/v1/2027.acl-long.7",
    abstract = "We say {\\"}more{\\"} here."
}
"""
ANSWERS: dict[str, tuple[str, Any]] = {
    "/s2/graph/v1/paper/batch": (
        "application/json",
        [{"paperId": "a1", "title": TITLE, "year": 2027, "externalIds": {"ArXiv": "2701.00001"}, "venue": "arXiv.org"}],
    ),
    "/openalex/works": (
        "application/json",
        {
            "meta": {"count": 1},
            "results": [
                {
                    "id": "https://openalex.org/W7",
                    "doi": "https://doi.org/10.48550/arxiv.2701.00001",
                    "title": TITLE,
                    "type": "article",
                    "publication_year": 2027,
                    "primary_location": {"source": {"display_name": "Meeting of Clouds", "type": "conference"}},
                }
            ],
        },
    ),
    "/acl/2027.acl-long.7.bib": ("text/plain", BIB),
    "/openreview/notes": (
        "application/json",
        {
            "notes": [
                {
                    "id": "NiMbUs1234",
                    "forum": "NiMbUs1234",
                    "content": {"title": {"value": TITLE}, "venue": {"value": "Submitted to ICLR 2027"}},
                }
            ],
            "count": 1,
        },
    ),
    "/hal/search/": (
        "application/json",
        {
            "response": {
                "numFound": 1,
                "docs": [
                    {
                        "halId_s": "hal-07654321",
                        "uri_s": "https://hal.science/hal-07654321v2",
                        "title_s": [TITLE],
                        "docType_s": "UNDEFINED",
                        "producedDateY_i": 2027,
                    }
                ],
            }
        },
    ),
    "/zenodo/records/765": (
        "application/json",
        {
            "files": [{"key": "clouds.zip", "size": 3_000_000}],
            "metadata": {"title": "Clouds", "access_right": "open", "license": {"id": "cc0-1.0"}},
        },
    ),
    "/zenodo/records/7654321": (
        "application/json",
        {
            "id": 7654321,
            "doi": "10.5281/zenodo.7654321",
            "links": {"self_html": "https://zenodo.org/records/7654321"},
            "metadata": {"title": TITLE, "publication_date": "2027-01-02", "creators": [{"name": "Writer, Ann"}]},
        },
    ),
}


def script(asked: Asked) -> Answer:
    path = asked.path.partition("?")[0]
    if path == "/hf/api/models/weather/Nimbus-7B" or path.startswith("/hf/api/models/weather/Nimbus-7B/revision"):
        facts = {"id": "weather/Nimbus-7B", "sha": "1" * 40, "siblings": [{"rfilename": "README.md", "size": 9}]}
        return Answer(body=json.dumps({**facts, "tags": ["arxiv:2701.00001"], "cardData": {}}).encode())
    if path.endswith("/README.md"):
        return Answer(body=CARD.encode(), headers={"X-Repo-Commit": "1" * 40})
    if path == "/arxiv-api/query":
        return Answer(body=FEED.encode())
    if path in ANSWERS:
        media_type, body = ANSWERS[path]
        text = body if isinstance(body, str) else json.dumps(body)
        return Answer(body=text.encode(), headers={"Content-Type": media_type})
    return Answer(404, b'{"error": "not found"}')


def crawl(folder: Path, server: Loopback, **keys: str) -> list[EvidenceRecord]:
    names = {
        "HF_ENDPOINT": "hf", "GITHUB_API_URL": "gh", "GITHUB_RAW_URL": "raw", "GITHUB_CODELOAD_URL": "tar",
        "ARXIV_API_URL": "arxiv-api", "ARXIV_URL": "arxiv", "SEMANTIC_SCHOLAR_URL": "s2", "OPENALEX_URL": "openalex",
        "ACL_ANTHOLOGY_URL": "acl", "OPENREVIEW_URL": "openreview", "HAL_URL": "hal", "ZENODO_URL": "zenodo",
    }  # fmt: skip
    addresses = {variable: f"{server.base}/{name}" for variable, name in names.items()}
    done = command("crawl", "weather/Nimbus-7B", "--out", str(folder), environ={**addresses, **keys})
    assert done.returncode in (0, 1), done.stderr
    return [load(line) for line in (folder / "evidence.jsonl").read_bytes().splitlines()]


@pytest.fixture(scope="module")
def looked_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[EvidenceRecord], list[Asked]]:
    folder = tmp_path_factory.mktemp("lookups") / "run"
    with Loopback(script) as server:
        records = crawl(folder, server, **KEYS)
        return folder, records, list(server.log)


Run = tuple[Path, list[EvidenceRecord], list[Asked]]


def test_each_service_is_asked_as_it_documents(looked_up: Run) -> None:
    _, _, log = looked_up
    asked = {a.path.partition("?")[0]: a for a in log}
    batch = asked["/s2/graph/v1/paper/batch"]
    assert json.loads(batch.body) == {"ids": ["ARXIV:2701.00001"]}
    assert batch.headers["x-api-key"] == KEYS["S2_API_KEY"]
    assert batch.headers["content-type"] == "application/json"
    works = unquote(asked["/openalex/works"].path)
    assert "filter=doi:10.48550/arxiv.2701.00001&per-page=100&" in works
    assert works.endswith(f"&api_key={KEYS['OPENALEX_API_KEY']}")
    assert asked["/openreview/notes"].path.endswith("?id=NiMbUs1234")
    assert "q=halId_s:hal-07654321&wt=json&fl=" in unquote(asked["/hal/search/"].path)
    assert "/acl/2027.acl-long.7.bib" in asked
    assert "/zenodo/records/7654321" in asked
    for path, one in asked.items():
        assert path.startswith("/s2/") or "x-api-key" not in one.headers
        assert "authorization" not in one.headers


def test_no_key_is_left_in_the_run(looked_up: Run) -> None:
    folder, records, _ = looked_up
    for path in folder.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            body += gzip.decompress(body) if path.suffix == ".gz" else b""
            assert not any(key.encode() in body for key in KEYS.values()), path
    assert any(r.source and r.source.url.startswith("https://api.openalex.org/works?filter=") for r in records)


def test_sources_stand_side_by_side(looked_up: Run) -> None:
    folder, records, _ = looked_up
    said = {
        r.value["said_by"]: (r.value["status"], r.value["venue"], r.value["track"])
        for r in records
        if r.indicator == "paper.status"
    }
    assert said == {
        "Semantic Scholar": ("preprint", None, None),
        "OpenAlex": ("published", "Meeting of Clouds", "main"),
        "ACL Anthology": ("published", "ACL", "findings"),
        "OpenReview": ("submitted", "ICLR", "main"),
        "HAL": ("preprint", None, None),
        "Zenodo": ("preprint", None, None),
    }
    archived = {r.value.get("service") or "arXiv" for r in records if r.indicator == "preprint.archived"}
    assert archived == {"arXiv", "HAL", "OpenReview", "Zenodo"}
    assert command("verify", str(folder)).returncode == 0


def test_training_data_elsewhere_is_looked_up(looked_up: Run) -> None:
    _, records, log = looked_up
    told = {r.subject.target: (r.outcome, r.statement) for r in records if r.indicator == "data.published"}
    assert told["url:https://zenodo.org/records/765"][0] == "present"
    assert "1 file, 3.0 MB, access: open, licence: cc0-1.0" in told["url:https://zenodo.org/records/765"][1]
    assert told["url:https://github.com/sky/rain"] == (
        "unavailable",
        "Training dataset rain dataset could not be reached at github.com: not there (HTTP 404).",
    )
    assert "refused: a private address" in told["url:http://127.0.0.1:9/wind"][1]
    assert sum(a.path == "/gh/repos/sky/rain" for a in log) == 1


def test_few_places_of_datasets_are_asked() -> None:
    asked: list[str] = []

    async def fetch(ask: Ask) -> WalkAnswer:
        asked.append(ask.url)
        return WalkAnswer(ask, 200)

    wanted = Wanted(datasets=tuple(f"https://a.example/{n}#{m}" for n in range(40) for m in range(2)))
    asyncio.run(walk_lookups(Walk(LOOKUP_TARGET, fetch), wanted, ()))
    assert asked == [f"https://a.example/{n}" for n in range(8)]


def test_a_service_that_fails_is_no_absence_and_one_without_a_key_is_not_asked(tmp_path: Path) -> None:
    def failing(asked: Asked) -> Answer:
        return Answer(403, b'{"message": "Forbidden"}') if asked.path.startswith("/s2") else bare(asked)

    def bare(asked: Asked) -> Answer:
        if asked.path.endswith("/README.md"):
            return Answer(body=CARD.split("\n\n")[0].encode() + b"\n\nPaper: https://arxiv.org/abs/2701.00001\n")
        return script(asked)

    with Loopback(failing) as server:
        records = crawl(tmp_path / "run", server, S2_API_KEY=KEYS["S2_API_KEY"])
        assert not [path for path in server.paths() if path.startswith("/openalex")]
    (record,) = [r for r in records if r.indicator == "paper.published"]
    assert record.outcome == "absent"
    assert "could not be asked: Semantic Scholar" in record.statement
    assert [m["what"] for m in run_json(tmp_path / "run")["misses"] if "semantic" in m["url"]] == ["paper_metadata"]


def test_a_night_of_papers_is_two_requests() -> None:
    ids = tuple(f"27{n // 100:02d}.{n % 100:05d}" for n in range(90))
    asks = list(database_asks(ids, LOOKUP_TARGET, {"semantic-scholar", "openalex"}))
    assert len(asks) == 2
    assert len(list(database_asks(ids * 2 + ids, LOOKUP_TARGET, set()))) == 0
    assert len(list(database_asks(tuple(f"2701.{n:05d}" for n in range(150)), LOOKUP_TARGET, {"openalex"}))) == 2


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("https://aclanthology.org/2024.findings-acl.762/", "https://aclanthology.org/2024.findings-acl.762.bib"),
        ("https://aclanthology.org/N19-1423.pdf", "https://aclanthology.org/N19-1423.bib"),
        ("https://openreview.net/pdf?id=XNMbTkxroF", "https://api2.openreview.net/notes?id=XNMbTkxroF"),
        ("https://zenodo.org/record/10000/files/a.pdf", "https://zenodo.org/api/records/10000"),
        ("https://example.org/2024.findings-acl.762", None),
    ],
)
def test_addresses_that_people_open(address: str, asked: str | None) -> None:
    found = lookup_url(address)
    assert (found[0] if found else None) == asked


def test_few_addresses_are_asked() -> None:
    wanted = Wanted(addresses=tuple(f"https://aclanthology.org/2024.acl-long.{n}" for n in range(40)))
    assert len(list(address_asks(wanted.addresses, LOOKUP_TARGET))) == 4
