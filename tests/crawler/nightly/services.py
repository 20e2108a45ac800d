"""The Hub, GitHub and arXiv in memory, on loopback, with a world that tests can change and faults on demand."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from output.record import git_blob_id

CARD = """---
license: apache-2.0
---
# {name}

## Limitations

{name} repeats errors of its training texts. {extra}

Code: https://github.com/{owner}/{repo}{paper}
"""


def sha(*parts: str) -> str:
    return hashlib.sha1("\0".join(parts).encode()).hexdigest()


def blob(text: str) -> str:
    return git_blob_id(text.encode())


@dataclass
class World:
    """What the services hold. `hub` and `git`: name → path → text; `arxiv`: id → comment."""

    hub: dict[str, dict[str, str]] = field(default_factory=dict)
    datasets: dict[str, dict[str, str]] = field(default_factory=dict)
    git: dict[str, dict[str, str]] = field(default_factory=dict)
    arxiv: dict[str, str] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    hub_tokens: frozenset[str] = frozenset({"hub-token", "second-hub-token"})
    github_tokens: frozenset[str] = frozenset({"github-token"})
    web: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)  # path → status and headers of a page
    robots: str = ""
    faults: list[Any] = field(default_factory=list)  # functions of (service, path) that may answer instead

    def system(self, number: int, extra: str = "", *, paper: bool = False) -> None:
        """One model with a repository, and with a paper: arXiv's pace makes a night three seconds longer."""
        owner, name, repo, ident = f"lab{number % 3}", f"Lumen-{number}", f"lumen-{number}", f"26{number:02d}.00001"
        also = f"\n\nPaper: https://arxiv.org/abs/{ident}" if paper else ""
        card = CARD.format(name=name, owner=owner, repo=repo, paper=also, extra=extra)
        self.hub[f"{owner}/{name}"] = {"README.md": card, "LICENSE": "Do as you like, but keep this notice.\n"}
        readme = f"# {repo}\n\nTraining code of {name}.\n"
        self.git[f"{owner}/{repo}"] = {"README.md": readme, "train.py": "import torch\n"}
        if paper:
            self.arxiv[ident] = f"About {name}"

    def shelf(self, kind: str) -> dict[str, dict[str, str]]:
        return self.hub if kind == "models" else self.datasets

    def info(self, name: str, kind: str = "models") -> dict[str, Any]:
        files = self.shelf(kind)[name]
        return {
            "id": name, "author": name.partition("/")[0], "sha": sha(*files.values()), "private": False,
            "gated": "manual" if name in self.gated else False, "disabled": False, "tags": [], "cardData": {},
            "lastModified": "2026-05-01T00:00:00.000Z", "createdAt": "2026-04-01T00:00:00.000Z",
            "siblings": [
                {"rfilename": path, "size": len(text), "blobId": blob(text)} for path, text in files.items()
            ],
        }  # fmt: skip

    def head(self, repo: str) -> str:
        return sha(*self.git[repo].values())

    def object(self, repo: str, at: str) -> str | None:
        """Blob or commit; of other revisions than today's nothing is kept."""
        revision, _, path = at.partition(":")
        if revision not in ("HEAD", "main", self.head(repo)):
            return None
        return (blob(self.git[repo][path]) if path in self.git[repo] else None) if path else self.head(repo)


class Services(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, world: World) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.world = world
        self.asked: list[str] = []
        self.methods: list[str] = []
        self.arrivals: list[tuple[float, str, str]] = []  # when, service, Authorization
        self.told: list[dict[str, Any]] = []  # by webhook
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def environ(self) -> dict[str, str]:
        base = f"http://127.0.0.1:{self.server_address[1]}"
        names = {"HF_ENDPOINT": "hf", "GITHUB_API_URL": "gh", "GITHUB_RAW_URL": "raw", "GITHUB_CODELOAD_URL": "code",
                 "ARXIV_API_URL": "arxiv-api", "ARXIV_URL": "arxiv"}  # fmt: skip
        tokens = {"HF_TOKEN": "hub-token", "GITHUB_TOKEN": "github-token"}
        return {name: f"{base}/{path}" for name, path in names.items()} | tokens

    def take(self) -> Counter[str]:
        """Requests by service since the last call."""
        asked, self.asked = self.asked, []
        return Counter(path.split("/")[1] for path in asked)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Services

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def reply(self, body: Any, status: int = 200, **headers: str) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/hook":
            self.server.told.append(said)
            self.reply({})
            return
        query = said["query"]
        self.serve(lambda world: self.graphql(world, query))

    def do_GET(self) -> None:
        self.serve(self.get)

    def do_HEAD(self) -> None:
        self.serve(self.get)

    def page(self, world: World, path: str) -> None:
        status, headers = world.web.get(path, (404, {}))
        if headers.get("No-HEAD") and self.command == "HEAD":
            status = 405
        elif headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
            status = 304
        self.reply("" if status == 304 else "A page.", status, **headers)

    def serve(self, answer: Any) -> None:
        service = self.path.split("/")[1]
        self.server.asked.append(self.path)
        self.server.methods.append(self.command)
        self.server.arrivals.append((time.monotonic(), service, self.headers.get("Authorization", "")))
        world = self.server.world
        for fault in world.faults:
            if fault(self, service):
                return
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        known = {"hf": world.hub_tokens, "gh": world.github_tokens}.get(service)
        if known is not None and token not in known:
            self.reply({"error": "Invalid credentials in Authorization header", "message": "Bad credentials"}, 401)
            return
        answer(world)

    def graphql(self, world: World, query: str) -> None:
        data: dict[str, Any] = {}
        errors = []
        asked = r'(r\d+): repository\(owner: "([^"]+)", name: "([^"]+)"\)((?:(?!r\d+: repository).)*)'
        for alias, owner, name, fields in re.findall(asked, query):
            repo = next((r for r in world.git if r.lower() == f"{owner}/{name}".lower()), None)
            data[alias] = repo and {
                "nameWithOwner": repo, "isArchived": False, "isDisabled": False,
                "defaultBranchRef": {"target": {"oid": world.head(repo)}},
                **{
                    field: oid and {"oid": oid}
                    for field, at in re.findall(r'(\w+): object\(expression: "([^"]+)"\)', fields)
                    for oid in [world.object(repo, at)]
                },
            }  # fmt: skip
            if repo is None:
                errors.append({"type": "NOT_FOUND", "path": [alias]})
        self.reply({"data": data, **({"errors": errors} if errors else {})})

    def get(self, world: World) -> None:
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), parse_qs(parts.query)
        if match := re.fullmatch(r"/hf/api/(models|datasets)", path):
            author, kind = query["author"][0].lower(), match[1]
            names = [n for n in world.shelf(kind) if n.lower().startswith(author + "/")]
            return self.reply([world.info(n, kind) for n in names])
        if match := re.fullmatch(r"/hf/api/(models|datasets)/(.+)", path):
            name = match[2]
            if name in world.moved:
                return self.reply({}, 307, Location=self.path.replace(name, world.moved[name], 1))
            if name not in world.shelf(match[1]):
                return self.reply({}, 404, X_Error_Code="RepoNotFound")
            return self.reply(world.info(name, match[1]))
        if match := re.fullmatch(r"/hf/(datasets/)?(.+)/resolve/(\w+)/(.+)", path):
            if match[2] in world.gated and match[4] != "README.md":
                return self.reply("Access is restricted", 403, X_Error_Code="GatedRepo")
            files = world.shelf("datasets" if match[1] else "models").get(match[2], {})
            found = match[4] in files
            return self.reply(files[match[4]], Content_Type="text/plain") if found else self.reply({}, 404)
        if match := re.fullmatch(r"/gh/repos/([^/]+/[^/]+)(/.*)?", path):
            return self.github(world, match[1], match[2] or "")
        if match := re.fullmatch(r"/raw/([^/]+/[^/]+)/\w+/(.+)", path):
            files = world.git.get(match[1], {})
            found = match[2] in files
            return self.reply(files[match[2]], Content_Type="text/plain") if found else self.reply({}, 404)
        if path == "/robots.txt":
            return self.reply(world.robots)
        if path.startswith("/web/"):
            return self.page(world, path)
        if path == "/arxiv-api/query":
            entries = "".join(
                f"<entry><id>http://arxiv.org/abs/{i}v1</id><title>Paper {i}</title><summary>s</summary>"
                f'<published>2026-01-01T00:00:00Z</published><arxiv:comment xmlns:arxiv="http://arxiv.org/schemas/atom">'
                f"{world.arxiv[i]}</arxiv:comment></entry>"
                for i in query["id_list"][0].split(",") if i in world.arxiv
            )  # fmt: skip
            return self.reply(f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>')
        return self.reply({"message": "Not Found"}, 404)

    def github(self, world: World, repo: str, rest: str) -> None:
        if repo not in world.git:
            return self.reply({"message": "Not Found"}, 404)
        if rest == "":
            return self.reply({"full_name": repo, "default_branch": "main", "archived": False, "disabled": False})
        if rest.startswith("/commits/"):
            return self.reply({"sha": world.head(repo)})
        tree = [{"path": p, "type": "blob", "mode": "100644", "size": len(t)} for p, t in world.git[repo].items()]
        return self.reply({"tree": tree})
