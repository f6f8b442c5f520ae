"""Knows what the command `accord audit` does, step by step and resumably; does not know what an audit measures."""

import time
from collections.abc import Mapping
from pathlib import Path

import dspy

from ...data import Agreement, Journal, agreement, content_hash
from ...data.files import write_json_whole
from ...optimizers import Bill, Budget, Ledger, budgeted
from ...programs import (
    AuditRatings,
    Guideline,
    LevelEngine,
    Probe,
    audit_findings,
    make_probes,
    price_of,
)
from ...programs.audits import AnyRater, repeats_itself, single
from ...programs.directory import rater_record
from ..console import Console
from .inputs import AuditData, open_audit
from .paraphrases import foresee, have_paraphrases
from .plan import AuditOptions, AuditPlan, plan_audit
from .record import AskedSet, AuditReport
from .terminal import show_audit, show_plan

JOURNAL, REPORT = "audit.sqlite", "audit.json"
"""The journal has a name of its own, as that of a run holds draws of another corpus and is refused for this one."""


def plan_file(
    rater: AnyRater, data: Path, out: Path, options: AuditOptions, console: Console, *, as_json: bool = False
) -> AuditPlan:
    """Print what an audit would ask, and what that costs at most; nobody is asked and nothing is written.

    Raises:
        InputError: For anything wrong with the data or a guideline, naming place and cure.
        SetupError: If another process audits into the same folder.
    """
    opened = _open(rater, data, options)
    path = out / JOURNAL
    if not path.exists():
        plan = _plan(rater, opened, options, None)
    else:
        with Journal(path) as journal:
            plan = _plan(rater, opened, options, journal)
    show_plan(plan, console, as_json=as_json)
    return plan


def audit_file(
    rater: AnyRater, folder: Path, data: Path, out: Path, options: AuditOptions, *, as_json: bool, console: Console
) -> AuditReport:
    """Audit a rater on a file of items, print what was found and write it to a folder.

    Every reply is in the folder's journal before it is used: an audit that was killed, or ended by its budget, goes on
    with the same command, and asks nothing twice.

    Args:
        rater: Who is audited.
        folder: The rater's directory.
        data: The items.
        out: Gets audit.sqlite and audit.json; may be the directory of the run that made the rater.
        options: What is asked.
        as_json: Whether to print audit.json instead of a table.
        console: Where progress and results go.

    Raises:
        InputError: For anything wrong with the data or a guideline, naming place and cure.
        SetupError: If no call can succeed, another process audits into the same folder, or dollars are limited and the
            price is unknown.
        RetryError: If the disk is full; what was recorded is kept.
    """
    started = time.monotonic()
    opened = _open(rater, data, options)
    price = price_of(single(rater).lm)
    Ledger(
        options.budget, price, model=str(single(rater).lm.model)
    )  # refuses what it cannot keep before anybody is asked
    with Journal(out / JOURNAL) as journal:
        corpus = opened.whole
        journal.claim(corpus.origin, {item.id: content_hash(item.fields) for item in corpus})
        plan = _plan(rater, opened, options, journal)
        for sentence in plan.sentences():
            console.say(f"plan: {sentence}")
        told = have_paraphrases(single(rater), options, journal, console)
        budget = _left(options.budget, told.cost, (time.monotonic() - started) / 60)
        probes = _probes(rater, opened, options, told.paraphrases.guidelines)
        ledger = Ledger(budget, price, model=str(single(rater).lm.model))
        asked = [_ask(probe, single(rater).lm, ledger, options.seed, journal, console) for probe in probes]
    sets = tuple(one.found for one in asked)
    ratings = AuditRatings(rater, opened.sample, sets, repeats_itself(rater), options.repeats, options.seed)
    with console.stage("looking for faults"):
        audits = audit_findings(
            ratings, by=opened.by, wanted=options.wanted, resamples=options.resamples, seed=options.seed
        )
    report = AuditReport(
        folder=str(folder),
        record=rater_record(folder, pairs=True),
        model=str(single(rater).lm.model),
        data=opened,
        options=options,
        plan=plan,
        sets=tuple(asked),
        spent=ledger.spent,
        writing=told.cost,
        stopped=ledger.exhausted,
        paraphrases=told.paraphrases,
        agreement=_agreement(ratings, options),
        audits=audits,
        seconds=time.monotonic() - started,
    )
    write_json_whole(out / REPORT, report.to_dict())
    show_audit(report, out / REPORT, console, as_json=as_json)
    return report


def _open(rater: AnyRater, data: Path, options: AuditOptions) -> AuditData:
    return open_audit(data, rater, options.columns, by=options.by, items=options.items, seed=options.seed)


def _ask(probe: Probe, lm: dspy.LM, ledger: Ledger, seed: int, journal: Journal, console: Console) -> AskedSet:
    before = ledger.spent
    if isinstance(lm.engine, LevelEngine) and probe.rater.scoring.rule != "mode" and ledger.late:
        # Reading the levels' probabilities in this process is no call, so nothing else would look at the clock.
        return AskedSet(probe.unasked(ledger.late), Bill())
    with console.stage(probe.name, line=False) as progress:
        found = probe.ask(lm=budgeted(lm, ledger), seed=seed, journal=journal, progress=progress)
    asked = AskedSet(found, _less(ledger.spent, before))
    if found.begun:
        part = f" of {len(probe.corpus):,}" if found.asked < len(probe.corpus) else ""
        console.say(f"{probe.name}: {found.asked:,}{part} items, {asked.cost.calls:,} calls")
    return asked


def _plan(rater: AnyRater, opened: AuditData, options: AuditOptions, journal: Journal | None) -> AuditPlan:
    told = foresee(single(rater), options, journal)
    return plan_audit(
        _probes(rater, opened, options, told.guidelines),
        single(rater).lm,
        price=price_of(single(rater).lm),
        budget=options.budget,
        seed=options.seed,
        journal=journal,
        writing=told.calls,
    )


def _probes(
    rater: AnyRater, opened: AuditData, options: AuditOptions, told: Mapping[str, Guideline]
) -> tuple[Probe, ...]:
    return make_probes(rater, opened.sample, repeats=options.repeats, paraphrases=told, seed=options.seed)


def _left(budget: Budget, spent: Bill, minutes: float) -> Budget:
    """Return what a budget has left."""
    used = {"usd": spent.usd, "tokens": spent.tokens, "calls": spent.calls, "minutes": minutes}
    left = {
        name: max(0, most - (0 if used[name] is None else used[name]))
        for name, most in budget.to_dict().items()
        if most is not None
    }
    return Budget(**left)


def _less(bill: Bill, other: Bill) -> Bill:
    usd = None if bill.usd is None or other.usd is None else bill.usd - other.usd
    return Bill(
        bill.calls - other.calls,
        bill.prompt_tokens - other.prompt_tokens,
        bill.completion_tokens - other.completion_tokens,
        usd,
    )


def _agreement(ratings: AuditRatings, options: AuditOptions) -> Agreement | None:
    """Return how far the rater agrees with people as deployed, on the items that it was asked about."""
    rated = [(item, rating) for item, rating in zip(ratings.corpus, ratings.deployed, strict=True) if rating.asked]
    golds = [item.gold for item, _ in rated if item.gold is not None]
    if not rated or len(golds) < len(rated):
        return None
    scores = [rating.score for _, rating in rated]
    return agreement(
        [rating.label for _, rating in rated],
        golds,
        ratings.corpus.scale,
        scores=None if all(score is None for score in scores) else scores,
        groups=[item.group for item, _ in rated],
        resamples=options.resamples,
        seed=options.seed,
    )
