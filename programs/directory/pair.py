"""Knows what a rater of pairs adds to a rater's directory; does not know how the rest of it is written and read."""

from collections.abc import Mapping
from pathlib import Path

import dspy

from ...data import Agreement, InputError
from ..raters.pair_rater import PairRater
from ..raters.rater import Rater
from .agreement_record import SplitAgreement, single_agreement
from .files import CURE, PAIR_KIND, RECORD, rater_record
from .read import rater_from
from .write import write_rater


def save_pair_rater(
    pairs: PairRater, path: Path, agreement: Mapping[str, Agreement | SplitAgreement] | None = None
) -> None:
    """Write a rater's directory whose record also says which fields are exchanged and how two verdicts become one.

    What the rater within was measured at, in one order, is not kept: this one gives other labels.

    Args:
        pairs: The rater of pairs.
        path: Where to.
        agreement: By split what was measured in both orders; what a loaded one was saved with is kept.

    Raises:
        InputError: If a file of its weights is damaged.
        SetupError: If `path` exists and is not a rater directory, or an extra is missing.
    """
    given = {} if agreement is None else agreement
    new = {name: single_agreement(found) if isinstance(found, Agreement) else found for name, found in given.items()}
    settings = {"fields": list(pairs.pair), "disagree": pairs.disagree, "combine": pairs.combine}
    write_rater(pairs.rater, path, {**pairs.measured, **new}, pair=settings)


def load_pair_rater(path: Path, lm: str | dspy.LM | None = None, base: str | Path | None = None) -> PairRater:
    """Read a directory that `save_pair_rater` wrote, or one of a plain rater of pairs, which gets the usual rules.

    Arguments and errors are those of `rater_loading.load_rater`.
    """
    record = rater_record(path, pairs=True)
    rater = rater_from(record, path, lm, base)
    if record["kind"] != PAIR_KIND:
        return PairRater(rater)
    said = record["pair"]
    try:
        pairs = PairRater(rater, pair=said["fields"], disagree=said["disagree"], combine=said["combine"])
    except (KeyError, TypeError) as error:
        what = f"how its orders are combined cannot be read ({error})"
        raise InputError(what, place=str(path / RECORD), cure=CURE) from None
    pairs.measured, rater.measured = rater.measured, {}
    return pairs


def open_rater(
    path: str | Path, *, lm: str | dspy.LM | None = None, base: str | Path | None = None
) -> Rater | PairRater:
    """Read whatever rater a directory holds; arguments and errors are those of `Rater.load`."""
    record = rater_record(Path(path), pairs=True)
    return (PairRater if record["kind"] == PAIR_KIND else Rater).load(path, lm=lm, base=base)
