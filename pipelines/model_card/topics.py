"""What a card says about each topic: where it is named, what stands there, and what running text says elsewhere."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

import msgspec

from output.record import Outcome
from pipelines.model_card.embedded import of_another_model
from pipelines.model_card.lexicon import (
    Cue,
    cues_of,
    first_match,
    label_topics,
    lexicon,
    may_name,
    scripts_of,
    speaks_of,
)
from pipelines.readers.markdown import BOLD_LINE, LABEL_LIMIT, Card, Part
from pipelines.readers.phrases import Phrase
from pipelines.readers.sentences import sentence_at, sentences
from pipelines.readers.words import WORD

CONTENT_TOPICS = (
    "description",
    "intended_use",
    "out_of_scope",
    "risks",
    "limitations",
    "biases",
    "recommendations",
    "training_data",
    "training_procedure",
    "evaluation",
    "compute",
    "license",
    "citation",
)
LINK_TOPICS = ("datasheet_link", "training_code_link", "paper_link")
TOPICS = CONTENT_TOPICS + LINK_TOPICS

How = Literal["heading", "label", "row", "prose", "front_matter", "link"]
RANK: dict[str, int] = {"heading": 0, "label": 1, "row": 1, "link": 1, "prose": 2, "front_matter": 4}
BARE_RANK = 3  # a label over nothing but the link to a dataset says less than a sentence on the data
OUTCOME_RANK: dict[str, int] = {"present": 0, "boilerplate": 1, "linked": 2, "placeholder": 3}

CODE_SPEAKS = frozenset(["citation", "training_procedure", "evaluation", "license", "training_code_link"])
PICTURE_SPEAKS = frozenset(["evaluation", "description", "training_procedure"])
NOT_IN_PROSE = frozenset(["description", *LINK_TOPICS])
LINK_SPEAKS = frozenset(["license", "training_data", *LINK_TOPICS])
OWN_TEXT = frozenset(["intended_use", "out_of_scope", "risks", "biases", "recommendations", "limitations"])
TRAINING_TOPICS = frozenset(["training_data", "training_procedure", "compute"])
SENTENCE_ENDS = (".", "!", "。", "！")
DATASET_LINK = re.compile(r"huggingface\.co/datasets/|kaggle\.com|zenodo\.org|/datasets?/", re.I)


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One place where a card speaks of a topic. Positions are characters of the card."""

    topic: str
    outcome: Outcome
    how: How
    start: int
    end: int
    label: str = ""
    reason: str = ""
    address: str | None = None
    words: int = 0
    at: int = 0  # where what is said about the topic begins
    extent: int = 0  # end of what the label covers
    level: int = 0  # of the heading, see Part
    shared: bool = False  # the label names other topics too
    weak: int = 0  # 1: a label that may be about the topic; 2: so only in some cards, or results without numbers

    @property
    def rank(self) -> tuple[int, int, int, int, int]:
        bare = self.topic == "training_data" and self.reason == "link" and self.how in ("label", "row")
        place = BARE_RANK if bare else RANK[self.how]
        return OUTCOME_RANK[self.outcome], self.weak // 2, place, self.weak, self.start


@dataclass
class Content:
    """What stands under a label, sentence by sentence."""

    real: list[tuple[int, int]] = field(default_factory=list)
    pointers: list[tuple[int, int]] = field(default_factory=list)
    boilerplate: list[tuple[int, int]] = field(default_factory=list)
    placeholders: list[tuple[int, int]] = field(default_factory=list)
    code: list[tuple[int, int]] = field(default_factory=list)
    pictures: list[tuple[int, int]] = field(default_factory=list)


def menu(card: Card, part: Part) -> bool:
    """Whether a heading is a bar of links to the sections of the page."""
    return bool(part.level) and len(card.links_inside(part.start, part.end)) >= MENU_LINKS


def said(part: Part) -> tuple[int, int]:
    """The range of what one part says by itself, after its label."""
    if part.kind == "label" or (part.kind in ("row", "head") and part.columns > 1):
        return part.body, part.end
    return part.start, part.end


class Reading:
    """All findings of one stretch of a card: the whole of it, or the card of another model embedded in it."""

    def __init__(self, card: Card, start: int, end: int, own: str = "") -> None:
        self.card, self.start, self.end, self.own = card, start, end, own
        self.first = bisect_left(card.starts, start)
        self.parts = card.inside(start, end)
        self.lexicon = lexicon()
        self.kinds: dict[tuple[int, int], list[tuple[str, int, int]]] = {}
        self.scripts = scripts_of(card.visible)
        self.title = next((p for p in self.parts if p.level), None)

    def findings(self) -> Iterator[Finding]:
        for part in self.parts:
            if (part.label and part.kind != "head") or (part.kind == "head" and part.columns <= 2):
                yield from self.labelled(part)
        yield from self.prose()
        yield from self.description()

    def labelled(self, part: Part) -> Iterator[Finding]:
        if (part.kind == "row" and part.columns > 3) or menu(self.card, part):
            return
        topics = label_topics(part.label)
        wanted = [
            t
            for t in topics
            if t in TOPICS
            and not (t == "description" and part.kind in ("row", "head", "label") and not DESCRIBES.search(part.label))
        ]
        if not wanted:
            return
        for topic in wanted:
            finding = self.judge(topic, part, alone=len(wanted) == 1)
            if finding:
                yield finding

    def content(self, part: Part, topic: str) -> Content:
        """What stands under a label, without sections below it that are about something else."""
        found = Content()
        if part.kind in ("label", "row"):
            self.take(found, part.body, part.end)
        skip_to = 0
        title = part.level == 1 and topic == "description" and part is self.title
        for below in self.card.inside(part.start + 1, min(part.extent, self.end)):
            if below.start < skip_to or (below.start < part.body and below.kind != "image"):
                continue
            if below.level:
                about = label_topics(below.label)
                differs = about and topic not in about and about != ("description",) and below.level < BOLD_LINE
                if title or differs or self.elsewhere(about, topic):
                    skip_to = below.extent
                continue
            if below.kind == "code":
                found.code.append((below.start, below.end))
            elif below.kind == "image":
                found.pictures.append((below.start, below.end))
            elif below.kind in ("label", "row") and self.elsewhere(label_topics(below.label), topic):
                continue
            else:
                self.take(found, *said(below))
        return found

    def elsewhere(self, about: tuple[str, ...], topic: str) -> bool:
        return bool(about) and topic not in about and any(t in OWN_TEXT for t in about)

    def take(self, found: Content, start: int, end: int) -> None:
        """Sort the sentences of a stretch by what they are; a stretch below several topics is read once."""
        if (start, end) not in self.kinds:
            self.kinds[start, end] = list(self.sorted_sentences(start, end))
        for kind, first, last in self.kinds[start, end]:
            getattr(found, kind).append((first, last))

    def sorted_sentences(self, start: int, end: int) -> Iterator[tuple[str, int, int]]:
        visible = self.card.visible
        where = self.card.where(self.lexicon.sentences)
        for first, last in sentences(visible, start, end):
            if not self.card.words(first, last):
                continue
            text = " ".join(visible[first:last].split()).strip("[]*_:：-–—|> ")
            kinds = {kind for kind, one in where.inside(first, last) if one.pattern.match(text)}
            if "template" in kinds or (len(text) < 200 and "placeholder" in kinds):
                yield "placeholders", first, last
            elif "boilerplate" in kinds:
                yield "boilerplate", first, last
            elif len(text) < 400 and ("pointer" in kinds or self.is_link(first, last, text)):
                yield "pointers", first, last
            else:
                yield "real", first, last

    def is_link(self, start: int, end: int, text: str) -> bool:
        return len(text) < 60 and any(x.label.strip() == text for x in self.card.links_inside(start - 3, end))

    def mostly_links(self, start: int, end: int, words: int) -> bool:
        """A bar of links or badges: more than half of the words are what one clicks on."""
        part = self.card.part_at(start)
        links = [x for x in self.card.links_inside(part.start if part else start, end) if x.end > start]
        return 2 * sum(len(WORD.findall(link.label)) for link in links) > words

    def bids(self, start: int, end: int) -> bool:
        """What readers are told to do ("Download the files and …"), and news of the house, describe nothing."""
        return BIDS.match(self.card.visible, start, end) is not None

    def judge(self, topic: str, part: Part, alone: bool) -> Finding | None:
        found = self.content(part, topic)
        unsure = may_name(topic, part.label)
        how: How = "heading" if part.level else "row" if part.kind in ("row", "head") else "label"
        start, end = self.card.quote_range(part.start, part.end if how == "heading" else max(part.end, part.body))

        def finding(outcome: Outcome, upto: int = 0, reason: str = "", address: str | None = None) -> Finding:
            return Finding(
                topic, outcome, how, start, max(end, upto), part.label, reason, address,
                words=sum(self.card.words(a, b) for a, b in found.real),
                at=found.real[0][0] if found.real else upto,
                extent=part.extent,
                level=part.level,
                shared=not alone,
                weak=2 if unsure else self.weakness(topic, part, found),
            )  # fmt: skip

        if topic == "training_procedure" and SETTINGS.fullmatch(part.label) and self.of_architecture(part):
            return None
        if how == "label" and topic != "license" and LICENCE_ID.fullmatch(self.card.text, part.body, part.end):
            return None
        if found.real:
            if topic == "compute" and not self.about_training_hardware(part, found):
                return None
            doubtful = topic == "intended_use" and bool(found.code)
            if unsure or ((not alone or doubtful) and topic in OWN_TEXT):
                own = self.own_sentence(topic, found, strictly=unsure)
                if own is None:
                    empty = "named in the heading, not spoken of below it"
                    return None if unsure else finding("placeholder", reason=empty)
                return finding("present", self.quote_to(start, own[1]))
            return finding("present", self.quote_to(start, found.real[0][1]))
        if unsure:
            return None
        if found.pictures and topic in PICTURE_SPEAKS:
            return finding("present", self.quote_to(start, found.pictures[0][1]), "picture")
        if found.code and topic in CODE_SPEAKS:
            return finding("present", self.quote_to(start, found.code[0][1]), "code")
        if found.pointers:
            last = found.pointers[0][1]
            if speaks_of(topic, self.lexicon.strict, self.card, *found.pointers[0]):
                return finding("present", self.quote_to(start, last))
            links = self.card.links_inside(part.start, max(part.extent, last))
            named = topic != "training_data" or any(DATASET_LINK.search(x.href) for x in links)
            if topic in LINK_SPEAKS and links and named:
                return finding("present", self.quote_to(start, last), "link", links[0].href)
            return finding("linked", self.quote_to(start, last), "pointer", links[0].href if links else None)
        if topic in LINK_SPEAKS:
            links = self.card.links_inside(part.start, part.extent)
            if links and not found.placeholders:
                return finding("present", links[0].end, "link", links[0].href)
        if found.boilerplate and not found.placeholders:
            return finding("boilerplate", self.quote_to(start, found.boilerplate[0][1]), "template sentence")
        if found.placeholders:
            return finding("placeholder", self.quote_to(start, found.placeholders[0][1]), "placeholder")
        if how != "heading" or (topic == "description" and part.level == 1):
            return None
        return finding("placeholder", reason="code only" if found.code else "empty")

    def of_architecture(self, part: Part) -> bool:
        """A table of "hyperparameters" that names layers and heads, and nothing that is set for a training run."""
        text = self.card.visible[part.start : part.extent or part.end]
        return bool(ARCHITECTURE.search(text)) and not RUN_SETTING.search(text)

    def weakness(self, topic: str, part: Part, found: Content) -> int:
        if topic == "description":
            return int(not DESCRIBES.search(part.label))
        if topic == "evaluation":
            return 0 if self.has_results(part, found) else 2
        return 2 if topic == "training_data" and self.other_data(part, found) else 0

    def has_results(self, part: Part, found: Content) -> bool:
        if found.pictures or any(RESULT.search(self.card.visible, a, b) for a, b in found.real):
            return True
        below = self.card.inside(part.start + 1, part.extent)
        return any(p.kind == "row" and RESULT.search(self.card.visible, *said(p)) for p in below)

    def other_data(self, part: Part, found: Content) -> bool:
        """A section on how to bring or fetch data, or on what goes in, says little on what the model was trained on."""
        if not found.real:
            return False
        return bool(INPUT.search(part.label) or YOUR_DATA.search(self.card.visible, *found.real[0]))

    def quote_to(self, start: int, end: int) -> int:
        """Keep a quote that would jump over much template to the label alone."""
        return end if end - start <= 560 else min(end, start + 560)

    def own_sentence(self, topic: str, found: Content, strictly: bool = False) -> tuple[int, int] | None:
        """The first sentence that speaks of the topic, plainly where one does so."""
        if topic not in self.lexicon.spoken_of:
            return found.real[0]
        for book in (self.lexicon.strict,) if strictly else (self.lexicon.strict, self.lexicon.loose):
            for first, last in found.real + found.pointers:
                if speaks_of(topic, book, self.card, first, last):
                    return first, last
        return None

    def about_training_hardware(self, part: Part, found: Content) -> bool:
        above = self.card.heading_path(part.start)
        text = " ".join([*above, part.label]) + " " + " ".join(self.card.visible[a:b] for a, b in found.real[:60])
        if not HARDWARE.search(text):
            return False
        return bool(TRAINING.search(text)) or not INFERENCE.search(text)

    def prose(self) -> Iterator[Finding]:
        """Sentences that speak of a topic wherever they stand; the first of each topic."""
        visible = self.card.visible
        where = self.card.where(self.lexicon.prose)
        done: set[str] = set()
        quiet_until = 0
        for index, part in enumerate(self.parts, self.first):
            if part.level:
                about = label_topics(part.label)
                if about:
                    quiet_until = part.extent if set(about) <= {"citation", "other"} else 0
                continue
            if part.kind == "code" and "citation" not in done and BIBTEX.search(self.card.text, part.start, part.end):
                done.add("citation")
                yield Finding("citation", "present", "prose", part.start, part.end, "", "BibTeX entry")
            if part.kind in ("code", "image") or part.start < quiet_until:
                continue
            if part.kind == "head" and "table" not in done and self.results_below(part, index):
                done.add("table")
                end = self.parts[index - self.first + 1].end
                label = " ".join(visible[part.start : part.end].replace("|", " ").split())[:LABEL_LIMIT]
                yield Finding("evaluation", "present", "row", part.start, end, label, "table of results")
            if part.kind == "head" and "machines" not in done and (row := self.machines_below(part, index)):
                done.add("machines")
                label = " ".join(visible[part.start : part.end].replace("|", " ").split())[:LABEL_LIMIT]
                yield Finding("compute", "present", "row", part.start, row.end, label, "table of machines")
            start, end = said(part) if part.kind != "label" else (part.start, part.end)
            phrases: dict[Cue, list[Phrase]] = {}
            for of, one in where.inside(start, end):
                phrases.setdefault(of, []).append(one)
            if not phrases:
                continue
            for cue in cues_of(self.card, part, start, end, self.scripts):
                if cue not in phrases or cue.topic in done or cue.topic in NOT_IN_PROSE:
                    continue
                if part.kind in ("row", "head") and part.columns > 2 and cue.topic not in ("training_data", "compute"):
                    continue
                match = first_match(phrases[cue], self.card, start, end)
                if not match or (match.end() <= part.body and not part.label.endswith(SENTENCE_ENDS)):
                    continue
                first, last = sentence_at(visible, match.start(), match.end(), start, end)
                text = " ".join(visible[first:last].split())
                if self.lexicon.placeholder.match(text) or self.lexicon.template.match(text):
                    continue
                if cue.topic in TRAINING_TOPICS and (of_another_model(text, self.own) or self.bids(first, last)):
                    continue
                outcome: Outcome = "present"
                if self.lexicon.any_boilerplate.match(text):
                    template = self.lexicon.boilerplate.get(cue.topic)
                    if template is None or not template.match(text):
                        continue
                    rest = " ".join(visible[last:end].split())
                    outcome = "placeholder" if self.lexicon.placeholder.match(rest) else "boilerplate"
                if outcome == "present":
                    done.add(cue.topic)
                words = self.card.words(first, last)
                yield Finding(cue.topic, outcome, "prose", first, last, "", "sentence", None, words)

    def results_below(self, head: Part, index: int) -> bool:
        """A table with a metric or benchmark in its head and a result in one of its first rows."""
        below = self.parts[index - self.first + 1 :][:HEAD_ROWS]
        rows = list(takewhile(lambda p: p.kind == "row", below))
        if not any(RESULT.search(self.card.visible, *said(row)) for row in rows):
            return False
        return bool(METRIC.search(self.card.visible, head.start, rows[0].start))

    def machines_below(self, head: Part, index: int) -> Part | None:
        """The first row of a table that says on which machines how long or how far was trained."""
        visible = self.card.visible
        named = visible[head.start : head.end]
        if not MACHINES.search(named) or not RUN_LENGTH.search(named):
            return None
        below = takewhile(lambda p: p.kind == "row", self.parts[index - self.first + 1 :][:HEAD_ROWS])
        return next((row for row in below if MACHINE.search(visible, *said(row))), None)

    def description(self) -> Iterator[Finding]:
        """The first paragraph under the title, where no heading names a description."""
        pointer: Finding | None = None
        for part in self.parts:
            if part.level and set(label_topics(part.label)) - {"description", "architecture"}:
                break
            if part.kind not in ("text", "item", "label"):
                continue
            found = Content()
            self.take(found, *said(part))
            for first, last in found.real:
                words = self.card.words(first, last)
                if words >= 5 and not self.mostly_links(first, last, words) and not self.bids(first, last):
                    yield Finding("description", "present", "prose", first, last, "", "first paragraph", None, words)
                    return
            if found.pointers and pointer is None:
                first, last = found.pointers[0]
                links = self.card.links_inside(part.start, part.end)
                address = links[0].href if links else None
                pointer = Finding("description", "linked", "prose", first, last, "", "pointer", address)
        if pointer:
            yield pointer


BIDS = re.compile(
    r"\W*(?:please )?(?:download|install|clone|click|visit|see|check|read|join|follow|copy|put|place|unzip|git|"
    r"if you|you may also|we(?: have|'ve)? (?:updated|released|added|fixed|supported))\b",
    re.I,
)
DESCRIBES = re.compile(
    r"descri|summary|introduc|overview|简介|介绍|概要|概述|소개|設明|описание|présentation|beschreibung", re.I
)
YOUR_DATA = re.compile(
    r"\byour (?:own )?(?:custom )?data|\bdemo data|\b(?:prepare|organi[sz]e|put|place|download) (?:the|your|all|a)\b",
    re.I,
)
INPUT = re.compile(r"\b(?:in|out)puts?\b|\bdeploy\w*|\binference\b|\bdownloads?\b", re.I)
METRIC = re.compile(
    r"\b(?:acc(?:uracy)?|f1|bleu|chr-?f|rouge\w*|wer|cer|em|exact match|precision|recall|auc|m?ap|fid|psnr|ssim|"
    r"perplexity|ppl|spearman|pearson|mrr|ndcg|mmlu|cmmlu|c-?eval|gsm8k|math|hellaswag|humaneval|mbpp|bbh|arc|truthfulqa|winogrande|"
    r"agieval|average|avg|\w*bench)\b|准确率|得分|精度|スコア|정확도|точность",
    re.I,
)
HEAD_ROWS = 3
MENU_LINKS = 3
MACHINES = re.compile(r"\b(?:hardware|gpus?|tpus?|accelerators?|machines?)\b", re.I)
RUN_LENGTH = re.compile(r"\btrain\w*|\bsteps\b|\bepochs?\b|\bhours\b|\bdays\b|\bco2", re.I)
MACHINE = re.compile(r"\b(?:tpu ?v\d|[avh]\d{2,3}\b|[avh][18]00|rtx|mi\d{3}|gaudi|ascend|trainium|t4\b|p100)", re.I)
SETTINGS = re.compile(r"\W*(?:model )?(?:hyper-?)?parameters?\W*", re.I)
ARCHITECTURE = re.compile(
    r"\b(?:n_?(?:layers?|heads?|embd)|d_?model|hidden[ _](?:size|dim)|(?:num\w*|attention)[ _](?:layers|heads)|vocab)",
    re.I,
)
RUN_SETTING = re.compile(
    r"\b(?:learning|lr\b|batch|epochs?|optimi[sz]er|warm-?up|weight[ _]decay|steps|seed|train)", re.I
)
RESULT = re.compile(r"\d\d|\d\.\d|\d ?%")
LICENCE_ID = re.compile(r"\W*(?:cc-?by[\w.-]*|cc0\S*|apache[- ]2\.0|mit|[al]?gpl\S*|openrail\S*)\W*", re.I)
BIBTEX = re.compile(r"@(?:article|misc|inproceedings|techreport|software|online|book|phdthesis|dataset)\s*\{", re.I)
HARDWARE = re.compile(
    r"\b(?:gpus?|tpus?|npus?|cpus?|[ahv]\d{2,3}s?|a100\w*|h[128]00\w*|v100\w*|rtx|mi\d{3}\w*|t4|p100|l40s?|gaudi\d?|ascend|"
    r"trainium|nvidia|hours?|days?|co2\w*|kwh|mwh|emission\w*|carbon|cluster|supercomputer|aws|azure|gcp|google cloud|"
    r"flops?|dgx\w*|titan|geforce|quadro|colab|sagemaker|pytorch|deepspeed|megatron|nodes?)\b|显卡|小时|天\b|時間",
    re.I,
)
TRAINING = re.compile(
    r"\btrain\w*|\btun(?:ed|ing)\b|\bfine-?tun\w+|\bpre-?train\w+|carbon|co2|emission|"
    r"训练|學習|学習|학습|обуч|entra[iî]n|trainiert|entrenad",
    re.I,
)
INFERENCE = re.compile(
    r"\binference\b|\bdeploy\w*|\bto run\b|\brunning\b|\bserv(?:e|ing)\b|\bquanti[sz]\w*|推理|部署|推論", re.I
)


def best(findings: list[Finding]) -> dict[str, Finding]:
    """The finding that speaks for each topic: present first, a heading before a sentence, then what stands first."""
    chosen: dict[str, Finding] = {}
    there = [f for f in findings if f.outcome == "present" and f.extent]
    for finding in sorted(findings, key=lambda f: f.rank):
        if finding.topic not in chosen:
            closer = [other for other in there if names_it_closer(other, finding)]
            chosen[finding.topic] = min(closer, key=lambda f: (f.rank, f.start), default=finding)
    return chosen


def names_it_closer(other: Finding, finding: Finding) -> bool:
    """Whether a label inside a section names the topic right where the section speaks of it."""
    if not finding.shared and not finding.weak and other.how in ("label", "row"):
        return False
    last = finding.extent if finding.shared and 0 < other.level < BOLD_LINE else finding.at
    return other.topic == finding.topic and finding.start < other.start <= last and finding.at < finding.extent
