"""The table holds every record, in order, exactly."""

from __future__ import annotations

from pathlib import Path

import duckdb

from output.parquet import COLUMNS, write
from output.run import load_run
from tests.output.builder import full_run


def test_table_holds_every_record(tmp_path: Path) -> None:
    folder = full_run(tmp_path / "run")
    table = duckdb.sql(f"SELECT * FROM '{write(folder)}'")
    assert table.columns == [c.name for c in COLUMNS]
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.fetchall()]
    records = load_run(folder).records
    assert [row["id"] for row in rows] == [r.id for r in records]
    for row, record in zip(rows, records, strict=True):
        assert row["quote"] == (record.quote and record.quote.exact)
        assert row["searched_count"] == len(record.searched)
        assert row["start"] == (record.selector and record.selector.start)
        assert row["archive_member"] == (record.source and record.source.archive and record.source.archive.member)


def test_an_empty_run_is_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "evidence.jsonl").write_bytes(b"")
    assert duckdb.sql(f"SELECT count(*) FROM '{write(tmp_path)}'").fetchall() == [(0,)]
