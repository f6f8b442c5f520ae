"""What the tests of the front door share: a scripted rater, and a saved one that is never asked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accord.data import Ordinal, Scale
from accord.programs import Completion, Guideline, Rater, scripted_lm

Answer = Callable[[str], str | Completion]


@pytest.fixture
def make_rater() -> Callable[..., Rater]:
    """Return a maker of raters of one field `text`, whose reply to an item is given by a function of the text."""

    def make(answer: Answer, scale: Scale | None = None, fields: tuple[str, ...] = ("text",)) -> Rater:
        def script(prompt, draw):  # the item stands on the line after its opening fence
            return answer(prompt.turns[-1].content.split("\n")[1])

        return Rater(
            Ordinal(1, 5) if scale is None else scale, Guideline("Rate it."), fields=fields, lm=scripted_lm(script)
        )

    return make


@pytest.fixture
def rater_folder(tmp_path: Path) -> Path:
    """Return the folder of a rater of the fields `text` on the levels 1 to 5, whose model is not to be asked."""
    folder = tmp_path / "rater"
    Rater(Ordinal(1, 5), Guideline("Rate it."), fields=("text",), lm="openai/nobody").save(folder)
    return folder


@pytest.fixture
def modelless_folder(tmp_path: Path) -> Path:
    """Return the folder of a rater of the fields `text` on the levels 1 to 5, saved without a model."""
    folder = tmp_path / "modelless"
    Rater(Ordinal(1, 5), Guideline("Rate it."), fields=("text",)).save(folder)
    return folder
