"""Whether a licence is open: by SPDX's OSI flag, for data by the Open Definition, or by the registry's family."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from license_rules.data_files import load
from license_rules.names import spdx_list
from license_rules.registry import by_id

RULES = Path(__file__).parent / "openness.yaml"


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Licences that count as open without an OSI flag: by the Open Definition, or for a stated reason."""

    open_definition: frozenset[str]
    stated: dict[str, str]


@cache
def rules() -> Rules:
    return load(RULES, Rules)


def openness(ident: str) -> str:
    """Why a licence counts as open: `osi`, `open-definition`, `stated-rule`; or `not-open`, `unknown`."""
    plain = ident.removesuffix("+")
    listed = spdx_list().get(plain)
    if listed and listed.osi:
        return "osi"
    if plain in rules().open_definition:
        return "open-definition"
    if plain in rules().stated:
        return "stated-rule"
    entry = by_id().get(plain)
    if entry and entry.family == "unknown":
        return "unknown"
    if entry:
        return "stated-rule" if entry.family == "open" else "not-open"
    return "not-open" if listed else "unknown"


REASONS = {
    "osi": "approved by the Open Source Initiative, as the SPDX list says",
    "open-definition": "conforms to the Open Definition 2.1",
    "not-open": "neither approved by the Open Source Initiative nor conformant with the Open Definition",
    "unknown": "its text is not known",
}


def openness_reason(ident: str) -> str:
    """Why a licence counts as open or not, in words."""
    why = openness(ident)
    if why != "stated-rule":
        return REASONS[why]
    entry = by_id().get(ident)
    return rules().stated.get(ident.removesuffix("+")) or (entry.note if entry else "") or "grants all rights"


def is_open(ident: str) -> bool:
    return openness(ident) in ("osi", "open-definition", "stated-rule")


def licence_name(ident: str) -> str:
    """The name to show: the id of an SPDX licence, the name of a registry entry."""
    entry = by_id().get(ident)
    return entry.name if entry else ident
