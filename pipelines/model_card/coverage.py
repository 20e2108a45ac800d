"""How many words a card spends on what: the "primarily" in the index's notes is a share."""

from __future__ import annotations

import msgspec

from pipelines.model_card.lexicon import label_topics
from pipelines.model_card.topics import CONTENT_TOPICS, Finding, menu
from pipelines.readers.markdown import Card
from pipelines.readers.words import count_words

NAMES = {
    "description": "description",
    "architecture": "architecture",
    "intended_use": "intended use",
    "out_of_scope": "out-of-scope use",
    "risks": "risks",
    "limitations": "limitations",
    "biases": "biases",
    "recommendations": "recommendations",
    "training_data": "training data",
    "training_procedure": "training procedure",
    "evaluation": "evaluation",
    "compute": "compute",
    "license": "licence",
    "citation": "citation",
    "usage": "usage",
    "finetuning": "how to fine-tune",
    "other": "acknowledgements, news and contacts",
    "unnamed": "text under no known heading",
}


class Coverage(msgspec.Struct, frozen=True):
    """Words per section topic, and the words of the whole. Every word is counted once, under the nearest heading."""

    words: int
    by_topic: dict[str, int]

    def share(self, words: int) -> float:
        return round(words / self.words, 3) if self.words else 0.0


def coverage(card: Card, start: int, end: int) -> Coverage:
    counts: dict[str, int] = {}
    above: list[tuple[int, str]] = [(end, "unnamed")]
    for part in card.inside(start, end):
        while len(above) > 1 and part.start >= above[-1][0]:
            above.pop()
        if part.level:
            about = () if menu(card, part) else label_topics(part.label)
            if about:
                above.append((part.extent, "architecture" if "architecture" in about else about[0]))
            continue
        topic = above[-1][1]
        if part.kind == "label":
            own = [t for t in label_topics(part.label) if t in NAMES]
            topic = own[0] if own else topic
        if part.kind != "image":
            words = card.words(part.start, part.end)
            if part.kind == "code":
                words = count_words(card.text[part.start : part.end])
            counts[topic] = counts.get(topic, 0) + words
    return Coverage(sum(counts.values()), counts)


def listing(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


def sentence(found: dict[str, Finding], cover: Coverage) -> str:
    """The line a maintainer would write about a whole card."""

    def size(topic: str) -> str:
        words = max(cover.by_topic.get(topic, 0), found[topic].words)
        return f"{NAMES[topic]} ({words} words)" if words else NAMES[topic]

    there = [size(t) for t in CONTENT_TOPICS if t in found and found[t].outcome == "present"]
    if words := cover.by_topic.get("architecture"):
        there.insert(1 if "description" in found else 0, f"architecture ({words} words)")
    template = [NAMES[t] for t in CONTENT_TOPICS if t in found and found[t].outcome in ("placeholder", "boilerplate")]
    linked = [NAMES[t] for t in CONTENT_TOPICS if t in found and found[t].outcome == "linked"]
    missing = [NAMES[t] for t in CONTENT_TOPICS if t not in found]
    pieces = [f"Model card ({cover.words} words) covers {listing(there) or 'none of the topics asked for'}"]
    usage = cover.by_topic.get("usage", 0) + cover.by_topic.get("finetuning", 0)
    if cover.words and usage:
        pieces.append(f"{round(100 * usage / cover.words)} % of the text is usage")
    if template:
        pieces.append(f"only named or templated: {listing(template)}")
    if linked:
        pieces.append(f"only a pointer elsewhere: {listing(linked)}")
    if missing:
        pieces.append(f"nothing found on {listing(missing)}")
    return "; ".join(pieces) + "."
