"""Knows how to reconstruct the thinking behind labels by drawing blind and keeping what matches; not what it is for.

The method is that of Zhang et al., "Through the Judge's Eyes" (arXiv 2510.25860, section 3): the teacher reads the
rater's own guideline and the item, without the label, reasons to a label at temperature 1, and what reaches the human
label stands for the thinking behind it. Each decision on the way (what is a match, when to stop, how many draws to ask
for at once, which draw stands for the item, what to do where none matches) is an object of its own.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

from ..data import Journal, SetupError
from ..programs import Price, Progress, Rater
from .budget import Budget, Forecast, forecast, item_cost
from .compiler import Compiler
from .rationales import DEFAULT_FILTERS, Filter, Medoid, Selection
from .sampling import (
    Acceptance,
    Confident,
    Exact,
    Exhaust,
    Hints,
    HintWish,
    ItemDraws,
    ItemState,
    PeopleFirst,
    Repair,
    SamplingRun,
    SamplingSetup,
    Stopping,
    hinted,
    set_up,
    settle,
)
from .traces import Traces


class RejectionSampling(Compiler):
    """Draws rationales and labels blind from a teacher and keeps those that reach the human label.

    Items are drawn for in cohorts of a seeded random order: what the draws of earlier cohorts say about hit rates,
    chances and tokens sets the wave sizes and the patience of the next. Within a cohort nothing waits for anything, and
    every decision depends on recorded draws alone, so an interrupted run ends with the traces of an uninterrupted one.

    Args:
        samples: The most draws an item gets (k in the paper).
        stop: When an item has enough draws: `Confident`, `First` (the paper) or `Exhaust`.
        accept: What a draw must reach: `Exact` (the paper), `Within`, `AnyAnnotator` or `ByAnnotator`.
        select: Which accepted draw stands for the item: `Medoid`, `Earliest` (the paper) or `Shortest`; `PeopleFirst`
            puts what people picked or wrote before another rule.
        filters: What cannot stand for an item, whatever its label.
        hint: ``"fallback"`` or `Hints` shows the label of items that no blind draw explains; see
            `accord.optimizers.sampling.hints`.
        repair: `Repair` forces a label out of replies that forget theirs, where the teacher's model runs here. Such
            draws match nothing; they are counted apart, and tell what the teacher leans to.
        wave: Draws asked for at once; None finds the cheapest sizes.
        budget: What may be spent in one `infer`; draws found in the journal cost nothing.
        price: What the teacher charges, where LiteLLM's table does not know it.
        temperature: Of the draws.
        max_tokens: Limit on a reply's tokens, thinking included; None takes the teacher's own.
        seed: Of the draws, for engines that can be seeded, and of the order of the items.
        journal: Where every draw is committed before it is used: a path, an open `Journal`, or None for no record.
        into: The compiler that `compile` hands the traces to.
        progress: Called with (items done, items, note) as the draws come in.
    """

    def __init__(
        self,
        samples: int = 16,
        *,
        stop: Stopping | None = None,
        accept: Acceptance | None = None,
        select: Selection | None = None,
        filters: Sequence[Filter] = DEFAULT_FILTERS,
        hint: Hints | Literal["fallback"] | None = None,
        repair: Repair | None = None,
        wave: int | None = None,
        budget: Budget | None = None,
        price: Price | None = None,
        temperature: float = 1.0,
        max_tokens: int | None = None,
        seed: int = 0,
        journal: Journal | str | Path | None = None,
        into: Compiler | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Keep the policy; nothing is drawn yet.

        Raises:
            SetupError: If `samples`, `wave` or `max_tokens` is below 1, the temperature does not sample, or the hint is
                unknown.
        """
        super().__init__()
        for name, value in {"samples": samples, "wave": wave, "max_tokens": max_tokens}.items():
            if value is not None and value < 1:
                raise SetupError(f"{name}={value}", place="RejectionSampling", cure=f"Give {name}=1 or more.")
        if not temperature > 0:
            cure = "Give a temperature above 0, e.g. 1.0: at 0 all draws of an item are the same."
            raise SetupError(f"temperature={temperature}", place="RejectionSampling", cure=cure)
        if isinstance(hint, str) and hint != "fallback":
            raise SetupError(f"hint={hint!r}", place="RejectionSampling", cure="Give 'fallback', Hints(...) or None.")
        self.samples = samples
        self.stop = Confident() if stop is None else stop
        self.accept = Exact() if accept is None else accept
        self.select = Medoid() if select is None else select
        self.filters = tuple(filters)
        self.hint = Hints() if hint == "fallback" else hint
        self.repair = repair
        self.wave = wave
        self.budget = Budget() if budget is None else budget
        self.price = price
        self.temperature = temperature
        self.max_tokens = max_tokens
        self.seed = seed
        self.journal = journal
        self.into = into
        self.progress = progress

    def compile(
        self, student: Any, *, trainset: Sequence[Any], valset: Sequence[Any] | None = None, teacher: Any = None
    ) -> Rater:
        """Draw traces for `trainset` and compile the student from them.

        Args:
            student: The rater to start from; left unchanged.
            trainset: Labelled examples; see `accord.data.Corpus.examples`.
            valset: Labelled examples that the inner compiler chooses on.
            teacher: Who draws; see `infer`.

        Raises:
            SetupError: If there is no inner compiler (``into=``).
        """
        if self.into is None:
            cure = "Give into=FineTune(...) or into=DistillGuideline(...), or use infer() for the traces alone."
            raise SetupError("there is nothing to compile into", place="RejectionSampling", cure=cure)
        traces = self.infer(student, trainset=trainset, teacher=teacher)
        compiled = self.into.compile(student, trainset=traces, valset=valset)
        compiled.provenance = {**compiled.provenance, "traces": traces.summary()}
        return compiled

    def infer(self, rater: Any, *, trainset: Sequence[Any], teacher: Any = None) -> Traces:
        """Reconstruct the thinking behind the labels of `trainset`.

        Args:
            rater: Whose guideline is shown.
            trainset: Labelled examples. The label decides what is kept and never enters a blind prompt.
            teacher: Who draws: None (the rater's own model), a model's name or LM (under the rater's guideline), or
                another rater on the same scale (under its own guideline).

        Raises:
            SetupError: If the set-up cannot work: no model, another scale, a journal in use, a wrong key, a budget in
                dollars without a price.
            InputError: If an example does not fit the rater, two have one id, or the journal belongs to another corpus.
        """
        with self._set_up(rater, trainset, teacher) as made:
            return self._traces(made, made.states)

    def forecast(self, rater: Any, *, trainset: Sequence[Any], teacher: Any = None, pilot: int = 32) -> Forecast:
        """Say what `infer` would cost, from a small pilot.

        The pilot draws for the first items of the seeded order that `infer` goes through. Its draws are paid for, and
        recorded: with a journal the run that follows finds them.

        Args:
            rater: As for `infer`.
            trainset: As for `infer`.
            teacher: As for `infer`.
            pilot: Items to draw for.
        """
        if pilot < 2:
            raise SetupError(f"pilot={pilot}", place="RejectionSampling.forecast", cure="Give pilot=2 or more.")
        with self._set_up(rater, trainset, teacher) as made:
            # What an earlier run has recorded is known already; its items came in this order too.
            known = sum(1 for _ in takewhile(lambda state: state.recorded, made.states))
            traces = self._traces(made, made.states[: max(pilot, known)])
        places = {state.item_id: place for place, state in enumerate(made.states)}
        # An item that the budget cut short would look cheap.
        whole = [one for one in traces.items if not one.cut_short]
        if not whole:
            cure = "Allow a few items' worth of draws: the pilot is paid from the budget too."
            raise SetupError(f"the budget ended the pilot ({traces.stopped})", place="forecast", cure=cure)
        costs = [item_cost(places[one.item_id], one.all_draws, explained=one.explained) for one in whole]
        return forecast(costs, [len(state.prompt.bytes) for state in made.states], price=traces.price, seed=self.seed)

    def _set_up(self, rater: Any, trainset: Sequence[Any], teacher: Any) -> AbstractContextManager[SamplingSetup]:
        names = ("accept", "samples", "budget", "price", "temperature", "max_tokens", "seed", "journal")
        return set_up(rater, trainset, teacher, **{name: getattr(self, name) for name in names})

    def _traces(self, made: SamplingSetup, states: Sequence[ItemState]) -> Traces:
        """Draw for these items, give hints where that is wanted, and decide what stands for each."""
        run = SamplingRun(
            made.drawer,
            made.read if self.repair is None else self.repair.reader(made.teacher, made.drawer.sampling, made.read),
            stop=self.stop,
            wave=self.wave,
            accept=self.accept,
            scale=made.scale,
            states=states,
            price=made.price,
            progress=self.progress,
        )
        unfinished = run.draw()
        beliefs = run.beliefs()
        settled = [
            settle(
                state,
                beliefs,
                stop=self.stop,
                select=self.select,
                filters=self.filters,
                cut_short=state in unfinished,
            )
            for state in sorted(states, key=lambda state: state.place)
        ]
        # Before hints, which are not paid for where people wrote; after them, as people may have picked a hinted one.
        settled = self._with_people(settled)
        if self.hint is not None:
            settled = self._with_people(self._hinted(made, self.hint, settled))
        return Traces(
            items=tuple(settled),
            scale=made.scale,
            source=made.drawer.source,
            accept=self.accept,
            samples=self.samples,
            exhausted=isinstance(self.stop, Exhaust),
            spent=made.drawer.ledger.spent,
            asked=made.drawer.asked,
            price=made.price,
            stopped=made.drawer.ledger.exhausted,
            aimless=tuple(made.aimless),
            hint_weight=Hints.weight if self.hint is None else self.hint.weight,
            human_weight=self.select.weight if isinstance(self.select, PeopleFirst) else PeopleFirst.weight,
        )

    def _with_people(self, settled: Sequence[ItemDraws]) -> list[ItemDraws]:
        rule = self.select
        return [rule.standing(item) for item in settled] if isinstance(rule, PeopleFirst) else list(settled)

    def _hinted(self, made: SamplingSetup, policy: Hints, settled: Sequence[ItemDraws]) -> list[ItemDraws]:
        """Show the label of what no blind draw explains, and keep what leads a blind reader back to it.

        What the budget cut short may yet be explained blind: it is left to a later run.
        """
        wanting = [item for item in settled if not item.explained and not item.cut_short]
        wishes = [
            HintWish(
                item.item_id,
                {name: item.example[name] for name in made.teacher.fields},
                item.target if isinstance(item.target, tuple) else (item.target,),
                lambda label, target=item.target: self.accept.matches(label, target, made.scale),
            )
            for item in wanting
        ]
        found = hinted(made.teacher, wishes, made.drawer.many, policy=policy, filters=self.filters)
        given = {item.item_id: hint for item, hint in zip(wanting, found, strict=True)}
        return [item if item.item_id not in given else item.with_hint(given[item.item_id]) for item in settled]
