"""Knows what every scale owes: reading, checking, ordering and wording labels; knows no scale in particular."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from functools import cached_property
from inspect import Parameter, signature
from itertools import combinations
from typing import Any, ClassVar, Literal, Self

from ..errors import InputError, SetupError
from ..frozen import FrozenDict
from ..values import as_number, is_missing, plain, show, spell, suggestion

Label = int | float | str
AlphaDistance = Literal["nominal", "ordinal", "interval", "own"]
CentralTendency = Literal["majority", "median", "mean"]

NO_ANCHORS: FrozenDict[Any, str] = FrozenDict()


class Scale(ABC):
    """The labels a rating may be: reads, checks, orders, measures and describes them.

    A scale never guesses. `read` is tolerant of a label's *type* (``"4"``, ``4.0``, ``" 4 "``, ``np.int64(4)``, another
    case of a name) and strict about everything else; `check` accepts the exact label only. Scales are frozen, hashable
    and compare by content.

    What a scale can do is asked of it, never its kind: a new one is a subclass in a file of its own and one `register`.
    What it does not say otherwise, it is: labels without an order, some of them farther apart than others.

    Attributes:
        kind: What it is called in files and messages, e.g. ``"nominal"``; told to people, asked by nobody.
        ordered: Whether labels are numbers on a line: differences, medians and means mean something.
        graded: Whether two labels can be more or less far apart, and not just the same or not.
        comparative: Whether a label is a verdict on two texts, not on one.
        central_tendency: Which one label stands best for several.
        alpha_distance: How far apart two labels are in Krippendorff's alpha; ``"own"`` are the squares of `distance`.
        anchors: What some of the labels mean, in words; read-only, possibly empty.
    """

    kind: ClassVar[str]
    ordered: ClassVar[bool] = False
    graded: ClassVar[bool] = True
    comparative: ClassVar[bool] = False
    central_tendency: ClassVar[CentralTendency] = "majority"
    alpha_distance: ClassVar[AlphaDistance] = "own"
    anchors: Mapping[Any, str]

    @classmethod
    def keys(cls, data: Mapping[str, Any]) -> dict[str, bool]:
        """Return the keys that plain data of such a scale may have, and whether it has to; ``data`` may decide."""
        return {name: one.default is Parameter.empty for name, one in signature(cls).parameters.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make the scale of plain data whose keys are right."""
        return cls(**data)

    @classmethod
    def from_words(cls, words: str) -> dict[str, Any] | None:
        """Return what `keys` are given by the words after ``kind:`` on the command line; None if they say nothing."""
        return None

    @property
    @abstractmethod
    def levels(self) -> tuple[Label, ...] | None:
        """All labels from lowest to highest (as given for names); None only for an Interval without step."""

    @property
    def ends(self) -> tuple[Label, Label]:
        """The lowest and the highest label, or the first and the last where they have no order."""
        levels = list(self.levels or ())
        return levels[0], levels[-1]

    @property
    def unit(self) -> float | None:
        """What one step is worth, where all are worth the same and numbers between labels mean something; else None."""
        return None

    @property
    def numbered(self) -> bool:
        """Whether labels are written as numbers and mean them."""
        return self.ordered and not isinstance(self.ends[0], str)

    @cached_property
    def distances(self) -> tuple[tuple[float, ...], ...]:
        """How far each level is from each other one."""
        return tuple(tuple(self.distance(a, b) for b in self.levels or ()) for a in self.levels or ())

    @cached_property
    def span(self) -> float:
        """How far apart two labels can be, as `distance` measures it; at least 1 where there are levels."""
        return max(1.0, *map(max, self.distances))

    @property
    def one_step(self) -> float:
        """How far apart two labels may be and still be neighbours; 0 where every other label is simply another one."""
        return 1.0 if self.graded and len(self.levels or ()) > 2 else 0.0

    def describe(self, *, descending: bool = False) -> str:
        """Say in words what a label is, for prompts and messages; from the highest or last label down if asked."""
        said = self._in_words(descending=descending)
        return f"{said} ({self._anchors_in_words(descending=descending)})" if self.anchors else said

    @abstractmethod
    def _in_words(self, *, descending: bool) -> str:
        """Say what a label is without what the labels mean."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return the scale as JSON-able data that `scale_from_dict` and task.yaml understand."""

    @abstractmethod
    def _find(self, value: Any) -> Label | None:
        """Return the label a non-missing, non-boolean value stands for, or None."""

    def read(self, value: Any, place: str | None = None) -> Label:
        """Return the label that a raw value stands for.

        Args:
            value: A cell, a JSON value, a numpy scalar or a text.
            place: Where it comes from, for the message.

        Raises:
            InputError: For None, NaN, an empty text, infinity, a boolean, or what is not on the scale.
        """
        value = plain(value)
        if is_missing(value):
            raise InputError(f"the label is missing ({show(value)})", place=place, cure=self._cure())
        if isinstance(value, bool):
            raise InputError(f"{value} is a boolean, not a label", place=place, cure=self._cure())
        label = self._find(value)
        if label is None:
            raise InputError(
                f"{show(value)} is {self._why_not(value)} the scale", place=place, cure=self._cure(str(value)[:200])
            )
        return label

    def check(self, label: Label, place: str | None = None) -> Label:
        """Return the label if it is exactly one of the scale's, type included (an interval also takes an int).

        Raises:
            InputError: When it is not.
        """
        found = self._exact(label)
        if found is None:
            raise InputError(f"{show(label)} is not exactly a label of the scale", place=place, cure=self._cure())
        return found

    def position(self, label: Label) -> float:
        """Return the numeric position used by coefficients: the rank from 0 (interval: the value itself).

        On nominal and pairwise scales the position is only an index; its size means nothing.
        """
        return float(self._rank(self.check(label)))

    def number(self, label: Label) -> float:
        """Return the number that coefficients know a label by: its `value` where it has one, else its `position`."""
        return self.position(label)

    def label_of(self, number: float) -> Label:
        """Return the label that coefficients know by a number; the nearest one where labels have values."""
        return (self.levels or ())[int(number)]

    def value(self, label: Label) -> float:
        """Return the number that stands for a label in MSE, MAE and bias.

        Ordinal integers and intervals: the number itself; named ordinal levels: their rank from 1.

        Raises:
            SetupError: On nominal and pairwise scales, whose labels are not numbers.
        """
        raise self._no_numbers("value")

    def distance(self, a: Label, b: Label) -> float:
        """Return how many steps apart two labels are.

        Ordinal: difference in rank. Interval: ``|a - b|``, divided by ``step`` if there is one. Nominal and pairwise:
        0 when equal, else 1.
        """
        return abs(self.position(a) - self.position(b))

    def levels_up_to(self, most: int) -> tuple[Label, ...]:
        """Return the levels where they are few enough to be gone through, else none."""
        levels = self.levels or ()
        return levels if len(levels) <= most else ()

    def range_of(self, labels: Collection[Label]) -> float:
        """Return how far apart those two of some labels are that are farthest apart."""
        return max((self.distance(a, b) for a, b in combinations(labels, 2)), default=0.0)

    def nearest(self, x: float) -> Label:
        """Return the label whose `value` is closest to a number; half-way goes to the lower label.

        Raises:
            InputError: When ``x`` is not a finite number.
            SetupError: On nominal and pairwise scales.
        """
        raise self._no_numbers("nearest label")

    def write(self, label: Label) -> str:
        """Write a label as it stands in prompts; ``read(write(label)) == label``."""
        label = self.check(label)
        return label if isinstance(label, str) else spell(label)

    def __contains__(self, label: object) -> bool:
        """Tell whether `check` would accept the label."""
        return self._exact(label) is not None

    def _exact(self, label: Any) -> Label | None:
        levels = self.levels
        # The type is compared too: 4 == 4.0 == np.int64(4), and a label that goes to JSON must be one of them only.
        if levels is None or type(label) is not type(levels[0]) or label not in self._ranks:
            return None
        return label

    def _rank(self, label: Label) -> float:
        return self._ranks[label]

    @cached_property
    def _ranks(self) -> dict[Label, int]:
        return {level: rank for rank, level in enumerate(self.levels or ())}

    @cached_property
    def _folded(self) -> dict[str, Label | None]:
        """Case-folded name to label; None where two names differ by case only and folding would have to guess."""
        folded: dict[str, Label | None] = {}
        for level in self.levels or ():
            key = str(level).casefold()
            folded[key] = None if key in folded else level
        return folded

    def _find_name(self, value: Any) -> Label | None:
        if isinstance(value, str):
            text = " ".join(value.split())
            if text in self._ranks:
                return text
            if text.casefold() in self._folded:
                return self._folded[text.casefold()]
        number = as_number(value)
        if number is not None and spell(number) in self._ranks:
            return spell(number)
        return None

    def _allowed(self) -> str:
        levels = self.levels
        return self.describe() if levels is None or len(levels) > 12 else ", ".join(map(str, levels))

    def _cure(self, value: str | None = None) -> str:
        names = [level for level in self.levels or () if isinstance(level, str)]
        return f"Allowed: {self._allowed()}.{'' if value is None else suggestion(value, names)}"

    def _no_numbers(self, what: str) -> SetupError:
        return SetupError(
            f"a label of a {self.kind} scale has no {what}", cure="Use an ordinal or an interval scale for numbers."
        )

    def _why_not(self, value: Any) -> str:
        """Word the relation between the scale and a value that is not on it."""
        number, (low, high) = as_number(value), self.ends
        if number is None or isinstance(low, str) or isinstance(high, str):
            return "not a label of"
        return "between the levels of" if low <= number <= high else "outside"

    def _anchors_in_words(self, *, descending: bool) -> str:
        separator = "; " if any("," in text for text in self.anchors.values()) else ", "
        words = [f"{self.write(label)} = {text}" for label, text in self.anchors.items()]
        return separator.join(reversed(words) if descending else words)

    def _levels_in_words(self, *, descending: bool) -> str:
        written = [self.write(level) for level in self.levels or ()]
        return ", ".join(reversed(written) if descending else written)

    def _anchors_to_dict(self) -> dict[str, Any]:
        words = {self.write(label): text for label, text in self.anchors.items()}
        return {"anchors": words} if words else {}

    def _set_anchors(self, anchors: Mapping[Any, str] | None) -> None:
        if anchors is not None and not isinstance(anchors, Mapping):
            raise InputError(f"anchors are {show(anchors)}", cure="Give a mapping from label to its meaning.")
        read: dict[Label, str] = {}
        for key, text in ({} if anchors is None else anchors).items():
            if not isinstance(text, str) or not text.strip():
                raise InputError(f"the anchor of {show(key)} is {show(text)}", cure="Describe the label in words.")
            read[self.read(key, place=f"anchor of {show(key)}")] = " ".join(text.split())
        ordered = sorted(read.items(), key=lambda pair: self._rank(pair[0]))
        object.__setattr__(self, "anchors", FrozenDict(ordered))
