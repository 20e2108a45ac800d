from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from output.record import EvidenceRecord, Source
from pipelines.dossier import Dossier
from pipelines.licenses import detector
from spiders.document import Document

LICENSE = (Path(__file__).parents[3] / "LICENSE").read_bytes()
CLAUSE = b"\n\nYou shall not use the model, or anything made with it, for any commercial purpose.\n"


def records(body: bytes, path: str = "LICENSE") -> list[EvidenceRecord]:
    source = Source(f"https://x.test/{path}", "", path=path, sha256=hashlib.sha256(body).hexdigest(), size=len(body))
    document = Document("license", "hf:model:maker/model", source, body)
    return list(detector.detect(Dossier(document.target, (document,)), ()))


def text_record(body: bytes) -> EvidenceRecord:
    (record,) = [r for r in records(body) if r.indicator == "license.text"]
    if record.quote and record.selector and record.selector.start is not None:
        text = body.decode("utf-8", "replace")
        assert text[record.selector.start : record.selector.end] == record.quote.exact
    return record


def test_a_known_text() -> None:
    record = text_record(LICENSE)
    assert record.statement == "LICENSE of maker/model holds the text of Apache-2.0, open licence."
    assert (record.outcome, record.points) == ("present", "open")
    assert (record.value["verdict"], record.value["expression"]) == ("exact", "Apache-2.0")


def test_a_text_with_a_clause_quotes_the_clause() -> None:
    record = text_record(LICENSE + CLAUSE)
    assert record.value["verdict"] == "variant"
    assert record.value["expression"] is None
    assert record.points != "open"
    assert record.quote is not None
    assert "any commercial purpose" in record.quote.exact
    assert record.statement.startswith("LICENSE of maker/model differs from Apache-2.0: ")


@pytest.mark.parametrize("body", [b"", bytes(range(256)) * 40, "LICENCE".encode("utf-16") * 30, b"%PDF-1.7 broken"])
def test_what_cannot_be_read_is_an_error_not_an_absence(body: bytes) -> None:
    assert text_record(body).outcome == "error"


def test_an_absence_says_how_far_was_read() -> None:
    record = text_record(b"pancake " * 300_000)
    assert record.outcome == "absent"
    assert record.statement.endswith("found in the first 2,000,000 characters of LICENSE of maker/model.")


def test_a_file_without_licence() -> None:
    record = text_record(b"Pancakes: flour, milk, eggs.")
    assert record.outcome == "absent"
    assert record.searched[0].sha256 == hashlib.sha256(b"Pancakes: flour, milk, eggs.").hexdigest()


@pytest.mark.parametrize(
    "sentence",
    [
        "Condiciones de uso de los pesos: el cocinero no podrá vender la masa ni usar el horno para fines propios. ",
        "Ketentuan penggunaan bobot model: juru masak tidak boleh menjual adonan atau memakai oven untuk tujuan lain. ",
    ],
)
def test_a_licence_in_another_language_is_no_absence_and_its_clauses_are_unread(sentence: str) -> None:
    record = text_record((sentence * 5).encode())
    assert (record.outcome, record.value["verdict"], record.value["clauses_read"]) == ("present", "custom", False)
    assert record.statement.endswith("Its clauses were not read: the rules know English and Chinese.")


def test_a_text_may_say_for_which_part_it_is() -> None:
    record = text_record(b"# THIS LICENSE IS FOR THE MODEL WEIGHTS ONLY\n\n" + LICENSE)
    assert (record.value["verdict"], record.value["scope"]) == ("exact", "weights")


def test_a_title_is_not_a_text() -> None:
    record = text_record(b"Gemma Terms of Use\n\n" + b"You agree that you may use this under this agreement. " * 40)
    assert (record.value["verdict"], record.value["expression"]) == ("custom", "LicenseRef-AI-gemma")
    assert record.statement.startswith(
        "LICENSE of maker/model bears the title Gemma Terms of Use, not an open licence;"
    )


def test_what_was_not_read_to_the_end_is_not_exact() -> None:
    record = text_record(LICENSE * 250)
    assert (record.value["verdict"], record.value["truncated"]) == ("variant", True)
    assert record.statement.startswith(
        "LICENSE of maker/model begins with the text of Apache-2.0; only its first 2,000,000 "
    )


def test_a_clause_is_said_by_its_telling_words() -> None:
    text = (
        "This long agreement of the kitchen on pans, lids, spoons and all that may be fried in them, as published in "
        "the spring of last year, does not apply in the United Kingdom, in Switzerland or in the European Union."
    )
    (record,) = [r for r in records(text.encode()) if r.value.get("clause") == "territory_exclusion"]
    assert record.statement.startswith(
        "LICENSE of maker/model does not apply in the United Kingdom, Switzerland and the European Union: "
        '"… published in the spring of last year, does not apply in the United Kingdom'
    )
    assert record.quote is not None
    assert record.quote.exact == text


def test_an_amount_of_money_is_said_with_its_currency() -> None:
    text = "You need another contract if your yearly revenue is more than US$ 2 million."
    (record,) = [r for r in records(text.encode()) if r.value.get("clause") == "threshold_revenue"]
    assert record.statement.startswith("LICENSE of maker/model sets a limit at a revenue of 2,000,000 USD: ")
    assert record.value == {"clause": "threshold_revenue", "value": 2_000_000, "currency": "USD"}
