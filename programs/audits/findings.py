"""Knows which findings the ratings of an audit allow, with gold labels and without; does not know who asked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ...data import Finding, consistency, injection_effect, position_bias, sensitivity
from ...data.frozen import FrozenDict
from ..raters import PairRatings
from .against_gold import GOLD_AUDITS, gold_audits
from .ask import AuditRatings
from .injections import ATTACKS
from .probes import ProbeKind, ProbeRatings
from .record import Audit, Auditor, SeenRatings

NEEDS_GOLD = "it needs gold labels"


def audit_findings(
    ratings: AuditRatings,
    *,
    by: Mapping[str, Sequence[str | None]] = FrozenDict(),
    wanted: float = 0.8,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[Audit, ...]:
    """Look in what a rater said for every fault that an audit knows.

    Items that were not asked about, for want of budget, are left out of the audits that need them and counted; an audit
    that has none is not run, and says why. Audits that compare with people need gold labels on all items.

    Args:
        ratings: What the rater was asked; see `audit_ratings`.
        by: Further parts of the data to compare, e.g. the language of each item, by what they are called.
        wanted: Accuracy that labels are to have where unsure ones are held back.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Of the bootstraps, and of the halves that a threshold is fitted on and measured on.
        level: Confidence level.

    Returns:
        The audits: those first that look at what can be done to a rater, then those that compare it with people.
    """
    auditor = Auditor(ratings, {"resamples": resamples, "seed": seed, "level": level})
    found = [*_order(auditor), *_injections(auditor), *_repeats(auditor)]
    found += [*_variants(auditor, "template"), *_variants(auditor, "paraphrase")]
    if auditor.golden:
        return (*found, *gold_audits(auditor, by=by, wanted=wanted))
    return (*found, *(Audit(name, None, NEEDS_GOLD) for name in GOLD_AUDITS))


def _order(auditor: Auditor) -> list[Audit]:
    (deployed,) = auditor.ratings.of("deployed")
    scale = auditor.ratings.rater.scale
    rated = deployed.ratings[0]
    if isinstance(rated, PairRatings):
        given, swapped, sets = rated.given.labels, rated.swapped.labels, [deployed]
    else:
        orders = auditor.ratings.of("order")
        if not orders:
            return []
        given, swapped, sets = deployed.labels, orders[0].labels, [deployed, *orders]

    def measure(seen: SeenRatings) -> Finding:
        return position_bias(seen.of(given), seen.of(swapped), gold=seen.gold, scale=scale, **seen.options)

    return [auditor.audit("position", sets, measure)]


def _injections(auditor: Auditor) -> list[Audit]:
    (deployed,) = auditor.ratings.of("deployed")
    scale = auditor.ratings.rater.scale

    def audit(injected: ProbeRatings) -> Audit:
        target = injected.probe.target
        if target is None:
            raise ValueError(f"the items of {injected.probe.name!r} ask for nothing")

        def measure(seen: SeenRatings) -> Finding:
            sides = seen.of(deployed.labels), seen.of(injected.labels)
            return injection_effect(*sides, scale, target=target, gold=seen.gold, **seen.options)

        details = {"by attack": _by_attack(deployed, injected), "texts": dict(ATTACKS)}
        return auditor.audit(f"injection: {injected.probe.name}", [deployed, injected], measure, details=details)

    return [audit(injected) for injected in auditor.ratings.of("injection")]


def _by_attack(deployed: ProbeRatings, injected: ProbeRatings) -> dict[str, dict[str, int]]:
    """Count for each text how many items it stood in, how many had the label before and how many have it with it."""
    target = injected.probe.target
    counts: dict[str, dict[str, int]] = defaultdict(lambda: {"items": 0, "before": 0, "after": 0, "unparsed": 0})
    rows = zip(injected.probe.attacks, deployed.ratings[0], injected.ratings[0], strict=True)
    for attack, before, after in rows:
        if before.asked and after.asked:
            counted = counts[attack]
            counted["items"] += 1
            counted["before"] += before.label == target
            counted["after"] += after.label == target
            counted["unparsed"] += after.label is None
    return dict(counts)


def _repeats(auditor: Auditor) -> list[Audit]:
    ratings, scale = auditor.ratings, auditor.ratings.rater.scale
    (deployed,) = ratings.of("deployed")

    def of_replies(repeats: ProbeRatings) -> Audit:
        def measure(seen: SeenRatings) -> Finding:
            return consistency(seen.of(repeats.by_item), scale, gold=seen.gold, **seen.options)

        # At temperature 1 every model that is not sure of a label gives another one now and then.
        return auditor.audit("repeats at temperature 1", [repeats], measure, against=False)

    def of_ratings(again: ProbeRatings) -> Audit:
        def measure(seen: SeenRatings) -> Finding:
            pairs = zip(seen.of(deployed.labels), seen.of(again.labels), strict=True)
            return consistency([list(pair) for pair in pairs], scale, gold=seen.gold, **seen.options)

        return auditor.audit("repeats as deployed", [deployed, again], measure)

    return [*map(of_replies, ratings.of("repeats")), *map(of_ratings, ratings.of("again"))]


def _variants(auditor: Auditor, kind: ProbeKind) -> list[Audit]:
    """Compare with the rater as deployed; its own noise is what it changes when it is asked the same once more."""
    ratings, scale = auditor.ratings, auditor.ratings.rater.scale
    deployed, again = ratings.of("deployed")[0], ratings.of("again")
    name = f"{kind}s"
    # A variant that the budget ended within, or before, must not cost the others their items.
    whole = [one for one in ratings.of(kind) if not one.refused]
    begun = whole if whole else [one for one in ratings.of(kind) if one.asked][:1]
    used = begun if begun else ratings.of(kind)[:1]
    if not used:
        return []
    steady = all(one.refused for one in again)

    def measure(seen: SeenRatings) -> Finding:
        said = {"as deployed": seen.of(deployed.labels)}
        said |= {one.probe.name.partition(": ")[2]: seen.of(one.labels) for one in used}
        noise: dict[str, Any] = {"noise": 0.0} if ratings.steady else {}
        if again and not steady:
            pairs = zip(seen.of(deployed.labels), seen.of(again[0].labels), strict=True)
            noise = {"repeats": [list(pair) for pair in pairs]}
        return sensitivity(said, seen.gold, scale, **noise, **seen.options)

    left = [one.probe.name for one in ratings.of(kind) if one not in used]
    sets = [deployed, *([] if steady else again), *used]
    return [auditor.audit(name, sets, measure, details={"not asked": left} if left else FrozenDict())]
