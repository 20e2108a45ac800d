"""Data sources: datasets a card declares, what became of them, what it says about data, what it holds back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from output.record import Component, EvidenceRecord, Parameter, Points, Quote, Selector, Source, Subject
from pipelines.data_sources.places import answer_of, listed, said_of
from pipelines.data_sources.reading import (
    ABOUT_DATA,
    DATA_HEADING,
    VAGUE,
    Named,
    Stage,
    Withheld,
    about_training,
    heading_about_data,
    read_names,
    read_withheld,
    rules,
    stage_of,
)
from pipelines.detector import Detector, quote_pointer, quote_span
from pipelines.dossier import Dossier, plain, searched
from pipelines.model_card.embedded import card_name, of_another_model
from pipelines.model_card.lexicon import label_topics
from pipelines.model_card.pages import Page, Stretch, cards, read_pages, readmes
from pipelines.readers.markdown import Card, Link, Part
from pipelines.readers.phrases import Phrase
from pipelines.readers.sentences import sentence_at, sentences
from pipelines.weights import size_text
from spiders.document import Document, Miss

FOLDER = Path(__file__).parent
DATASET_HREF = Phrase(re.compile(r"(?:huggingface\.co|hf\.co)/datasets/([\w.\-]+(?:/[\w.\-]+)?)", re.I))
NOT_A_DATASET = frozenset(["viewer", "blob", "tree", "resolve", "discussions"])
BENCHMARK = Phrase(  # those without a part to train on; of GSM8K and the like the sentence tells
    re.compile(
        r"(?:^|[/_-])(?:mmlu\w*|truthful_?qa|humaneval\w*|ceval\S*|cmmlu|bbh|ifeval|agieval|mt[_-]?bench|alpaca_?eval|"
        r"\w*bench(?:mark)?|\w*[_-]eval(?:uation)?(?:[_-]suite)?)$",
        re.I,
    )
)
DATA_HOST = Phrase(
    re.compile(
        r"//(?:www\.)?(?:zenodo\.org/(?:records?|doi)/|doi\.org/10\.5281/zenodo|kaggle\.com/(?:datasets|competitions|c)/|"
        r"data\.statmt\.org|opus\.nlpl\.eu|commoncrawl\.org|dumps\.wikimedia\.org|openslr\.org|archive\.org/details/|"
        r"figshare\.com/articles/dataset|dataverse\.|physionet\.org/content|catalog\.ldc\.upenn\.edu|data\.mendeley\.com|"
        r"tensorflow\.org/datasets/catalog)",
        re.I,
    )
)
DATA_LABEL = Phrase(
    re.compile(
        r"\b(?:data ?sets?|corpus|corpora|training data)\b|数据集|语料|データセット|コーパス|데이터셋|말뭉치", re.I
    )
)
NOT_DATA = Phrase(
    re.compile(
        r"arxiv\.org|doi\.org/10\.(?!5281)|aclanthology|openreview|huggingface\.co/(?!datasets/)|\.pdf$|/blog|twitter\.com|"
        r"//x\.com|wikipedia\.org/wiki|/blob/[^?#]*(?:licen[cs]e|\.md$)|youtube|discord|img\.shields|\.(?:png|jpe?g|gif|svg)$",
        re.I,
    )
)
FILE_INSIDE = Phrase(re.compile(r"/(?:blob|resolve)/[^?#]*\.(?:py|md|ipynb|png|jpe?g|gif|svg|pdf|sh)\b", re.I))
OPENING = 6  # characters from the start of a row within which a link is the row's name
ANY_DATA = re.compile(
    r"\W*(?:(?:the|our|this|these|massive|large|full|open|released?|training|pre-?training|fine-?tuning|here)\W+)*"
    r"(?:data ?sets?|data|corp(?:us|ora)|here)\W*",
    re.I,
)  # words of a link that name no dataset of their own
LABEL_BEFORE = re.compile(r"(?:^|[\n.;])\W*(\w[^:\n]{2,60}?)\s*:\s*\Z")
ELSEWHERE = frozenset(["evaluation", "citation", "other", "usage"])
HARMS = frozenset(["biases", "risks", "limitations"])
MEASURED = re.compile(r"\b(?:ran|run|tests?|tested|measur\w+|prompt(?:s|ed)|prob(?:ed|ing))\b", re.I)
TRAINING_TOPICS = frozenset(["training_data", "training_procedure", "description"])
DATASET_LIMIT = 200
WITHHELD_LIMIT = 6
WITHHELD_WORDS = {
    "proprietary": "proprietary data",
    "internal": "internal data",
    "licensed": "licensed data",
    "publicly_available": "“publicly available” data without naming them",
    "undisclosed": "data that are not disclosed",
    "web_crawl": "data in general terms only",
}


class Declared(NamedTuple):
    """A dataset that a card names as training data. `key` is its Hub id, or the name of the corpus."""

    key: str
    hub: str
    how: str
    quote: tuple[Quote, Selector]
    source: Source
    stage: Stage
    subset: bool
    evaluation: bool
    words: str = ""  # as the card calls it
    address: str = ""  # outside the Hub


def detect(dossier: Dossier, earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    published: set[tuple[str, str]] = set()
    yield from read_pages(dossier, partial(read_page, dossier, published))
    for answer in dossier.of("hub_model"):
        if dossier.component(answer.target) and not any(dossier.of("model_card", target=answer.target)):
            yield from tagged(dossier, answer)
    yield from described(dossier, earlier)


def read_page(dossier: Dossier, published: set[tuple[str, str]], page: Page) -> Iterator[EvidenceRecord]:
    """What a page says of data; `published` has the datasets whose answers were read already."""
    document, card = page.document, page.on_training
    for stretch in page.stretches():
        declared = list(declarations(document, card, stretch))
        yield from declared_records(dossier, document, stretch, declared)
        for one in declared:
            key = (parameter_of(dossier, stretch.subject, one.stage)[0], one.hub or one.address)
            if key[1] and not one.evaluation and key not in published:
                published.add(key)
                publish = published_records if one.hub else elsewhere_records
                yield from publish(dossier, stretch.subject, one)
        yield from withheld_records(dossier, document, card, stretch, declared)
        yield from synthetic_records(dossier, document, card, stretch)
        if document.kind == "source_file":
            yield from amount_records(dossier, document, card, stretch)


def parameter_of(dossier: Dossier, subject: Subject, stage: Stage) -> tuple[Parameter, Component]:
    """What is said of pre-training speaks to the base model, all else to the model whose card says it."""
    component: Component = "base" if stage == "base" or subject.component == "base" else "end"
    return ("datasources_basemodel" if component == "base" else "datasources_endmodel"), component


def placed(dossier: Dossier, subject: Subject, stage: Stage) -> tuple[Subject, Parameter]:
    parameter, component = parameter_of(dossier, subject, stage)
    return Subject(subject.entry, subject.target, component), parameter


# --- declared


def declarations(document: Document, card: Card, stretch: Stretch) -> Iterator[Declared]:
    """Datasets in the front matter, linked and named, each once: what is said first and firmest."""
    seen: set[str] = set()
    for one in (*front(document, card, stretch), *linked(document, card, stretch), *named(document, card, stretch)):
        names = [name for name in (one.key, one.hub, one.words) if name]
        calls = {same_in_writing(name) for name in names}
        if seen.isdisjoint(calls):
            seen |= calls | {same_in_writing(name.rpartition("/")[2]) for name in names}
            yield one


def same_in_writing(name: str) -> str:
    """A name without what differs from one writing to the next: `The Stack v2`, `the-stack-v2`."""
    return plain(name) or name.lower()


def front(document: Document, card: Card, stretch: Stretch) -> Iterator[Declared]:
    if stretch.title or not card.front or "datasets" not in card.front:
        return
    start, end = card.front.span("datasets")
    for name in card.front.strings("datasets"):
        low, high = whole_name(card.text, name, start, end)
        quote = quote_span(card.text, low, high)
        hub = name if re.fullmatch(r"[\w.\-]+(?:/[\w.\-]+)?", name) else ""
        yield Declared(name, hub, "front matter", quote, document.source, "unsaid", False, BENCHMARK.found_in(name))


NAME_SIGN = re.compile(r"[\w./-]")


def whole_name(text: str, name: str, start: int, end: int) -> tuple[int, int]:
    """Where a name stands by itself between two positions; all between them where it does not."""
    at = text.find(name, start, end)
    while at >= 0:
        after = at + len(name)
        if not NAME_SIGN.match(text, at - 1, at) and not NAME_SIGN.match(text, after, end):
            return at, after
        at = text.find(name, at + 1, end)
    return start, end


def linked(document: Document, card: Card, stretch: Stretch) -> Iterator[Declared]:
    seen: set[str] = set()
    for link in card.links_inside(stretch.start, stretch.end):
        match = DATASET_HREF.search(link.href)
        key = match[1] if match else link.href
        if key in seen or len(seen) >= DATASET_LIMIT:
            continue
        if match and (key.split("/")[-1] in NOT_A_DATASET or "leaderboard" in key or FILE_INSIDE.found_in(link.href)):
            continue
        part = card.part_at(link.start)
        if not match and not dataset_elsewhere(card, link, part):
            continue
        low, high = sentence_at(card.visible, link.start, link.end, part.start, part.end) if part else link[:2]
        context = context_of(card, link.start, part)
        sentence = card.visible[low:high]
        if of_another_model(sentence, stretch.own):
            continue
        evaluation = is_evaluation(card, link.start, sentence, key)
        if not match and (evaluation or not about_training(sentence, context) or rules().excluded.found_in(sentence)):
            continue
        seen.add(key)
        quote = quote_card(card, min(low, link.start), max(high, link.end), link.start)
        stage = stage_of(link.label)
        stage = stage if stage != "unsaid" else stage_of(sentence, context, link.start - low)
        subset = rules().subset.found_in(sentence)
        if match:
            yield Declared(key, key, "link", quote, document.source, stage, subset, evaluation, link.label)
        else:
            name = called(card, link, low)
            yield Declared(name[:120], "", "link", quote, document.source, stage, subset, False, address=key)


def called(card: Card, link: Link, start: int) -> str:
    """What a linked dataset is called: by the link's own words, else by the label before it, else by its address."""
    words = link.label.strip("[]*_` ")
    bare = re.sub(r"^https?://(?:www\.)?", "", link.href).rstrip("/")
    if ANY_DATA.fullmatch(words):
        return bare
    if words and bare not in words.rstrip("/"):
        return words
    label = LABEL_BEFORE.search(card.visible[start : link.start])
    return label[1] if label else bare


def dataset_elsewhere(card: Card, link: Link, part: Part | None) -> bool:
    """A link to data outside the Hub: a data host, or a place that its own words or the table's call a dataset."""
    if not link.href.startswith("http") or NOT_DATA.found_in(link.href):
        return False
    if DATA_HOST.found_in(link.href) or DATA_LABEL.found_in(link.label):
        return True
    opens = part is not None and part.kind == "row" and link.start - part.start < OPENING
    return opens and heading_about_data(card.heading_path(link.start)[-1:])


def named(document: Document, card: Card, stretch: Stretch) -> Iterator[Declared]:
    corpora = card.where(rules().corpora)
    told: set[tuple[str, str]] = set()
    for part in readable(card, stretch):
        if not corpora.stand_in(part.start, part.end) or about_results(card, part.start):
            continue
        context = context_of(card, part.start, part)
        for low, high in sentences(card.visible, part.start, part.end):
            if of_another_model(card.visible[low:high], stretch.own):
                continue
            for name in read_names(card, low, high, context):
                called = (name.corpus.name, card.visible[name.start : name.end])
                if called not in told and not inside_dataset_link(card, name):
                    told.add(called)
                    yield declared_name(document, card, name)


def inside_dataset_link(card: Card, name: Named) -> bool:
    """Whether a name is part of the words or the address of a link to a dataset, which says whose data it is."""
    part = card.part_at(name.start)
    links = card.links_inside(part.start, part.end) if part else ()
    return any(x.start <= name.start < x.end and DATASET_HREF.search(x.href) for x in links)


def declared_name(document: Document, card: Card, name: Named) -> Declared:
    quote = quote_card(card, *name.sentence, name.start)
    words = " ".join(card.visible[name.start : name.end].split())
    return Declared(
        name.corpus.name, name.corpus.hub, "name", quote, document.source, name.stage, name.subset, False, words
    )


def declared_records(
    dossier: Dossier, document: Document, stretch: Stretch, declared: list[Declared]
) -> Iterator[EvidenceRecord]:
    for one in declared:
        subject, parameter = placed(dossier, stretch.subject, one.stage)
        where = {"front matter": "in its front matter", "link": "with a link", "name": "by name"}[one.how]
        part = " (a subset or filtered version)" if one.subset else ""
        role = "evaluation data" if one.evaluation else "training data"
        points: Points = "neutral" if one.evaluation else "partial" if one.how == "name" or one.subset else "open"
        yield detector.record(
            subject,
            parameter,
            "data.declared",
            "present",
            f"{stretch.name} names {one.words if one.how == 'name' else one.key}{part} as {role} {where}.",
            rule=f"{one.how.replace(' ', '-')}:{one.key}",
            points=points,
            value={
                "dataset": one.key,
                "hub": one.hub or None,
                **({"address": one.address} if one.address else {}),
                "how": one.how,
                "stage": one.stage,
                "subset": one.subset,
                "role": "evaluation" if one.evaluation else "training",
                **inherited(dossier, subject),
            },
            source=one.source,
            quote=one.quote[0],
            selector=one.quote[1],
        )
    if not any(not one.evaluation for one in declared):
        subject, parameter = placed(dossier, stretch.subject, "unsaid")
        yield detector.record(
            subject,
            parameter,
            "data.declared",
            "absent",
            f"{stretch.name} declares, links and names no training dataset.",
            rule="searched",
            points="closed",
            value=inherited(dossier, subject),
            source=document.source,
            searched=[
                searched(document, f"{stretch.name}: `datasets` of the front matter, links, names of public corpora")
            ],
        )


def inherited(dossier: Dossier, subject: Subject) -> dict[str, Any]:
    """What a base model's evidence says is inherited by the release that was trained from it."""
    return {"inherited_by": dossier.root} if subject.target in dossier.base_models else {}


def tagged(dossier: Dossier, answer: Document) -> Iterator[EvidenceRecord]:
    """Datasets in the Hub's own answer, where no card could be read."""
    info = answer.facts or {}
    data = info.get("cardData")
    names = data.get("datasets") if isinstance(data, dict) else None
    if isinstance(names, str):
        names = [names]
    subject, parameter = placed(dossier, dossier.subject(answer.target), "unsaid")
    for index, name in enumerate(names if isinstance(names, list) else []):
        if not isinstance(name, str):
            continue
        many = isinstance(data["datasets"], list)  # type: ignore[index]
        quote = quote_pointer(info, f"/cardData/datasets/{index}" if many else "/cardData/datasets")
        evaluation = BENCHMARK.found_in(name)
        yield detector.record(
            subject,
            parameter,
            "data.declared",
            "present",
            f"Metadata of {answer.target.removeprefix('hf:model:')} on HuggingFace names {name} as training data.",
            rule="card-data",
            points="neutral" if evaluation else "open",
            value={"dataset": name, "hub": name, "how": "metadata", "role": "evaluation" if evaluation else "training"},
            source=answer.source,
            quote=quote[0],
            selector=quote[1],
        )
        declared = Declared(name, name, "metadata", quote, answer.source, "unsaid", False, evaluation)
        yield from published_records(dossier, subject, declared)


# --- published


def published_records(dossier: Dossier, subject: Subject, one: Declared) -> Iterator[EvidenceRecord]:
    """What the Hub says of a declared dataset. Nothing where it was not asked: not asked is not absent."""
    about, parameter = placed(dossier, subject, one.stage)
    target = f"hf:dataset:{one.hub}"
    about = Subject(about.entry, target, about.component)
    for answer in dossier.of("hub_dataset"):
        if answer.target.lower() == target.lower() or same_dataset(answer, one.hub):
            yield published(answer, about, parameter, one)
            return
    for miss in dossier.misses:
        if miss.target.lower() == target.lower() and miss.what == "hub_dataset":
            yield unreachable(miss, about, parameter, one)
            return


def dataset_addresses(dossier: Dossier) -> Iterator[str]:
    """Addresses outside the Hub that pages of the release and its base models link as training data, each once."""
    seen: set[str] = set()
    for page in (*cards(dossier), *readmes(dossier)):
        for stretch in page.stretches():
            for one in declarations(page.document, page.on_training, stretch):
                if one.address and not one.evaluation and one.address not in seen:
                    seen.add(one.address)
                    yield one.address


def elsewhere_records(dossier: Dossier, subject: Subject, one: Declared) -> Iterator[EvidenceRecord]:
    """What a place outside the Hub says of a declared dataset. Nothing where it was not asked."""
    answer = answer_of(dossier, one.address)
    if answer is None:
        return
    about, parameter = placed(dossier, subject, one.stage)
    said = said_of(answer)
    yield detector.record(
        Subject(about.entry, f"url:{one.address}", about.component),
        parameter,
        "data.published",
        said.outcome,
        f"Training dataset {one.key} {said.told}.",
        rule=said.rule,
        points="partial" if one.subset and said.points == "open" else said.points,
        value={"dataset": one.key, "address": one.address, **said.value},
        source=answer.source,
        quote=said.quote[0],
        selector=said.quote[1],
    )


def same_dataset(answer: Document, name: str) -> bool:
    """Old ids without an owner (`squad`) are answered under their new one (`rajpurkar/squad`)."""
    return "/" not in name and answer.target.lower().endswith("/" + name.lower())


def published(answer: Document, subject: Subject, parameter: Parameter, one: Declared) -> EvidenceRecord:
    info = answer.facts or {}
    if not isinstance(info.get("id"), str):
        return detector.record(
            subject,
            parameter,
            "data.published",
            "error",
            f"Answer of the Hub on dataset {one.key} could not be read.",
            rule="api-answer",
            source=answer.source,
        )
    siblings = listed(info.get("siblings"))
    sizes = [s["size"] for s in siblings if isinstance(s, dict) and isinstance(s.get("size"), int)]
    card_data = info.get("cardData")
    data = card_data if isinstance(card_data, dict) else {}
    tags = [t for t in listed(info.get("tags")) if isinstance(t, str)]
    licence = data.get("license") or next((t.removeprefix("license:") for t in tags if t.startswith("license:")), None)
    category = next((t.removeprefix("size_categories:") for t in tags if t.startswith("size_categories:")), None)
    gated = info.get("gated") or False
    taken = bool(info.get("disabled") or info.get("private"))
    volume = f", {size_text(sum(sizes))}" if sum(sizes) else f", {category} rows" if category else ""
    count = "1 file" if len(siblings) == 1 else f"{len(siblings)} files"
    gate = f"gated ({gated})" if gated else "not gated"
    state = "disabled or private" if taken else gate
    changed = str(info.get("lastModified") or "")[:10]
    quote, selector = quote_pointer(info, "/id")
    terms = ", ".join(map(str, licence)) if isinstance(licence, list) else licence
    return detector.record(
        subject,
        parameter,
        "data.published",
        "unavailable" if taken else "present",
        f"Training dataset {one.key} published on HuggingFace ({count}{volume}, {state}, "
        f"licence: {terms or 'none stated'}{f', last change {changed}' if changed else ''}).",
        rule="hub-dataset",
        points="closed" if taken else "partial" if gated or one.subset or not siblings else "open",
        value={
            "dataset": info["id"],
            "files": len(siblings),
            "bytes": sum(sizes) or None,
            "size_category": category,
            "gated": gated,
            "license": licence,
            "last_modified": info.get("lastModified"),
            "downloads": info.get("downloads"),
            "disabled": taken,
        },
        source=answer.source,
        quote=quote,
        selector=selector,
    )


def unreachable(miss: Miss, subject: Subject, parameter: Parameter, one: Declared) -> EvidenceRecord:
    """A name without an owner (`c4`) is no address on the Hub: there the page that gives the name is the source."""
    named = "/" not in one.hub
    quote, selector = one.quote if named else (None, None)
    return detector.record(
        subject,
        parameter,
        "data.published",
        miss.outcome,
        f"Declared dataset {one.key} could not be reached on HuggingFace: {miss.reason}",
        rule="not-read",
        points="partial"
        if miss.source.status in (401, 403)
        else "closed"
        if miss.outcome == "unavailable"
        else "neutral",
        value={"dataset": one.key, "reason": miss.reason, "status": miss.source.status, "asked": miss.source.url},
        source=one.source if named else miss.source,
        quote=quote,
        selector=selector,
    )


# --- withheld, synthetic, described


def withheld_records(
    dossier: Dossier, document: Document, card: Card, stretch: Stretch, declared: list[Declared]
) -> Iterator[EvidenceRecord]:
    """What is held back, and what is only said in general terms, where the card names no such data elsewhere."""
    seen: dict[str, int] = {}
    sourced = {parameter_of(dossier, stretch.subject, one.stage)[0] for one in declared if not one.evaluation}
    for part, found in withheld(card, stretch):
        of_model = parameter_of(dossier, stretch.subject, found.stage)[0]
        if found.kind in VAGUE and sourced and (of_model in sourced or not dossier.base_models):
            continue
        seen[found.kind] = seen.get(found.kind, 0) + 1
        if seen[found.kind] > 2 or sum(seen.values()) > WITHHELD_LIMIT:
            continue
        subject, parameter = placed(dossier, stretch.subject, found.stage)
        quote, selector = quote_card(card, *found.sentence, part.start)
        amount = f" ({found.tokens})" if found.tokens else ""
        mixed = " beside named sources" if found.names else ""
        yield detector.record(
            subject,
            parameter,
            "data.withheld",
            "present",
            f"{stretch.name} speaks of {WITHHELD_WORDS[found.kind]}{amount}{mixed}.",
            rule=found.kind,
            points="partial" if found.names or found.kind == "licensed" else "closed",
            value={
                "kind": found.kind,
                "words": found.text,
                "tokens": found.tokens or None,
                **inherited(dossier, subject),
            },
            source=document.source,
            quote=quote,
            selector=selector,
        )


def withheld(card: Card, stretch: Stretch) -> Iterator[tuple[Part, Withheld]]:
    statements = card.where(rules().withheld)
    for part in readable(card, stretch):
        if part.kind in ("row", "head") or not statements.stand_in(part.start, part.end):
            continue
        if about_results(card, part.start):
            continue
        context = context_of(card, part.start, part)
        for low, high in sentences(card.visible, part.start, part.end):
            if of_another_model(card.visible[low:high], stretch.own):
                continue
            for found in read_withheld(card, low, high, context):
                yield part, found


def synthetic_records(dossier: Dossier, document: Document, card: Card, stretch: Stretch) -> Iterator[EvidenceRecord]:
    """The first sentence on synthetic training data: the index asks whether such data are published."""
    for part in readable(card, stretch):
        if not rules().synthetic.may_match(card.lower[part.start : part.end]):
            continue
        if about_results(card, part.start):
            continue
        found = next(synthetic(card, part, stretch.own), None)
        if found is None:
            continue
        match, low, high = found
        if about_harms(card, part.start) and not rules().training.found_in(card.visible[low:high]):
            continue
        subject, parameter = placed(dossier, stretch.subject, stage_of(card.visible[low:high]))
        quote, selector = quote_card(card, low, high, match.start())
        yield detector.record(
            subject,
            parameter,
            "data.described",
            "present",
            f"{stretch.name} speaks of synthetic training data (“{' '.join(match[0].split())}”).",
            rule="synthetic",
            points="partial",
            value={"synthetic": True, "words": match[0], **inherited(dossier, subject)},
            source=document.source,
            quote=quote,
            selector=selector,
        )
        return


def amount_records(dossier: Dossier, document: Document, card: Card, stretch: Stretch) -> Iterator[EvidenceRecord]:
    """The first sentence of a README that says on how much data the model was trained; a card's are read by topic."""
    for part in readable(card, stretch):
        for low, high in sentences(card.visible, part.start, part.end):
            sentence = card.visible[low:high]
            amount = rules().tokens.search(sentence)
            if amount is None or not rules().training.found_in(sentence) or rules().not_amount.found_in(sentence):
                continue
            if of_another_model(sentence, stretch.own) or is_evaluation(card, low, sentence, ""):
                continue
            said = " ".join(amount[0].split())
            subject, parameter = placed(dossier, stretch.subject, stage_of(sentence, "", amount.start()))
            quote, selector = quote_card(card, low, high, low + amount.start())
            yield detector.record(
                subject,
                parameter,
                "data.described",
                "present",
                f"{stretch.name} says on how much data the model was trained (“{said}”).",
                rule="amount",
                points="partial",
                value={"tokens": said, **inherited(dossier, subject)},
                source=document.source,
                quote=quote,
                selector=selector,
            )
            return


def synthetic(card: Card, part: Part, own: str) -> Iterator[tuple[re.Match[str], int, int]]:
    """Sentences that say this model was trained on synthetic data; not that it makes some, nor what others learnt."""
    for low, high in sentences(card.visible, part.start, part.end):
        match = rules().synthetic.pattern.search(card.visible, low, high)
        sentence = card.visible[low:high]
        if not match or rules().not_synthetic.found_in(sentence) or of_another_model(sentence, own):
            continue
        if rules().training.found_in(sentence) or "data" in sentence:
            yield match, low, high


def described(dossier: Dossier, earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    """What the card's own section or sentence on training data says, taken from what was found there."""
    for record in earlier:
        if record.indicator != "model_card.training_data":
            continue
        text = record.quote.exact if record.quote else ""
        subject, parameter = placed(dossier, record.subject, stage_of(text))
        tokens = rules().tokens.search(text)
        whose = "Embedded card" if record.statement.startswith("Embedded") else card_name(record.subject)
        words = record.value.get("words")
        amount = f"; size given: {tokens[0].strip()}" if tokens else ""
        statements = {
            "present": f"{whose} describes training data ({words} words{amount})."
            if words
            else f"{whose} names training data without a sentence on it.",
            "linked": f"{whose} only points elsewhere for training data ({record.value.get('address')}).",
            "placeholder": f"{whose} names training data, but nothing is said there.",
            "boilerplate": f"{whose} has only a template sentence on training data.",
            "absent": f"{whose} does not describe training data.",
        }
        if record.outcome not in statements:
            continue
        yield detector.record(
            subject,
            parameter,
            "data.described",
            record.outcome,
            statements[record.outcome],
            rule="model-card-section",
            points={"present": "partial", "linked": "partial"}.get(record.outcome, "closed"),  # type: ignore[arg-type]
            value={"tokens": tokens[0].strip() if tokens else None, **inherited(dossier, subject)},
            source=record.source,
            quote=record.quote,
            selector=record.selector,
            searched=record.searched,
        )


# --- reading a card


def readable(card: Card, stretch: Stretch) -> Iterator[Part]:
    """Paragraphs, items and rows that may be about data: by their own words or by the headings above them."""
    about_data = card.where(ABOUT_DATA)
    for part in card.inside(stretch.start, stretch.end):
        if part.kind not in ("heading", "code", "image") and (
            about_data.stand_in(part.start, part.end) or heading_about_data(card.heading_path(part.start)[-2:])
        ):
            yield part


def context_of(card: Card, position: int, part: Part | None) -> str:
    """The two headings above and the label; a title that is only a name says nothing of training ("Heron-Chat")."""
    path = card.heading_path(position)
    if path and path[0] == card.headings[0].label and not label_topics(path[0]):
        path = path[1:]
    return " ".join((*path[-2:], part.label if part else ""))


def about_results(card: Card, position: int) -> bool:
    """Whether the nearest heading that names data or a topic is on results, usage, thanks or citation."""
    for label in reversed(card.heading_path(position)):
        topics = set(label_topics(label))
        if topics or DATA_HEADING.search(label):
            return bool(ELSEWHERE & topics) and not TRAINING_TOPICS & topics
    return False


def about_harms(card: Card, position: int) -> bool:
    """Whether the nearest heading that names a topic is on biases, risks or limits, which data are there to measure."""
    named = (set(topics) for label in reversed(card.heading_path(position)) if (topics := label_topics(label)))
    return bool(HARMS & next(named, set()))


def is_evaluation(card: Card, position: int, sentence: str, name: str) -> bool:
    if BENCHMARK.found_in(name):
        return True
    measured = about_harms(card, position) and MEASURED.search(sentence) is not None
    elsewhere = about_results(card, position) or measured, rules().not_training.found_in(sentence)
    return all(elsewhere) or (any(elsewhere) and not rules().training.found_in(sentence))


def quote_card(card: Card, start: int, end: int, at: int) -> tuple[Quote, Selector]:
    """A sentence as a quote; of a very long one the stretch around `at`."""
    start, end = card.quote_range(start, end)
    if end - start > 600 and at - start > 500:
        start = at - 200
    return quote_span(card.text, start, end, heading_path=card.heading_path(start))


detector = Detector(FOLDER, detect)
