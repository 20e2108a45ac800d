"""The packed index: which text holds which three words in a row. Built by `license_rules.build_index`."""

from __future__ import annotations

from functools import cache, cached_property, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from license_rules.tokens import Words

FOLDER = Path(__file__).parent / "data"

# A place in a sequence: number of the trigram, and what the template says about it.
ID = np.uint32((1 << 24) - 1)
SOFT = np.uint32(1 << 24)  # its middle word counts if another stands in its place
WORD = np.uint32(1 << 25)  # its middle word is required
KEY = np.uint32(1 << 26)  # its middle word may not be missing: it says what may be done: `sell`, `with`, `not`
LIGHT = np.uint32(1 << 27)  # its sentence gives and takes no right: a disclaimer, a pointer
FIRST = np.uint32(1 << 28)  # the first place of a required trigram that stands more than once
SLOT = np.uint32(1 << 29)  # words that may differ follow
EXTRA = np.uint32(1 << 30)  # another wording, not part of the order
REQUIRED = np.uint32(1 << 31)

LEAST_OWN = 6  # trigrams; fewer are chance, such as the name of a maker
SAMPLE = 4  # of long texts one trigram in so many is looked up to find the candidates

Ids = npt.NDArray[np.int64]


class Reference(msgspec.Struct, frozen=True):
    """One text of the index. `kind` is `license`, `header` (standard notice), `exception` or `ai` (of the registry)."""

    id: str
    kind: str
    length: int
    words: int
    name: str = ""
    osi: bool = False
    deprecated: bool = False
    urls: list[str] = []
    same_as: str = ""


class Listed(msgspec.Struct, frozen=True):
    """One line of the SPDX licence list, or an exception of it."""

    id: str
    kind: str
    name: str
    osi: bool
    deprecated: bool
    urls: list[str]
    words: int
    same_as: str


class Index:
    """The arrays, mapped into memory, and the list of references they number."""

    def __init__(self, folder: Path = FOLDER) -> None:
        def load(name: str) -> npt.NDArray[Any]:
            array: npt.NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r").view(np.ndarray)
            return array

        self.known: Words = load("known")
        owners = load("owners")
        self.owners = owners << np.uint16(1) | owners >> np.uint16(15)  # twice the reference, and 1 if it requires it
        self.sequences = load("sequences")
        counts = load("counts")
        self.offsets = np.zeros(len(counts) + 1, np.uint32)
        np.cumsum(counts, out=self.offsets[1:])
        self.references = msgspec.json.decode((folder / "references.json").read_bytes(), type=list[Reference])
        self.places = [0, *accumulate(r.length for r in self.references)]
        self.scratch = np.zeros(len(self.known) + 1, np.uint8)
        self.theirs = np.zeros(len(self.known), bool)
        self.last_place = np.full(len(self.known) + 1, -1, np.int32)

    @cached_property
    def required_counts(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Number of different required trigrams of each reference: of all, and of every SAMPLE-th."""
        sampled = np.repeat(np.arange(len(self.known)) % SAMPLE == 0, np.diff(self.offsets))
        every, some = (
            np.bincount(owners, minlength=2 * len(self.references))[1::2].astype(np.float64)
            for owners in (self.owners, self.owners[sampled])
        )
        return every, some

    def sequence(self, reference: int) -> npt.NDArray[np.uint32]:
        part: npt.NDArray[np.uint32] = self.sequences[self.places[reference] : self.places[reference + 1]]
        return part

    @cache  # noqa: B019
    def marked(self, reference: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """All trigrams of a reference, and those that it requires, each of these once."""
        sequence = self.sequence(reference)
        return sequence & ID, sequence[sequence & FIRST != 0] & ID

    @cache  # noqa: B019
    def weighty(self, reference: int) -> npt.NDArray[np.uint32]:
        """The required trigrams of a reference whose sentences give or take a right, each once."""
        sequence = self.sequence(reference)
        weighty: npt.NDArray[np.uint32] = sequence[(sequence & FIRST != 0) & (sequence & LIGHT == 0)] & ID
        return weighty

    @lru_cache(maxsize=4096)  # noqa: B019  one index lives as long as the program
    def own(self, one: int, other: int) -> npt.NDArray[np.uint32]:
        """What `one` requires and `other` does not know."""
        required, known = self.marked(one)[1], self.marked(other)[0]
        self.theirs[known] = True
        own: npt.NDArray[np.uint32] = required[~self.theirs[required]]
        self.theirs[known] = False
        return own

    def near_twins(self, one: int, other: int) -> bool:
        """Whether two references have the same words but for a few, such as a name."""
        return max(len(self.own(one, other)), len(self.own(other, one))) < LEAST_OWN

    def lookup(self, trigrams: Words) -> Ids:
        """Numbers of the trigrams in the index, -1 for one that no text holds."""
        order = trigrams.argsort()
        where = np.empty(len(trigrams), np.int64)
        where[order] = self.known.searchsorted(trigrams[order])
        where[where == len(self.known)] = 0
        return np.where(self.known[where] == trigrams, where, -1)


@cache
def index() -> Index:
    return Index()
