"""Serves a folder of made-up repositories and papers through the interfaces of the Hub, GitHub and arXiv.

The folder: `hub/{models,datasets}/OWNER/NAME/` (with `_info.json` for what the Hub knows beside the files),
`github/OWNER+NAME/`, `arxiv/ID.json` and `arxiv/ID.pdf`. Revisions are hashes of the content.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import yaml

from output.record import git_blob_id

RELEASE = Path(__file__).parent / "release"
PREFIXES = {
    "HF_ENDPOINT": "hf",
    "GITHUB_API_URL": "github-api",
    "GITHUB_RAW_URL": "raw",
    "GITHUB_CODELOAD_URL": "codeload",
    "ARXIV_API_URL": "arxiv-api",
    "ARXIV_URL": "arxiv",
}
ATOM = "http://www.w3.org/2005/Atom"
WHEN = "2026-04-20T12:30:00Z"


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "_info.json"
    }


@cache
def revision(folder: Path) -> str:
    """Forty hex digits that change with the content, as a commit's would."""
    digest = hashlib.sha1(usedforsecurity=False)
    for path, body in files_of(folder).items():
        digest.update(path.encode() + b"\0" + body)
    return digest.hexdigest()


class Reply(Exception):  # noqa: N818
    """An answer on its way out."""

    def __init__(self, body: bytes, media_type: str, status: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.body, self.media_type, self.status, self.headers = body, media_type, status, headers or {}


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(json.dumps(data).encode(), "application/json; charset=utf-8", status, headers)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: DemoServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        service, _, rest = unquote(parts.path).lstrip("/").partition("/")
        routes = {
            "hf": self.server.hub,
            "github-api": self.server.github,
            "raw": self.server.raw,
            "codeload": self.server.codeload,
            "arxiv-api": self.server.arxiv_api,
            "arxiv": self.server.arxiv,
        }
        try:
            reply = routes[service](rest, parse_qs(parts.query)) if service in routes else answer({}, 404)
        except Reply as early:
            reply = early
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.media_type, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)


Query = dict[str, list[str]]


class DemoServer(ThreadingHTTPServer):
    """Use as a context manager; `environ` holds the addresses under the names of the interface contract."""

    daemon_threads = True

    def __init__(self, folder: Path = RELEASE) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        base = f"http://127.0.0.1:{self.server_address[1]}"
        self.environ = {name: f"{base}/{prefix}" for name, prefix in PREFIXES.items()}

    def __enter__(self) -> DemoServer:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def repository(self, *steps: str) -> Path:
        folder = self.folder.joinpath(*steps)
        if not folder.resolve().is_relative_to(self.folder.resolve()) or not folder.is_dir():
            if steps[0] == "hub":
                raise answer({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
            raise answer({"message": "Not Found", "status": "404"}, 404)
        return folder

    def hub(self, rest: str, query: Query) -> Reply:
        if match := re.fullmatch(r"api/(models|datasets)/([^/]+/[^/]+)", rest):
            return answer(hub_info(match[1], self.repository("hub", match[1], *match[2].split("/"))))
        if match := re.fullmatch(r"api/(models|datasets)", rest):
            folders = sorted((self.folder / "hub" / match[1] / query.get("author", [""])[0]).glob("*/"))
            return answer([hub_info(match[1], f) for f in folders])
        if match := re.fullmatch(r"(datasets/)?([^/]+/[^/]+)/resolve/([0-9a-f]{40})/(.+)", rest):
            folder = self.repository("hub", "datasets" if match[1] else "models", *match[2].split("/"))
            body = files_of(folder).get(match[4])
            if body is None or revision(folder) != match[3]:
                return Reply(b"Entry not found", "text/plain", 404, {"X-Error-Code": "EntryNotFound"})
            headers = {"X-Repo-Commit": match[3], "ETag": f'"{git_blob_id(body)}"'}
            return Reply(body, "text/plain; charset=utf-8", headers=headers)
        return answer({"error": "Not found"}, 404)

    def github(self, rest: str, query: Query) -> Reply:
        match = re.fullmatch(r"repos/([^/]+)/([^/]+)(?:/(commits|git/trees)/([^/]+))?", rest)
        if not match:
            return answer({"message": "Not Found", "status": "404"}, 404)
        folder = self.repository("github", f"{match[1]}+{match[2]}")
        sha = revision(folder)
        if match[3] == "commits":
            return answer({"sha": sha, "commit": {"committer": {"date": WHEN}, "message": "demo"}, "parents": []})
        if match[3] == "git/trees":
            entries = [
                {"path": path, "mode": "100644", "type": "blob", "sha": git_blob_id(body), "size": len(body)}
                for path, body in files_of(folder).items()
            ]
            return answer({"sha": sha, "tree": entries, "truncated": False})
        return answer(github_facts(match[1], match[2]))

    def raw(self, rest: str, query: Query) -> Reply:
        owner, name, sha, path = rest.split("/", 3)
        folder = self.repository("github", f"{owner}+{name}")
        body = files_of(folder).get(path) if sha == revision(folder) else None
        if body is None:
            return Reply(b"404: Not Found", "text/plain", 404)
        return Reply(body, "text/plain; charset=utf-8")

    def codeload(self, rest: str, query: Query) -> Reply:
        owner, name, _, sha = rest.split("/", 3)
        folder = self.repository("github", f"{owner}+{name}")
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for path, body in files_of(folder).items():
                info = tarfile.TarInfo(f"{name}-{sha}/{path}")
                info.size = len(body)
                tar.addfile(info, io.BytesIO(body))
        return Reply(gzip.compress(packed.getvalue(), mtime=0), "application/x-gzip")

    def arxiv_api(self, rest: str, query: Query) -> Reply:
        ids = [i for chunk in query.get("id_list", []) for i in chunk.split(",")]
        known = [i for i in ids if (self.folder / "arxiv" / f"{i}.json").is_file()]
        entries = "".join(atom_entry(i, json.loads((self.folder / "arxiv" / f"{i}.json").read_text())) for i in known)
        feed = f'<?xml version="1.0" encoding="UTF-8"?><feed xmlns="{ATOM}"><title>ArXiv Query</title>{entries}</feed>'
        return Reply(feed.encode(), "application/atom+xml; charset=UTF-8")

    def arxiv(self, rest: str, query: Query) -> Reply:
        match = re.fullmatch(r"pdf/(\d{4}\.\d{5})v1", rest)
        path = self.folder / "arxiv" / f"{match[1]}.pdf" if match else None
        if path is None or not path.is_file():
            return Reply(b"not found", "text/html", 404)
        return Reply(path.read_bytes(), "application/pdf")


def hub_info(kind: str, folder: Path) -> dict[str, Any]:
    """The Hub's answer on a repository: its facts, the front matter of its card, and its files with sizes."""
    extra = json.loads((folder / "_info.json").read_text()) if (folder / "_info.json").exists() else {}
    files = files_of(folder)
    front = re.match(rb"---\n(.*?)\n---\n", files.get("README.md", b""), re.S)
    try:
        card = yaml.safe_load(front[1]) if front else {}
    except yaml.YAMLError:  # the Hub leaves out what it cannot read
        card = {}
    siblings = [{"rfilename": path, "size": len(body), "blobId": git_blob_id(body)} for path, body in files.items()]
    name = "/".join(folder.parts[-2:])
    return {
        "id": name,
        "author": folder.parts[-2],
        "sha": revision(folder),
        "lastModified": WHEN,
        "private": False,
        "gated": False,
        "disabled": False,
        "tags": [],
        "cardData": card,
        **({"modelId": name} if kind == "models" else {}),
        **{key: value for key, value in extra.items() if key != "large_files"},
        "siblings": siblings + extra.get("large_files", []),
    }


def github_facts(owner: str, name: str) -> dict[str, Any]:
    web = f"https://github.com/{owner}/{name}"
    return {
        "id": 1,
        "name": name,
        "full_name": f"{owner}/{name}",
        "html_url": web,
        "private": False,
        "fork": False,
        "archived": False,
        "disabled": False,
        "has_issues": True,
        "has_discussions": False,
        "default_branch": "main",
        "license": {"key": "other", "name": "Other", "spdx_id": "NOASSERTION", "url": None},
        "pushed_at": WHEN,
        "size": 12,
    }


def atom_entry(ident: str, paper: dict[str, Any]) -> str:
    authors = "".join(f"<author><name>{escape(a)}</name></author>" for a in paper["authors"])
    return (
        f"<entry><id>http://arxiv.org/abs/{ident}v1</id><updated>{paper['updated']}</updated>"
        f"<published>{paper['published']}</published><title>{escape(paper['title'])}</title>"
        f"<summary>{escape(paper['summary'])}</summary>{authors}"
        f'<arxiv:comment xmlns:arxiv="http://arxiv.org/schemas/atom">{escape(paper["comment"])}</arxiv:comment></entry>'
    )
