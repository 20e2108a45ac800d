"""Which statements on OLMo, DeepSeek-R1 and Llama 3.1 do the records of their runs reproduce?

    python bench/comparison.py RUN...

The statements (`tests/output/comparison/posts.tsv`, in our words) are those that index maintainers made of these
systems, in the index's entries and the post "How open is DeepSeek?" (https://osai-index.eu/news/deepseek/), and that
public files can settle. A statement is reproduced where a record on the parameter has the indicator, the outcome and,
where given, the direction and the words. Each line names the record.
Where a release does not name its paper, the run of its index entry does (`with`), or one with a key for look-ups.
`tests/output/test_comparison.py` asks the same of fresh crawls.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

from output.record import EvidenceRecord
from output.run import System, load_run

TABLE = Path(__file__).parents[1] / "tests" / "output" / "comparison" / "posts.tsv"


def main() -> None:
    systems = {s.name: s for name in sys.argv[1:] for s in load_run(Path(name)).systems}
    if not systems:
        print("Name the run folders of the three systems: python bench/comparison.py RUN...")
        return
    rows = [row for row in statements(TABLE) if row["system"] in systems]
    reproduced = 0
    for row in rows:
        entry = systems.get(row["with"].removesuffix(".yaml"))
        record = speaks(systems[row["system"]], row) or (speaks(entry, row) if entry else None)
        reproduced += record is not None
        said = f"{record.id}  {record.statement}" if record else "NOT REPRODUCED"
        print(f"{row['system']}  {row['parameter']}: {row['statement']}\n    {said[:200]}")
    print(f"{reproduced} of {len(rows)} statements reproduced, for {len(systems)} systems")


def statements(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def speaks(system: System, row: dict[str, str]) -> EvidenceRecord | None:
    """The first record that makes the statement."""
    fitting = (
        record
        for record in system.records
        if record.parameter == row["parameter"]
        and re.fullmatch(row["indicator"], record.indicator)
        and record.outcome in row["outcome"].split("|")
        and row["points"] in ("", record.points)
        and re.search(row["says"], f"{record.statement} {record.subject.target} {record.value.get('arxiv', '')}")
    )
    return next(fitting, None)


if __name__ == "__main__":
    main()
