"""Licences in other dress: Chinese only, as a web page, as a PDF; and hostile files."""

from __future__ import annotations

import html
import time

import pytest

from license_rules import clauses, identify
from tests.pipelines.licenses.test_text import LICENSE, records, text_record

CHINESE = """盘古煎饼大模型社区许可协议

一、授权
许可方授予您一项非排他性的、全球性的、不可转让的许可，用于使用、复制、分发本模型。

二、限制
1. 本模型仅限学术研究使用，不得用于任何商业用途。
2. 如您的产品或服务的月活跃用户数超过100万，您必须另行向许可方申请商业授权。
3. 您不得将本模型用于军事目的或任何违反法律法规的用途。
4. 本协议不适用于欧盟地区。
5. 您不得利用本模型的输出训练、改进其他大语言模型。
6. 衍生模型的名称必须以“煎饼”开头，并在显著位置标注“由煎饼驱动”。
7. 使用者须在下载前填写登记表进行登记。
8. 您不得对本模型进行反向工程、反编译。
9. 您的年营业收入超过一千万元人民币的，须取得许可。

三、终止
如您违反本协议，许可方有权终止本协议项下的授权。
若您就专利提起诉讼，则本许可自动终止。

四、适用法律
本协议受中华人民共和国法律管辖，争议由北京市海淀区人民法院管辖。
分发衍生作品时须采用与本协议相同的条款。
"""
ASKED = {
    "non_commercial": None,
    "research_only": None,
    "threshold_users": 1_000_000,
    "threshold_revenue": 10_000_000,
    "field_of_use": None,
    "military_ban": None,
    "territory_exclusion": ("European Union",),
    "output_training_ban": None,
    "naming_display": None,
    "registration_duty": None,
    "reverse_engineering_ban": None,
    "termination": None,
    "patent_termination": None,
    "governing_law": ("China",),
    "share_alike": None,
}


def test_a_chinese_agreement_is_read_clause_by_clause() -> None:
    assert {c.clause: c.value for c in clauses(CHINESE)} == ASKED
    for clause in clauses(CHINESE):
        assert CHINESE[clause.start : clause.end].count("。") <= 1, "a clause is quoted by its own sentence"
    record = text_record(CHINESE.encode())
    assert (record.value["verdict"], record.value["expression"], record.points) == ("custom", None, "closed")


def test_a_harmless_chinese_text_asks_nothing() -> None:
    assert not clauses("本项目由煎饼实验室开发。感谢所有贡献者。您可以自由使用、修改和分发本软件。")


def test_a_web_page_quotes_its_own_source() -> None:
    words = html.escape(LICENSE.decode()).replace("\n\n", "</p><p>")
    page = f"<!DOCTYPE html><html><head><style>p {{color: red}}</style></head><body><p>{words}</p></body></html>"
    record = text_record(page.encode())
    assert (record.value["verdict"], record.value["expression"]) == ("exact", "Apache-2.0")
    clause = "<p>The model shall not be used for any <b>commercial</b> purpose.</p></body>"
    record = text_record(page.replace("</body>", clause).encode())
    assert (record.value["verdict"], record.value["expression"]) == ("variant", None)
    assert record.quote is not None
    assert "commercial" in record.quote.exact


def pdf(*pages: list[str]) -> bytes:
    """A PDF of text pages, written by hand: one font, one line under the other."""
    objects = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    numbers = []
    for lines in pages:
        plain = [line.replace("(", "[").replace(")", "]").encode("latin-1") for line in lines]
        shown = b" T* ".join(b"(" + line + b") Tj" for line in plain)
        stream = b"BT /F1 7 Tf 9 TL 40 800 Td " + shown + b" ET"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        numbers.append(len(objects))
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(numbers))
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
        + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    )


def license_pages() -> list[list[str]]:
    lines = LICENSE.decode().splitlines()
    return [lines[start : start + 80] for start in range(0, len(lines), 80)]


def test_a_pdf_is_read_and_quoted_by_page() -> None:
    found = text_record(pdf(*license_pages()))
    assert (found.value["verdict"], found.value["expression"]) == ("exact", "Apache-2.0")
    clause = "The model shall not be used for any commercial purpose, nor in the European Union."
    changed = text_record(pdf(*license_pages(), [clause]))
    assert (changed.value["verdict"], changed.value["expression"]) == ("variant", None)
    assert changed.quote is not None
    assert changed.selector is not None
    assert "commercial purpose" in changed.quote.exact
    assert changed.selector.page == len(license_pages()) + 1


def test_a_pdf_of_pictures_is_an_error() -> None:
    assert text_record(pdf([""])).outcome == "error"


HOSTILE = {
    "fifty megabytes": LICENSE * (50_000_000 // len(LICENSE)),
    "one endless line": b"you may not use " * 3_000_000,
    "binary": bytes(range(256)) * 100_000,
    "utf-16": LICENSE.decode().encode("utf-16"),
    "mixed encodings": LICENSE + "Gebühr für Müller".encode("latin-1") + "許可".encode("shift-jis"),
    "open tags": b"<p>" * 1_000_000,
    "tags in tags": b"<" * 3_000_000,
    "Chinese": CHINESE.encode() * 2_000,
    "entities": b"&ldquo;" * 1_000_000,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_take_bounded_time_and_end_honestly(body: bytes) -> None:
    begin = time.process_time()
    found = records(body)
    assert time.process_time() - begin < 30
    (text,) = [r for r in found if r.indicator == "license.text"]
    assert text.outcome in ("present", "absent", "error")
    assert text.points != "open" or text.value["expression"] == "Apache-2.0"


def test_a_line_of_another_encoding_does_not_hide_the_licence() -> None:
    assert identify((LICENSE + "\nGrüße".encode("latin-1")).decode("utf-8", "replace")).base == "Apache-2.0"
