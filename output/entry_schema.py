"""What an entry must look like so that the website shows it: JSON Schema 2020-12, strict."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from output.record import INDEX_PARAMETERS

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

TYPES = "text|image|code|video|audio"
NONE = {"type": "null"}
ADDRESS = {"type": "string", "pattern": r"^https?://[^\s]+$"}
URL = ADDRESS | {"description": "one address with http:// or https://"}
NAME = {"type": "string", "minLength": 1, "description": "text"}
NOTE = {
    "description": "one line without '<' and without blanks at its ends, at most 600 characters, or nothing",
    "oneOf": [NONE, {"type": "string", "minLength": 1, "maxLength": 600, "pattern": r"^[^\s<]([^<\r\n]*[^\s<])?$"}],
}
LINK = {
    "description": "nothing, one address, or a list of at least two different ones",
    "oneOf": [NONE, ADDRESS, {"type": "array", "minItems": 2, "uniqueItems": True, "items": ADDRESS}],
}
CLASS = {"enum": ["open", "partial", "closed"], "description": "open, partial or closed"}


def mapping(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
        **more,
    }


PARAMETER = mapping({"class": CLASS, "link": LINK, "notes": NOTE})
SYSTEM = mapping(
    {
        "name": NAME,
        "link": URL,
        "type": {
            "type": "string",
            "pattern": f"^({TYPES})( ?, ?({TYPES}))*$",
            "description": f"one or more of {TYPES.replace('|', ', ')}, with commas between",
        },
        "performanceclass": {"enum": ["limited", "full", "latest"], "description": "limited, full or latest"},
        "basemodelname": {"oneOf": [NONE, NAME], "description": "text or nothing"},
        "endmodelname": NAME,
        "endmodellicense": NAME,
        "releasedate": {
            "type": "string",
            "pattern": "^[12][0-9]{3}-(0[1-9]|1[0-2])$",
            "description": "year and month, as in 2025-01",
        },
        "notes": NOTE,
    }
)
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Entry of the European Open Source AI Index",
    **mapping(
        {
            "system": SYSTEM,
            "org": mapping({"name": NAME, "link": URL, "notes": NOTE}),
            **dict.fromkeys(INDEX_PARAMETERS, PARAMETER),
        }
    ),
}


@cache
def validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # slow to import, and wanted by `lint` alone

    return Draft202012Validator(SCHEMA)
