"""Datasets outside the Hub that a document links: what to ask about each, one cheap request."""

from __future__ import annotations

import re
from urllib.parse import urldefrag

from spiders.addresses import ZENODO, github_api, github_page
from spiders.leads import place
from spiders.walk import Ask

DATASETS_ASKED = 8
PAGE_CAP = 2 << 20  # of a page; a file of data is told by the size it announces and not read
ZENODO_RECORD = re.compile(r"(?:zenodo\.org/records?/|doi\.org/10\.5281/zenodo\.)(\d{3,10})")


def dataset_ask(address: str) -> Ask:
    """A record of Zenodo (developers.zenodo.org) or a repository on GitHub by its interface, else the page itself."""
    target = f"url:{address}"
    if match := ZENODO_RECORD.search(address):
        return Ask(
            f"{ZENODO.public}/records/{match[1]}", "dataset_place", target, f"https://zenodo.org/records/{match[1]}"
        )
    where = place(address)
    if where is not None and where.target.startswith("github:"):
        name = where.target.removeprefix("github:")
        return Ask(github_api(name), "dataset_place", target, github_page(name))
    page = urldefrag(address).url
    return Ask(page, "dataset_place", target, page, cap=PAGE_CAP)
