"""Knows how far several raters agree on a corpus, before and after a change to them; does not know how they rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...data import (
    Corpus,
    InputError,
    Journal,
    Label,
    PanelAgreement,
    PanelChange,
    panel_agreement,
    panel_change,
)
from ..rating import Progress, Ratings
from .panel import Panel
from .rater import Rater

_AnyRater = Rater | Panel
Raters = Sequence[_AnyRater] | Mapping[str, _AnyRater] | Panel
"""Raters by name, or in order (named ``rater 1``, ...); a panel alone stands for its members."""

_MEASURES = {
    "alpha": "alpha among the raters",
    "icc3": "ICC(3,1), of one rater",
    "icc3k": "ICC(3,k), of their mean",
    "with_gold": "mean alpha with people",
}


@dataclass(frozen=True)
class Interrater:
    """How far raters agree with each other and with people.

    Attributes:
        found: The agreement.
        change: What became of it since before, on the same resamples; None where nothing was compared.
        unparsed: Unreadable answers of each rater, by reason.
        corpus: `Corpus.hash` of the items.
        labels: What each rater said, in the corpus's order.
    """

    found: PanelAgreement
    change: PanelChange | None
    unparsed: Mapping[str, Mapping[str, int]]
    corpus: str
    labels: Mapping[str, tuple[Label | None, ...]]

    @property
    def warning(self) -> str:
        """Say where the raters came to agree more with each other and less with people; '' where they did not."""
        return "" if self.change is None else self.change.warning

    def rows(self) -> list[dict[str, Any]]:
        """Return a table as plain data: one row for each measure, then one for each rater.

        Keys: ``measure``, ``value``, ``low``, ``high``, ``note``; with a comparison also ``before``, ``change``,
        ``change_low`` and ``change_high``. Rows of single raters have ``unparsed`` in place of a change.
        """
        rows = [self._row(name, title) for name, title in _MEASURES.items()]
        for name, one in self.found.with_gold.items():
            row = {"measure": f"alpha of {name} with people", **one.to_dict()}
            before = {} if self.change is None else {"before": self.change.before.with_gold[name].value}
            rows.append({**row, **before, "unparsed": self.found.unparsed[name]})
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the labels as JSON-able data."""
        return {
            **self.found.to_dict(),
            "unparsed": {name: dict(reasons) for name, reasons in self.unparsed.items()},
            "corpus": self.corpus,
            "change": None if self.change is None else self.change.to_dict(),
            "warning": self.warning,
        }

    def __str__(self) -> str:
        """Return a line on what the figures stand on, one for each row, and the warning where there is one."""
        rows = self.rows()
        width = max(len(row["measure"]) for row in rows)
        lines = [f"{len(self.labels)} raters on {self.found.n:,} items (95% bootstrap intervals)"]
        lines += [f"  {row['measure']:<{width}}  {_shown(row)}" for row in rows]
        return "\n".join([*lines, *([f"warning: {self.warning}"] if self.warning else [])])

    def _row(self, name: str, title: str) -> dict[str, Any]:
        now = self.found.mean_with_gold if name == "with_gold" else getattr(self.found, name)
        row = {"measure": title, **now.to_dict()}
        if self.change is None:
            return row
        old, change = self.change.before, getattr(self.change, name)
        before = old.mean_with_gold if name == "with_gold" else getattr(old, name)
        return {
            **row,
            "before": before.value,
            "change": change.value,
            "change_low": change.low,
            "change_high": change.high,
        }


def interrater(
    raters: Raters,
    items: Corpus,
    *,
    before: "Raters | Interrater | None" = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    journal: Journal | None = None,
    progress: Progress | None = None,
) -> Interrater:
    """Rate a corpus with several raters and say how far they agree: ICC(3,1), ICC(3,k), alpha, and alpha with people.

    Args:
        raters: At least two; a `Panel` among others counts as one of them, by its vote.
        items: What is rated. Gold labels are not shown to anyone; items without one count among the raters alone.
        before: The raters as they were, e.g. under the guideline before, by the same names; or what this function
            returned for them on the same items. Then the change is reported, on the same resamples, with a warning
            where they agree more with each other and less with people.
        fill: The label that stands for an unreadable answer; None leaves it out.
        resamples: Bootstrap resamples over groups, or items where there are none; 0 for no intervals.
        seed: Of the bootstrap, and part of the ratings' key in the journal.
        journal: Where ratings are kept and found again.
        progress: Called with (done, total, name of the rater) over all raters.

    Raises:
        InputError: For fewer than two raters, or a `before` with other raters or other items.
        SetupError: If the corpus lacks a field of a rater, or no call can succeed.
    """
    named = _named(raters)
    earlier = before if isinstance(before, Interrater) else None
    old = None if before is None or isinstance(before, Interrater) else _named(before)
    names = list(earlier.labels) if earlier is not None else list(named if old is None else old)
    if names != list(named):
        cure = "Give the same names in the same order."
        raise InputError(f"raters {', '.join(named)} now, and {', '.join(names)} before", cure=cure)
    if len(named) < 2:
        raise InputError(f"{len(named)} raters", place="interrater", cure="Give at least two.")
    if earlier is not None and earlier.corpus != items.hash:
        cure = "Measure both on the same items: give the raters as they were."
        raise InputError("what was measured before is of other items or gold labels", place="interrater", cure=cure)
    asked = [*({} if old is None else old).items(), *named.items()]
    rated: list[Ratings] = []
    for number, (name, rater) in enumerate(asked):
        part = _part(number, len(asked), len(items), name, progress)
        rated.append(rater.rate(items, seed=seed, journal=journal, progress=part))
    now = dict(zip(named, rated[len(asked) - len(named) :], strict=True))
    labels = {name: tuple(found.labels) for name, found in now.items()}
    past = earlier.labels if earlier is not None else None
    past = {name: found.labels for name, found in zip(old, rated, strict=False)} if old is not None else past
    gold = [item.gold for item in items]
    options: dict[str, Any] = {"groups": items.groups(), "fill": fill, "resamples": resamples, "seed": seed}
    change = None if past is None else panel_change(past, labels, gold, items.scale, **options)
    found = panel_agreement(labels, gold, items.scale, **options) if change is None else change.after
    unparsed = {name: dict(ratings.unparsed) for name, ratings in now.items()}
    return Interrater(found, change, unparsed, items.hash, labels)


def _named(raters: Raters) -> dict[str, _AnyRater]:
    if isinstance(raters, Panel):
        return dict(raters.raters)
    if isinstance(raters, Mapping):
        return dict(raters)
    return {f"rater {number}": rater for number, rater in enumerate(raters, start=1)}


def _part(number: int, parts: int, items: int, name: str, report: Progress | None) -> Progress | None:
    """Return a progress callback for one of several raters; a panel among them reports its members' items."""
    if report is None:
        return None
    return lambda done, total, _: report(number * items + items * done // max(total, 1), parts * items, name)


def _shown(row: Mapping[str, Any]) -> str:
    value = (
        _interval(row["value"], row["low"], row["high"]) if row["value"] is not None else f"undefined: {row['note']}"
    )
    if "change" in row:
        change = _interval(row["change"], row["change_low"], row["change_high"], sign=True)
        return f"{value}, before {_number(row['before'])}, change {change}"
    before = f", before {_number(row['before'])}" if "before" in row else ""
    unparsed = f", {row['unparsed']} unparsed" if row.get("unparsed") else ""
    return f"{value}{before}{unparsed}"


def _interval(value: float | None, low: float | None, high: float | None, *, sign: bool = False) -> str:
    ends = "" if low is None or high is None else f" [{_number(low, sign=sign)}, {_number(high, sign=sign)}]"
    return f"{_number(value, sign=sign)}{ends}"


def _number(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "undefined"
    return f"{value:+.3f}" if sign else f"{value:.3f}"
