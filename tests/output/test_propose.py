"""Proposals are single lines with evidence, remembered once decided, and never a verdict by default."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from crawler.cli import cli
from output.propose import DECISIONS, EntryProposals, described, propose
from output.pull_request import Opened, PullRequestError, open_pull_request
from output.record import Parameter, Points, Searched, Source
from output.run import load_run
from tests.output.builder import COMMIT, RunBuilder, full_run
from tests.output.test_lint import GOOD

ENTRY = GOOD.replace('"Weights: MIT. Code: not released. Data: not disclosed."', "MIT, an open license.").replace(
    "    notes: Nothing on paper in this test.", "    notes:  "
)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    text = ENTRY.replace(
        "licenses:\n    class: closed\n    link:",
        "licenses:\n    class: partial\n    link: https://huggingface.co/maker/small-1",
    )
    (folder / "small.yaml").write_bytes(text.replace("\n", "\r\n").encode())
    (folder / "other.yaml").write_bytes(ENTRY.encode())
    return folder


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return full_run(tmp_path / "run", entry="small")


def made(run_folder: Path, index: Path) -> EntryProposals:
    (only,) = propose([load_run(run_folder)], index)
    return only


def command(*args: object) -> Result:
    return CliRunner().invoke(cli, ["propose", *map(str, args)])


def test_only_lines_that_evidence_speaks_to_are_proposed(run_folder: Path, index: Path) -> None:
    found = {f"{p.parameter}.{p.key}": p for p in made(run_folder, index).proposals}
    assert found["licenses.notes"].new == "Weights: other. Code: Apache-2.0. Data: not disclosed."
    assert found["licenses.link"].new.endswith("/README.md")  # type: ignore[union-attr]
    assert found["paper.notes"].new == "No peer-reviewed paper found."
    assert "modelcard.notes" not in found
    assert not [name for name in found if name.startswith(("weights_basemodel", "datasheet"))]


def test_classes_are_proposed_with_word_criterion_and_evidence_and_not_written(run_folder: Path, index: Path) -> None:
    proposals = made(run_folder, index)
    classes = [p for p in proposals.proposals if p.kind == "class"]
    assert classes
    for proposal in classes:
        assert proposal.reason.startswith("proposed: ")
        assert "criterion: " in proposal.reason
        assert proposal.evidence
    assert "+    class:" not in described(proposals)
    before = (index / "small.yaml").read_text("utf-8").count("class: ")
    assert command(run_folder, "--index", index, "--accept", "all").exit_code == 0
    after = yaml.safe_load((index / "small.yaml").read_text("utf-8"))
    assert (index / "small.yaml").read_text("utf-8").count("class: ") == before
    assert after["trainingcode"]["class"] == "closed"


def test_for_and_against_the_present_class(run_folder: Path, index: Path) -> None:
    proposals = made(run_folder, index)
    by_id = {r.id: r for r in proposals.system.records}
    (licence,) = [p for p in proposals.proposals if p.kind == "licence-notation"]
    assert {by_id[i].points for i in licence.contradicts} == {"closed"}
    assert {by_id[i].points for i in licence.supports} == {"partial"}
    assert all(i in described(proposals) for i in (*licence.contradicts, *licence.evidence))


def test_nothing_is_written_unasked(run_folder: Path, index: Path) -> None:
    before = {p.name: p.read_bytes() for p in index.iterdir()}
    assert command(run_folder, "--index", index).exit_code == 0
    assert command(run_folder, "--index", index, "--json").exit_code == 0
    assert {p.name: p.read_bytes() for p in index.iterdir()} == before


def test_accepted_lines_change_and_nothing_else(run_folder: Path, index: Path) -> None:
    before = (index / "small.yaml").read_bytes().split(b"\r\n")
    lines = made(run_folder, index).lines
    assert command(run_folder, "--index", index, "--accept", "all").exit_code == 0
    after = (index / "small.yaml").read_bytes().split(b"\r\n")
    assert len(after) == len(before)
    assert sum(a != b for a, b in zip(before, after, strict=True)) == len(lines)
    left = propose([load_run(run_folder)], index)
    assert [p for m in left for p in m.lines] == []


def test_a_class_is_written_where_a_person_accepts_it_by_id(run_folder: Path, index: Path) -> None:
    (code,) = [p for p in made(run_folder, index).proposals if (p.parameter, p.key) == ("trainingcode", "class")]
    assert command(run_folder, "--index", index, "--accept", code.id).exit_code == 0
    assert yaml.safe_load((index / "small.yaml").read_text("utf-8"))["trainingcode"]["class"] == "open"


@pytest.mark.parametrize(("option", "asked_again"), [("--reject", False), ("--later", True)])
def test_decisions_hold_until_the_source_changes(
    tmp_path: Path, run_folder: Path, index: Path, option: str, asked_again: bool
) -> None:
    (note,) = [p for p in made(run_folder, index).proposals if (p.parameter, p.key) == ("paper", "notes")]
    assert command(run_folder, "--index", index, option, note.id).exit_code == 0
    assert note.id not in [p.id for p in made(run_folder, index).proposals]
    assert json.loads((index / DECISIONS).read_text("utf-8"))[0]["content"] == note.content
    changed = RunBuilder(tmp_path / "changed", entry="small")
    source = changed.document("https://example.org/other", b"other bytes")
    changed.add("paper", "paper.published", "present", "No peer-reviewed paper found.", source=source, exact="other")
    again = propose([load_run(changed.finish())], index)
    assert any(p.key == "notes" for m in again for p in m.proposals) == asked_again


def test_an_id_that_was_not_proposed_is_refused(run_folder: Path, index: Path) -> None:
    result = command(run_folder, "--index", index, "--accept", "p1-000000000000")
    assert result.exit_code == 2
    assert "not proposed here" in result.output


def test_a_failure_proposes_nothing(tmp_path: Path, index: Path) -> None:
    run = RunBuilder(tmp_path / "failed", entry="small")
    run.add(
        "paper",
        "paper.published",
        "error",
        "Timed out.",
        source=Source("https://a.org", "https://a.org"),
        points="closed",
    )
    assert propose([load_run(run.finish())], index) == []


def test_an_absence_contradicts_no_class(tmp_path: Path, index: Path) -> None:
    text = ENTRY.replace(
        "preprint:\n    class: closed\n    link:", "preprint:\n    class: open\n    link: https://a.org"
    )
    (index / "small.yaml").write_text(text)
    run = RunBuilder(tmp_path / "absent", entry="small")
    looked = (Searched("https://example.org/card", "0" * 64, "model card"),)
    run.add("preprint", "preprint.archived", "absent", "No preprint found.", searched=looked, points="closed")
    assert propose([load_run(run.finish())], index) == []


def with_unread_part(folder: Path) -> Path:
    run = RunBuilder(folder, entry="small")
    source = run.document("https://huggingface.co/maker/small-1/resolve/x/LICENSE", b"MIT")
    words = "Weights: MIT. Code: could not be looked at (maker/train). Data: not disclosed."
    value = {"unread": ["code"]}
    run.add("licenses", "license.triple", "present", words, source=source, exact="MIT", points="partial", value=value)
    return run.finish()


def test_a_licence_note_with_an_unread_part_waits(tmp_path: Path, index: Path) -> None:
    """It is shown, says what it waits for, settles no class, and is not written with the others."""
    folder = with_unread_part(tmp_path / "unread")
    (only,) = propose([load_run(folder)], index)
    (licence,) = only.proposals
    assert (licence.kind, licence.unread) == ("licence-notation", ("code",))
    assert "code could not be looked at yet" in described(only)
    assert only.lines == ()
    before = (index / "small.yaml").read_bytes()
    assert command(folder, "--index", index, "--accept", "all").exit_code == 0
    assert (index / "small.yaml").read_bytes() == before


def test_an_unread_part_fills_no_empty_note(tmp_path: Path, index: Path) -> None:
    (index / "small.yaml").write_bytes(ENTRY.replace("notes: MIT, an open license.", "notes:").encode())
    found = propose([load_run(with_unread_part(tmp_path / "unread"))], index)
    assert [p.key for m in found for p in m.proposals if p.key != "link"] == []


def test_what_goes_against_the_class_is_decided_by_itself(run_folder: Path, index: Path) -> None:
    text = (index / "small.yaml").read_text("utf-8").replace("class: partial", "class: open")
    (index / "small.yaml").write_text(text)
    proposals = made(run_folder, index)
    (licence,) = [p for p in proposals.proposals if p.kind == "licence-notation"]
    assert licence.contrary
    assert licence not in proposals.lines
    assert command(run_folder, "--index", index, "--accept", licence.id).exit_code == 0
    assert yaml.safe_load((index / "small.yaml").read_text("utf-8"))["licenses"]["notes"] == licence.new


def test_no_note_says_of_an_open_parameter_that_nothing_was_found(run_folder: Path, index: Path) -> None:
    assert "paper.notes" in {f"{p.parameter}.{p.key}" for p in made(run_folder, index).proposals}
    text = (index / "small.yaml").read_text("utf-8").replace("paper:\n    class: closed", "paper:\n    class: open")
    (index / "small.yaml").write_text(text)
    assert "paper.notes" not in {f"{p.parameter}.{p.key}" for p in made(run_folder, index).proposals}


def with_fact(folder: Path, parameter: Parameter, indicator: str, points: Points) -> Path:
    """A run with one fact on the repository that the entry links."""
    run = RunBuilder(folder, entry="small")
    page = f"https://github.com/maker/train/blob/{COMMIT}/train.py"
    source = run.document(f"https://raw.githubusercontent.com/maker/train/{COMMIT}/train.py", b"train()", view_url=page)
    run.add(parameter, indicator, "present", "Code in train.py.", source=source, exact="train()", points=points)
    return run.finish()


def rewritten(index: Path, parameter: str, given: str, link: str, notes: str) -> None:
    block = re.compile(rf"^{parameter}:\n    class: .*\n    link:.*\n    notes:.*$", re.M)
    text = block.sub(f"{parameter}:\n    class: {given}\n    link: {link}\n    notes: {notes}", GOOD)
    (index / "small.yaml").write_text(text)


REPOSITORY = "https://github.com/maker/train"


@pytest.mark.parametrize(
    ("given", "link", "notes", "points", "kinds"),
    [
        ("closed", REPOSITORY, "Sparse.", "open", set()),
        ("closed", REPOSITORY, "", "open", {"note", "link", "class"}),
        ("closed", "https://a.org", "Sparse.", "open", {"class"}),
        ("closed", "", "Sparse.", "closed", set()),
        ("open", REPOSITORY, "All of it.", "partial", set()),
        ("open", REPOSITORY, "All of it.", "closed", {"class"}),
        ("open", "", "All of it.", "open", {"link"}),
        ("open", "", "All of it.", "closed", {"class"}),
    ],
)
def test_what_people_wrote_on_a_source_weighs_more_than_one_fact_on_it(
    tmp_path: Path, index: Path, given: str, link: str, notes: str, points: Points, kinds: set[str]
) -> None:
    rewritten(index, "trainingcode", given, link, notes)
    folder = with_fact(tmp_path / "fact", "trainingcode", "training_code.pretraining", points)
    assert {p.kind for m in propose([load_run(folder)], index) for p in m.proposals} == kinds


def test_a_licence_note_that_denies_what_the_entry_has_is_decided_by_itself(run_folder: Path, index: Path) -> None:
    text = (index / "small.yaml").read_bytes().decode()
    block = "datasources_endmodel:\r\n    class: closed"
    assert block in text
    assert not [p for p in made(run_folder, index).proposals if p.kind == "licence-notation" and p.contrary]
    (index / "small.yaml").write_bytes(text.replace(block, block.replace("closed", "open")).encode())
    proposals = made(run_folder, index)
    (licence,) = [p for p in proposals.proposals if p.kind == "licence-notation"]
    assert "the entry calls data open" in licence.reason
    assert licence not in proposals.lines


def test_no_absence_is_noted_where_the_release_itself_could_not_be_read(tmp_path: Path, index: Path) -> None:
    for missed in (False, True):
        run = RunBuilder(tmp_path / f"absent-{missed}", entry="small")
        looked = (Searched("https://example.org/tree", "0" * 64, "file list"),)
        run.add("paper", "paper.published", "absent", "No paper found.", searched=looked, points="closed")
        if not missed:
            run.keep("hub_model", run.document("https://huggingface.co/api/models/maker/small-1", b"{}"))
        kinds = [p.kind for m in propose([load_run(run.finish())], index) for p in m.proposals]
        assert kinds == ([] if missed else ["note"])


def test_entries_are_found_by_their_end_model(tmp_path: Path, index: Path) -> None:
    text = ENTRY.replace(
        "weights_endmodel:\n    class: closed\n    link:",
        "weights_endmodel:\n    class: closed\n    link: https://huggingface.co/Maker/Small-1/tree/main",
    )
    (index / "found.yaml").write_text(text)
    assert made(full_run(tmp_path / "loose"), index).entry.id == "found"


class GitHub(ThreadingHTTPServer):
    """The few addresses of GitHub's REST interface that a pull request needs, over files in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.calls: list[tuple[str, str, dict[str, object]]] = []
        self.tokens: set[str | None] = set()
        self.pulls: list[dict[str, object]] = []
        self.failing = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: GitHub

    def log_message(self, *args: object) -> None: ...

    def answer(self, body: object, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.server.tokens.add(self.headers.get("Authorization"))
        path = self.path.split("?")[0]
        repo = f"{self.server.url}/repos/maker/index"
        if path == "/repos/maker/index":
            self.answer({"full_name": "maker/index", "url": repo})
        elif path == "/repos/maker/index/pulls":
            self.answer(self.server.pulls)
        elif path == "/repos/maker/index/branches/preview":
            self.answer({"name": "preview", "commit": {"sha": "c" * 40, "url": f"{repo}/commits/{'c' * 40}"}})
        elif (name := path.removeprefix("/repos/maker/index/contents/")) in self.server.files:
            content = base64.b64encode(self.server.files[name]).decode()
            self.answer({"name": name, "path": name, "sha": "b" * 40, "encoding": "base64", "content": content,
                         "type": "file", "url": f"{repo}/contents/{name}"})  # fmt: skip
        else:
            self.answer({"message": "Not Found"}, 404)

    def write(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append((self.command, self.path, body))
        url = f"{self.server.url}{self.path}"
        if self.server.failing and self.path.endswith(self.server.failing):
            self.answer({"message": "Resource not accessible by personal access token"}, 403)
        elif self.path.endswith("/git/refs"):
            ref = body["ref"].removeprefix("refs/")
            self.answer({"ref": body["ref"], "url": f"{url}/{ref}", "object": {"sha": body["sha"]}}, 201)
        elif "/contents/" in self.path:
            self.answer({"content": {"path": "x", "url": url}, "commit": {"sha": "d" * 40, "url": url}})
        else:
            pull = {"number": 7, "url": url, "html_url": "https://github.com/maker/index/pull/7", "merged_at": None}
            pull |= {"state": "open", "body": body["body"], "head": {"ref": body["head"]}}
            self.server.pulls.append(pull)
            self.answer(pull, 201)

    do_POST = do_PUT = write  # noqa: N815

    def do_DELETE(self) -> None:
        self.server.calls.append((self.command, self.path, {}))
        self.send_response(204)
        self.end_headers()


@pytest.fixture
def github(index: Path) -> Iterator[GitHub]:
    server = GitHub({p.name: p.read_bytes() for p in index.glob("*.yaml")})
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def push(
    made: EntryProposals, github: GitHub, repository: str = "maker/index", branch: str = "evidence/run-1"
) -> Opened:
    return open_pull_request(
        [made], api_url=github.url, token="t0", repository=repository, base="preview", branch=branch, pause=0
    )


def test_pull_request_has_one_commit_an_entry_and_the_evidence(run_folder: Path, index: Path, github: GitHub) -> None:
    proposals = made(run_folder, index)
    assert push(proposals, github).url.endswith("/pull/7")
    assert {str(token).split()[-1] for token in github.tokens} == {"t0"}
    (_, _, ref), (method, path, commit), (_, _, pull) = github.calls
    assert ref == {"ref": "refs/heads/evidence/run-1", "sha": "c" * 40}
    assert (method, path) == ("PUT", "/repos/maker/index/contents/small.yaml")
    assert commit["branch"] == "evidence/run-1"
    new = base64.b64decode(str(commit["content"]))
    assert new.count(b"\n") == new.count(b"\r\n")
    assert b"Weights: other. Code: Apache-2.0." in new
    assert (pull["base"], pull["head"]) == ("preview", "evidence/run-1")
    assert all(i in str(pull["body"]) for p in proposals.proposals for i in p.evidence)
    assert all(i in str(commit["message"]) for p in proposals.lines for i in p.evidence)


@pytest.mark.parametrize(
    ("state", "merged_at", "again"),
    [("open", None, False), ("closed", None, False), ("closed", "2026-11-20T10:00:00Z", True)],
)
def test_what_a_pull_request_proposed_is_not_proposed_again(
    run_folder: Path, index: Path, github: GitHub, state: str, merged_at: str | None, again: bool
) -> None:
    """Neither while it is open nor after people closed it; where it was merged, what differs there decides."""
    proposals = made(run_folder, index)
    first = push(proposals, github)
    github.pulls[0] |= {"state": state, "merged_at": merged_at}
    calls = len(github.calls)
    second = push(proposals, github, branch="evidence/run-2")
    assert bool(second.url) == (len(github.calls) > calls) == again
    assert second.asked == (() if again else (first.url,))


def test_the_command_says_what_was_proposed_already(
    run_folder: Path, index: Path, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    monkeypatch.setenv("GITHUB_TOKEN", "t0")
    arguments = (run_folder, "--index", index, "--pull-request", "--repository", "maker/index")
    first, second = command(*arguments), command(*arguments)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "Opened https://github.com/maker/index/pull/7" in first.output
    assert "Proposed already: https://github.com/maker/index/pull/7" in second.output
    assert len(github.pulls) == 1


def test_an_entry_that_changed_there_is_left_out(run_folder: Path, index: Path, github: GitHub) -> None:
    github.files["small.yaml"] = github.files["small.yaml"].replace(b"MIT, an open license.", b"MIT, they say.")
    with pytest.raises(PullRequestError, match="nothing was pushed"):
        push(made(run_folder, index), github)
    del github.files["small.yaml"]
    with pytest.raises(PullRequestError, match="nothing was pushed"):
        push(made(run_folder, index), github)
    assert github.calls == []


def test_a_refusal_is_said(run_folder: Path, index: Path, github: GitHub) -> None:
    with pytest.raises(PullRequestError, match="404: Not Found"):
        push(made(run_folder, index), github, repository="maker/none")
    github.shutdown()
    github.server_close()
    with pytest.raises(PullRequestError, match="could not be reached"):
        push(made(run_folder, index), github)


def test_a_branch_without_a_pull_request_does_not_stay(run_folder: Path, index: Path, github: GitHub) -> None:
    github.failing = "/pulls"
    with pytest.raises(PullRequestError, match="403: Resource not accessible"):
        push(made(run_folder, index), github)
    assert github.calls[-1][:2] == ("DELETE", "/repos/maker/index/git/refs/heads/evidence/run-1")


def test_no_request_without_a_token(
    run_folder: Path, index: Path, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    result = command(run_folder, "--index", index, "--pull-request", "--repository", "maker/index")
    assert result.exit_code == 2
    assert "GITHUB_TOKEN" in result.output
    assert github.calls == []
