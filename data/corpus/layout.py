"""Knows which columns of a table mean what; knows nothing about where the table comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..errors import InputError
from ..scales import Scale
from ..values import is_number, plain, show
from .consensus import rule_for


@dataclass(frozen=True)
class Layout:
    """Which columns mean what, and how labels become gold.

    Attributes:
        fields: Columns of the item's texts; none may be empty.
        label: Column of the labels. A cell holds one label, or (not in CSV) a list of labels or a mapping from
            annotator to label, where null means that this annotator did not rate the item. None for items without
            labels: their gold is None.
        scale: Scale of the labels.
        annotator: Column that says who gave the label (long format): rows of one item are gathered.
        id: Column of the item's id. Without it the id is the first 16 hex digits of the SHA-256 of the texts. Rows of
            one id (or, without ids, of the same texts) are one item; without an annotator column their labels count as
            given by unnamed annotators.
        group: Column of the group that must stay together in a split.
        consensus: ``"auto"`` (ordinal median, interval mean, otherwise majority), ``"median"``, ``"mean"``,
            ``"majority"`` or ``"dawid_skene"``.
        max_spread: Items whose labels have a larger sample standard deviation are dropped and counted.
    """

    fields: Sequence[str]
    label: str | None
    scale: Scale
    annotator: str | None = None
    id: str | None = None
    group: str | None = None
    consensus: str = "auto"
    max_spread: float | None = None

    def __post_init__(self) -> None:
        """Check what can be checked before a row is read."""
        if isinstance(self.fields, str) or not isinstance(self.fields, Sequence) or not self.fields:
            raise InputError(f"fields is {show(self.fields)}", cure='Give a list of columns, e.g. fields=["review"].')
        object.__setattr__(self, "fields", tuple(self.fields))
        if len(set(self.fields)) < len(self.fields):
            raise InputError(f"fields {list(self.fields)} name a column twice", cure="Name each once.")
        if self.label is not None and self.label in self.fields:
            raise InputError(f"column {self.label!r} is both a field and the label", cure="The label must stay hidden.")
        if self.label is None and self.annotator is not None:
            raise InputError("an annotator column without a label column", cure="Give label= too.")
        if not isinstance(self.scale, Scale):
            raise InputError(f"scale is {show(self.scale)}", cure="Give e.g. Ordinal(1, 5).")
        rule_for(self.scale, self.consensus)
        if self.max_spread is not None:
            if not is_number(plain(self.max_spread)) or not self.max_spread >= 0:
                raise InputError(f"max_spread is {show(self.max_spread)}", cure="Give a number of at least 0.")
            if not self.scale.ordered:
                raise InputError(f"labels of a {self.scale.kind} scale have no spread", cure="Leave max_spread out.")

    @property
    def columns(self) -> list[str]:
        """Every column that must be there."""
        return [column for column, _ in self.roles]

    @cached_property
    def roles(self) -> list[tuple[str, str]]:
        """(column, what it is used for) of every column that must be there."""
        single = (("label", self.label), ("annotator", self.annotator), ("id", self.id), ("group", self.group))
        return [(name, "field") for name in self.fields] + [(name, role) for role, name in single if name is not None]
