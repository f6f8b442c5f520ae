"""How far several raters agree, and what a change to all of them did."""

import json
import random
import re
from collections.abc import Callable

import pytest

from accord.data import Corpus, InputError, Item, Journal, Ordinal, panel_agreement, panel_change
from accord.programs import Guideline, Panel, Prompt, Rater, ScriptedEngine, interrater, scripted_lm

FIVE = Ordinal(1, 5)
NEW = Guideline("Rate it by the rule.")


def _number(prompt: Prompt) -> int:
    found = re.search(r"item (\d+)", prompt.turns[-1].content)
    assert found is not None, f"unforeseen: {prompt.turns[-1].content}"
    return int(found[1])


def _gold(number: int) -> int:
    return random.Random(number).randint(1, 5)


def _rater(name: str, rule: Callable[[int], int] = _gold) -> Rater:
    """A rater that errs on items of its own, and under the new guideline follows a rule."""

    def script(prompt: Prompt, draw: int) -> str:
        number = _number(prompt)
        if number == 7 and name == "second":
            return "no idea"
        told = "by the rule" in prompt.turns[0].content
        dice = random.Random(f"{name} {number}")
        strays = dice.random() < (0.1 if told else 0.6)
        return f"Label: {dice.randint(1, 5) if strays else (rule(number) if told else _gold(number))}"

    return Rater(FIVE, Guideline("Rate it."), lm=scripted_lm(script, model_id=name))


def _corpus(count: int = 80, *, gold: bool = True) -> Corpus:
    items = [
        Item(f"i{number}", {"text": f"item {number}"}, (), _gold(number) if gold and number % 8 else None)
        for number in range(count)
    ]
    return Corpus(items, FIVE, ("text",))


def _raters(rule: Callable[[int], int] = _gold) -> dict[str, Rater]:
    return {name: _rater(name, rule) for name in ("first", "second", "third")}


def _under(raters: dict[str, Rater], guideline: Guideline) -> dict[str, Rater]:
    return {name: rater.variant(guideline=guideline) for name, rater in raters.items()}


def test_it_says_what_panel_agreement_says() -> None:
    corpus, raters = _corpus(), _raters()
    found = interrater(raters, corpus, resamples=200)
    labels = {name: rater.rate(corpus).labels for name, rater in raters.items()}
    assert found.found == panel_agreement(labels, [item.gold for item in corpus], FIVE, resamples=200)
    assert found.unparsed == {"first": {}, "second": {"no_label": 1}, "third": {}}
    rows = {row["measure"]: row for row in found.rows()}
    assert rows["ICC(3,k), of their mean"]["value"] == found.found.icc3k.value
    assert rows["alpha of second with people"]["unparsed"] == 1
    assert rows["mean alpha with people"]["low"] < rows["mean alpha with people"]["value"]
    assert "change" not in rows["alpha among the raters"] and found.warning == ""
    assert json.loads(json.dumps(found.to_dict()))["unparsed"]["second"] == {"no_label": 1}


def test_a_better_guideline_brings_raters_together_and_to_people() -> None:
    corpus, raters = _corpus(), _raters()
    found = interrater(_under(raters, NEW), corpus, before=raters, resamples=300)
    assert found.change is not None and found.change.icc3.low is not None and found.change.icc3.low > 0
    assert found.change.with_gold.low is not None and found.change.with_gold.low > 0
    assert found.warning == ""
    rows = {row["measure"]: row for row in found.rows()}
    row = rows["alpha among the raters"]
    assert row["change"] == pytest.approx(row["value"] - row["before"]) and row["change_low"] > 0


def test_agreement_away_from_people_is_flagged() -> None:
    corpus, raters = _corpus(), _raters(lambda number: random.Random(f"wrong {number}").randint(1, 5))
    found = interrater(_under(raters, NEW), corpus, before=raters, resamples=300)
    assert found.warning.startswith("the raters agree more with each other (alpha +0.")
    assert found.to_dict()["warning"] == found.warning and str(found).endswith(f"warning: {found.warning}")


def test_an_earlier_result_does_as_well_as_the_raters_and_asks_nobody_again() -> None:
    corpus, raters = _corpus(), _raters()
    earlier = interrater(raters, corpus, resamples=0)
    asked = [rater.lm.engine for rater in raters.values()]
    count = [len(engine.asked) for engine in asked if isinstance(engine, ScriptedEngine)]
    new = _under(raters, NEW)
    found = interrater(new, corpus, before=earlier, resamples=100)
    assert [len(engine.asked) for engine in asked if isinstance(engine, ScriptedEngine)] == [2 * one for one in count]
    before = {name: rater.rate(corpus).labels for name, rater in raters.items()}
    after = {name: rater.rate(corpus).labels for name, rater in new.items()}
    assert found.change == panel_change(before, after, [item.gold for item in corpus], FIVE, resamples=100)


def test_without_gold_labels_only_the_raters_are_compared() -> None:
    found = interrater(_raters(), _corpus(gold=False), resamples=100)
    assert found.found.alpha.value is not None and found.found.mean_with_gold.value is None
    assert "mean alpha with people       undefined: " in str(found)


def test_a_panel_is_one_rater_among_others_and_alone_stands_for_its_members() -> None:
    corpus, raters = _corpus(), _raters()
    panel = Panel(raters)
    found = interrater({"panel": panel, "first": raters["first"]}, corpus, resamples=0)
    assert list(found.labels["panel"]) == panel.rate(corpus).labels
    assert interrater(panel, corpus, resamples=0).labels == interrater(raters, corpus, resamples=0).labels
    assert list(interrater(list(raters.values()), corpus, resamples=0).labels) == ["rater 1", "rater 2", "rater 3"]


def test_the_journal_keeps_ratings_and_progress_counts_over_all(tmp_path) -> None:
    corpus, raters = _corpus(20), _raters()
    seen: list[tuple[int, int, str]] = []
    with Journal(tmp_path / "journal.sqlite") as journal:
        once = interrater(raters, corpus, before=_under(raters, NEW), journal=journal, resamples=50)
        again = interrater(
            raters,
            corpus,
            before=_under(raters, NEW),
            journal=journal,
            resamples=50,
            progress=lambda done, total, name: seen.append((done, total, name)),
        )
    assert again.to_dict() == once.to_dict()
    engines = [rater.lm.engine for rater in raters.values()]
    assert [len(engine.asked) for engine in engines if isinstance(engine, ScriptedEngine)] == [40, 40, 40]
    assert seen[-1] == (120, 120, "third") and [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)


def test_what_cannot_be_compared_is_refused() -> None:
    corpus, raters = _corpus(10), _raters()
    with pytest.raises(InputError, match="1 raters"):
        interrater([raters["first"]], corpus)
    with pytest.raises(InputError, match="and first, second before"):
        interrater(raters, corpus, before={name: raters[name] for name in ("first", "second")})
    earlier = interrater(raters, corpus, resamples=0)
    with pytest.raises(InputError, match="other items or gold labels"):
        interrater(raters, _corpus(11), before=earlier)
    assert "undefined" not in str(earlier).splitlines()[1]
