"""Knows how critiques are asked about as they stand, and which tell levels apart; does not know who answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...data import Label, Scale
from ...data.corpus import normal_form
from ...programs import ChecklistQuestion
from ..drafts import Critique, sentences
from ..embedders import cosines
from ..gate import correlation
from .evidence import Evidence

_BEGINS = "Does this hold: "


@dataclass(frozen=True)
class AskedOf:
    """A question and what it rests on.

    Attributes:
        question: The question.
        sources: Ids of the training items that it comes from, sorted.
        telling: How much it is worth, to be compared with other questions.
    """

    question: ChecklistQuestion
    sources: tuple[str, ...]
    telling: float


def is_extracted(question: ChecklistQuestion) -> bool:
    """Return whether a question was made by `asked_of`."""
    return question.text.startswith(f'{_BEGINS}"')


def asked_of(found: Sequence[Critique], evidence: Evidence) -> tuple[list[AskedOf], int]:
    """Return a question for each critique that tells labels apart, by level, and how many critiques do not.

    Every sentence of every trace belongs to the critique that it is most like. A critique tells as much as its being
    said of an item correlates with the item's label: with its position on an ordered scale, where the sign says which
    answer speaks for a higher level, and without an order with whether it is one of the critique's own. A critique of
    several levels is asked about once: of an ordered scale under the level nearest to the mean of its items, else under
    the label that it tells most of.

    Args:
        found: Critiques by level.
        evidence: All explained items.
    """
    scale = evidence.student.scale
    ordered = scale.ordered
    words = {normal_form(one.text): one for one in reversed(found)}
    distinct = [one for one in found if words[normal_form(one.text)] is one]
    if not distinct:
        return [], 0
    holds = _holds([one.text for one in distinct], evidence)
    golds = [one.label for one in evidence.rationales]
    ids = np.array([one.item_id for one in evidence.rationales])
    asked: list[AskedOf] = []
    for critique, holding in zip(distinct, holds.T, strict=True):
        level, telling = _of_order(holding, golds, scale) if ordered else _of_label(holding, golds, evidence.levels)
        if abs(telling) > 0 and (ordered or telling > 0):
            text = f'{_BEGINS}"{critique.text.replace(chr(34), chr(39))}"?'
            question = ChecklistQuestion(text, "yes" if telling > 0 else "no", scale.write(level))
            asked.append(AskedOf(question, tuple(sorted(ids[holding].tolist())), abs(telling)))
    names = [scale.write(level) for level in evidence.levels]
    asked.sort(key=lambda one: (names.index(one.question.level), -one.telling, one.question.text))
    return asked, len(distinct) - len(asked)


def _holds(texts: Sequence[str], evidence: Evidence) -> np.ndarray:
    """Return whether an item's trace has a sentence that is most like a text: booleans (items, texts)."""
    said = [(place, text) for place, one in enumerate(evidence.rationales) for text in sentences(one.text)]
    held = np.zeros((len(evidence.rationales), len(texts)), dtype=bool)
    every = list(dict.fromkeys(text for _, text in said))
    vectors = evidence.embedder.fitted([*every, *texts])
    alike = cosines(vectors.transform(every), vectors.transform(list(texts)))
    nearest = {text: int(row.argmax()) for text, row in zip(every, alike, strict=True) if row.max() > 0}
    for place, text in said:
        if text in nearest:
            held[place, nearest[text]] = True
    return held


def _of_order(holding: np.ndarray, golds: Sequence[Label], scale: Scale) -> tuple[Label, float]:
    """Return the level nearest to the items a critique holds of, and its correlation with the labels' positions."""
    places = np.array([scale.position(gold) for gold in golds])
    levels = sorted(set(golds), key=scale.position)
    if not holding.any():
        return levels[0], 0.0
    mean = places[holding].mean()
    return min(levels, key=lambda level: abs(scale.position(level) - mean)), correlation(holding, places)


def _of_label(holding: np.ndarray, golds: Sequence[Label], levels: Sequence[Label]) -> tuple[Label, float]:
    """Return the label that a critique tells most of, and its correlation with an item's having it."""
    each = [correlation(holding, np.array([gold == level for gold in golds])) for level in levels]
    best = int(np.argmax(each))
    return levels[best], each[best]
