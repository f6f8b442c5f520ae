"""Knows how much of the demo a machine does in about five minutes; does not run it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...data import Splits, whole_file
from ...optimizers import Objective, Row, rating_seconds, training_seconds
from ...programs import Speed
from .task import LIVE_ITEMS, LIVE_SAMPLES, STUDENT_MAX_TOKENS, TRAINING

BEARABLE = 280.0
"""Seconds that the demo should take at most, by what is expected."""

_AROUND = 20.0
"""Seconds for what no size changes: reading labels, loading libraries and the model, statistics, the report."""

_LENGTHS: Mapping[str, tuple[int, int, int, int]] = {
    "trace": (114, 90, 31, 21),
    "label": (114, 78, 31, 5),
    "label_all": (130, 78, 31, 5),
}
"""Rows of each objective, and tokens: what all prompts begin with, the rest of a prompt, a reply."""


@dataclass(frozen=True)
class DemoSize:
    """How much is done.

    Attributes:
        objectives: What is trained.
        epochs: How often.
        dev: Dev items.
        test: Test items.
    """

    objectives: tuple[Objective, ...]
    epochs: int
    dev: int
    test: int

    def cut(self, splits: Splits) -> Splits:
        """Return as many dev and test items."""
        return splits._replace(dev=splits.dev[: self.dev], test=splits.test[: self.test])

    def seconds(self, speed: Speed) -> float:
        """Return about how long it takes."""
        rows = {name: _rows(*_LENGTHS[name]) for name in self.objectives}
        batch = TRAINING["batch_size"]
        training = sum(training_seconds(one, self.epochs, batch, speed) for one in rows.values())
        rating = sum(rating_seconds(one, self.dev + self.test, speed) for one in rows.values())
        zero_shot = rating_seconds(_rows(1, 90, 31, STUDENT_MAX_TOKENS), self.test, speed)
        live = rating_seconds(_rows(1, 200, 31, STUDENT_MAX_TOKENS), LIVE_ITEMS * LIVE_SAMPLES, speed)
        return _AROUND + training + rating + 1.3 * zero_shot + live


SIZES = (
    DemoSize(("trace", "label", "label_all"), epochs=2, dev=100, test=200),
    DemoSize(("trace", "label"), epochs=2, dev=100, test=200),
    DemoSize(("trace", "label"), epochs=2, dev=60, test=100),
    DemoSize(("trace", "label"), epochs=1, dev=60, test=100),
)
"""From all of it to the least that shows anything."""


def demo_size(speed: Speed) -> DemoSize:
    """Return the largest size that this machine is expected to do in time, else the smallest."""
    return next((size for size in SIZES if size.seconds(speed) <= BEARABLE), SIZES[-1])


def kept_size(run: Path, measure: Callable[[], Speed]) -> tuple[DemoSize, Speed | None]:
    """Return the size that a run was begun with, which another run in its folder keeps, or choose one.

    Args:
        run: The run's folder.
        measure: Measures the machine, where nothing was begun.

    Returns:
        The size, and what was measured to choose it.
    """
    path = run / "size.json"
    run.mkdir(parents=True, exist_ok=True)
    try:
        number = json.loads(path.read_text(encoding="utf-8"))["size"]
        if number in range(len(SIZES)):
            return SIZES[number], None
    except (OSError, ValueError, KeyError, TypeError):
        pass  # begun by nobody, or damaged
    speed = measure()
    size = demo_size(speed)
    with whole_file(path) as draft:
        draft.write_text(json.dumps({"size": SIZES.index(size)}) + "\n", encoding="utf-8")
    return size, speed


def _rows(count: int, shared: int, rest: int, reply: int) -> list[Row]:
    """Return rows that are as long as the demo's."""
    return [Row((0,) * shared + (number + 1,) * rest, (0,) * reply) for number in range(count)]
