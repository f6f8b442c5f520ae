"""Several raters as one program."""

import re
from collections.abc import Mapping

import dspy
import pytest

from accord.data import Corpus, Nominal, Ordinal, Scale, SetupError
from accord.programs import Panel, Prompt, Rater, scripted_lm

FIVE = Ordinal(1, 5)
NAMES = Nominal(["kind", "plain", "rude"])


def _rater(says: Mapping[str, object], scale: Scale = FIVE) -> Rater:
    """A rater that gives each text the label of a table; None is an answer that cannot be read."""

    def script(prompt: Prompt, draw: int) -> str:
        found = re.search(r"text-(\w+)", prompt.turns[-1].content)
        assert found is not None and found[1] in says, f"unforeseen: {prompt.turns[-1].content}"
        label = says[found[1]]
        return "no idea" if label is None else f"Reason: {label} it is.\nLabel: {label}"

    return Rater(scale, lm=scripted_lm(script))


def _corpus(golds: Mapping[str, object], scale: Scale = FIVE) -> Corpus:
    records = [{"id": name, "text": f"text-{name}", "label": gold} for name, gold in golds.items()]
    return Corpus.from_records(records, fields=["text"], label="label", id="id", scale=scale)


THREE_RATERS = [
    _rater({"a": 1, "b": 2, "c": 5, "d": None, "e": None}),
    _rater({"a": 1, "b": 4, "c": 4, "d": 3, "e": None}),
    _rater({"a": 5, "b": 5, "c": 1, "d": 4, "e": None}),
]
ITEMS = _corpus({"a": 1, "b": 4, "c": 4, "d": 3, "e": 3})


def test_the_majority_decides_and_between_equals_the_middle() -> None:
    found = Panel(THREE_RATERS).rate(ITEMS)
    # b: 2, 4, 5 have one vote each, the mean is 3.67; c: 5, 4, 1 with mean 3.33; d: 3 and 4, half-way the lower.
    assert found.labels == [1, 4, 4, 3, None]
    assert dict(found.unparsed) == {"no_vote": 1}
    assert found[0].distribution == {1: pytest.approx(2 / 3), 5: pytest.approx(1 / 3)}
    assert found[0].confidence == pytest.approx(2 / 3) and found[0].rationale == "1 it is."
    assert found.members["rater 3"].labels == [5, 5, 1, 4, None]


def test_the_mean_is_a_score() -> None:
    found = Panel(THREE_RATERS, vote="mean").rate(ITEMS)
    assert [rating.score for rating in found] == [
        pytest.approx(7 / 3),
        pytest.approx(11 / 3),
        pytest.approx(10 / 3),
        3.5,
        None,
    ]
    assert found.labels == [2, 4, 3, 3, None]
    # Nobody said 2: the reasoning shown is of a vote for 1, the nearest.
    assert found[0].rationale == "1 it is."


def test_who_passed_the_exam_counts_more_than_two_who_did_not() -> None:
    gold = {f"x{number}": number % 3 for number in range(30)}
    names = {key: NAMES.levels[place] for key, place in gold.items()}
    wrong = {key: NAMES.levels[(place + 1 + number % 2) % 3] for number, (key, place) in enumerate(gold.items())}
    half = {key: names[key] if number % 2 else wrong[key] for number, key in enumerate(names)}
    raters = {
        "good": _rater({**names, "new": "kind"}, NAMES),
        "fair": _rater({**half, "new": "rude"}, NAMES),
        "other": _rater({**half, "new": "rude"}, NAMES),
    }
    dev, new = _corpus(names, NAMES), _corpus({"new": "kind"}, NAMES)
    assert Panel(raters).rate(new).labels == ["rude"]
    panel = Panel.examined(raters, dev)
    assert panel.exam == {
        "good": pytest.approx(31 / 32),
        "fair": pytest.approx(16 / 32),
        "other": pytest.approx(16 / 32),
    }
    # ln(2 * 31) = 4.13 for kind, twice ln(2 * 1) = 0.69 for rude.
    assert panel.rate(new).labels == ["kind"]


def test_a_rater_worse_than_chance_counts_against_what_it_says() -> None:
    raters = {"liar": _rater({"a": "kind"}, NAMES), "fair": _rater({"a": None}, NAMES)}
    panel = Panel(raters, vote="weighted", exam={"liar": 0.05, "fair": 0.6})
    # ln(2 * 0.05 / 0.95) < 0: any other label is likelier than the one it says.
    assert panel.rate(_corpus({"a": "plain"}, NAMES)).labels == ["plain"]


def test_it_is_a_program_with_votes() -> None:
    said = Panel({"one": THREE_RATERS[0], "two": THREE_RATERS[1]})(text="text-d")
    assert isinstance(said, dspy.Prediction)
    assert (said.label, said.votes, said.unparsed) == (3, {"one": None, "two": 3}, None)
    nobody = Panel(THREE_RATERS)(text="text-e")
    assert (nobody.label, nobody.unparsed) == (None, "no_vote")
    assert len(Panel(THREE_RATERS).predictors()) == 3, "DSPy's optimizers see the raters"


async def _asked(panel: Panel) -> dspy.Prediction:
    return await panel.acall(text="text-a")


def test_it_can_be_awaited() -> None:
    import asyncio

    assert asyncio.run(_asked(Panel(THREE_RATERS))).label == 1


def test_a_panel_says_how_far_its_raters_agree() -> None:
    found = Panel(THREE_RATERS).agreement(ITEMS)
    assert found.n == 5 and found.unparsed == {"rater 1": 2, "rater 2": 1, "rater 3": 1}
    assert found.with_gold["rater 2"].value == pytest.approx(1.0)
    assert found.alpha.value is not None and found.alpha.value < 0.5


def test_progress_counts_over_all_raters() -> None:
    seen: list[tuple[int, int, str]] = []
    Panel(THREE_RATERS).rate(ITEMS, progress=lambda done, total, note: seen.append((done, total, note)))
    assert seen[-1] == (15, 15, "rater 3") and [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)


@pytest.mark.parametrize(
    ("raters", "options", "said"),
    [
        (THREE_RATERS[:1], {}, "1 raters"),
        ([THREE_RATERS[0], Rater(Ordinal(1, 3))], {}, "unlike the first rater"),
        ([THREE_RATERS[0], Rater(FIVE, fields=("essay",))], {}, "unlike the first rater"),
        (THREE_RATERS, {"vote": "loudest"}, "unknown vote 'loudest'"),
        (THREE_RATERS, {"vote": "weighted"}, "needs the accuracy"),
        (THREE_RATERS, {"vote": "weighted", "exam": {"rater 1": 0.5}}, "needs the accuracy"),
        ([Rater(NAMES), Rater(NAMES)], {"vote": "mean"}, "needs numbers"),
    ],
)
def test_what_does_not_fit_together_is_refused(raters, options, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        Panel(raters, **options)
