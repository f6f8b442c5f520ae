"""What every audit of labels does on thin, degenerate and wrong input, and what no audit may depend on."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from accord.data import (
    Finding,
    InputError,
    Interval,
    Nominal,
    Ordinal,
    Pairwise,
    Scale,
    agreement_by,
    consistency,
    injection_effect,
    length_bias,
    leniency,
    level_usage,
    sensitivity,
)
from worlds.biased_raters import NAMES, NINE, BiasedRaters

Audit = Callable[..., Finding]


def _repeated(ratings: list, gold: list, scale: Scale, **options: Any) -> Finding:
    return consistency([[one, one, other] for one, other in zip(ratings, gold, strict=True)], scale, **options)


AUDITS: dict[str, Audit] = {
    "consistency": _repeated,
    "sensitivity": lambda r, g, s, **o: sensitivity({"a": r, "b": g}, g, s, noise=0.1, **o),
    "length": lambda r, g, s, **o: length_bias(r, g, [1 + place % 7 for place in range(len(g))], s, **o),
    "leniency": leniency,
    "usage": level_usage,
    "by": lambda r, g, s, **o: agreement_by(r, g, ["xy"[place % 2] for place in range(len(g))], s, **o),
    "injection": lambda r, g, s, **o: injection_effect(g, r, s, target=g[0], gold=g, **o),
}
SCALES = (Ordinal(1, 5), Ordinal.of(["bad", "ok", "good"]), Interval(0, 1), Interval(0, 2, 0.5), NAMES, Pairwise())


def _labels(scale: Scale, items: int, seed: int) -> list:
    rng = np.random.default_rng(seed)
    if scale.levels is None:
        return rng.random(items).tolist()
    return [scale.levels[place] for place in rng.integers(0, len(scale.levels), items)]


@pytest.mark.parametrize("name", AUDITS)
@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: str(scale.to_dict())[:40])
@pytest.mark.parametrize("items", [1, 2, 10, 60])
def test_every_audit_answers_on_every_scale_in_json(name: str, scale: Scale, items: int) -> None:
    ratings, gold = _labels(scale, items, 1), _labels(scale, items, 2)
    found = AUDITS[name](ratings, gold, scale, resamples=30)
    assert found.verdict and "nan" not in str(found).lower().split()
    written = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert written["n"] + sum(written["left_out"].values()) == items
    if items == 1:
        assert found.shown is None or name == "consistency"


@pytest.mark.parametrize("name", AUDITS)
def test_one_level_for_all_shows_nothing(name: str) -> None:
    for scale, label in ((Ordinal(1, 5), 3), (Nominal(["a", "b"]), "a"), (Interval(0, 1), 0.5)):
        found = AUDITS[name]([label] * 30, [label] * 30, scale, resamples=30)
        assert found.shown is not True and found.verdict


@pytest.mark.parametrize("name", sorted(set(AUDITS) - {"usage", "sensitivity", "consistency", "injection"}))
def test_a_constant_rater_has_no_bias_but_a_reason(name: str) -> None:
    found = AUDITS[name]([3] * 40, [1, 2, 3, 4, 5] * 8, Ordinal(1, 5), resamples=30)
    assert found.shown is None and ("one level" in found.verdict or "one label" in found.verdict)


@pytest.mark.parametrize("name", sorted(set(AUDITS) - {"sensitivity", "consistency"}))
def test_nothing_readable_is_counted_and_no_crash(name: str) -> None:
    found = AUDITS[name]([None] * 6, [1, 2, 3, 4, 5, 1], Ordinal(1, 5), resamples=30)
    assert (found.shown, found.n) == (None, 0) and found.left_out == {"unparsed rating": 6}


@pytest.mark.parametrize("name", AUDITS)
def test_no_audit_depends_on_the_order_of_the_items(name: str) -> None:
    world = BiasedRaters(60, seed=4)
    ratings, gold, lengths, parts = world.ratings(length=0.2), world.gold, world.lengths, world.parts
    repeats = world.repeats(4)
    groups: list[str | None] = [None if place % 5 == 0 else f"g{place // 3}" for place in range(60)]
    order = np.random.default_rng(0).permutation(60)

    def run(turn: list[int], groups: list[str | None] | None) -> Finding:
        def of(column: list) -> list:
            return [column[place] for place in turn]

        options: dict[str, Any] = {"resamples": 40, "groups": None if groups is None else of(groups)}
        sides = of(ratings), of(gold)
        audits: dict[str, Callable[[], Finding]] = {
            "consistency": lambda: consistency(of(repeats), NINE, gold=of(gold), **options),
            "sensitivity": lambda: sensitivity(
                {"a": sides[0], "b": sides[1]}, sides[1], NINE, repeats=of(repeats), **options
            ),
            "length": lambda: length_bias(*sides, of(lengths), NINE, **options),
            "leniency": lambda: leniency(*sides, NINE, **options),
            "usage": lambda: level_usage(*sides, NINE, **options),
            "by": lambda: agreement_by(*sides, of(parts), NINE, **options),
            "injection": lambda: injection_effect(sides[1], sides[0], NINE, target=6, gold=sides[1], **options),
        }
        return audits[name]()

    for given in (None, groups):
        one, other = run(list(range(60)), given), run(order.tolist(), given)
        assert one.to_dict() == other.to_dict()
        assert one == run(list(range(60)), given)


@pytest.mark.parametrize("name", AUDITS)
def test_labels_off_the_scale_and_lists_of_unlike_lengths_are_refused(name: str) -> None:
    good = [1, 2, 3, 4]
    for bad in (9, float("nan"), float("inf"), "4", True, 2.5):
        with pytest.raises(InputError):
            AUDITS[name]([1, 2, 3, bad], good, Ordinal(1, 5), resamples=0)
    with pytest.raises(InputError):
        AUDITS[name](good, good, Ordinal(1, 5), groups=["a"], resamples=0)
    with pytest.raises(InputError, match="resamples is -1"):
        AUDITS[name](good, good, Ordinal(1, 5), resamples=-1)
    with pytest.raises(InputError, match="level is 95"):
        AUDITS[name](good, good, Ordinal(1, 5), level=95)


@pytest.mark.parametrize("name", sorted(set(AUDITS) - {"consistency"}))
def test_items_without_gold_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        AUDITS[name]([1, 2], [1, None], Ordinal(1, 5), resamples=0)


@pytest.mark.parametrize("name", AUDITS)
def test_without_resamples_there_are_figures_and_no_claims(name: str) -> None:
    world = BiasedRaters(60)
    found = AUDITS[name](world.ratings(lenient=2), world.gold, NINE, resamples=0)
    assert found.shown is None or name == "consistency"
    assert all(one.low is None for one in found.measures.values())
    assert any(one.value is not None for one in found.measures.values())


@pytest.mark.parametrize("name", sorted(set(AUDITS) - {"consistency"}))
def test_a_verdict_on_few_items_denies_nothing(name: str) -> None:
    rng = np.random.default_rng(1)
    gold = rng.integers(1, 6, 30)
    ratings = np.clip(gold + rng.integers(-1, 2, 30) * (rng.random(30) < 0.35), 1, 5)
    found = AUDITS[name](ratings.tolist(), gold.tolist(), Ordinal(1, 5), resamples=99)
    assert found.shown is False and "shown" in found.verdict
