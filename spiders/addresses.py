"""Where the services are: public addresses, which records always name, and the ones that are really asked.

The environment variables are those of the interface contract; a replay server on loopback is reached by setting them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit


@dataclass(frozen=True)
class Service:
    """One interface of a service.

    `slot` is the pace it shares (arXiv's limit holds over all its machines together); `delay` the seconds between two
    requests; `concurrency` how many may be under way; `redirects_to` further hosts that it is known to redirect to;
    `headers` what its documentation asks to send; `key_parameter` the part of the query that carries its token, where
    that is no header.
    """

    name: str
    variable: str
    public: str
    slot: str
    delay: float
    concurrency: int
    redirects_to: tuple[str, ...] = ()
    token_variable: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    key_parameter: str | None = None


HUB = Service(
    "hub", "HF_ENDPOINT", "https://huggingface.co", "huggingface", 0.1, 4,
    ("cdn-lfs.hf.co", "cdn-lfs-us-1.hf.co", "cdn-lfs-eu-1.hf.co", "cas-bridge.xethub.hf.co", "cdn-lfs.huggingface.co"),
    "HF_TOKEN",
)  # fmt: skip
GITHUB = Service(
    "github",
    "GITHUB_API_URL",
    "https://api.github.com",
    "github-api",
    0.1,
    4,
    ("codeload.github.com",),
    "GITHUB_TOKEN",
    # https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#headers
    (("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28")),
)
GITHUB_RAW = Service("github-raw", "GITHUB_RAW_URL", "https://raw.githubusercontent.com", "github-raw", 0.1, 4)
GITHUB_CODELOAD = Service(
    "github-codeload", "GITHUB_CODELOAD_URL", "https://codeload.github.com", "github-codeload", 0.1, 2
)
ARXIV_API = Service("arxiv-api", "ARXIV_API_URL", "https://export.arxiv.org/api", "arxiv", 3.0, 1, ("arxiv.org",))
ARXIV = Service("arxiv", "ARXIV_URL", "https://export.arxiv.org", "arxiv", 3.0, 1, ("arxiv.org",))
SEMANTIC_SCHOLAR = Service(
    "semantic-scholar", "SEMANTIC_SCHOLAR_URL", "https://api.semanticscholar.org", "semantic-scholar", 1.0, 1,
    token_variable="S2_API_KEY",  # noqa: S106
)  # fmt: skip
OPENALEX = Service(
    "openalex",
    "OPENALEX_URL",
    "https://api.openalex.org",
    "openalex",
    0.1,
    2,
    token_variable="OPENALEX_API_KEY",  # noqa: S106
    key_parameter="api_key",  # https://developers.openalex.org/guides/authentication
)
# Single papers that a document names; public, no key.
ACL_ANTHOLOGY = Service(
    "acl-anthology", "ACL_ANTHOLOGY_URL", "https://aclanthology.org", "acl-anthology", 2.0, 1, ("www.aclanthology.org",)
)
OPENREVIEW = Service("openreview", "OPENREVIEW_URL", "https://api2.openreview.net", "openreview", 1.0, 1)
HAL = Service("hal", "HAL_URL", "https://api.archives-ouvertes.fr", "hal", 1.0, 1)
ZENODO = Service("zenodo", "ZENODO_URL", "https://zenodo.org/api", "zenodo", 1.0, 1)
# The longer address first where one begins with the other.
SERVICES = (
    HUB, GITHUB, GITHUB_RAW, GITHUB_CODELOAD, ARXIV_API, ARXIV, SEMANTIC_SCHOLAR, OPENALEX, ACL_ANTHOLOGY, OPENREVIEW,
    HAL, ZENODO,
)  # fmt: skip


class Addresses:
    """Translates between public addresses and configured ones."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self.configured = {s.name: (environ.get(s.variable) or s.public).rstrip("/") for s in SERVICES}
        self.tokens = {
            s.name: token.strip()
            for s in SERVICES
            if s.token_variable and (token := environ.get(s.token_variable, "")).strip()
        }

    def service(self, public_url: str) -> Service | None:
        """The service whose public address the URL begins with."""
        return next((s for s in SERVICES if below(public_url, s.public)), None)

    def asked_service(self, url: str) -> Service | None:
        """The service whose configured address the URL begins with."""
        return next((s for s in SERVICES if below(url, self.configured[s.name])), None)

    def actual(self, public_url: str) -> str:
        """The address to ask for a public one, with the key of a service that wants it in the query."""
        service = self.service(public_url)
        if service is None:
            return public_url
        url = self.configured[service.name] + public_url[len(service.public) :]
        if service.key_parameter and service.name in self.tokens:
            key = urlencode({service.key_parameter: self.tokens[service.name]})
            url += ("&" if "?" in url else "?") + key
        return url

    def public(self, url: str) -> str:
        """The public address of one that was asked, without a key."""
        service = self.asked_service(url)
        if service is None:
            return url
        if service.key_parameter:
            url = re.sub(rf"[?&]{re.escape(service.key_parameter)}=[^&]*", "", url)
        return service.public + url[len(self.configured[service.name]) :]

    def origins(self) -> frozenset[str]:
        """`host:port` of every configured address: the only private addresses that may be asked."""
        return frozenset(urlsplit(base).netloc for base in self.configured.values())


def below(url: str, base: str) -> bool:
    return url == base or url.startswith((base + "/", base + "?"))


def hub_api(kind: str, repo_id: str, query: str = "") -> str:
    """`kind` is `models` or `datasets`."""
    return f"{HUB.public}/api/{kind}/{quote(repo_id)}{'?' + query if query else ''}"


def hub_file(kind: str, repo_id: str, revision: str, path: str) -> str:
    prefix = "datasets/" if kind == "datasets" else ""
    return f"{HUB.public}/{prefix}{repo_id}/resolve/{revision}/{quote(path)}"


def hub_page(kind: str, repo_id: str, revision: str | None = None, path: str | None = None) -> str:
    prefix = "datasets/" if kind == "datasets" else ""
    page = f"{HUB.public}/{prefix}{repo_id}"
    if path:
        return f"{page}/blob/{revision}/{quote(path)}"
    return f"{page}/tree/{revision}" if revision else page


def github_api(repo: str, path: str = "") -> str:
    return f"{GITHUB.public}/repos/{repo}{'/' + path if path else ''}"


def github_raw(repo: str, revision: str, path: str) -> str:
    return f"{GITHUB_RAW.public}/{repo}/{revision}/{quote(path)}"


def github_archive(repo: str, revision: str) -> str:
    return f"{GITHUB_CODELOAD.public}/{repo}/tar.gz/{revision}"


def github_page(repo: str, revision: str | None = None, path: str | None = None) -> str:
    page = f"https://github.com/{repo}"
    if path:
        return f"{page}/blob/{revision}/{quote(path)}"
    return f"{page}/tree/{revision}" if revision else page
