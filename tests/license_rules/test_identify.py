"""Our own LICENSE file stands for a licence text: as it is, in other dress, and with something added."""

from __future__ import annotations

import html
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from license_rules import identify, matcher
from license_rules.identify import named_of

LICENSE = (Path(__file__).parents[2] / "LICENSE").read_text("utf-8")
CLAUSE = (
    "The model may be used for research purposes only. You shall not use it, or anything made with it, for any "
    "commercial purpose, and you must show the name of the maker in every product."
)

DRESSES = {
    "as it is": LICENSE,
    "commented": "\n".join(f" * {line}" for line in LICENSE.splitlines()),
    "one line": " ".join(LICENSE.split()),
    "upper case": LICENSE.upper(),
    "windows line ends": LICENSE.replace("\n", "\r\n"),
    "web page": "<html><body><p>" + html.escape(LICENSE).replace("\n\n", "</p><p>") + "</p></body></html>",
    "with a copyright line": "Copyright (c) 2024 The Authors. All rights reserved.\n\n" + LICENSE,
}


@pytest.mark.parametrize("text", DRESSES.values(), ids=DRESSES)
def test_dress_does_not_count(text: str) -> None:
    found = identify(text)
    assert (found.verdict, found.expression) == ("exact", "Apache-2.0")


@pytest.mark.parametrize("where", ["before", "inside", "after"])
def test_an_added_clause_makes_a_variant_and_is_quoted(where: str) -> None:
    middle = LICENSE.index("\n   3. ")
    text = {
        "before": f"{CLAUSE}\n\n{LICENSE}",
        "inside": f"{LICENSE[:middle]}\n{CLAUSE}\n{LICENSE[middle:]}",
        "after": f"{LICENSE}\n\n{CLAUSE}\n",
    }[where]
    found = identify(text)
    assert (found.verdict, found.expression, found.base) == ("variant", None, "Apache-2.0")
    longest = max((r for r in found.residual if r.rules), key=lambda r: r.words)
    quoted = text[longest.start : longest.end]
    assert "research purposes only" in quoted
    assert "must show the name of the maker" in quoted


@pytest.mark.parametrize(
    "clause",
    [
        "This software may not be used by governments.",
        "You must send us a postcard.",
        "Use is allowed only for members of the club.",
        "Weights may not be redistributed.",
        "The model is provided for evaluation only.",
        "Not for commercial use.",
        "This license does not apply in the European Union.",
    ],
)
def test_a_few_words_are_enough(clause: str) -> None:
    middle = LICENSE.index("\n   3. ")
    inside = f"{LICENSE[:middle]}\n\n{clause}\n{LICENSE[middle:]}"
    for text in (f"{LICENSE}\n\n{clause}\n", f"{clause}\n\n{LICENSE}", inside):
        found = identify(text)
        assert (found.verdict, found.expression) == ("variant", None)
        assert any(r.rules and text[r.start : r.end] in clause for r in found.residual)


@pytest.mark.parametrize("words", ["Pancake 1.0, a kitchen tool", "No warranty is given by the cook, as said above"])
def test_other_words_do_not_count(words: str) -> None:
    assert identify(f"{words}\n\n{LICENSE}").expression == "Apache-2.0"


def test_a_missing_section_makes_a_variant() -> None:
    start, end = LICENSE.index("3. Grant of Patent License"), LICENSE.index("4. Redistribution")
    found = identify(LICENSE[:start] + LICENSE[end:])
    assert (found.verdict, found.base) == ("variant", "Apache-2.0")
    assert found.missing > 100


@pytest.mark.parametrize(("version", "verdict"), [("3.0", "variant"), ("2.0", "exact")])
def test_a_text_dated_as_another_version_is_not_that_licence(version: str, verdict: str) -> None:
    found = identify(f"{LICENSE}\n\nThe text of the mill and its bakers, version {version} of 01/02/2031")
    assert found.verdict == verdict


def test_two_words_can_turn_a_licence_round() -> None:
    text = LICENSE.replace("hereby grants to You a perpetual", "hereby does not grant You any non-commercial perpetual")
    assert text != LICENSE
    assert identify(text).verdict == "variant"


@pytest.mark.parametrize(
    ("words", "others", "quoted"),
    [
        ("sublicense, and distribute", "and distribute", "publicly perform, and distribute"),
        ("a perpetual,", "a temporary,", "a temporary, worldwide"),
        ("no-charge, royalty-free,", "no-charge, royalty-bearing,", "royalty-bearing"),
        ("You may reproduce and distribute", "You may not reproduce and distribute", "You may not reproduce"),
        ("irrevocable", "revocable", "revocable"),
        ("with or without", "without", "medium, without"),
    ],
)
def test_a_changed_word_is_quoted(words: str, others: str, quoted: str) -> None:
    text = " ".join(LICENSE.split())
    assert words in text
    text = text.replace(words, others, 1)
    found = identify(text)
    assert (found.verdict, found.expression, found.base) == ("variant", None, "Apache-2.0")
    assert any(quoted in text[r.start : r.end] for r in found.residual if r.rules)


@pytest.mark.parametrize(
    ("words", "others"), [("shall", "must"), ("copyright owner", "Copyright holder"), ("sublicense", "sub\nlicense")]
)
def test_words_of_one_meaning_do_not_count(words: str, others: str) -> None:
    assert words in LICENSE
    assert identify(LICENSE.replace(words, others)).expression == "Apache-2.0"


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("SPDX-License-Identifier: Apache-2.0", "Apache-2.0"),
        ("# SPDX-License-Identifier: GPL-2.0-or-later WITH Classpath-exception-2.0", None),
        ("This model is released under the Apache License, Version 2.0.", "Apache-2.0"),
        ("Released under the GNU Lesser General Public License.", "LGPL-2.0-or-later"),
        ("See http://www.gnu.org/licenses/gpl-3.0.html and http://opensource.org/licenses/MIT", "GPL-3.0-only AND MIT"),
        ("See https://creativecommons.org/licenses/by-nc-sa/4.0/legalcode for what you may do.", "CC-BY-NC-SA-4.0"),
        ("Licensed under the Apache Software License, Version 1.1, kept below.", "Apache-1.1"),
        (f"# Pancakes\n\n{'Flour, milk and eggs. ' * 40}\n\n## Licence\n\nBSD-2-Clause\n", "BSD-2-Clause"),
    ],
)
def test_notices(text: str, expression: str | None) -> None:
    found = identify(text)
    assert found.verdict == "exact"
    assert expression is None or found.expression == expression


def test_a_header_may_point_to_the_licence_in_other_words() -> None:
    header = LICENSE[LICENSE.index("Licensed under the Apache License, V") :]
    other = header.replace("You may obtain a copy of the License at", "A copy of the License is located at")
    assert other != header
    assert identify(other).verdict == "exact"


def test_a_name_that_runs_over_the_end_of_its_sentence() -> None:
    found = identify("The pan is licensed under the CC BY-NC-SA 4.0 license.\n\nThe text: see below.")
    assert (found.verdict, found.expression) == ("exact", "CC-BY-NC-SA-4.0")


def test_a_version_that_does_not_exist_is_not_named_as_another() -> None:
    assert identify("Released under the terms of the Apache license 3.0 by the mill.").expression is None


def test_the_version_of_one_gnu_licence_is_not_that_of_another() -> None:
    found = identify("See LGPL_EXCEPTION.txt. You may use it under the GNU General Public License version 3.0 too.")
    assert [m.id for m in found.matches] == ["GPL-3.0-only"]


def test_rules_of_a_program_far_from_the_notice_do_not_count() -> None:
    notice = "/*\n" + LICENSE[LICENSE.index("Licensed under the Apache License, V") :].rstrip() + "\n*/\n\n"
    assert identify(notice + "// Bakers must bake this file again after they modify it.\n").verdict == "exact"


@pytest.mark.parametrize("text", ["", "\n \t", "Recipe for pancakes: flour, milk, eggs.", "图灵", "\x00\x01" * 50])
def test_no_licence_is_none(text: str) -> None:
    assert identify(text).verdict == "none"


def test_a_pointer_to_a_file_is_no_licence() -> None:
    words = "Copyright (c) The Mill. All rights reserved. This source code is licensed under the terms described in the"
    assert identify(f"{words} LICENSE file in the top level directory.").verdict == "none"


def test_an_unknown_agreement_is_custom() -> None:
    found = identify("PANCAKE MODEL AGREEMENT. By downloading the model you accept this license. " + CLAUSE)
    assert (found.verdict, found.expression, found.base) == ("custom", None, None)


HOSTILE = {
    "long": LICENSE * 4000,
    "one endless line": "permission " * 4_000_000,
    "endless word": "a" * 40_000_000,
    "brackets": "<" * 2_000_000,
    "bullets": "* " * 1_000_000,
    "copyright": "copyright (c) " * 500_000,
    "slashes": "http://" * 500_000,
    "under": "licensed under " * 200_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_take_bounded_time(text: str) -> None:
    begin = time.process_time()
    identify(text)
    assert time.process_time() - begin < 30


@given(st.text(max_size=400))
@settings(max_examples=60, deadline=None)
def test_spans_lie_in_the_text(text: str) -> None:
    found = identify(text)
    for part in (*found.matches, *found.residual):
        assert 0 <= part.start < part.end <= len(text)


def test_a_tie_is_stated() -> None:
    """SPDX gives the words of OLDAP-1.1 to another id as well; Apache-2.0 has its own."""
    base = matcher.index()
    place = {ref.id: n for n, ref in enumerate(base.references) if ref.kind == "license"}
    one, other, third = (
        matcher.Placed(place[ident], 0, 800, 1.0, 1.0) for ident in ("OLDAP-1.1", "NBPL-1.0", "OLDAP-2.8")
    )
    assert matcher.is_tie(base, one, other)
    assert not matcher.is_tie(base, one, third)
    assert identify(LICENSE).matches[0].ties == ()


def test_of_a_tie_the_licence_of_the_maker_in_the_text_is_named() -> None:
    place = {ref.id: n for n, ref in enumerate(matcher.index().references) if ref.kind == "license"}
    nothing = np.zeros(0, bool)
    region = matcher.Region(place["HPND"], 0, 0, 1.0, 1.0, nothing, nothing, 0, 1.0, (), ("MIT-CMU",))
    assert named_of(region, "the name of cmu may not be used") == "MIT-CMU"
    assert named_of(region, "the name of the mill may not be used") == "HPND"


@pytest.mark.parametrize("shift", range(3))
def test_a_text_word_for_word_is_found_as_if_all_rivals_were_looked_for(
    shift: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = matcher.index()
    numbers = range(shift, len(base.references), 60)
    texts = {n: base.marked(n)[0].astype(np.int64) for n in numbers}
    words = {n: np.zeros(len(text) + 2, np.uint32) for n, text in texts.items()}
    quick = {n: matcher.best_region(base, text, words[n]) for n, text in texts.items()}
    monkeypatch.setattr(matcher, "place_all", lambda base, free, near: [matcher.place(base, free, n) for n in near])
    for number, found in quick.items():
        slow = matcher.best_region(base, texts[number], words[number])
        assert (found is None) == (slow is None)
        if found and slow:
            assert (found.reference, found.first, found.last) == (slow.reference, slow.first, slow.last)
            assert (found.ties, found.changes, found.missing) == (slow.ties, slow.changes, slow.missing)


def test_a_chinese_agreement_is_known_by_its_title() -> None:
    text = "# 通用模型许可协议-来源说明\n\n" + "使用者须遵守本协议，不得违反本许可的任何条款。" * 12
    found = identify(text + "\n\n本模型的代码使用 Apache-2.0 许可证。")
    assert (found.verdict, found.expression) == ("custom", "LicenseRef-AI-openbmb-gml")
