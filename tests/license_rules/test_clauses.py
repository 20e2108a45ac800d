"""Clauses in sentences written for these tests: found with their values, and not found where they are not meant."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from license_rules import CLAUSES, clauses
from license_rules.clauses import clause_names_of_rules

SAID = [
    ("Firms with more than 250 million monthly active users must ask the maker first.", "threshold_users", 250_000_000),
    ("Firms with an annual revenue of more than US$2,500,000 need another contract.", "threshold_revenue", 2_500_000),
    ("A firm that earns 3 million euros of yearly revenue is outside.", "threshold_revenue", 3_000_000),
    ("This contract does not apply in the European Union.", "territory_exclusion", ("European Union",)),
    ("The pancake may be eaten for non-commercial purposes only.", "non_commercial", None),
    ("You shall not use the pancake for any commercial purpose.", "non_commercial", None),
    ("The model is given solely for academic research.", "research_only", None),
    ("Your use must comply with the Acceptable Use Policy of the kitchen.", "field_of_use", None),
    ("You must prominently display “Made with Pancake” on your website.", "naming_display", None),
    ("You will not use the outputs to train any other large language model.", "output_training_ban", None),
    ("The model shall not serve military ends.", "military_ban", None),
    ("Commercial users must register at the address below.", "registration_duty", None),
    ("We may restrict (remotely or otherwise) what you do.", "remote_restriction", None),
    ("The kitchen may terminate this agreement at any time.", "termination", None),
    ("Derivative works are subject to the terms of this agreement.", "share_alike", None),
    ("This contract is governed by the laws of Switzerland.", "governing_law", ("Switzerland",)),
    ("It is governed by the laws of China (excluding Hong Kong).", "governing_law", ("China",)),
    ("You may not reverse engineer or decompile the model.", "reverse_engineering_ban", None),
    ("Where yearly turnover exceeded RMB 2 billion, ask us.", "threshold_revenue", 2_000_000_000),
    ("Copying for non-commercial purposes is permitted.", "non_commercial", None),
    ("No right is given that would allow you to commercially exploit the pan.", "non_commercial", None),
    ("The pan may not be used for any purpose that breaks the law.", "field_of_use", None),
    ("Any use of the pan must be consistent with our kitchen ethics.", "field_of_use", None),
    ("You may not offer the pan to others as a managed service.", "field_of_use", None),
    ("Whoever writes about it must cite the authors in their paper.", "naming_display", None),
    ("You will include “Fried with Pan” on your website.", "naming_display", None),
    ("You agree to move and to update your copy to the latest published version.", "remote_restriction", None),
    ("We may revoke the rights given here if you breach them.", "termination", None),
    ("Your license ends at once.", "termination", None),
    ("Your modifications must be available under this license.", "share_alike", None),
    ("It is construed in accordance with the laws of the State of Oregon.", "governing_law", ("Oregon",)),
    ("This pan is subject to German law.", "governing_law", ("Germany",)),
    ("You may use the pan\nprovided that it stays in a non-commercial kitchen.", "non_commercial", None),
    ("Selling it for commercial gain is strictly prohibited.", "non_commercial", None),
    ("The pan is licensed for use only in conjunction with our stove.", "field_of_use", None),
    ("You must not, alone or with others, use the pan to harass your guests.", "field_of_use", None),
    ("Permitted is any purpose other than a competing meal.", "field_of_use", None),
    ("No decompilation or disassembly of the pan is tolerated.", "reverse_engineering_ban", None),
    ("You must show our logo: display the logo on each plate.", "naming_display", None),
    ("Whatever is derived from the pan must be passed on under the same terms.", "share_alike", None),
    ("All modified pans are to be licensed as a whole to all third parties.", "share_alike", None),
    ("使用前须向许可方登记。", "registration_duty", None),
    ("我们授予您有限的、\n非商业的许可。", "non_commercial", None),
    ("厨师不可以任何商业目的使用锅。", "non_commercial", None),
    ("获得书面授权后，可以用于商业用途。", "non_commercial", None),
    ("For commercial use, this contract is not applicable.", "non_commercial", None),
    ("The pan is released for learning and non-commercial use.", "non_commercial", None),
    ("须以与本协议相同方式授权他人使用派生的锅。", "share_alike", None),
    ("若违反本协议，许可方有权提前终止许可。", "termination", None),
    ("It is governed by the laws of the Chinese Mainland.", "governing_law", ("China",)),
    ("争议适用中华人民\n共和国（不包\n括香港）法律。", "governing_law", ("China",)),
    ("All rights end if you assert a claim that the pan infringes a patent.", "patent_termination", None),
    ("If you bring a lawsuit over patents against us, your licenses shall terminate.", "patent_termination", None),
    ("I will only eat from it for non-commercial research purposes.", "research_only", None),
    ("Guests are not allowed to exercise these rights for an Excluded Purpose.", "field_of_use", None),
    ("Diners shall provide proper citations when they write about the pan.", "naming_display", None),
    ("You must visibly label whatever you fry as developed based on the Pan.", "naming_display", None),
    ("Menus shall bear the following notice: “Soup is built with the Pan”.", "naming_display", None),
    ("You must not serve soup without citing our cookbook.", "naming_display", None),
    ("You may not use what the pan gave as output to train pan-like models.", "output_training_ban", None),
    ("Frying is fine, training rival models on our outputs is not.", "output_training_ban", None),
    ("The kitchen reserves the right to withdraw your access.", "termination", None),
    ("This license can be terminated at any time.", "termination", None),
    ("If you breach these rules, you must delete the recipes.", "termination", None),
    ("本许可可由我们随时终止。", "termination", None),
    ("Whatever you cook, keep the same license terms.", "share_alike", None),
    ("您可以出于非商业用途使用本锅。", "non_commercial", None),
    ("This pan may only be used in production by those who paid for it.", "field_of_use", None),
    ("Japanese law will govern all disputes.", "governing_law", ("Japan",)),
]


@pytest.mark.parametrize(("text", "clause", "value"), SAID, ids=[s[0][:40] for s in SAID])
def test_said(text: str, clause: str, value: object) -> None:
    found = [c for c in clauses("Preface.\n\n" + text + "\n\nEnd.") if c.clause == clause]
    assert [c.value for c in found] == [value]
    assert ("Preface.\n\n" + text + "\n\nEnd.")[found[0].start : found[0].end] == text


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("A firm with revenue of more than US$ 5 million must ask.", "USD"),
        ("A firm with revenue of more than $5 million must ask.", "$"),
        ("A firm with revenue of more than 5 million euros must ask.", "EUR"),
        ("A firm with revenue of more than RMB 5 million must ask.", "CNY"),
        ("年收入超过500万美元的企业须另行申请。", "USD"),
        ("年收入超过500万元的企业须另行申请。", "CNY"),
    ],
)
def test_currency(text: str, currency: str) -> None:
    (clause,) = [c for c in clauses(text) if c.clause == "threshold_revenue"]
    assert (clause.value, clause.currency) == (5_000_000, currency)


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("Mail to 5 million people is revenue for the post.", "threshold_users"),
        ("In no event are we liable for lost revenue above $100.", "threshold_revenue"),
        ("The offices of the European Union are in Brussels.", "territory_exclusion"),
        ("You may use the model for research and for any commercial purpose.", "non_commercial"),
        ("Use it for research, for play or for business.", "research_only"),
        ("Publicly perform and display the work as you like.", "naming_display"),
        ("You may use outputs to train other models.", "output_training_ban"),
        ("The pan is free for commercial or non-commercial purposes.", "non_commercial"),
        ("The pan was designed for research purposes only, and comes as is.", "research_only"),
        ("You may freely use the pan in civil and military kitchens.", "military_ban"),
        ("No commercial use of these trademarks is made.", "non_commercial"),
        ("All registered trademarks belong to their owners.", "registration_duty"),
        ("The name of the kitchen may not be used to endorse meals in a harmful way.", "field_of_use"),
        ("Subject to this license, each cook grants you the right to make derivative pans.", "share_alike"),
        ("You must give a copy of this license with every modified pan.", "share_alike"),
        ("The trademarks may be used only in connection with non-commercial meals.", "non_commercial"),
        ("If you start litigation, the license shall terminate.", "termination"),
        ("The name may not be used to endorse soup, except to acknowledge the authors.", "naming_display"),
        ("We ask, but it is not required, that soups bear the notice “built with Pan”.", "naming_display"),
        ("Pans are not tested for medical or military use.", "military_ban"),
        ("当本许可适用中国法律解释时，以中文为准。", "governing_law"),
        ("The licence does not apply to and gives no right to use:\n\n- recipes made in a harmful way", "field_of_use"),
        ("不得泄露商业秘密。", "non_commercial"),
        ("您有权放弃或终止使用许可。", "termination"),
        ('"Law" is the laws and rules and regulations of the mainland, excluding Hong Kong.', "territory_exclusion"),
    ],
)
def test_not_said(text: str, clause: str) -> None:
    assert clause not in {c.clause for c in clauses(text)}


LISTS = [
    "You will not, and will not let others:\n\n1. burn the pan;\n\n{}2. {}\n\nEnd.",
    "## Limits\n\nYou must not\nlet anyone:\n\n* burn the pan.\n  Not even\n  once.\n\n{}* {}\n\nEnd.",
    "3. You shall not use the pan to:\n   a. burn it. It is hot.\n\n{}   b. {}\n\nEnd.",
]


@pytest.mark.parametrize("shape", LISTS)
@pytest.mark.parametrize("between", ["", "   - not in oil\n\n     and not in fat. Never.\n\n"])
def test_an_item_is_read_with_the_words_that_introduce_its_list(shape: str, between: str) -> None:
    text = shape.format(between, "take the pan apart to reverse engineer its handle;")
    (clause,) = clauses(text)
    assert clause.clause == "reverse_engineering_ban"
    assert text[clause.start : clause.end].endswith("take the pan apart to reverse engineer its handle;")


@pytest.mark.parametrize(
    "text",
    [
        "You shall not:\n\n1. burn the pan;\n2. drop it.\n\nThe cooks love to reverse engineer handles.",
        "You shall not:\n\n1. burn the pan;\n2. drop it.\n\nYou are free to:\n\n1. fry;\n2. reverse engineer handles.",
        "You shall not burn the pan.\n\n1. Fry.\n2. Reverse engineer handles.",
    ],
)
def test_words_above_that_introduce_another_list_are_not_read(text: str) -> None:
    assert not clauses(text)


def test_every_clause_has_a_rule() -> None:
    assert set(clause_names_of_rules()) == set(CLAUSES)


@pytest.mark.parametrize(
    "words", ["governed by laws ", "not use ", "institute litigation ", "a. decompile\n", "- to train models\n"]
)
def test_hostile_texts_take_bounded_time(words: str) -> None:
    begin = time.process_time()
    clauses(words * 200_000)
    assert time.process_time() - begin < 20


@given(st.text(alphabet="not use commercial 5$.;\n“military İ", max_size=300))
@settings(max_examples=60, deadline=None)
def test_spans_lie_in_the_text(text: str) -> None:
    for clause in clauses(text):
        assert 0 <= clause.start < clause.end <= len(text)
