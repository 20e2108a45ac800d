"""Names of the model of a dossier, as its own files would carry them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.dossier import Dossier

# Parts of Hub names that do not name a family: sizes, versions, what was done to the model.
PARTS = re.compile(
    r"v?\d[\d.]*[bmk]?|a\d+b|[bmk]|instruct\w*|chat|base|it|hf|sft|dpo|rl|rlhf|preview|large|small|medium|mini|tiny|nano"
    r"|xl|xxl|pt|fp8|int4|int8|gptq|awq|gguf|bf16|model|llm|ai|the|open|latest|final|exp|pro|plus|max|flash|turbo|vl|vlm"
    r"|thinking|reasoning|coder?|math|vision|audio|video|image|text|multilingual|moe|distill|merged|lora|beta|alpha"
)
# What names of one family put after it without a hyphen: `crystalcoder`, `deepseekmath`.
ENDINGS = "coder?|chat|llm|lm|instruct|math|vl|vision|audio|video|moe"
FAMILIES = frozenset({"llama", "qwen", "mistral", "mixtral", "gemma", "gpt", "bert", "t5", "phi", "falcon", "bloom"})


def model_names(dossier: Dossier, target: str) -> tuple[str, ...]:
    """Family names of the release and its base models: `Llama-Poro-2-70B-Instruct` gives `poro`."""
    hub = [dossier.root, *sorted(dossier.base_models)]
    names = [family(t.rsplit("/", 1)[-1]) for t in hub if t.startswith("hf:model:")]
    return tuple(dict.fromkeys(name for name in names if name))


def family(name: str) -> str:
    parts = [p for p in re.split(r"[-_.\s]+", name.lower()) if p and not PARTS.fullmatch(p)]
    own = [p for p in parts if re.sub(r"[\d.]+$", "", p) not in FAMILIES] or parts
    if not own:
        return ""
    word = re.sub(r"[\d.]+$", "", own[0])
    return word if len(word) > 1 else own[0]


def name_patterns(names: Sequence[str]) -> list[str]:
    """Patterns that find a family name inside paths and files, not in longer words: `crystal` is in `crystalcoder`."""
    return [rf"(?<![a-z]){re.escape(name)}(?:{ENDINGS})?(?![a-z])" for name in names if len(name) > 1]
