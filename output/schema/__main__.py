"""Writes `evidence-1.json` anew from the record's types: `python -m output.schema`."""

from __future__ import annotations

import json
from pathlib import Path

from output.record import SCHEMA_VERSION, json_schema

PATH = Path(__file__).with_name(f"evidence-{SCHEMA_VERSION}.json")


def text() -> str:
    return json.dumps(json_schema(), indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
