"""Find the known texts in a text: which, where, how completely, and what is left over.

Similarity is the share of words in a region that the reference explains (precision) and the share of what the
reference requires that the region holds (recall); optional and alternative parts of the SPDX templates count for the
first and not against the second. Near relatives are told apart by what one requires and the other lacks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from license_rules.index import (
    EXTRA,
    ID,
    KEY,
    LEAST_OWN,
    LIGHT,
    REQUIRED,
    SAMPLE,
    SLOT,
    SOFT,
    WORD,
    Ids,
    Index,
    Reference,
    index,
)
from license_rules.tokens import Tokens, Words, idle

Mask = npt.NDArray[np.bool_]

MOST_REGIONS = 60
LEAST_TRIGRAMS = 5
SAMPLED = 300  # different trigrams of a text; beyond, one in SAMPLE is enough to find the candidates
CANDIDATES = 10
RIVALS = 6
SPLIT_GAP = 50  # words between two copies of a text
SPLIT_LOSS = 0.03
NEAR_GAIN = 0.4  # of the best candidate's; what explains less is no rival of it
ENOUGH_RECALL = 0.7
LIKELY_RECALL = 0.5
MUCH_RECALL = 0.6
ENOUGH_SCORE = 0.75
MUCH = 0.5  # of what the best explains; a part of it does not replace it
SHORT = 25  # required trigrams; below, nearly all must be there
SHORT_RECALL = 0.9
STRETCH = 5  # words in a row that must agree before they count as explained
SLOT_WORDS = 15
SMALL_EDIT = 5  # words
TIE = 0.02  # of the score
STEADY = 10  # trigrams in step with the reference; fewer may be words of another sentence of it
CHANGED_WORDS = 20  # around a word that is not there


@dataclass(frozen=True)
class Region:
    """One reference found in words `first` to `last` of a text."""

    reference: int
    first: int
    last: int
    precision: float
    recall: float
    covered: Mask  # of the words first to last: explained by the reference
    slots: Mask  # of the same words: stand where the template takes any
    missing: int  # longest run of weighty trigrams that are not there
    kept: float  # share of the required words that are there or carry no weight
    changes: tuple[tuple[int, int], ...]  # words of the text around a word of the grant that is not there
    ties: tuple[str, ...] = ()  # other ids with the same words

    @property
    def score(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall)

    @property
    def known(self) -> Reference:
        return index().references[self.reference]


STEPS = np.array([-1, 1, 1], np.int32)
"""What a trigram adds to a stretch: unknown to the reference, known, required."""


def find_regions(tokens: Tokens) -> list[Region]:
    """Regions of a text that known texts explain, in order of their place; the best is cut out first."""
    base = index()
    free = base.lookup(tokens.trigrams)
    found: list[Region] = []
    while len(found) < MOST_REGIONS:
        region = best_region(base, free, tokens.words)
        if region is None:
            break
        found.append(region)
        inside = free[region.first : region.last - 2]
        inside[region.covered[: len(inside)] | region.covered[2 : len(inside) + 2]] = -1
    return sorted(found, key=lambda r: r.first)


def best_region(base: Index, free: Ids, words: Words) -> Region | None:
    near, rest = likely(base, free)
    placed = place_all(base, free, near)
    if not any(placed):  # the disclaimers may be others
        placed = [place(base, free, number, weighty=True) for number in [*near, *rest]]
    candidates = sorted((c for c in placed if c is not None), key=lambda c: -c.gain)
    if not candidates:
        return None
    best = candidates[0]
    rivals = [c for c in candidates if overlap(c, best) > 0.5 and c.score > best.score - 0.25][:RIVALS]
    chosen = decide(base, free, rivals)
    same = [base.references[r.reference] for r in rivals if is_tie(base, chosen, r)]
    return replace(complete(base, free, words, chosen), ties=tuple(ref.id for ref in same))


def is_tie(base: Index, chosen: Placed, rival: Placed) -> bool:
    """Whether two references have the same words but for a few, such as a name, so that either id would be right."""
    if rival is chosen or rival.score < chosen.score - TIE:
        return False
    return base.near_twins(chosen.reference, rival.reference)


def likely(base: Index, free: Ids, out: Collection[int] = ()) -> tuple[list[int], list[int]]:
    """The references that most of the text speaks for, but for those left out: of the first much is there, of the
    others half.
    """
    ids = np.sort(free[free >= 0])
    if len(ids) < LEAST_TRIGRAMS:
        return [], []
    ids = ids[np.concatenate([[True], ids[1:] != ids[:-1]])]
    needed = base.required_counts[0]
    if len(ids) > SAMPLED:
        ids, needed = ids[ids % SAMPLE == 0], base.required_counts[1]
    starts, counts = base.offsets[ids].astype(np.int64), (base.offsets[ids + 1] - base.offsets[ids]).astype(np.int64)
    positions = np.arange(counts.sum()) + np.repeat(starts - np.concatenate([[0], counts.cumsum()[:-1]]), counts)
    known, required = np.bincount(base.owners[positions], minlength=2 * len(base.references)).reshape(-1, 2).T
    full = known + required
    recall = required / np.maximum(needed, 1)
    gain = full * recall**3
    gain[(recall < LIKELY_RECALL) | (full < 3)] = 0
    gain[list(out)] = 0
    best = np.argsort(-gain, kind="stable")[:CANDIDATES]
    near = [int(n) for n in best if gain[n] > NEAR_GAIN * gain[best[0]]]
    return [n for n in near if recall[n] >= MUCH_RECALL], [n for n in near if recall[n] < MUCH_RECALL]


def place_all(base: Index, free: Ids, near: list[int]) -> list[Placed | None]:
    """Where each candidate stands. Where the first is all there and explains all that any text knows of this one,
    only those are looked for that have the same words but for a few.
    """
    if not near:
        return []
    first, *others = near
    best = place(base, free, first)
    whole = best is not None and best.precision == best.recall == 1 and not base.references[first].deprecated
    if whole and best is not None and best.last - best.first == np.count_nonzero(free >= 0):
        others = [n for n in others if base.near_twins(first, n)]
    return [best, *(place(base, free, n) for n in others)]


@dataclass(frozen=True)
class Placed:
    """A candidate with the densest stretch of trigrams that it explains."""

    reference: int
    first: int
    last: int  # of trigrams, exclusive
    precision: float
    recall: float

    @property
    def score(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall)

    @property
    def gain(self) -> float:
        return float(self.score**4 * self.precision * (self.last - self.first))


def place(base: Index, free: Ids, number: int, *, weighty: bool = False) -> Placed | None:
    """Where a reference stands, if enough of what it requires is there; `weighty` asks for what carries rights only."""
    full, required = base.marked(number)
    if weighty:
        required = base.weighty(number)
    scratch = base.scratch
    scratch[full] = 1
    scratch[required] = 2
    kinds = scratch[free]
    scratch[full] = 0
    total = np.zeros(len(free) + 1, np.int32)
    STEPS[kinds].cumsum(out=total[1:])
    last = int((total - np.minimum.accumulate(total)).argmax())
    first = int(total[: last + 1].argmin())
    if last <= first:
        return None
    recall = recall_of(base, free, kinds, required, first, last)
    while (gap := longest_gap(kinds, first, last)) is not None:
        sides = [(first, gap[0]), (gap[1], last)]
        held = [recall_of(base, free, kinds, required, *side) for side in sides]
        if max(held) < recall - SPLIT_LOSS:
            break
        (first, last), recall = sides[held.index(max(held))], max(held)
    inside, needed = kinds[first:last], len(required)
    if recall < (SHORT_RECALL if needed < SHORT else ENOUGH_RECALL):
        return None
    placed = Placed(number, first, last, int(np.count_nonzero(inside)) / len(inside), recall)
    return placed if placed.score >= ENOUGH_SCORE else None


def recall_of(
    base: Index, free: Ids, kinds: npt.NDArray[np.uint8], required: npt.NDArray[np.uint32], first: int, last: int
) -> float:
    """Share of the required trigrams that stand between two places."""
    if not len(required):
        return 1.0
    base.scratch[free[first:last][kinds[first:last] == 2]] = 1
    held = int(np.count_nonzero(base.scratch[required])) / len(required)
    base.scratch[required] = 0
    return held


def longest_gap(kinds: npt.NDArray[np.uint8], first: int, last: int) -> tuple[int, int] | None:
    """The longest stretch that a reference does not explain, if it is long enough to part two copies of it."""
    if np.count_nonzero(kinds[first:last]) + SPLIT_GAP > last - first:
        return None
    start, end = max(runs(kinds[first:last] == 0), key=lambda run: run[1] - run[0])
    return (first + start, first + end) if end - start > SPLIT_GAP else None


def overlap(one: Placed, other: Placed) -> float:
    shared = min(one.last, other.last) - max(one.first, other.first)
    return shared / min(one.last - one.first, other.last - other.first)


def decide(base: Index, free: Ids, rivals: list[Placed]) -> Placed:
    """The rival that wins against most of the others."""
    if len(rivals) == 1:
        return rivals[0]
    first, last = min(r.first for r in rivals), max(r.last for r in rivals)
    present = free[first:last]
    base.scratch[present] = 1
    wins = [0.0] * len(rivals)
    for a, one in enumerate(rivals):
        for b in range(a + 1, len(rivals)):
            winner = a if prefers(base, one, rivals[b]) else b
            wins[winner] += 1
    base.scratch[present] = 0
    best = rivals[max(range(len(rivals)), key=lambda n: (wins[n], rivals[n].score, -n))]
    if base.references[best.reference].deprecated:
        current = (r for r in rivals if not base.references[r.reference].deprecated and r.score > best.score - 0.05)
        best = max((r for r in current if r.gain > MUCH * best.gain), key=lambda r: r.score, default=best)
    common = [
        r
        for r in rivals
        if base.references[r.reference].osi and r.recall > max(0.95, best.recall + 0.03) and r.gain > MUCH * best.gain
    ]
    return max(common, key=lambda r: r.score) if common else best


def prefers(base: Index, one: Placed, other: Placed) -> bool:
    """Whether the text is rather `one`: compares what each requires and the other does not know."""
    mine, theirs = own_share(base, one, other), own_share(base, other, one)
    if mine is None and theirs is None:
        a, b = base.references[one.reference], base.references[other.reference]
        return (a.deprecated, -round(one.score, 3), one.first - one.last) <= (
            b.deprecated,
            -round(other.score, 3),
            other.first - other.last,
        )
    if theirs is None and mine is not None and not 0.5 < mine < 0.9:
        return mine >= 0.9
    if mine is None and theirs is not None and not 0.5 < theirs < 0.9:
        return theirs <= 0.5
    if mine is None or theirs is None:
        return one.score >= other.score
    if abs(mine - theirs) > 0.02:
        return mine > theirs
    return one.score >= other.score


def own_share(base: Index, one: Placed, other: Placed) -> float | None:
    """Of the trigrams that `one` requires and `other` lacks, the share that the marked text holds; None for too few."""
    own = base.own(one.reference, other.reference)
    return int(np.count_nonzero(base.scratch[own])) / len(own) if len(own) >= LEAST_OWN else None


def complete(base: Index, free: Ids, words: Words, placed: Placed) -> Region:
    """Which words of the stretch the reference explains, what of it is missing, and where its words were changed."""
    sequence = base.sequence(placed.reference)
    extra = sequence[sequence & EXTRA != 0] & ID
    order = sequence[: len(sequence) - len(extra)]
    present = free[placed.first : placed.last]
    places = align(base, order & ID, present)
    scratch = base.scratch
    scratch[extra] = 1
    hits = (places >= 0) | (scratch[present] > 0)
    scratch[extra] = 0
    required = order & REQUIRED != 0
    found = np.full(len(order), -1, np.int64)
    found[places[places >= 0]] = np.flatnonzero(places >= 0)
    size = len(present) + 2
    if hits.all() and (found[required] >= 0).all():
        everywhere, nowhere = np.ones(size, bool), np.zeros(size, bool)
        return Region(
            placed.reference, placed.first, placed.last + 2, 1.0, placed.recall, everywhere, nowhere, 0, 1.0, ()
        )
    covered = np.zeros(size, bool)
    for shift in range(3):
        covered[shift : shift + len(hits)] |= hits
    drop_short(covered, STRETCH)
    slots = np.zeros(size, bool)
    slotted = order & SLOT != 0
    for start, end in runs(~covered):
        slot = start >= 3 and places[start - 3] >= 0 and slotted[places[start - 3]]
        if slot and end - start <= SLOT_WORDS:
            slots[start:end] = True
    bridged = (found >= 0) | ~required
    changes = tuple(lost_keys(order, found, words[placed.first :]))
    bridged |= order & LIGHT != 0
    needed = max(1, int(np.count_nonzero(required)))
    lost = sum(max(0, end - start - 2) for start, end in runs(~bridged))  # one other word breaks three trigrams
    drop_short(bridged, STRETCH)
    bridged |= (order & LIGHT != 0) | ~required
    missing = max((end - start for start, end in runs(~bridged)), default=0)
    return Region(
        placed.reference,
        placed.first,
        placed.last + 2,
        int(np.count_nonzero(covered | slots)) / size,
        placed.recall,
        covered,
        slots,
        missing,
        1 - lost / needed,
        tuple((placed.first + first, placed.first + last) for first, last in changes),
    )


def align(base: Index, order: npt.NDArray[np.uint32], present: Ids) -> npt.NDArray[np.int64]:
    """For each trigram of a text its place in a reference, or -1.

    Trigrams that stand once in the reference are the anchors; those between them count where they keep step with the
    anchor before or behind, so that a word that only another sentence of the reference has does not.
    """
    last = base.last_place
    steps = np.arange(len(order))
    last[order] = steps
    twice = order[last[order] != steps]
    last[twice] = -2
    places = last[present].astype(np.int64)
    last[order] = -1
    at = np.arange(len(present))
    anchored = places >= 0
    first = int(anchored.argmax())
    start = int(places[first]) - first
    if 0 <= start <= len(order) - len(present) and (order[start : start + len(present)] == present).all():
        return at + start
    ahead = np.maximum.accumulate(np.where(anchored, at, -1))
    behind = np.minimum.accumulate(np.where(anchored, at, len(at))[::-1])[::-1]
    matched = np.where(anchored, places, -1)
    for anchor, known in ((ahead, ahead >= 0), (behind, behind < len(at))):
        anchor = np.where(known, anchor, 0)
        guess = places[anchor] + at - anchor
        fits = known & (matched < 0) & (guess >= 0) & (guess < len(order))
        fits[fits] = order[guess[fits]] == present[fits]
        matched = np.where(fits, guess, matched)
    drop_strays(matched)
    return matched


def drop_strays(places: npt.NDArray[np.int64]) -> None:
    """Take out the few words in a row that another sentence of the reference has, not the one they stand in."""
    steady = np.concatenate([[False], (places[1:] - places[:-1] == 1) & (places[1:] > 0)])
    starts = np.flatnonzero(~steady & (places >= 0))
    if len(starts) < 2:
        return
    breaks = np.flatnonzero(~steady)
    ends = np.append(breaks, len(places))[np.searchsorted(breaks, starts) + 1]
    stretches = [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]
    before = -1
    for n, (start, end) in enumerate(stretches):
        if end - start >= STEADY:
            before = int(places[end - 1])
            continue
        after = next((int(places[a]) for a, b in stretches[n + 1 :] if b - a >= STEADY), len(places) + places.max())
        if not before < places[start] < after:
            places[start:end] = -1


def lost_keys(order: npt.NDArray[np.uint32], found: npt.NDArray[np.int64], words: Words) -> Iterator[tuple[int, int]]:
    """Where words of the grant were taken out or replaced; a part that is missing altogether is none.

    Gives the words of the text from those before to those behind.
    """
    there = np.zeros(len(order) + 2, bool)
    for shift in range(3):
        there[shift : shift + len(order)] |= found >= 0
    lost = (order & WORD != 0) & ~there[1:-1]
    light = order & LIGHT != 0
    key, soft = (order & KEY != 0) & ~light, (order & SOFT != 0) & ~light
    for start, end in runs(lost):
        if end - start > SMALL_EDIT or not (key | soft)[start:end].any():
            continue
        before, behind = found[max(0, start - 3) : start], found[end + 1 : end + 4]
        first = int(before.max()) if before.size else -1
        last = int(behind[behind >= 0].min()) if (behind >= 0).any() else -1
        if first < 0 or (not key[start:end].any() and (last < 0 or np.isin(words[first + 3 : last], idle()).all())):
            continue
        yield first, last + 3 if first < last <= first + CHANGED_WORDS else first + 3


def runs(mask: Mask) -> Iterator[tuple[int, int]]:
    """Start and end of each stretch of True."""
    edges = ((mask[1:] != mask[:-1]).nonzero()[0] + 1).tolist()
    if len(mask) and mask[0]:
        edges.insert(0, 0)
    if len(mask) and mask[-1]:
        edges.append(len(mask))
    return zip(edges[::2], edges[1::2], strict=True)


def drop_short(mask: Mask, least: int) -> None:
    for start, end in list(runs(mask)):
        if end - start < least:
            mask[start:end] = False
