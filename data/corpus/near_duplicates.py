"""Knows which texts say nearly the same; knows nothing about items, labels or splits.

Two texts are near-duplicates when their normal forms (case folded, everything but letters and digits a blank) are
equal, or when the Jaccard similarity of their sets of three-word shingles is at least 0.8. Candidates come from MinHash
with locality-sensitive hashing (A. Broder, SEQUENCES 1997): 18 bands of 7 rows see a pair at similarity s with
probability ``1 - (1 - s^7)^18``, 98.6 % at s = 0.8 and 99.99 % at 0.9. Candidates are then measured exactly, so that no
pair below 0.8 is ever joined. Texts of fewer than three words can only be equal; in languages written without blanks a
clause counts as one word.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

THRESHOLD = 0.8
SHINGLE = 3
BANDS, ROWS = 18, 7

SURELY_LESS = 0.68
"""Pairs whose sketches agree in a smaller share are not measured: 3.4 standard errors below the threshold."""

_NOT_WORD = re.compile(r"[\W_]+")
# Odd multipliers, so that the order of a shingle's words counts (arithmetic modulo 2^64).
_MIX = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)


def normal_form(text: str) -> str:
    """Return the text case-folded, with runs of anything but letters and digits as one blank.

    A text without letters and digits keeps its signs, so that different emoji stay different.
    """
    folded = text.casefold()
    return _NOT_WORD.sub(" ", folded).strip() or " ".join(folded.split())


def near_duplicate_clusters(texts: Sequence[str]) -> list[int]:
    """Return a cluster number for each text; near-duplicates of near-duplicates share one.

    The clusters do not depend on the order of the texts; their numbers do (they count up by first member).
    """
    forms: dict[str, list[int]] = {}
    for index, text in enumerate(texts):
        forms.setdefault(normal_form(text), []).append(index)
    cluster = Clusters(len(texts))
    for same in forms.values():
        for other in same[1:]:
            cluster.join(same[0], other)
    ordered = sorted(forms)
    _join_similar([forms[form][0] for form in ordered], ordered, cluster)
    return cluster.numbers()


class Clusters:
    """A union-find over 0..n-1 that relabels the smaller side, so that many labels can be read at once.

    Attributes:
        label: Array of shape (n,): equal entries are joined.
    """

    def __init__(self, n: int) -> None:
        """Start with n clusters of one."""
        self.label = np.arange(n)
        self._members: dict[int, list[int]] = {i: [i] for i in range(n)}

    def join(self, a: int, b: int) -> None:
        """Join the clusters of two members."""
        keep, give = int(self.label[a]), int(self.label[b])
        if keep == give:
            return
        if len(self._members[keep]) < len(self._members[give]):
            keep, give = give, keep
        moved = self._members.pop(give)
        self.label[moved] = keep
        self._members[keep].extend(moved)

    def numbers(self) -> list[int]:
        """Return a cluster number for each member, counting up by first member."""
        seen: dict[int, int] = {}
        return [seen.setdefault(int(label), len(seen)) for label in self.label]


def _join_similar(indices: list[int], forms: list[str], cluster: Clusters) -> None:
    from datasketch import MinHash, MinHashLSH

    word_hash: dict[str, int] = {}
    sets: list[npt.NDArray[np.uint64]] = []
    owners: list[int] = []
    for index, form in zip(indices, forms, strict=True):
        shingles = _shingles(form.split(), word_hash)
        if len(shingles):
            owners.append(index)
            sets.append(shingles)
    owner = np.array(owners, dtype=int)
    seen = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
    low_bits = ((shingles & np.uint64(0xFFFFFFFF)).tolist() for shingles in sets)
    sketches = MinHash.generator(low_bits, num_perm=BANDS * ROWS, seed=1, hashfunc=_number)
    signatures = np.zeros((len(sets), BANDS * ROWS), dtype=np.uint64)
    for here, sketch in enumerate(sketches):
        signatures[here] = sketch.hashvalues
        found = np.fromiter(map(_number, seen.query(sketch)), dtype=np.intp)
        seen.insert(here, sketch, check_duplication=False)
        found = found[cluster.label[owner[found]] != cluster.label[owner[here]]]
        agree = (signatures[found] == signatures[here]).mean(axis=1)
        for other in np.sort(found[agree >= SURELY_LESS]).tolist():
            # Boilerplate makes large clusters: one comparison that succeeds saves those with all its other members.
            if cluster.label[owner[other]] == cluster.label[owner[here]]:
                continue
            if _jaccard(sets[here], sets[other]) >= THRESHOLD:
                cluster.join(int(owner[here]), int(owner[other]))


def _number(value: Any) -> int:
    return int(value)


def _shingles(words: list[str], word_hash: dict[str, int]) -> npt.NDArray[np.uint64]:
    """Return the sorted distinct 64-bit hashes of a text's three-word shingles; empty for fewer than three words."""
    if len(words) < SHINGLE:
        return np.empty(0, dtype=np.uint64)
    for word in words:
        if word not in word_hash:
            word_hash[word] = int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little")
    hashes = np.array([word_hash[word] for word in words], dtype=np.uint64)
    n = len(words) - SHINGLE + 1
    mixed = np.zeros(n, dtype=np.uint64)
    for offset, factor in enumerate(_MIX):
        mixed += hashes[offset : offset + n] * np.uint64(factor)
    # The low half goes to MinHash: fold the high half in.
    mixed ^= mixed >> np.uint64(32)
    return np.unique(mixed)


def _jaccard(a: npt.NDArray[np.uint64], b: npt.NDArray[np.uint64]) -> float:
    """Return |a and b| / |a or b| of two sorted sets."""
    small, large = sorted((len(a), len(b)))
    if small < THRESHOLD * large:
        return 0.0
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared / (len(a) + len(b) - shared)
