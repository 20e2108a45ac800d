"""What carries weight beside a licence, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from license_rules import identify
from license_rules.weight import disclaims, is_code, light, limits, points, scope

LICENSE = (Path(__file__).parents[2] / "LICENSE").read_text("utf-8")


@pytest.mark.parametrize(
    "sentence",
    [
        "the pan is provided as is, without warranty of any kind.",
        "in no event shall the cook be liable for any damages arising from burnt pancakes.",
        "the mill disclaims all warranties, including fitness for a particular purpose.",
    ],
)
def test_a_disclaimer_takes_no_right(sentence: str) -> None:
    assert disclaims(sentence)
    assert light(sentence)
    assert not limits(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "the pan is provided as is and may not be used in restaurants.",
        "no warranty is given to those who sell pancakes for non-commercial use only.",
        "you agree to indemnify the mill against damages.",
    ],
)
def test_a_disclaimer_does_not_hide_a_rule(sentence: str) -> None:
    assert not disclaims(sentence)
    assert not light(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "written by ann baker and others, see the file authors for details",
        "this package is licensed under the pancake license",
        "copyright (c) 2001 pan corporation (only spoon targets)",
        "the following applies to all files unless otherwise noted",
        "baked in may 2002, all rights reserved",
        "do not edit - this file was baked from flour.in",
        "版权所有 二零二四年 磨坊公司",
    ],
)
def test_who_wrote_what_passes(sentence: str) -> None:
    assert not limits(sentence)


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("you may obtain a copy of the license at", True),
        ("a copy of the license is located at the mill", True),
        ("you may obtain a copy of the model at the mill", False),
        ("a copy of the license must be shown at the mill", False),
    ],
)
def test_where_the_words_stand_is_no_right(sentence: str, told: bool) -> None:
    assert points(sentence) == told


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("This License is for the model weights only.", "weights"),
        ("# This license applies solely to the source code", "code"),
        ("This license applies only to code of bakers.", ""),
    ],
)
def test_for_which_part_a_licence_is(text: str, part: str) -> None:
    assert scope(text) == part
    assert limits(text.lower()) == (not part)


CLAUSES = [
    "Kitchens with more than 100 cooks have to pay a fee.",
    "Not available to residents of the European Union.",
    "We may withdraw this permission at any time.",
    "Pancakes remain the property of the mill and its users.",
    "Cooks who change the recipe are asked to send it to the mill.",
    "Hosting it as a service needs our consent.",
    "The Software should be used for Good, not Evil.",
    "Die kommerzielle Nutzung ist untersagt.",
    "L'utilisation commerciale est interdite.",
    "Queda prohibido el uso comercial.",
    "本模型仅限学术研究使用，不得用于商业用途。",
    "商用利用は禁止します。",
    "상업적 이용을 금지합니다.",
]


@pytest.mark.parametrize("clause", CLAUSES)
@pytest.mark.parametrize("where", ["preamble", "paragraph", "copyright line", "end"])
def test_no_open_licence_with_a_clause(clause: str, where: str) -> None:
    middle = LICENSE.index(".", LICENSE.index("4. Redistribution") + 20) + 1
    text = {
        "preamble": f"Pan, a model for pancakes\n\n{clause}\n\n{LICENSE}",
        "paragraph": f"{LICENSE[:middle]} {clause}{LICENSE[middle:]}",
        "copyright line": f"Copyright (c) 2024 The Mill. {clause}\n\n{LICENSE}",
        "end": f"{LICENSE}\n{clause}\n",
    }[where]
    found = identify(text)
    assert (found.verdict, found.expression, found.base) == ("variant", None, "Apache-2.0")
    quoted = [text[r.start : r.end] for r in found.residual if r.rules]
    assert any(part in clause or clause.strip(".。") in part for part in quoted), quoted


def test_words_parted_at_line_ends_are_rejoined() -> None:
    parted = LICENSE.replace("Derivative", "Deriva-\n      tive").replace("modifications", "modifi-\n   cations")
    assert identify(parted).expression == "Apache-2.0"
    assert identify(LICENSE.replace("sublicense", "sub-license")).expression == "Apache-2.0"


def test_another_disclaimer_is_no_other_licence() -> None:
    first, last = LICENSE.index("7. Disclaimer of Warranty"), LICENSE.index("9. Accepting Warranty")
    other = "7. The mill makes no warranty of any kind and is not liable for damages of any kind.\n\n"
    found = identify(LICENSE[:first] + other + LICENSE[last:])
    assert (found.expression, found.base) == ("Apache-2.0", "Apache-2.0")


PROGRAM = """/*
{notice}
 *
 * {said}
 */
#include "pan.h"

int fry(void) {{
    /* the pan must be hot, only then the batter may go in */
    heat();
    return 0;
}}
"""


@pytest.mark.parametrize(
    ("said", "verdict"),
    [("fry.c: fry pancakes, written in May 2002", "exact"), ("Not for use in restaurants.", "variant")],
)
def test_in_a_program_the_comment_of_the_licence_counts(said: str, verdict: str) -> None:
    notice = "\n".join(f" * {line}".rstrip() for line in LICENSE.splitlines())
    assert identify(PROGRAM.format(notice=notice, said=said)).verdict == verdict


def test_code_is_told_from_prose() -> None:
    assert is_code('#include "pan.h"\nint fry(void) {\n  heat();\n  return 0;\n}\n')
    assert not is_code(LICENSE)
    assert is_code("/* The pan.\n * Iron. */\n\n// Heat it first.\n// Then oil it.\n")
    assert not is_code("/* The pan.\n * Iron. */\n\nNot for hotels.\n")
