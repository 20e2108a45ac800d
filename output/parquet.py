"""The records of a run as one flat table, read and written by DuckDB."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

LINE_CAP = 64 * 1024 * 1024


@dataclass(frozen=True)
class Column:
    """One column: its name, where it stands in the record (a DuckDB expression), and what it means."""

    name: str
    expression: str
    meaning: str


SHAPE = {
    "id": "VARCHAR",
    "subject": "STRUCT(entry VARCHAR, target VARCHAR, component VARCHAR)",
    "parameter": "VARCHAR",
    "indicator": "VARCHAR",
    "outcome": "VARCHAR",
    "points": "VARCHAR",
    "value": "JSON",
    "statement": "VARCHAR",
    "quote": "STRUCT(exact VARCHAR, prefix VARCHAR, suffix VARCHAR)",
    "selector": 'STRUCT("start" BIGINT, "end" BIGINT, start_line BIGINT, end_line BIGINT, heading_path VARCHAR[],'
    " page BIGINT, json_pointer VARCHAR)",
    "source": "STRUCT(url VARCHAR, view_url VARCHAR, revision VARCHAR, path VARCHAR, media_type VARCHAR,"
    " sha256 VARCHAR, git_blob VARCHAR, size BIGINT, retrieved_at VARCHAR, status INTEGER,"
    ' archive STRUCT(file VARCHAR, record_id VARCHAR, "offset" BIGINT, member VARCHAR))',
    "searched": "STRUCT(url VARCHAR, sha256 VARCHAR, what VARCHAR)[]",
    "detector": "STRUCT(name VARCHAR, version VARCHAR, rule VARCHAR, rules_version VARCHAR)",
    "run": "VARCHAR",
}

COLUMNS = (
    Column("id", "id", "identity of the fact: the same input gives the same id in every run"),
    Column("entry", "subject.entry", "id of the index entry, empty where there is none"),
    Column("target", "subject.target", "what the fact is about: hf:model:…, hf:dataset:…, github:…, arxiv:…, url:…"),
    Column("component", "subject.component", "base or end model, empty for everything else"),
    Column("parameter", "parameter", "parameter of the index, or package, api, community, claims"),
    Column("indicator", "indicator", "the smallest question, dotted"),
    Column(
        "outcome", "outcome", "present, boilerplate, placeholder, linked, absent, unavailable, error, not_applicable"
    ),
    Column("points", "points", "open, partial, closed or neutral: which way the fact points, never a class"),
    Column("statement", "statement", "the fact in one sentence"),
    Column("quote", "quote.exact", "verbatim from the source"),
    Column("quote_prefix", "quote.prefix", "up to 80 characters before the quote"),
    Column("quote_suffix", "quote.suffix", "up to 80 characters after the quote"),
    Column("start", 'selector."start"', "first character of the quote in the decoded text, from 0"),
    Column("end", 'selector."end"', "character after the quote"),
    Column("start_line", "selector.start_line", "first line of the quote, from 1"),
    Column("end_line", "selector.end_line", "last line of the quote, inclusive"),
    Column("heading_path", "array_to_string(selector.heading_path, ' › ')", "headings above the quote"),
    Column("page", "selector.page", "page of a paper, from 1"),
    Column("json_pointer", "selector.json_pointer", "RFC 6901 pointer into a JSON answer"),
    Column("url", "source.url", "raw file at a revision"),
    Column("view_url", "source.view_url", "page a person opens"),
    Column("revision", "source.revision", "commit or version that was read"),
    Column("path", "source.path", "path of the file in its repository"),
    Column("media_type", "source.media_type", "media type of the answer"),
    Column("sha256", "source.sha256", "SHA-256 of the bytes quoted from"),
    Column("git_blob", "source.git_blob", "git's id of those bytes"),
    Column("size", "source.size", "their number"),
    Column("retrieved_at", "source.retrieved_at", "when they were read, UTC, RFC 3339"),
    Column("status", "source.status", "HTTP status of the answer"),
    Column("archive_file", "source.archive.file", "WARC file in the run folder"),
    Column("archive_record", "source.archive.record_id", "WARC record"),
    Column("archive_offset", 'source.archive."offset"', "byte offset of the WARC record"),
    Column("archive_member", "source.archive.member", "path inside an archived source tree"),
    Column("searched_count", "len(searched)", "how many documents were searched for an absence"),
    Column("searched", "to_json(searched)", "those documents, as JSON: url, sha256, what"),
    Column("value", "value", "typed facts of the indicator, as JSON"),
    Column("detector", "detector.name", "detector that wrote the record"),
    Column("detector_version", "detector.version", "its version"),
    Column("rule", "detector.rule", "the rule that fired"),
    Column("rules_version", "detector.rules_version", "version of its lexicons"),
    Column("run", "run", "run that wrote the record"),
)


def write(run_folder: Path) -> Path:
    """Write `evidence.parquet` next to `evidence.jsonl` and return its path."""
    out = run_folder / "evidence.parquet"
    copy(run_folder, out, "(FORMAT parquet, COMPRESSION zstd)")
    return out


def copy(run_folder: Path, out: Path, options: str, columns: tuple[Column, ...] = COLUMNS) -> None:
    """Copy the table to a file in one of DuckDB's formats, in the order of the records."""
    selected = ", ".join(f'{c.expression} AS "{c.name}"' for c in columns)
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute(
            f"COPY (SELECT {selected} FROM read_json(?, format='newline_delimited', columns=?, "  # noqa: S608
            f"maximum_object_size={LINE_CAP})) TO '{quoted(out)}' {options}",
            [str(run_folder / "evidence.jsonl"), SHAPE],
        )


def quoted(path: Path) -> str:
    return str(path).replace("'", "''")
