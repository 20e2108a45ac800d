from __future__ import annotations

import re

import pytest

from license_rules import is_open, normalise_name, openness, registry
from license_rules.index import index
from license_rules.names import url_ids

ENTRIES = registry()


def test_there_are_enough_and_ids_are_unique() -> None:
    assert len(ENTRIES) >= 90
    assert len({entry.id for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.id)
def test_entry(entry) -> None:  # type: ignore[no-untyped-def]
    assert re.fullmatch(r"LicenseRef-[A-Za-z0-9.\-]+", entry.id), "an SPDX idstring has no other characters"
    assert entry.anchors or not entry.texts, "a text without anchors would give its name to any near copy"
    assert (entry.family == "open") == is_open(entry.id)
    assert normalise_name(entry.id).ids == (entry.id,)
    for tag in entry.tags:
        assert normalise_name(tag).ids == (entry.id,)
    for url in entry.urls:
        assert url_ids(url) == (entry.id,)


def test_every_text_has_its_fingerprint() -> None:
    held = {r.id for r in index().references if r.kind == "ai"}
    assert held == {entry.id for entry in ENTRIES if entry.texts}


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ("apache-2.0", ("Apache-2.0",)),
        ("Apache License, Version 2.0", ("Apache-2.0",)),
        ("cc-by-nc-4.0", ("CC-BY-NC-4.0",)),
        ("bsl-1.0", ("BSL-1.0",)),
        ("odc-by", ("ODC-By-1.0",)),
        ("llama3.1", ("LicenseRef-AI-llama3.1",)),
        ("openrail++", ("LicenseRef-AI-openrail-plus-plus",)),
        ("https://creativecommons.org/licenses/by-sa/4.0/", ("CC-BY-SA-4.0",)),
        ("https://www.apache.org/licenses/LICENSE-2.0.txt", ("Apache-2.0",)),
        ("CC-BY-4.0 and Apache 2.0", ("CC-BY-4.0", "Apache-2.0")),
        ("Apache 2.0 and something of our own", ()),
        ("cc", ()),
        ("other", ()),
        ("", ()),
    ],
)
def test_names(given: str, ids: tuple[str, ...]) -> None:
    assert normalise_name(given).ids == ids


@pytest.mark.parametrize(
    ("ident", "why"),
    [
        ("MIT", "osi"),
        ("CC-BY-4.0", "open-definition"),
        ("OpenMDW-1.0", "stated-rule"),
        ("CC-BY-NC-4.0", "not-open"),
        ("LicenseRef-AI-llama3", "not-open"),
        ("LicenseRef-nobody-knows", "unknown"),
        ("LicenseRef-AI-granite", "unknown"),
    ],
)
def test_openness(ident: str, why: str) -> None:
    assert openness(ident) == why
