"""Each export passes its standard's own tool or schema, and says nothing that no record says."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_python_model import v3_0_1
from warcio.archiveiterator import ArchiveIterator

from crawler.cli import cli
from output.exports import FORMATS, export
from output.parquet import COLUMNS
from output.record import Source
from output.run import Run, load_run
from tests.output.builder import RunBuilder

# What the Model Openness Tool's schema asks of a file, at its commit 8b5d30e.
MOF = {
    "type": "object",
    "required": ["framework", "release"],
    "properties": {
        "framework": {"required": ["name", "version", "date"]},
        "release": {
            "required": ["name", "license", "producer", "components"],
            "properties": {
                "name": {"type": "string", "minLength": 1},
                "producer": {"type": "string"},
                "components": {"type": "array", "maxItems": 17, "items": {"additionalProperties": {"type": "string"}}},
                "license": {"type": "object", "additionalProperties": {"type": "object"}},
            },
        },
    },
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_a_command_that_names_its_files(run: Run, name: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["export", str(run.folder), "--format", name, "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert result.stdout.split()
    assert all(Path(line).is_file() for line in result.stdout.splitlines())


@pytest.mark.parametrize("name", [n for n in FORMATS if n != "parquet"])
def test_the_same_run_gives_the_same_bytes(run: Run, name: str, tmp_path: Path) -> None:
    one, other = (export(run, name, tmp_path / out) for out in ("one", "other"))
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in other]


def load_json(paths: list[Path]) -> Any:
    return json.loads(paths[0].read_text("utf-8"))


def test_cyclonedx(run: Run, tmp_path: Path) -> None:
    (path,) = export(run, "cyclonedx", tmp_path)
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(path.read_text("utf-8")) is None
    bom = load_json([path])
    model = bom["metadata"]["component"]
    assert model["licenses"] == [{"license": {"id": "MIT", "acknowledgement": "concluded"}}]
    assert model["modelCard"]["considerations"]["technicalLimitations"] == ["Made-up terms."]
    ids = {r.id for r in run.records}
    for citation in bom["citations"]:
        (pointer,) = citation["pointers"]
        assert resolve(bom, pointer) is not None
        assert citation["note"].split(";")[0].split(", ")[0] in ids


def resolve(data: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        data = data[int(part)] if isinstance(data, list) else data[part]
    return data


def test_spdx3(run: Run, tmp_path: Path) -> None:
    (path,) = export(run, "spdx3", tmp_path)
    objects = v3_0_1.SHACLObjectSet()
    with path.open("rb") as file:
        v3_0_1.JSONLDDeserializer().read(file, objects)
    assert objects.link() == set()
    v3_0_1.JSONLDSerializer().write(objects, io.BytesIO())
    (model,) = objects.foreach_type(v3_0_1.ai_AIPackage)
    assert model.ai_limitation == "Made-up terms."
    assert not model.ai_domain
    kinds = {r.relationshipType.rpartition("/")[2] for r in objects.foreach_type(v3_0_1.Relationship)}
    assert kinds == {"hasConcludedLicense", "trainedOn"}
    said = [a.statement for a in objects.foreach_type(v3_0_1.Annotation)]
    assert all(any(r.id in statement for statement in said) for r in run.records)


def test_mof(run: Run, tmp_path: Path) -> None:
    (path,) = export(run, "mof", tmp_path)
    found = yaml.safe_load(path.read_text("utf-8"))
    jsonschema.validate(found, MOF)
    datetime.date.fromisoformat(found["framework"]["date"])
    assert [c["name"] for c in found["release"]["components"]] == ["Datasets"]
    assert found["release"]["license"] == {"distribution": {"name": "MIT"}}


def test_mof_claims_nothing_that_could_not_be_read(tmp_path: Path) -> None:
    builder = RunBuilder(tmp_path / "run")
    builder.add(
        "weights_endmodel", "weights.files", "error", "Timed out.", source=Source("https://a.org", "https://a.org")
    )
    (path,) = export(load_run(builder.finish()), "mof", tmp_path)
    assert yaml.safe_load(path.read_text("utf-8"))["release"]["components"] == []


def test_ro_crate(run: Run) -> None:
    from rocrate.rocrate import ROCrate

    export(run, "ro-crate", run.folder)
    crate = ROCrate(str(run.folder))
    files = {e.id: e for e in crate.get_entities() if e.type == "File"}
    assert set(files) == {"run.json", "evidence.jsonl", "documents.jsonl", "archive/run-00000.warc.gz"}
    for name, entity in files.items():
        body = (run.folder / name).read_bytes()
        assert (entity["sha256"], entity["contentSize"]) == (hashlib.sha256(body).hexdigest(), str(len(body)))


def test_wacz_holds_what_may_be_passed_on_and_nothing_else(run: Run, tmp_path: Path) -> None:
    (path,) = export(run, "wacz", tmp_path)
    with zipfile.ZipFile(path) as archive:
        package = json.loads(archive.read("datapackage.json"))
        for resource in package["resources"]:
            assert resource["hash"] == f"sha256:{hashlib.sha256(archive.read(resource['path'])).hexdigest()}"
        digest = json.loads(archive.read("datapackage-digest.json"))
        assert digest["hash"] == f"sha256:{hashlib.sha256(archive.read('datapackage.json')).hexdigest()}"
        warc = archive.read("archive/pages.warc.gz")
        lines = archive.read("indexes/index.cdx").decode().splitlines()
    assert lines == sorted(lines)
    urls = []
    for line in lines:
        entry = json.loads(line.split(" ", 2)[2])
        member = warc[int(entry["offset"]) :][: int(entry["length"])]
        (record,) = [r for r in ArchiveIterator(io.BytesIO(member)) if r.content_stream() is not None]
        assert record.rec_headers.get_header("WARC-Target-URI") == entry["url"]
        urls.append(entry["url"])
    assert sorted(url.rpartition("/")[2] for url in urls) == ["LICENSE", "README.md"]


def test_csv_cannot_run_in_a_spreadsheet(tmp_path: Path) -> None:
    builder = RunBuilder(tmp_path / "run")
    source = builder.document("https://example.org/card", b"=HYPERLINK(1)\n", "+cmd.md")
    builder.add("modelcard", "model_card.risks", "present", "@SUM says the card.", source=source, exact="=HYPERLINK(1)")
    table, dictionary = export(load_run(builder.finish()), "csv", tmp_path)
    with table.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["quote"], row["statement"], row["path"]) == ("'=HYPERLINK(1)", "'@SUM says the card.", "'+cmd.md")
    with dictionary.open(encoding="utf-8", newline="") as file:
        assert [r["column"] for r in csv.DictReader(file)] == list(row)


def test_parquet_is_exact(run: Run, tmp_path: Path) -> None:
    table, _ = export(run, "parquet", tmp_path)
    assert duckdb.sql(f"SELECT * FROM '{table}'").columns == [c.name for c in COLUMNS]
