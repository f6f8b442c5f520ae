"""Knows how a scale is written on the command line; does not know what is measured on it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data import Corpus, InputError, Scale, scale_from_dict
from ..data.scales import scale_words

PLACE = "--scale"
FORMS = "ordinal:1-5, ordinal:bad,ok,good, interval:-4..4, nominal:yes,no, pairwise, or a task file"


@dataclass(frozen=True)
class LabelScale:
    """The scale that labels are written on, and how they become those that are compared.

    Attributes:
        raw: The scale of the labels as they are written.
        thresholds: Where labels of an interval are cut into levels (`Corpus.cut`); None leaves them as they are.
        anchors: What the levels mean.
    """

    raw: Scale
    thresholds: Sequence[float] | None = None
    anchors: Mapping[Any, str] | None = None

    def cut(self, corpus: Corpus) -> Corpus:
        """Return a corpus of labels as they are written with the labels that are compared."""
        return corpus if self.thresholds is None else corpus.cut(self.thresholds, self.anchors)


def scale_of_words(words: str) -> LabelScale:
    """Read a scale: in short, as JSON, or out of a task file.

    ======================  ==============================================
    ``ordinal:1-5``         whole numbers, both ends included
    ``ordinal:bad,ok,good`` names from lowest to highest (or numbers)
    ``interval:-4..4``      any number; ``interval:0..1/0.5`` has steps
    ``nominal:yes,no``      names without an order
    ``pairwise``            A, B or tie; ``pairwise:A,B`` without a tie
    ``{"type": ...}``       as `scale_from_dict` takes it
    ``task.yaml``           the scale of a task file, cut as it says there
    ======================  ==============================================

    Raises:
        InputError: For anything else, naming the forms there are.
    """
    text = words.strip()
    if text.lower().endswith((".yaml", ".yml")):
        return _of_task(Path(text))
    if text.startswith("{"):
        try:
            return LabelScale(scale_from_dict(json.loads(text), place=PLACE))
        except ValueError as error:
            raise InputError(f"not valid JSON ({error})", place=PLACE, cure=f"Write e.g. {FORMS}.") from None
    data = scale_words(text)
    if data is None:
        raise InputError(f"{text!r} is no scale", place=PLACE, cure=f"Write e.g. {FORMS}.")
    return LabelScale(scale_from_dict(data, place=PLACE))


def scale_of_rater(provenance: Mapping[str, Any], scale: Scale) -> LabelScale:
    """Return the scale of the labels that a rater is measured on: those it learned may have been cut.

    Args:
        provenance: The rater's; it may hold ``cut: {"scale": ..., "thresholds": [...]}``.
        scale: The rater's scale.
    """
    cut = provenance.get("cut")
    if cut is None:
        return LabelScale(scale)
    raw = scale_from_dict(cut["scale"], place="the rater's provenance")
    if raw.unit is None:
        raise InputError(f"labels were cut from a {raw.kind} scale", place="the rater's provenance", cure="Recompile.")
    return LabelScale(raw, cut["thresholds"], scale.anchors)


def _of_task(path: Path) -> LabelScale:
    from .task import Task

    task = Task.load(path)
    with task.concealing():
        return LabelScale(scale_from_dict(task.scale, place=str(path)), task.cut, task.cut_anchors)
