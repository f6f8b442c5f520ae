"""What notebooks show of agreement, traces and guidelines: small tables, in which markup of the data is text."""

import re

import pytest

from accord.data import Corpus, Item, Nominal, Ordinal, agreement
from accord.optimizers import Exhaust, RejectionSampling, Traces
from accord.programs import Case, Guideline, Prompt, Rater, scripted_lm

ATTACK = "<script>alert(1)</script>"


def traces_of(count: int, reason: str, *, reached: bool = True) -> Traces:
    """Return traces of that many items, whose label the teacher always reaches, or never."""
    corpus = Corpus(
        [Item(f"item-{n}", {"text": f"text {n} {ATTACK} {'and so on ' * 40}"}, (), 1 + n % 2) for n in range(count)],
        SCALE,
        ("text",),
    )

    def script(prompt: Prompt, draw: int) -> str:
        number = int(re.findall(r"text (\d+)", prompt.turns[-1].content)[-1])
        return f"Reason: {reason}\nLabel: {1 + (number + (not reached)) % 2}"

    rater = Rater(SCALE, Guideline("Rate it."), fields=("text",), lm=scripted_lm(script))
    return RejectionSampling(2, stop=Exhaust()).infer(rater, trainset=corpus.examples())


SCALE = Ordinal(1, 2)


def test_agreement_is_a_table_of_metrics_with_intervals() -> None:
    found = agreement([1, 2, 2, None] * 10, [1, 2, 1, 2] * 10, SCALE, fill=1, resamples=50)
    shown = found._repr_html_()
    assert shown.count("<tr") == 1 + len(found.metrics)
    assert "Agreement on 40 items, 10 unparsed (labels)" in shown and "95% interval" in shown
    alpha = found.metrics["alpha"]
    assert f"{alpha.value:.3f}" in shown and f"{alpha.low:.3f} to {alpha.high:.3f}" in shown


def test_what_is_undefined_says_why() -> None:
    found = agreement(["a", "a"], ["a", "a"], Nominal(["a", "b"]), resamples=20)
    note = found.metrics["alpha"].note
    assert note and note in found._repr_html_() and "undefined" in found._repr_html_()


def test_traces_show_the_first_few_and_their_texts_are_text() -> None:
    shown = traces_of(12, f"It is plain {ATTACK}.")._repr_html_()
    assert "12 of 12 items have a trace" in shown and shown.count("<tr") == 1 + 5
    assert "<script" not in shown and "&lt;script&gt;" in shown
    assert "[...]" in shown and len(shown) < 10_000


def test_no_traces_are_a_table_without_rows() -> None:
    shown = traces_of(3, "nothing", reached=False)._repr_html_()
    assert "0 of 3 items have a trace" in shown and shown.count("<tr") == 1


@pytest.mark.parametrize("cases", [0, 1])
def test_a_guideline_shows_its_parts_as_text(cases: int) -> None:
    case = Case({"text": "a text"}, "a reason", "1")
    told = Guideline(f"Rate it. {ATTACK}", "### 1\nbad", cases=(case,) * cases)
    shown = told._repr_html_()
    assert told.hash[:12] in shown and f"{cases} worked case{'' if cases == 1 else 's'}" in shown
    assert "### 1\nbad" in shown and "<script" not in shown and "a reason" not in shown
