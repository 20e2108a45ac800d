"""Build the packed index from the SPDX licence list and from texts of AI licences.

    python -m license_rules.build_index LICENSE-LIST-XML/src [FOLDER_OF_AI_TEXTS]

The index holds fingerprints (hashes of three words in a row), no text. What the XML marks as optional or alternative
(https://github.com/spdx/license-list-XML/blob/main/DOCS/xml-fields.md) may be there and need not be; a slot marked
`.+` takes any few words. Texts of AI licences are found in the folder by the names that the registry gives.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np

from license_rules.data_files import load
from license_rules.index import EXTRA, FIRST, FOLDER, ID, KEY, LIGHT, REQUIRED, SLOT, SOFT, WORD
from license_rules.registry import registry
from license_rules.tokens import mix, tokenize
from license_rules.weight import lexicon, light, points, sentences

OPTIONAL = FOLDER.parent / "optional.yaml"
NS = "{http://www.spdx.org/license}"
BLOCKS = {"p", "br", "item", "list", "titleText", "text", "standardLicenseHeader"}
SKIPPED = {"bullet", "copyrightText", "notes", "crossRefs", "obsoletedBys"}
ALTERNATIVES = 8
ALTERNATIVE_WORDS = 14


@dataclass
class Template:
    """A text with one mark per character: 0 required, 1 optional; and the slots where words may differ."""

    text: list[str] = field(default_factory=list)
    marks: bytearray = field(default_factory=bytearray)
    slots: list[tuple[int, int, list[str]]] = field(default_factory=list)  # from, to, other wordings

    @property
    def length(self) -> int:
        return len(self.marks)

    def add(self, text: str, mark: int) -> None:
        self.text.append(text)
        self.marks.extend([mark] * len(text))


def flatten(element: ElementTree.Element, template: Template, optional: int, *, inside_header: bool = False) -> None:
    name = element.tag.removeprefix(NS)
    if name in SKIPPED:
        return
    if name in BLOCKS:
        template.add("\n", optional)
    optional |= name in ("optional", "titleText", "alt") or (name == "standardLicenseHeader" and not inside_header)
    start = template.length
    if element.text:
        template.add(element.text, optional)
    for child in element:
        flatten(child, template, optional, inside_header=inside_header)
        if child.tail:
            template.add(child.tail, optional)
    if name == "alt":
        template.slots.append((start, template.length, wordings(element.get("match", ""))))
        template.add(" ", optional)
    elif name == "optional":
        template.slots.append((start, template.length, [""]))
    if name in BLOCKS:
        template.add("\n", optional)


def wordings(pattern: str) -> list[str]:
    """The alternatives of a simple pattern as plain words; none for one that takes anything."""
    pattern = re.sub(r"\\s[+*]?|\[[^\]]*\\t[^\]]*\](?:\{[\d,]*\}|[+*])?", " ", pattern)
    pattern = re.sub(r"^\((?!\?)(.*)\)$", r"\1", pattern)
    found = []
    for option in pattern.split("|")[:ALTERNATIVES]:
        plain = re.sub(r"\\(.)", r"\1", option.strip("() "))
        if re.search(r"[+*?\[\]{}()^$]|\.(?=[+*])", plain) or len(plain.split()) > ALTERNATIVE_WORDS:
            return []
        found.append(plain)
    return found


class OptionalPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """A part of a licence that may be left out, by its first and last words."""

    id: str
    first: str
    last: str


@cache
def optional_parts() -> tuple[OptionalPart, ...]:
    return load(OPTIONAL, tuple[OptionalPart, ...])


def mark_optional(ident: str, template: Template) -> None:
    """Mark what our own list calls optional, beyond the template's own marks; ValueError if the words are not there."""
    text = "".join(template.text)
    for part in optional_parts():
        if not fnmatchcase(ident, part.id):
            continue
        first, last = (r"\s+".join(map(re.escape, words.split())) for words in (part.first, part.last))
        found = re.search(rf"{first}.*?{last or '$'}", text, re.S)
        if found:
            template.marks[found.start() : found.end()] = b"\x01" * (found.end() - found.start())
            template.slots.append((found.start(), found.end(), [""]))
        elif ident == part.id:
            raise ValueError(f"{ident}: no part from {part.first!r} to {part.last!r}")


@dataclass
class Reference:
    """One text to compare with, as the index keeps it."""

    meta: dict[str, object]
    grams: list[np.ndarray]
    flags: list[np.ndarray]


def reference(template: Template, meta: dict[str, object]) -> Reference:
    text = "".join(template.text)
    tokens = tokenize(text)
    words, spans = tokens.words, tokens.spans
    marks = np.array([template.marks[start] for start, _ in spans], np.uint8)
    weightless = np.zeros(len(text) + 1, bool)
    if weighed := {"license": light, "header": points}.get(str(meta["kind"])):
        for begin, end in sentences(text.lower()):
            weightless[begin:end] = weighed(" ".join(text[begin:end].lower().split()))
    breaks = np.zeros(len(spans) + 1, bool)  # a slot lies before word i
    grams, flags = [tokens.trigrams], []
    slot_after = np.zeros(len(spans) + 1, bool)
    starts = np.array([start for start, _ in spans], np.int64)
    extra: set[int] = set()
    for begin, end, options in template.slots:
        first, last = (int(np.searchsorted(starts, at)) for at in (begin, end))
        breaks[first] = breaks[last] = True
        if not options:
            slot_after[first] = slot_after[last] = True
        for option in options:
            extra.update(bridge(words, first, last, tokenize(option).words))
    required = np.ones(max(0, len(words) - 2), bool)
    for shift in range(3):
        required &= marks[shift : len(words) - 2 + shift] == 0
    for shift in (1, 2):
        required &= ~breaks[shift : len(words) - 2 + shift]
    lightly = weightless[starts[: len(required)]] if len(required) else required
    base = np.where(required, REQUIRED, 0).astype(np.uint32)
    base |= np.where(lightly, LIGHT, 0).astype(np.uint32)
    edged = np.concatenate([[False], required, [False]])
    needed = edged[:-2] | edged[1:-1] | edged[2:]  # not held by slots on either side
    needed &= marks[1 : len(required) + 1] == 0
    base |= np.where(needed, WORD, 0).astype(np.uint32)
    for flag, list_ in ((KEY, lexicon().keys), (SOFT, lexicon().replaced)):
        key = np.isin(words[1 : len(required) + 1], tokenize(" ".join(list_)).words)
        base |= np.where(needed & key, flag, 0).astype(np.uint32)
    base |= np.where(slot_after[3 : len(words) + 1], SLOT, 0).astype(np.uint32)
    flags.append(base)
    if extra:
        more = np.array(sorted(extra), np.uint32)
        grams.append(more)
        flags.append(np.full(len(more), EXTRA, np.uint32))
    meta["words"] = len(words)
    return Reference(meta, grams, flags)


def bridge(words: np.ndarray, first: int, last: int, option: np.ndarray) -> Iterator[int]:
    """Trigrams that appear when words `first` to `last` are replaced by another wording."""
    line = np.concatenate([words[max(0, first - 2) : first], option, words[last : last + 2]]).astype(np.uint32)
    if len(line) >= 3:
        yield from (int(h) for h in mix(line[:-2], line[1:-1], line[2:]))


def spdx_references(folder: Path) -> Iterator[Reference]:
    seen: dict[bytes, str] = {}
    for path in sorted(folder.glob("*.xml")) + sorted((folder / "exceptions").glob("*.xml")):
        root = ElementTree.parse(path).getroot()  # noqa: S314
        node = root[0]
        ident = node.get("licenseId", "")
        text = node.find(f"{NS}text")
        if text is None:
            continue
        deprecated = node.get("deprecatedVersion") is not None
        replaced = node.find(f".//{NS}obsoletedBy") is not None or (folder / f"{ident}-only.xml").exists()
        meta: dict[str, object] = {
            "id": ident,
            "kind": "exception" if node.tag.endswith("exception") else "license",
            "name": node.get("name", ""),
            "osi": node.get("isOsiApproved") == "true",
            "deprecated": deprecated,
            "replaced": replaced,
            "urls": [e.text.strip() for e in node.iter(f"{NS}crossRef") if e.text],
        }
        template = Template()
        flatten(text, template, 0)
        mark_optional(ident, template)
        built = reference(template, meta)
        key = built.grams[0].tobytes()
        meta["same_as"] = seen.setdefault(key, ident) if len(key) else ident
        yield built
        header = node.find(f".//{NS}standardLicenseHeader")
        if header is not None and not deprecated:
            template = Template()
            flatten(header, template, 0, inside_header=True)
            built = reference(template, {"id": ident, "kind": "header"})
            if int(str(built.meta["words"])) >= 8:
                yield built


def text_file(name: str) -> str:
    """`OWNER/REPO:PATH` is kept as `OWNER@REPO__PATH`, a text of ScanCode's data as `scancode/KEY.LICENSE`."""
    where, _, path = name.partition(":")
    if where == "scancode":
        return f"scancode/{path}.LICENSE"
    return f"{where.replace('/', '@')}__{path.replace('/', '_')}"


def ai_references(folder: Path) -> Iterator[Reference]:
    for entry in registry():
        for name in entry.texts:
            path = folder / text_file(name)
            if not path.exists():
                print(f"missing: {name} ({entry.id})", file=sys.stderr)
                continue
            template = Template()
            text = path.read_bytes().decode("utf-8", "replace")
            template.add(re.sub(r"^---\n.*?\n---\n", "", text, flags=re.S), 0)
            yield reference(template, {"id": entry.id, "kind": "ai", "name": entry.name, "osi": entry.osi})


SAME_TEXT = re.compile(
    r"-or-later$|-(?:no-)?invariants-|-(?:no-)?RFN$|\+$|-with-|-Combined-Work-Exception$|-no-copyleft-exception$"
)


def keep(references: list[Reference]) -> list[Reference]:
    """One reference per text: what only a notice can tell (-or-later, -no-RFN) has no text of its own."""
    kept, texts = [], set()
    references = [r for r in references if r.meta["kind"] != "license" or not SAME_TEXT.search(str(r.meta["id"]))]
    references = [r for r in references if not (r.meta.get("deprecated") and r.meta.get("replaced"))]
    for ref in sorted(references, key=lambda r: bool(r.meta.get("deprecated"))):
        key = (ref.meta["kind"] == "header" and ref.meta["id"], ref.grams[0].tobytes())
        if key not in texts and len(ref.grams[0]) >= 3:
            texts.add(key)
            kept.append(ref)
    return sorted(kept, key=lambda r: (str(r.meta["id"]), str(r.meta["kind"])))


def mark_first(grams: np.ndarray, flags: np.ndarray) -> np.ndarray:
    """The flags of a sequence with FIRST set once for each required trigram, where it is not light if it can be."""
    flags = flags.copy()
    required = np.flatnonzero(flags & REQUIRED)
    required = required[np.argsort(flags[required] & LIGHT, kind="stable")]
    flags[required[np.unique(grams[required], return_index=True)[1]]] |= np.uint32(FIRST)
    return flags


def pack(references: list[Reference]) -> None:
    sequences = [np.concatenate(r.grams) for r in references]
    flags = [np.concatenate(r.flags) for r in references]
    known, where = np.unique(np.concatenate(sequences), return_inverse=True)
    lengths = np.array([len(s) for s in sequences])
    owner = np.repeat(np.arange(len(references)), lengths)
    flat = np.concatenate([mark_first(grams, marks) for grams, marks in zip(sequences, flags, strict=True)])
    pairs = (where.astype(np.int64) << 17) | (owner.astype(np.int64) << 1) | ((flat & REQUIRED) == 0)
    pairs = np.unique(pairs)
    pairs = pairs[np.concatenate([[True], pairs[1:] >> 1 != pairs[:-1] >> 1])]  # required wins over optional
    counts = np.bincount(pairs >> 17, minlength=len(known))
    FOLDER.mkdir(exist_ok=True)
    arrays = {
        "known": known.astype(np.uint32),
        "counts": counts.astype(np.uint16),
        "owners": (((pairs >> 1) & 0xFFFF) | ((pairs & 1) ^ 1) << 15).astype(np.uint16),
        "sequences": where.astype(np.uint32) | flat,
    }
    assert len(known) <= ID
    for name, array in arrays.items():
        np.save(FOLDER / f"{name}.npy", array)
    for ref, length in zip(references, lengths, strict=True):
        ref.meta["length"] = int(length)
    lines = [json.dumps(r.meta, ensure_ascii=False, separators=(",", ":")) for r in references]
    (FOLDER / "references.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")


def main(arguments: list[str]) -> None:
    if not 1 <= len(arguments) <= 2:
        sys.exit(__doc__)
    references = list(spdx_references(Path(arguments[0])))
    listed = [dict(r.meta) for r in references if r.meta["kind"] in ("license", "exception")]
    if len(arguments) == 2:
        references += ai_references(Path(arguments[1]))
    pack(keep(references))
    lines = [json.dumps(m, ensure_ascii=False, separators=(",", ":")) for m in listed]
    (FOLDER / "licenses.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
