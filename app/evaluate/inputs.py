"""Knows how the data of an evaluation are opened: scale, columns, who is held out; does not know who is measured."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...data import Corpus, InputError, labels_by_annotator
from ...data.annotators import hold_out
from ...data.corpus import Layout, item_columns
from ..scale_option import FORMS, LabelScale, scale_of_rater, scale_of_words
from ..tables import open_table

if TYPE_CHECKING:
    from ...programs import PairRater, Rater


@dataclass(frozen=True)
class DataColumns:
    """Which column of the data means what.

    Attributes:
        label: The human labels.
        annotator: Who gave the label, where there is one row a label.
        id: The items' ids.
        group: What belongs together.
        fields: The texts; empty for those that a rater reads, or none.
        by: Columns that say which part of the data an item is of.
    """

    label: str = "label"
    annotator: str | None = None
    id: str | None = None
    group: str | None = None
    fields: Sequence[str] = ()
    by: Sequence[str] = ()


@dataclass(frozen=True)
class Opened:
    """The data of an evaluation.

    Attributes:
        path: The file.
        corpus: Its items with gold labels.
        everyone: All its items with labels, also those whose labels tie; people are measured on these.
        ids: Ids of all its items, also of those without gold.
        texts: Whether the corpus' fields are texts; else they are the ids.
        scale: How its labels are read.
        people: What each person who is held out labelled.
        by: Column to the part of each item; None where the cell is empty.
    """

    path: Path
    corpus: Corpus
    everyone: Corpus
    ids: Collection[str]
    texts: bool
    scale: LabelScale
    people: Mapping[str, Corpus] = field(default_factory=dict)
    by: Mapping[str, Sequence[str | None]] = field(default_factory=dict)

    @property
    def names_people(self) -> bool:
        """Whether the annotators have names."""
        return all(one.annotator is not None for item in self.corpus for one in item.annotations)


def open_data(
    path: Path,
    columns: DataColumns,
    *,
    raters: Sequence["Rater | PairRater"] = (),
    scale: str | None = None,
    people: Sequence[str] = (),
) -> Opened:
    """Open the data that everybody is measured on.

    A rater brings its scale and its fields. Without a rater both have to be said: nothing is guessed.

    Args:
        path: The file.
        columns: Its columns.
        raters: The raters that will rate it.
        scale: The scale in words (`scale_of_words`), where no rater has one.
        people: Annotators whose labels are taken out of the gold.

    Raises:
        InputError: For a scale or fields that are missing or contradict each other, or anything wrong with the file.
    """
    read_as = _scale(raters, scale)
    fields, texts = _fields(raters, columns)
    layout = Layout(
        fields=fields,
        label=columns.label,
        scale=read_as.raw,
        annotator=columns.annotator,
        id=columns.id,
        group=columns.group,
    )
    apart: Mapping[str, Corpus] = {}
    if people:
        named = labels_by_annotator(Corpus.from_table(open_table(path, layout.columns), layout, undecided=True))
        if set(people) == {str(who) for row in named for who in row}:
            cure = "Name fewer people, or give items that others labelled as well."
            raise InputError(f"without {', '.join(people)} nobody's labels are left", place=str(path), cure=cure)
        held_out = hold_out(lambda: open_table(path, layout.columns), layout, people)
        corpus, everyone, apart = held_out.corpus, held_out.everyone, held_out.people
    else:
        corpus = Corpus.from_table(open_table(path, layout.columns), layout)
        everyone = Corpus.from_table(open_table(path, layout.columns), layout, undecided=True)
    known = [*fields, *columns.by, *([columns.id] if columns.id is not None else [])]
    further = item_columns(open_table(path, known), dict.fromkeys(columns.by, "by"), id=columns.id, fields=fields)
    corpus, everyone = read_as.cut(corpus), read_as.cut(everyone)
    parts = {name: [_name(further.columns[name][id].value) for id in corpus.ids] for name in columns.by}
    cut = {name: read_as.cut(own) for name, own in apart.items()}
    return Opened(path, corpus, everyone, further.ids, texts, read_as, cut, parts)


def open_train(path: Path, opened: Opened, columns: DataColumns) -> Corpus:
    """Open the file that baselines are fitted on, with the columns and the scale of the data."""
    if not opened.texts:
        cure = "Name the columns of the texts with --field."
        raise InputError("baselines cannot be fitted without texts", place="--train", cure=cure)
    layout = Layout(
        fields=opened.corpus.fields,
        label=columns.label,
        scale=opened.scale.raw,
        annotator=columns.annotator,
        id=columns.id,
        group=columns.group,
    )
    return opened.scale.cut(Corpus.from_table(open_table(path, layout.columns), layout))


def _scale(raters: Sequence["Rater | PairRater"], words: str | None) -> LabelScale:
    if raters and words is not None:
        raise InputError("the rater has a scale of its own", place="--scale", cure="Leave --scale out.")
    if words is not None:
        return scale_of_words(words)
    if not raters:
        raise InputError("without a rater nobody knows the scale", place="--scale", cure=f"Give one: {FORMS}.")
    scales = [scale_of_rater(rater.provenance, rater.scale) for rater in raters]
    for one in scales[1:]:
        if (one.raw, one.thresholds) != (scales[0].raw, scales[0].thresholds):
            what = f"the raters have different scales: {scales[0].raw.describe()}, and {one.raw.describe()}"
            raise InputError(what, place="RATER", cure="Evaluate them one by one.")
    return scales[0]


def _fields(raters: Sequence["Rater | PairRater"], columns: DataColumns) -> tuple[Sequence[str], bool]:
    """Return the columns of the items' texts, and whether they are texts at all."""
    if raters:
        if columns.fields:
            what = f"the rater reads {', '.join(raters[0].fields)}"
            raise InputError(what, place="--field", cure="Leave --field out.")
        for rater in raters[1:]:
            if tuple(rater.fields) != tuple(raters[0].fields):
                what = f"the raters read different fields: {list(raters[0].fields)} and {list(rater.fields)}"
                raise InputError(what, place="RATER", cure="Evaluate them one by one.")
        return raters[0].fields, True
    if columns.fields:
        return columns.fields, True
    if columns.id is None:
        cure = "Name the columns of the rated texts with --field, or the column of the ids with --id."
        raise InputError("the items can be told apart by nothing", place="--field", cure=cure)
    return [columns.id], False


def _name(value: Any) -> str | None:
    return None if value is None else str(value).strip()
