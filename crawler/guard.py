"""Where the crawl may go, and who sees a token: checked for every request, redirected and retried ones too."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred

from spiders.addresses import SERVICES, Addresses, below

TOKEN_HEADERS = {"semantic-scholar": "x-api-key"}
KEYS_IN_QUERY = frozenset(s.name for s in SERVICES if s.key_parameter)
SECRET_HEADERS = ("Authorization", "x-api-key", "Cookie")


def is_private(host: str) -> bool:
    """Whether a literal address is not a public one (loopback, private, link-local, reserved)."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith((".localhost", ".internal", ".local"))
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global


class GuardMiddleware:
    """Refuses schemes, hosts and private addresses that no document and no configuration named.

    A request keeps the service it was made for in its meta; a redirect may lead to that service's own hosts only. Web
    pages may redirect to any public host.
    """

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses
        self.origins = addresses.origins()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> GuardMiddleware:
        return cls(crawler.settings["OSAI_ADDRESSES"])

    def process_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https"):
            raise IgnoreRequest(f"refused: {parts.scheme} is not a scheme of the web")
        if parts.netloc in self.origins:
            return
        if is_private(parts.hostname or ""):
            raise IgnoreRequest("refused: a private address that is not configured as a service")
        name = request.meta.get("osai_service")
        service = next((s for s in SERVICES if s.name == name), None)
        if service is not None:
            public_host = urlsplit(service.public).hostname
            if parts.scheme != "https" or parts.hostname not in {public_host, *service.redirects_to}:
                raise IgnoreRequest(f"refused: {service.name} redirected to another host")


class TokenMiddleware:
    """Adds a service's token to requests for its configured address, and takes it off everywhere else."""

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> TokenMiddleware:
        return cls(crawler.settings["OSAI_ADDRESSES"])

    def process_request(self, request: Request) -> None:
        for header in SECRET_HEADERS:
            request.headers.pop(header, None)
        for name, token in self.addresses.tokens.items():
            if name not in KEYS_IN_QUERY and below(request.url, self.addresses.configured[name]):
                header = TOKEN_HEADERS.get(name, "Authorization")
                request.headers[header] = token if name in TOKEN_HEADERS else f"Bearer {token}"


class PublicResolver(CachingThreadedResolver):
    """A host name that resolves to a private address is refused, unless it is a configured service's."""

    def __init__(self, reactor: Any, cache_size: int, timeout: float, allowed: frozenset[str] = frozenset()) -> None:
        super().__init__(reactor, cache_size, timeout)
        self.allowed = allowed

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> PublicResolver:
        addresses: Addresses = crawler.settings["OSAI_ADDRESSES"]
        hosts = frozenset(urlsplit("//" + origin).hostname or "" for origin in addresses.origins())
        settings = crawler.settings
        return cls(reactor, settings.getint("DNSCACHE_SIZE"), settings.getfloat("DNS_TIMEOUT"), hosts)

    def getHostByName(self, name: str, timeout: Any = ()) -> Deferred[str]:  # noqa: N802
        answer: Deferred[str] = super().getHostByName(name, timeout)
        if name not in self.allowed:
            answer.addCallback(self.check)
        return answer

    @staticmethod
    def check(address: str) -> str:
        if is_private(address):
            raise socket.gaierror("refused: the name leads to a private address")
        return address
