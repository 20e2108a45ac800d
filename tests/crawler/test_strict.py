"""An answer that says something new is an issue of the run."""

from __future__ import annotations

import json

from crawler.demo.server import RELEASE, github_facts, hub_info
from spiders.addresses import Addresses
from spiders.strict import issues

MODEL = "hf:model:lumen-lab/Lumen-2-7B-Chat"


def test_known_answers_raise_nothing() -> None:
    info = hub_info("models", RELEASE / "hub/models/lumen-lab/Lumen-2-7B-Chat")
    assert issues("hub_model", MODEL, info) == []
    assert issues("github_repository", "github:lumen-lab/lumen", github_facts("lumen-lab", "lumen")) == []


def test_an_unknown_key_and_an_unknown_gate_are_named() -> None:
    info = json.loads('{"id": "a/b", "gated": "by-lottery", "sealed": true}')
    assert issues("hub_model", MODEL, info) == [
        f"{MODEL}: the Hub's answer has an unknown key `sealed`",
        f"{MODEL}: the Hub's answer has an unknown value of `gated`: by-lottery",
    ]


def test_github_is_asked_as_its_documentation_says() -> None:
    service = Addresses({}).service("https://api.github.com/repos/a/b")
    assert service is not None
    assert dict(service.headers) == {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
