"""Knows how to reconstruct the thinking behind labels by drawing blind and keeping what matches; not what it is for.

The method is that of Zhang et al., "Through the Judge's Eyes" (arXiv 2510.25860, section 3): the teacher reads the
rater's own guideline and the item, without the label, reasons to a label at temperature 1, and what reaches the human
label stands for the thinking behind it. Each decision on the way (what is a match, when to stop, how many draws to ask
for at once, which draw stands for the item, what to do where none matches) is an object of its own.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

import dspy
import numpy as np

from ..data import Draw, Journal, Scale, SetupError, content_hash, opened
from ..programs import Completion, Price, Progress, Prompt, Rater, Sampling, draw_of, price_of, resolve_model
from .acceptance import Acceptance, Exact
from .base import Compiler, check_examples
from .budget import Budget
from .drawing import Drawer
from .filters import DEFAULT_FILTERS, Filter
from .forecast import Forecast, forecast
from .hints import Hints, HintWish, hinted
from .item_draws import ItemDraws, settle
from .ledger import Ledger
from .pilot import item_cost, pilot_places
from .sampling_run import FIRST_COHORT, SamplingRun
from .sampling_state import ItemState
from .selection import Medoid, Selection
from .stopping import Confident, Exhaust, Stopping
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
        select: Which accepted draw stands for the item: `Medoid`, `Earliest` (the paper) or `Shortest`.
        filters: What cannot stand for an item, whatever its label.
        hint: ``"fallback"`` or `Hints` shows the label of items that no blind draw explains; see `accord.optimizers.hints`.
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
            SetupError: If `samples` or `wave` is below 1, the temperature does not sample, or the hint is unknown.
        """
        super().__init__()
        for name, value in {"samples": samples, "wave": wave}.items():
            if value is not None and value < 1:
                raise SetupError(f"{name}={value}", place="RejectionSampling", cure=f"Give {name}=1 or more.")
        if temperature <= 0:
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
            InputError: If an example does not fit the rater, or the journal belongs to another corpus.
        """
        with self._prepared(rater, trainset, teacher) as made:
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
        with self._prepared(rater, trainset, teacher) as made:
            # What an earlier run has recorded is known already; its items came in this order too.
            known = sum(1 for _ in takewhile(lambda state: state.recorded, made.states))
            traces = self._traces(made, made.states[: max(pilot, known)])
        places = {state.item_id: place for place, state in enumerate(made.states)}
        costs = [item_cost(places[one.item_id], one.all_draws, explained=one.explained) for one in traces.items]
        return forecast(costs, [len(state.prompt.bytes) for state in made.states], price=traces.price, seed=self.seed)

    @contextmanager
    def _prepared(self, rater: Any, trainset: Sequence[Any], teacher: Any) -> Iterator["_Prepared"]:
        """Check everything that can be checked before a call is paid for, and open the journal."""
        examples = check_examples(rater, trainset, "trainset")
        teacher = _teacher(rater, teacher)
        limit = teacher.lm.kwargs.get("max_tokens") if self.max_tokens is None else self.max_tokens
        sampling = Sampling(self.temperature, Sampling.max_tokens if limit is None else limit, self.seed)
        price = price_of(teacher.lm) if self.price is None else self.price
        ledger = Ledger(self.budget, price, model=str(teacher.lm.model))
        with opened(self.journal) as journal:
            if journal is not None:
                _claim(journal, examples, teacher.fields)
            drawer = Drawer(teacher.lm, sampling, journal=journal, ledger=ledger)
            states, aimless = self._states(teacher, examples, drawer)
            yield _Prepared(teacher, drawer, states, aimless, price, rater.scale)

    def _states(
        self, teacher: Rater, examples: Sequence[dspy.Example], drawer: Drawer
    ) -> tuple[list[ItemState], list[dspy.Example]]:
        """Return the items in the order in which they are drawn for, and the examples without a target."""
        prompts = [teacher.prompt({name: example[name] for name in teacher.fields}) for example in examples]
        known = drawer.recorded(prompts)
        recorded: dict[str, dict[int, Draw]] = {}
        states: list[ItemState] = []
        aimless: list[dspy.Example] = []
        for place, (example, prompt) in enumerate(zip(examples, prompts, strict=True)):
            target = self.accept.target(example, teacher.scale)
            if target is None:
                aimless.append(example)
                continue
            # Items with one text share one record.
            own = recorded.setdefault(prompt.sha256, {draw.index: draw for draw in known.get(prompt.sha256, ())})
            item_id = _item_id(example, teacher.fields)
            states.append(
                ItemState(place, example, item_id, prompt, target, self.accept, teacher.scale, self.samples, own)
            )
        if not states:
            cure = "Give examples that the acceptance rule finds a label in; ByAnnotator needs that annotator's id."
            raise SetupError("no example has a label to reach", place="RejectionSampling", cure=cure)
        # The first cohort teaches all later ones, so every label and every length has its share in it.
        sizes = [len(state.prompt.bytes) for state in states]
        first = pilot_places(sizes, FIRST_COHORT, labels=[state.target for state in states], seed=self.seed)
        shuffled = np.random.default_rng(self.seed).permutation(len(states)).tolist()
        order = sorted(shuffled, key=set(first).__contains__, reverse=True)
        return [states[place] for place in order], aimless

    def _traces(self, made: "_Prepared", states: Sequence[ItemState]) -> Traces:
        """Draw for these items, give hints where that is wanted, and decide what stands for each."""
        read = made.read
        run = SamplingRun(
            made.drawer,
            read,
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
        if self.hint is not None:
            settled = self._hinted(made, self.hint, settled)
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
        )

    def _hinted(self, made: "_Prepared", policy: Hints, settled: Sequence[ItemDraws]) -> list[ItemDraws]:
        """Show the label of what no blind draw explains, and keep what leads a blind reader back to it."""
        wanting = [item for item in settled if not item.explained]
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


@dataclass(frozen=True)
class _Prepared:
    """Everything that a run needs, checked."""

    teacher: Rater
    drawer: Drawer
    states: list[ItemState]
    aimless: list[dspy.Example]
    price: Price | None
    scale: Scale

    def read(self, item_id: str, prompt: Prompt, index: int, completion: Completion) -> Draw:
        """Read a blind draw."""
        return draw_of(self.teacher, item_id, prompt.sha256, index, completion)


def _teacher(rater: Rater, teacher: Any) -> Rater:
    if teacher is None:
        return rater
    if isinstance(teacher, str | dspy.LM):
        return rater.variant(lm=resolve_model(teacher))
    if not isinstance(teacher, Rater):
        cure = "Give a model's name, a dspy.LM or a Rater."
        raise SetupError(f"the teacher is a {type(teacher).__name__}", place="RejectionSampling", cure=cure)
    if teacher.scale.to_dict() != rater.scale.to_dict():
        cure = "Give both the same scale: a draw is accepted by comparing labels."
        raise SetupError("the teacher's scale differs from the student's", place="RejectionSampling", cure=cure)
    return teacher


def _claim(journal: Journal, examples: Sequence[dspy.Example], fields: Sequence[str]) -> None:
    """Bind the journal to the corpus of the examples, or refuse it."""
    origins = {example.get("corpus_id") for example in examples}
    items = {
        _item_id(example, fields): content_hash({name: str(example[name]) for name in fields}) for example in examples
    }
    journal.claim(origins.pop() if len(origins) == 1 else None, items)


def _item_id(example: dspy.Example, fields: Sequence[str]) -> str:
    """Return an example's id; one without is known by its content, as in a corpus."""
    if example.get("item_id") is not None:
        return str(example["item_id"])
    content = json.dumps([[name, example[name]] for name in fields], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:16]
