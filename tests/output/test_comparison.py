"""Each statement that people made of a few releases is made by a record of a fresh crawl.

The tables in `comparison/` hold the statements in our words. `demo.tsv` is of the release that ships with the project;
`posts.tsv` of DeepSeek-R1, OLMo and Llama 3.1, as the index's entries and the post on how open DeepSeek is
(https://osai-index.eu/news/deepseek/) have it. These are crawled over a replay of the real repositories, where both are
there: OSAI_EVIDENCE_CORPUS (with `tools/replay.py`) and OSAI_EVIDENCE_REPOSITORIES (a folder of bare git repositories
named owner+name). Two releases do not name their paper: one statement is asked of a crawl of the index entry, one of a
crawl `with` a key for Semantic Scholar, whose place a stand-in takes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.comparison import speaks, statements
from output.run import System, load_run
from tests.crawler.loopback import Answer, Asked, Loopback

TABLES = Path(__file__).with_name("comparison")
POSTS = statements(TABLES / "posts.tsv")
SERVICES = {
    "HF_ENDPOINT": "hf",
    "GITHUB_API_URL": "github-api",
    "GITHUB_RAW_URL": "raw",
    "GITHUB_CODELOAD_URL": "codeload",
    "ARXIV_API_URL": "arxiv-api",
    "ARXIV_URL": "arxiv",
    "OPENALEX_URL": "openalex",
}


def crawled(out: Path, *arguments: str, environ: dict[str, str] | None = None) -> System:
    command = [sys.executable, "-m", "crawler", *arguments, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ | (environ or {}))
    assert done.returncode == 0, done.stderr[-2000:]
    (system,) = load_run(out).systems
    return system


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> System:
    return crawled(tmp_path_factory.mktemp("demo") / "run", "demo")


def check(system: System, row: dict[str, str]) -> None:
    """A statement is made, or known not to be and still is not."""
    if row["missing"]:
        assert speaks(system, row) is None, "reproduced now: clear the column `missing`"
        pytest.skip(f"not reproduced: {row['missing']}")
    assert speaks(system, row), f"no record says: {row['statement']}"


@pytest.mark.parametrize("row", statements(TABLES / "demo.tsv"), ids=lambda row: row["statement"])
def test_the_demo_release(demo: System, row: dict[str, str]) -> None:
    check(demo, row)


def test_a_false_statement_is_not_reproduced(demo: System) -> None:
    row = statements(TABLES / "demo.tsv")[3]
    assert speaks(demo, row | {"outcome": "error"}) is None
    assert speaks(demo, row | {"says": "no such words"}) is None


@pytest.fixture(scope="module")
def replay(corpus: Path) -> Iterator[dict[str, str]]:
    """Addresses of a server that replays real repositories, as environment variables."""
    repositories = os.environ.get("OSAI_EVIDENCE_REPOSITORIES")
    if not repositories:
        pytest.skip("OSAI_EVIDENCE_REPOSITORIES is not set: the real repositories are not here to crawl")
    texts, program = corpus / "corpus", str(corpus / "tools" / "replay.py")
    folders = ["--git", repositories, "--hub", str(texts / "hub"), "--arxiv", str(texts / "arxiv")]
    command = [sys.executable, program, *folders, "--port", "0", "--max-seconds", "600"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    port = re.search(r"\d+", server.stdout.readline())
    assert port is not None
    yield {name: f"http://127.0.0.1:{port[0]}/{path}" for name, path in SERVICES.items()}
    server.stdout.close()
    server.kill()
    server.wait()


@pytest.fixture(scope="module")
def semantic_scholar() -> Iterator[dict[str, str]]:
    """A stand-in that tells what Semantic Scholar has on OLMo's report, in the form of its documentation."""
    known = json.loads((TABLES / "semantic_scholar.json").read_text("utf-8"))

    def script(asked: Asked) -> Answer:
        papers = [known.get(ident) for ident in json.loads(asked.body)["ids"]]
        return Answer(body=json.dumps(papers).encode(), headers={"Content-Type": "application/json"})

    with Loopback(script) as server:
        yield {"SEMANTIC_SCHOLAR_URL": server.base, "S2_API_KEY": "key-of-this-test"}


@pytest.fixture(scope="module")
def systems(
    replay: dict[str, str], semantic_scholar: dict[str, str], corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], System]:
    """Each release by itself, and where a statement wants more: read from its entry, or with a look-up of papers."""
    folder = tmp_path_factory.mktemp("real")
    found = {}
    for n, (name, also) in enumerate(dict.fromkeys((row["system"], row["with"]) for row in POSTS)):
        asked = str(corpus / "index" / "entries" / also) if also.endswith(".yaml") else name
        more = semantic_scholar if also == "semantic-scholar" else {}
        found[name, also] = crawled(folder / str(n), "crawl", asked, environ=replay | more)
    return found


@pytest.mark.parametrize("row", POSTS, ids=lambda row: f"{row['system'].rpartition('/')[2]}: {row['statement']}")
def test_what_maintainers_said(systems: dict[tuple[str, str], System], row: dict[str, str]) -> None:
    check(systems[row["system"], row["with"]], row)
