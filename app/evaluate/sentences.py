"""Knows how to say in words what an evaluation found, the least welcome first; measures and prints nothing."""

from collections.abc import Mapping

from ...data import AltTest, Difference, Estimate
from ..console import counts
from ..results import SCORES_NOTE, Baselines, alpha_of, number
from .entrants import Entrant
from .inputs import Opened
from .label_audits import Audits
from .measure import BaselineRow, Contest, EntrantEvaluation, MeasuredEntrant, PeopleEntrants

_FEW = 20
"""Items (or groups) below which the note on an interval is worth showing."""


def findings(evaluation: EntrantEvaluation) -> tuple[str, ...]:
    """Return what was found as sentences: of each entrant against the baselines, then against each other."""
    sentences = [against_baselines(one, evaluation) for one in evaluation.measured]
    for contest in evaluation.contests:
        if contest.against != "baseline":
            sentences.append(f"{capital(standing_sentence(contest))} ({interval(contest.difference)} in alpha).")
    people = evaluation.people.one
    if people is not None and people.agreement.metrics["alpha"].value is not None:
        alpha = number(people.agreement.metrics["alpha"].value)
        sentences.append(f"For comparison, one human against the others has alpha {alpha}: a reference, not a ceiling.")
    return tuple(sentences)


def against_baselines(one: MeasuredEntrant, evaluation: EntrantEvaluation) -> str:
    """Say whether an entrant is better than every baseline, naming the strongest one that it does not beat."""
    name, alpha = said_name(one.entrant), one.agreement.metrics["alpha"]
    if alpha.value is None:
        return f"Nothing is shown of {name}: alpha is undefined ({alpha.note})."
    rows = {row.name: row for row in evaluation.baselines}
    contests = [found for found in evaluation.contests if found.a == one.entrant.name and found.against == "baseline"]
    open_ones = [found for found in contests if not found.better]
    told = max(open_ones if open_ones else contests, key=lambda found: alpha_of(rows[found.b]))
    rival = _alphas(one, rows[told.b], told)
    if not open_ones:
        most = "every baseline" if len(contests) > 1 else told.b
        which = f", the best of them is {told.b}" if len(contests) > 1 else ""
        return f"{capital(name)} is better than {most}{which}: {rival}."
    settle = _settling(told)
    if told.worse:
        return f"{capital(name)} is worse than {told.b}: {rival}."
    return f"{capital(name)} is not shown to be better than {told.b}: {rival}{settle}."


def standing_sentence(contest: Contest) -> str:
    """Say how the two of a comparison stand."""
    if contest.better:
        return f"'{contest.a}' is better than '{contest.b}'"
    if contest.worse:
        return f"'{contest.a}' is worse than '{contest.b}'"
    return f"'{contest.a}' and '{contest.b}' cannot be told apart"


def said_name(entrant: Entrant) -> str:
    """Return what an entrant is called in a sentence."""
    return "the rater" if entrant.name == "rater" else f"'{entrant.name}'"


def capital(text: str) -> str:
    """Return a sentence with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def interval(found: Difference | Estimate) -> str:
    """Write a difference with its interval."""
    if found.value is None:
        return f"difference undefined: {found.note}"
    if found.low is None or found.high is None:
        return f"difference {number(found.value, sign=True)}"
    return f"difference {number(found.value, sign=True)}, 95 % interval {number(found.low)} to {number(found.high)}"


def alt_sentence(found: AltTest) -> str:
    """Say what the alternative annotator test found, with its guard."""
    plain = found.plain
    beaten = sum(row.beaten for row in plain.annotators)
    tested = sum(row.p is not None for row in plain.annotators)
    share = f"beats {beaten} of {tested} people (omega {number(plain.omega)}, rho {number(plain.rho)})"
    told = {
        "passed": f"may stand in for people: {share}",
        "failed": f"may not stand in for people: {share}",
        "not shown": f"not shown to stand in for people: {share}, but a constant answer passes too",
        "undefined": f"not tested: {plain.note}",
    }[found.verdict]
    care = f"; {plain.note}" if plain.note and found.verdict == "failed" else ""
    return f"{told}; epsilon {found.epsilon:g}{care}"


def notes(evaluation: EntrantEvaluation, baselines: Baselines, data: Opened, audits: Mapping[str, Audits]) -> list[str]:
    """Say what the numbers stand on and need care with."""
    said = [f"Constant: {baselines.constant_from}."]
    if baselines.fitted:
        said.append(f"Length and TF-IDF: {baselines.fitted}.")
    said += baselines.notes
    if baselines.left_out:
        said.append(f"Of --train, not fitted on ({counts(baselines.left_out)}).")
    if any(one.agreement.numbers == "scores" for one in evaluation.measured):
        said.append(SCORES_NOTE)
    for one in evaluation.measured:
        said += _of_entrant(one)
    if data.people:
        said.append(f"Gold is made without the labels of {', '.join(data.people)}.")
    if data.corpus.dropped:
        said.append(f"Left out of the file ({counts(data.corpus.dropped)}).")
    human = None if evaluation.people.one is None else evaluation.people.one.agreement
    if human is not None and human.n < len(data.everyone):
        said.append(f"One human against the others: {human.n:,} items; the rest have too few labels to tell.")
    for name, measured in [("one human", human), *((one.entrant.name, one.agreement) for one in evaluation.measured)]:
        if measured is not None and (measured.metrics["alpha"].low is None or measured.groups < _FEW):
            said.append(f"Alpha of {name}: {measured.metrics['alpha'].note}.")
    said += _of_people(evaluation.people)
    resamples = evaluation.people.among.resamples
    if resamples and 2 * len(evaluation.contests) / (1 + resamples) > 0.05:
        said.append(f"{len(evaluation.contests)} comparisons: {resamples} resamples are too few to show any of them.")
    reasons: dict[str, list[str]] = {}
    for name, found in audits.items():
        if found.alt_note:
            reasons.setdefault(found.alt_note, []).append(name)
    for reason, names in reasons.items():
        of = "" if len(names) == len(audits) else f" of {', '.join(map(repr, names))}"
        said.append(f"No alternative annotator test{of}: {reason}.")
    return said


def _of_people(people: PeopleEntrants) -> list[str]:
    """Say how reliable the gold is, and how far the people differ."""
    said, found = [], people.reliability
    if found.gold.value is not None and found.people is not None:
        said.append(
            f"Gold: {found.rule} of {found.people:.3g} labels an item, reliability {number(found.gold.value)} "
            f"(of one label {number(found.single.value)}); nothing can correlate with it above "
            f"{number(found.correlation.value)}."
        )
    if people.each is not None and people.each.annotators:
        alphas = [one.metrics["alpha"].value for one in people.each.annotators.values()]
        known = sorted(value for value in alphas if value is not None)
        if known:
            ends = f"{number(known[0])} to {number(known[-1])}"
            said.append(
                f"Each of {len(known)} people against the others: alpha {ends}; the lowest is low by chance, too."
            )
    return said


def _of_entrant(one: MeasuredEntrant) -> list[str]:
    entrant, said = one.entrant, []
    who = "the rater" if entrant.kind == "rater" else f"'{entrant.name}'"
    if entrant.sampled:
        said.append(f"Scored by several replies for want of probabilities ({counts(entrant.sampled)}).")
    if entrant.unreadable:
        said.append(f"No label from {who} ({counts(entrant.unreadable)}): counts as the constant answer.")
    told = {
        "items without a rating": entrant.missing,
        "ratings of items that are not in the data": entrant.unknown,
        "ratings of items without a gold label": entrant.unmeasured,
        "ratings given twice alike": entrant.repeated,
    }
    lost = {reason: count for reason, count in told.items() if count}
    if lost:
        said.append(f"Of {who}, not measured ({counts(lost)}): figures are of {one.agreement.n:,} items.")
    return said


def _alphas(one: MeasuredEntrant, row: BaselineRow, contest: Contest) -> str:
    own, apart = one.agreement.metrics["alpha"].value, contest.difference.value
    # On the items that were rated, which may be fewer than those of the baseline's row.
    other = row.agreement.metrics["alpha"].value if own is None or apart is None else own - apart
    return f"alpha {number(own)} against {number(other)} ({interval(contest.difference)})"


def _settling(contest: Contest) -> str:
    """Say what keeps a comparison from being settled, and how many labels would settle it."""
    needed = contest.needed
    if needed is None:
        return ""
    if needed.items is None:
        return f"; {needed.note}" if needed.difference is None else ""
    corrected = ""
    if needed.settled and contest.adjusted is not None:
        corrected = f"; corrected for all comparisons its p is {contest.adjusted:.2g}"
    if needed.items <= needed.n:  # it would be settled already, but for the correction or a p-value of few resamples
        return corrected
    return f"{corrected}; if that is the true difference, about {_rounded(needed.items):,} items would settle it"


def _rounded(count: int) -> int:
    """Round to two digits: the number is a guess of a guess."""
    size = 10 ** max(len(str(count)) - 2, 0)
    return -(-count // size) * size
