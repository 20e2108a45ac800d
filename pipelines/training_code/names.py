"""Names of the model of a dossier, as its own files would carry them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.dossier import Dossier
from pipelines.papers.names import acronyms

# Parts of Hub names that do not name a family: sizes, versions, what was done to the model.
PARTS = re.compile(
    r"v?\d[\d.]*[bmk]?|a\d+b|[bmk]|instruct\w*|chat|base|it|hf|sft|dpo|rl|rlhf|preview|large|small|medium|mini|tiny|nano"
    r"|xl|xxl|pt|fp8|int4|int8|gptq|awq|gguf|bf16|model|llm|ai|the|open|latest|final|exp|pro|plus|max|flash|turbo|vl|vlm"
    r"|thinking|reasoning|coder?|math|vision|audio|video|image|text|multilingual|moe|distill|merged|lora|beta|alpha"
)
# What names of one family put after it without a hyphen: `crystalcoder`, `deepseekmath`.
ENDINGS = "coder?|chat|llm|lm|instruct|math|vl|vision|audio|video|moe"
ADJECTIVES = frozenset({"stable"})  # names of families begin with it: Stable Diffusion, StableVicuna
FAMILIES = frozenset({"llama", "qwen", "mistral", "mixtral", "gemma", "gpt", "bert", "t5", "phi", "falcon", "bloom"})


def model_names(dossier: Dossier, target: str) -> tuple[str, ...]:
    """Family names and initials of the release and its base models.

    `Llama-Poro-2-70B-Instruct` gives `poro`, `stable-diffusion-xl-base-1.0` gives `stable-diffusion` and `SDXL`.
    """
    hub = [t.rsplit("/", 1)[-1] for t in (dossier.root, *sorted(dossier.base_models)) if t.startswith("hf:model:")]
    return tuple(dict.fromkeys(name for t in hub for name in (family(t), *acronyms(t)) if name))


def family(name: str) -> str:
    parts = [p for p in re.split(r"[-_.\s]+", name.lower()) if p and not PARTS.fullmatch(p)]
    own = [p for p in parts if re.sub(r"[\d.]+$", "", p) not in FAMILIES] or parts
    if not own:
        return ""
    at, word = parts.index(own[0]), re.sub(r"[\d.]+$", "", own[0])
    if len(own[0]) == 1 and at:
        return f"{parts[at - 1]}-{own[0]}"
    if len(word) < 2:
        return own[0]
    return f"{word}-{own[1]}" if word in ADJECTIVES and len(own) > 1 else word


def name_patterns(names: Sequence[str]) -> list[str]:
    """Patterns that find names in paths and files: `crystal` in `crystalcoder`, not in `crystals`; SDXL in `sd_xl`."""
    written = (
        "[-_]?".join(name) if name.isupper() else re.escape(name).replace(r"\-", "[-_]?")
        for name in names
        if len(name) > 1
    )
    return [rf"(?<![a-z]){name}(?:{ENDINGS})?(?![a-z])" for name in written]


# A version right after a family's name, `blip2`, `Yi-1.5`; not the size that follows one, `olmo_7b`.
VERSION = r"[-_]?(\d+(?:[._]\d+)*)(?![\d._]*[bmk](?![a-z]))(?!\d)"


def other_version(model: str, path: str) -> int:
    """Whether a path names another version of a model's family: 2 it does, 1 it names the family alone, 0 neither.

    For `blip2-opt-2.7b` that is 0 for `train.py` and `blip2/train.sh`, 1 for `blip/train.sh`, 2 for `blip3/train.sh`.
    """
    name, text = family(model), path.lower()
    if not name or name not in text:
        return 0
    own = re.search(rf"(?<![a-z]){re.escape(name)}{VERSION}", model.lower())
    mine = own[1].replace("_", ".") if own else ""
    named = re.findall(rf"(?<![a-z]){re.escape(name)}(?:{ENDINGS})?(?:{VERSION}|(?![a-z]))", text)
    versions = [version.replace("_", ".") for version in named]
    if not versions or any(v and (mine.startswith(v) or v == f"{mine}.0") for v in versions):
        return 0
    if any(versions):
        return 2
    return 1 if own and own[0][len(name)].isdigit() else 0
