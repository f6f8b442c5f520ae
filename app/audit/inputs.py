"""Knows how the items of an audit are opened, with the labels and the parts that their file has; does not rate them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...data import Corpus, InputError
from ...programs import audit_sample
from ...programs.audits import AnyRater, single
from ..evaluate import DataColumns, open_data
from ..tables import open_corpus, open_table

LABEL = "label"
"""The column of the human labels, where a file has it and nobody names another."""


@dataclass(frozen=True)
class AuditData:
    """The items of an audit.

    Attributes:
        path: Their file.
        whole: All items of the file.
        sample: Those that are audited, in the order in which they are asked about.
        by: What a column says of each item of the sample, by the column's name.
    """

    path: Path
    whole: Corpus
    sample: Corpus
    by: Mapping[str, list[str | None]]

    @property
    def golden(self) -> bool:
        """Whether every item has a gold label."""
        return all(item.gold is not None for item in self.sample)


def open_audit(
    path: Path,
    rater: AnyRater,
    columns: Mapping[str, str | None],
    *,
    by: Sequence[str],
    items: int | None,
    seed: int,
) -> AuditData:
    """Open a file and choose the items of an audit.

    Args:
        path: The file.
        rater: Who is audited: it says which fields are read and on which scale labels are.
        columns: The file's columns by what they are: label, annotator, id, group. Without a label the column ``label``
            is taken where there is one; else there are no gold labels.
        by: Further columns whose parts are compared.
        items: How many items; None for all.
        seed: Of the choice.

    Raises:
        InputError: For anything wrong with the file, naming place and cure.
    """
    label, by = columns.get("label"), tuple(by)
    if label is None and (columns.get("annotator") is not None or LABEL in _columns_of(path)):
        label = LABEL
    id, group = columns.get("id"), columns.get("group")
    if label is None:
        if by:
            cure = "Name the column of the human labels with --label, or leave --by out."
            raise InputError(
                "agreement is compared by parts, and there is no label to agree with", place="--by", cure=cure
            )
        whole = open_corpus(path, fields=rater.fields, label=None, scale=rater.scale, id=id, group=group)
        return AuditData(path, whole, audit_sample(whole, items, seed=seed), {})
    opened = open_data(path, DataColumns(label, columns.get("annotator"), id, group, by=by), raters=[single(rater)])
    whole = opened.corpus
    sample = audit_sample(whole, items, seed=seed)
    parts = {name: dict(zip(whole.ids, opened.by[name], strict=True)) for name in by}
    return AuditData(path, whole, sample, {name: [part[id] for id in sample.ids] for name, part in parts.items()})


def _columns_of(path: Path) -> frozenset[str]:
    """Return the columns of a file; of rows that name their own, those of the first."""
    table = open_table(path, ())
    if table.columns is not None:
        return frozenset(table.columns)
    try:
        first = next(iter(table.rows), None)
    except InputError:  # what is wrong with it is said when it is read
        return frozenset()
    return frozenset() if first is None else frozenset(map(str, first.cells))
