"""The example of the documentation runs."""

from __future__ import annotations

import re
from pathlib import Path


def test_example() -> None:
    text = (Path(__file__).parents[3] / "docs" / "papers.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(example, "docs/papers.md", "exec"), {})
