"""What cards and READMEs say in words about licences, and of which part."""

from __future__ import annotations

import time

import pytest

from pipelines.dossier import Dossier
from pipelines.licenses import detector
from pipelines.licenses.compare import namesake
from pipelines.licenses.statements import statements
from pipelines.readers.markdown import read_markdown
from tests.pipelines.licenses.test_declared import CODE, LICENSE, MODEL, document, hub, lead, of, read

Said = list[tuple[str, str]]


def said(text: str, own: str = "code", product: str = "pan") -> Said:
    card = read_markdown(text)
    found = statements(card, own, product)
    for one in found:
        assert 0 <= one.start < one.end <= len(text)
        assert text[one.start : one.end] == text[one.start : one.end].strip()
    return [(" ".join(sorted(one.parts)), one.licence) for one in found if one.how != "pointer"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## License\n\nThis project is under the [MIT License](LICENSE).", [("code", "MIT")]),
        ("## License\n\nMIT", [("code", "MIT")]),
        (
            "## License\n\nCode is Apache-2.0, weights are under [CC BY-NC 4.0](WEIGHTS).",
            [("code", "Apache-2.0"), ("weights", "CC-BY-NC-4.0")],
        ),
        ("## Licence\n\nBoth the code and the model weights are MIT licensed.", [("code weights", "MIT")]),
        ("## License\n\nMIT for the code, CC-BY-4.0 for the data set.", [("code", "MIT"), ("data", "CC-BY-4.0")]),
        ("## License\n\n- **Code**: MIT\n- **Checkpoints**: Apache 2.0", [("code", "MIT"), ("weights", "Apache-2.0")]),
        (
            "## License\n\n| What | License |\n|---|---|\n| Code | MIT |\n| Dataset | CC0 |\n",
            [("code", "MIT"), ("data", "CC0-1.0")],
        ),
        ("## License\n\nThe code for training the model is released under BSD 3-Clause.", [("code", "BSD-3-Clause")]),
        (
            "## License\n\nThe code is licensed by MIT, the data by CC0, the weights are licensed by GNU AGPL 3.0.",
            [("code", "MIT"), ("data", "CC0-1.0"), ("weights", "AGPL-3.0-only")],
        ),
        ("## License\n\nThe models in this repository are released under MIT.", [("weights", "MIT")]),
        ("## License\n\nOur documentation is licensed under CC-BY-4.0.", [("docs", "CC-BY-4.0")]),
        ("## Model License\n\nReleased under the Apache License 2.0.", [("weights", "Apache-2.0")]),
        ("## License\n\nUse of Pan-7B is subject to the [Pan Model License](M).", [("weights", "Pan Model License")]),
        ("## License\n\nDual-licensed under MIT or Apache-2.0.", [("code", "MIT OR Apache-2.0")]),
        ("# Pan\n\nOur weights are distributed under the Apache License 2.0.", [("weights", "Apache-2.0")]),
        ("# Pan\n\nPan is released under an MIT license.", [("code", "MIT")]),
        ("# Pan\n\n- License: MIT\n", [("code", "MIT")]),
        (
            "![Code License](https://img.shields.io/badge/Code%20License-Apache_2.0-green.svg)",
            [("code", "Apache-2.0")],
        ),
        ('<img src="https://img.shields.io/badge/license-BSD_3--Clause-red">', [("code", "BSD-3-Clause")]),
        ("## License\n\nReleased under the Modified MIT License.", [("code", "LicenseRef-AI-modified-mit")]),
        ("## License\n\nThe weights bear a modified Apache 2.0 license.", [("weights", "modified Apache 2.0 license")]),
        ("## License\n\nThis model is based on Pancake-1 and is released under MIT.", [("weights", "MIT")]),
        (
            "## License\n\nIt covers all code as well as our models:\n\n```\nLicensed under the MIT License\n```\n",
            [("code weights", "MIT")],
        ),
        (
            "## 许可证\n\n本仓库的代码依照 Apache-2.0 协议开源，模型权重遵循[《烙饼模型许可协议》](MODEL)。",
            [("code", "Apache-2.0"), ("weights", "烙饼模型许可协议")],
        ),
        ("## 协议\n\n数据集采用 CC BY 4.0 协议发布。", [("data", "CC-BY-4.0")]),
        ("## ライセンス\n\nこのリポジトリのコードは MIT ライセンスの下で公開されています。", [("code", "MIT")]),
        ("## License\n\nPan has the Llama 3.1 Community License.", [("weights", "LicenseRef-AI-llama3.1")]),
        ("## License\n\nPan is licensed under ODC-By 1.0.", [("data", "ODC-By-1.0")]),
        ("## License\n\nCode is MIT. Other materials are under CC-BY-4.0.", [("code", "MIT"), ("docs", "CC-BY-4.0")]),
        ("## License\n\nThe codebase, including models, is under Apache2.", [("code weights", "Apache-2.0")]),
        ("## License\n\nLe code est distribué sous licence Apache 2.0.", [("code", "Apache-2.0")]),
        (
            "## License\n\nCode in this repo is MIT, data on the hub and this repo is CC-BY-4.0.",
            [("code", "MIT"), ("data", "CC-BY-4.0")],
        ),
        (
            "## License\n\nCode is MIT, however [Font](https://github.com/ink/font) that our code shows is GPL-3.0.",
            [("code", "MIT")],
        ),
        ("## License\n\n[Pan](https://github.com/maker/pan) is under MIT.", [("code", "MIT")]),
        ("## License\n\nThe [model](https://huggingface.co/maker/iron) is under MIT.", [("weights", "MIT")]),
        (
            "## License\n\nThe checkpoints are under the Creative Commons license ([CC BY-SA-4.0](https://x.test)).",
            [("weights", "CC-BY-SA-4.0")],
        ),
        (
            "## License\n\nOur docs are under the Creative Commons Attribution 4.0 International License (CC-BY).",
            [("docs", "CC-BY-4.0")],
        ),
        (
            "## License\n\nThe code has the MIT license for the pan, and Apache license for the lid.",
            [("code", "MIT"), ("code", "Apache-2.0")],
        ),
        ("## License\n\nPan has a dual-licensing model of MIT and Apache-2.0.", [("code", "MIT OR Apache-2.0")]),
        ("## Licencia\n\nLos pesos del modelo se publican bajo Apache 2.0.", [("weights", "Apache-2.0")]),
    ],
)  # fmt: skip
def test_what_is_said(text: str, expected: Said) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "# Pan\n\nThe fryer was built at MIT & friends.",
        "# Pan\n\nWe train on Batter, a dataset licensed under CC-BY-4.0.",
        "## License\n\nThis code contains parts adapted from Griddle, which is licensed under MIT.",
        "## License\n\nWe ship [griddle](https://github.com/iron/griddle), licensed under the MIT License.",
        "## Third-Party Licenses\n\nGriddle: MIT License.",
        "## License\n\nData may be licensed under CC-BY-4.0 or something else.",
        "# Pan\n\nlicense = {Apache-2.0}",
        "## License\n\nSee the [LICENSE](LICENSE) file.",
        "## License\n\nGriddle 2 is licensed under the Griddle 2 Community License.",
        "## License\n\nYou must give [credit](https://creativecommons.org/licenses/by/4.0/) to us.",
        "## License\n\nSee also the MIT License.",
        "## Models finetuned off Pan\n\n- License: MIT",
        "",
        "## License\n\nYou may obtain a copy of the MIT License at the address below.",
        "## License\n\nNote that `./pan/fry.py` is under MIT.",
        "## License\n\nAn MIT-licensed fork of it has a grill.",
        "## License\n\nSee the licence, depending on the subset:\n- Birds: [MIT](MIT)\n- Letters: [CC0](CC0)",
    ],
)
def test_what_is_not_said(text: str) -> None:
    assert said(text) == []


def test_a_badge_does_not_say_again_what_a_sentence_says() -> None:
    text = "![License](https://img.shields.io/badge/License-MIT-red)\n\n## License\n\nThe code is under Apache-2.0.\n"
    assert said(text) == [("code", "Apache-2.0")]


README = "# Pan\n\n## License\n\nThe code is under Apache-2.0. The model weights are under CC-BY-NC-4.0.\n"


def test_a_readme_on_github_is_read() -> None:
    records = read(document("source_file", CODE, README, "README.md"), document("license", CODE, LICENSE, "LICENSE"))
    declared = of(records, "license.declared")
    assert [(r.statement, r.points) for r in declared] == [
        ("README of maker/pan says that code is under Apache-2.0.", "open"),
        ("README of maker/pan says that weights are under CC-BY-NC-4.0.", "closed"),
    ]
    assert len({r.id for r in declared}) == 2
    (conflict,) = of(records, "license.conflict")
    assert conflict.statement == "README and LICENSE of maker/pan agree on code: Apache-2.0."


def test_what_a_repository_says_of_weights_is_held_against_the_hub() -> None:
    records = read(
        hub(MODEL, "apache-2.0"), document("source_file", CODE, README, "README.md"), leads=(lead(CODE, "repository"),)
    )
    (conflict,) = [r for r in of(records, "license.conflict") if r.value["verdict"] == "contradicts"]
    assert conflict.statement == (
        "README of maker/pan says CC-BY-NC-4.0 for weights, but metadata of maker/pan says Apache-2.0."
    )


def test_a_card_that_differs_from_its_metadata() -> None:
    card = document("model_card", MODEL, "## License\n\nThe model is under CC-BY-NC-4.0.\n", "README.md")
    (conflict,) = of(read(hub(MODEL, "mit"), card), "license.conflict")
    assert conflict.statement == "Card of maker/pan says CC-BY-NC-4.0 for weights, but metadata says MIT."
    assert conflict.value["verdict"] == "contradicts"


def test_a_card_that_differs_from_its_own_front_matter() -> None:
    text = "---\nlicense: mit\n---\n## License\n\nThe model is under CC-BY-NC-4.0.\n"
    (conflict,) = of(read(document("model_card", MODEL, text, "README.md")), "license.conflict")
    assert conflict.statement == "Card of maker/pan says CC-BY-NC-4.0 for weights, but front matter says MIT."


def test_weights_that_only_the_repository_licenses() -> None:
    (triple,) = of(
        read(hub(MODEL, None), document("source_file", CODE, README, "README.md"), leads=(lead(CODE, "repository"),)),
        "license.triple",
    )
    assert triple.statement.startswith("Weights: CC-BY-NC-4.0 according to maker/pan. Code: Apache-2.0.")


def test_a_size_that_is_named_is_the_size_that_is_meant() -> None:
    text = "## License\n\nPan-2B is a model under Apache-2.0.\n\nPan-5B is a model under CC-BY-NC-4.0.\n"
    model = "hf:model:maker/pan-5b"
    documents = (hub(model, None), document("source_file", CODE, text, "README.md"))
    dossier = Dossier(model, documents, leads=(lead(CODE, "repository", model),))
    (triple,) = of(list(detector.detect(dossier, ())), "license.triple")
    assert triple.statement.startswith("Weights: CC-BY-NC-4.0 according to maker/pan.")


@pytest.mark.parametrize(
    ("repository", "model", "same"),
    [
        ("pan", "pan-5b", True),
        ("pan2", "pan2-13b-chat", True),
        ("pan-2", "pan2.0x-5b", False),
        ("pan3", "pan-3.1-8b", False),
        ("pan", "pan2-7b", False),
        ("pan-core", "pan", True),
        ("oven", "pan", False),
    ],
)
def test_namesake(repository: str, model: str, same: bool) -> None:
    assert namesake(repository, [model]) is same


def test_one_readme_over_several_models_does_not_contradict_itself() -> None:
    text = "## License\n\nThe small model is under MIT. The large model is under CC-BY-NC-4.0.\n"
    assert not of(read(document("source_file", CODE, text, "README.md")), "license.conflict")


def test_a_repository_of_another_name_says_nothing_of_these_weights() -> None:
    other = document("source_file", "github:mill/oven", README, "README.md")
    records = read(hub(MODEL, None), other, leads=(lead("github:mill/oven", "repository"),))
    (triple,) = of(records, "license.triple")
    assert triple.statement.startswith("Weights: not specified.")


def test_data_that_only_a_readme_licenses() -> None:
    text = "## License\n\nOur data set is under CC-BY-NC-4.0.\n"
    readme = document("source_file", CODE, text, "README.md")
    (triple,) = of(read(hub(MODEL, "mit"), readme, leads=(lead(CODE, "repository"),)), "license.triple")
    assert triple.statement.endswith("Data: CC-BY-NC-4.0 according to maker/pan.")
    (licence,) = triple.value["data"]["licenses"]
    assert (licence["why"], triple.value["data"]["open"]) == ("not-open", False)
    assert licence["reason"].startswith("neither approved")


def test_a_file_that_is_pointed_to_and_is_not_there() -> None:
    records = read(hub(MODEL, "other", "LICENSE", license_name="pan-1", license_link="LICENSE-MODEL"))
    (missing,) = of(records, "license.missing_text")
    assert missing.statement == (
        "Metadata of maker/pan points to LICENSE-MODEL for the licence, which is not among its 2 files."
    )
    assert missing.value["verdict"] == "text missing"
    assert len(missing.searched) == 2
    assert not of(read(hub(MODEL, "other", "LICENSE", license_link="LICENSE")), "license.missing_text")


def test_a_family_is_open_or_not_as_all_of_it_are() -> None:
    for name, points in (("cc-by-nc", "closed"), ("gpl", "open"), ("cc", "neutral")):
        (record,) = of(read(hub(MODEL, name)), "license.declared")
        assert record.points == points


def test_data_is_not_held_against_the_licence_of_code() -> None:
    text = "## License\n\nThe data is under CC-BY-4.0.\n"
    documents = document("source_file", CODE, text, "README.md"), document("license", CODE, LICENSE, "LICENSE")
    assert not of(read(*documents), "license.conflict")


@pytest.mark.parametrize(
    "filler", ["the license of ", "[MIT](", "under the ", "《", "License: MIT and ", "which is ", "a-"]
)
def test_hostile_text(filler: str) -> None:
    begin = time.process_time()
    statements(read_markdown("## License\n\n" + filler * 20_000), "code", "pan")
    assert time.process_time() - begin < 5
