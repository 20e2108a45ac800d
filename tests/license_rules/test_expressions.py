"""Choices, exceptions and tags as SPDX expressions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from license_rules import express, holds, identify, ids_in, in_words, is_open
from license_rules.expressions import parse

LICENSE = (Path(__file__).parents[2] / "LICENSE").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("This project is dual-licensed under MIT and Apache-2.0.", "MIT OR Apache-2.0"),
        ("Licensed under either of Apache License, Version 2.0 or MIT license at your option.", "Apache-2.0 OR MIT"),
        ("License: MIT/Apache-2.0", "MIT OR Apache-2.0"),
        ("Licensed under MIT and/or Apache 2.0", "MIT OR Apache-2.0"),
        ("SPDX-License-Identifier: (MIT OR Apache-2.0) AND CC-BY-4.0", "(MIT OR Apache-2.0) AND CC-BY-4.0"),
        ("SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
        (
            "As a special exception to the GNU General Public License, if you distribute this file as part of a "
            "program or library that is built using GNU Libtool, you may include this file under the same "
            "distribution terms that you use for the rest of that program.\n\n"
            "Licensed under the GNU General Public License, version 2.",
            "GPL-2.0-only WITH Libtool-exception",
        ),
        ("The code is licensed under the MIT license and the data under CC-BY-4.0.", "MIT AND CC-BY-4.0"),
        (
            "You may use it under the terms of the GNU GPL version 3 or later, or the Apache License 2.0.",
            "Apache-2.0 OR GPL-3.0-or-later",
        ),
        (
            "Free software under the GNU General Public License version 2 or (at your option) any later version.",
            "GPL-2.0-or-later",
        ),
    ],
)
def test_what_a_text_leaves_the_choice_of(text: str, expression: str) -> None:
    found = identify(text)
    assert (found.verdict, found.expression) == ("exact", expression)


def test_one_open_choice_is_enough_and_all_of_an_and() -> None:
    assert holds("MIT OR CC-BY-NC-4.0", is_open)
    assert not holds("MIT AND CC-BY-NC-4.0", is_open)
    assert holds("GPL-2.0-only WITH Classpath-exception-2.0", is_open)
    assert holds("MIT AND (CC-BY-NC-4.0 OR Apache-2.0)", is_open)


def test_ids_and_words() -> None:
    expression = "(MIT OR GPL-2.0-only WITH Classpath-exception-2.0) AND CC-BY-4.0"
    assert ids_in(expression) == ["MIT", "GPL-2.0-only", "CC-BY-4.0"]
    assert in_words(expression, str) == "(MIT or GPL-2.0-only with Classpath-exception-2.0) and CC-BY-4.0"
    assert express(["MIT", "Apache-2.0"]) == "MIT AND Apache-2.0"
    assert express([]) is None


@pytest.mark.parametrize("expression", ["", "MIT OR", "(MIT", "MIT)", "OR MIT", "()", "(" * 500 + "MIT" + ")" * 500])
def test_no_expression(expression: str) -> None:
    with pytest.raises(ValueError, match="SPDX"):
        parse(expression)


@given(st.lists(st.sampled_from(["MIT", "Apache-2.0", "ISC", "Zlib"]), min_size=1, unique=True), st.data())
def test_every_id_comes_out_again(ids: list[str], data: st.DataObject) -> None:
    group = frozenset(data.draw(st.sets(st.sampled_from(ids))))
    expression = express(ids, [group])
    assert expression is not None
    assert sorted(ids_in(expression)) == sorted(ids)


@pytest.mark.parametrize(
    "text",
    [
        "MIT License\n\nYou may download the weights. Redistribution needs written approval of the lab.",
        "Released under a dual license: MIT license for research and a commercial licence for companies.",
        "SPDX-License-Identifier: MIT\n\nThe weights may not be used for military purposes.",
        "Licensed under the Apache License 2.0. Users have to register before downloading.",
        "# Pan\n\n## License\n\nMIT license, for academic institutions only.",
    ],
)
def test_a_name_with_a_rule_beside_it_is_not_that_licence(text: str) -> None:
    found = identify(text)
    assert found.verdict != "exact"
    assert found.expression is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("worldwide", "Swiss"),
        ("sublicense, and distribute", "and look at"),
        ("to reproduce", "to reproduce for research"),
    ],
)
def test_a_word_of_the_grant_changed_makes_a_variant(old: str, new: str) -> None:
    licence = " ".join(LICENSE.split())
    assert old in licence
    assert identify(licence).expression == "Apache-2.0"
    assert identify(licence.replace(old, new)).verdict == "variant"
