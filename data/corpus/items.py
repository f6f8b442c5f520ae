"""Knows what one judged thing is and what each annotator said of it; knows nothing about files or other items."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..frozen import FrozenDict
from ..scales import Label


@dataclass(frozen=True)
class Annotation:
    """One annotator's judgment of one item.

    Attributes:
        annotator: Who gave it; None when the corpus does not say.
        label: What they said, a label of the corpus's scale.
    """

    annotator: str | None
    label: Label


@dataclass(frozen=True)
class Item:
    """The thing judged: one or more named texts, what people said of it, and their consensus.

    Attributes:
        id: Given id, or a hash of the content; never a position.
        fields: Field name to text, read-only, in the corpus's order.
        annotations: Every annotator's label.
        gold: Consensus of the labels; None for an item nobody has rated.
        group: Items of one group (an author, a conversation, a source) never land in different splits.
    """

    id: str
    fields: Mapping[str, str]
    annotations: tuple[Annotation, ...] = ()
    gold: Label | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        """Take copies that nobody else can change."""
        object.__setattr__(self, "fields", FrozenDict(self.fields))
        object.__setattr__(self, "annotations", tuple(self.annotations))

    @property
    def text(self) -> str:
        """The fields' texts joined by a blank line."""
        return "\n\n".join(self.fields.values())

    @property
    def labels(self) -> list[Label]:
        """The labels of all annotations, in their order."""
        return [annotation.label for annotation in self.annotations]


def content_hash(fields: Mapping[str, str]) -> str:
    """Return 32 hexadecimal digits that stand for an item's fields; their order does not matter, nor id and labels.

    Args:
        fields: Field name to text.
    """
    # ASCII escapes take any text, broken surrogates too.
    return hashlib.sha256(json.dumps(dict(fields), sort_keys=True).encode()).hexdigest()[:32]


def content_id(texts: Sequence[str]) -> str:
    """Return the id of an item that was given none: 16 hexadecimal digits of its texts, in the fields' order."""
    # ASCII escapes take any text, broken surrogates too.
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]
