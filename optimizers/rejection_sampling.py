"""Knows how to reconstruct the thinking behind labels by drawing blind and keeping what matches; not what it is for.

The method is that of Zhang et al., "Through the Judge's Eyes" (arXiv 2510.25860, section 3): the teacher reads the
rater's own guideline and the item, without the label, reasons to a label at temperature 1, and the first draw that
reaches the human label stands for the thinking behind it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dspy

from ..data import Draw, Journal, Label, Scale, SetupError, Source, opened
from ..programs import Ask, Completion, Progress, Prompt, Rater, Sampling, complete, draw_of, identity, resolve_model
from .acceptance import Acceptance, Exact
from .base import Compiler, check_examples
from .stopping import Exhaust, First, Stopping
from .traces import ItemDraws, Spent, Traces


@dataclass
class _State:
    """One item in the making."""

    example: dspy.Example
    item_id: str
    prompt: Prompt
    recorded: dict[int, Draw]
    draws: list[Draw] = field(default_factory=list)
    matches: list[bool] = field(default_factory=list)
    tried: int = 0
    errors: int = 0


class RejectionSampling(Compiler):
    """Draws rationales and labels blind from a teacher and keeps those that reach the human label.

    Args:
        samples: The most draws an item gets (k in the paper).
        stop: When an item has enough draws: `First` (the paper) or `Exhaust`.
        accept: When a drawn label matches: `Exact` (the paper) or `Within`.
        temperature: Of the draws.
        max_tokens: Limit on a reply's tokens, thinking included; None takes the teacher's own.
        seed: Of the draws, for engines that can be seeded.
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
        temperature: float = 1.0,
        max_tokens: int | None = None,
        seed: int = 0,
        journal: Journal | str | Path | None = None,
        into: Compiler | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Keep the policy; nothing is drawn yet.

        Raises:
            SetupError: If `samples` is below 1, or the temperature does not sample.
        """
        super().__init__()
        if samples < 1:
            raise SetupError(f"samples={samples}", place="RejectionSampling", cure="Give samples=1 or more.")
        if temperature <= 0:
            cure = "Give a temperature above 0, e.g. 1.0: at 0 all draws of an item are the same."
            raise SetupError(f"temperature={temperature}", place="RejectionSampling", cure=cure)
        self.samples = samples
        self.stop = First() if stop is None else stop
        self.accept = Exact() if accept is None else accept
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
            trainset: Labelled examples. The label decides what is kept and never enters a prompt.
            teacher: Who draws: None (the rater's own model), a model's name or LM (under the rater's guideline), or
                another rater on the same scale (under its own guideline).

        Raises:
            SetupError: If the set-up cannot work: no model, another scale, a journal in use, a wrong key.
            InputError: If an example does not fit the rater.
        """
        examples = check_examples(rater, trainset, "trainset")
        teacher = _teacher(rater, teacher)
        limit = teacher.lm.kwargs.get("max_tokens") if self.max_tokens is None else self.max_tokens
        sampling = Sampling(self.temperature, Sampling.max_tokens if limit is None else limit, self.seed)
        source = Source(identity(teacher.lm), sampling.to_dict())
        with opened(self.journal) as journal:
            states = [self._state(teacher, example, source, journal) for example in examples]
            spent = self._draw_all(teacher, states, sampling, source, journal)
        return Traces(
            items=tuple(_finished(state) for state in states),
            scale=rater.scale,
            source=source,
            accept=self.accept,
            samples=self.samples,
            exhausted=isinstance(self.stop, Exhaust),
            spent=spent,
        )

    def _state(self, teacher: Rater, example: dspy.Example, source: Source, journal: Journal | None) -> _State:
        prompt = teacher.prompt({name: example[name] for name in teacher.fields})
        recorded = [] if journal is None else journal.draws(source, prompt.sha256)
        item_id = example.get("item_id")
        known = str(item_id) if item_id is not None else _content_id(example, teacher.fields)
        return _State(example, known, prompt, {draw.index: draw for draw in recorded})

    def _draw_all(
        self, teacher: Rater, states: list[_State], sampling: Sampling, source: Source, journal: Journal | None
    ) -> Spent:
        """Draw in rounds until the stopping rule wants no more of any item; recorded draws are not asked again."""
        spent = Spent()
        done = 0
        while True:
            asks: list[tuple[_State, Ask]] = []
            for state in states:
                missing = self._wanted(state, teacher.scale)
                if missing:
                    asks.append((state, Ask(state.prompt, missing)))
            done = len(states) - len(asks)
            self._report(done, states)
            if not asks:
                return spent
            for place, completions in complete(teacher.lm, [ask for _, ask in asks], sampling):
                state, ask = asks[place]
                drawn = self._record(teacher, state, ask, completions, source, journal)
                spent = Spent(
                    spent.draws + len(drawn),
                    spent.prompt_tokens + sum(draw.prompt_tokens for draw in drawn),
                    spent.completion_tokens + sum(draw.completion_tokens for draw in drawn),
                )
                if not self._wanted(state, teacher.scale):
                    done += 1
                self._report(done, states)

    def _wanted(self, state: _State, scale: Scale) -> tuple[int, ...]:
        """Take recorded draws as long as the stopping rule wants draws; return the indices that must be asked for."""
        while True:
            more = self.stop.more(state.matches, self.samples - state.errors)
            wanted = range(state.tried, min(state.tried + more, self.samples))
            missing = tuple(index for index in wanted if index not in state.recorded)
            if missing or not wanted:
                return missing
            for index in wanted:
                _take(state, state.recorded[index], self.accept, scale)

    def _record(
        self,
        teacher: Rater,
        state: _State,
        ask: Ask,
        completions: Sequence[Completion],
        source: Source,
        journal: Journal | None,
    ) -> list[Draw]:
        """Commit what came back, then use it. A failed request is no draw: it is counted, and asked again next time."""
        drawn = [
            draw_of(teacher, state.item_id, state.prompt.sha256, index, completion)
            for index, completion in zip(ask.draws, completions, strict=True)
            if not completion.error
        ]
        if journal is not None and drawn:
            journal.record(source, drawn)
        state.recorded.update({draw.index: draw for draw in drawn})
        failed = [index for index, completion in zip(ask.draws, completions, strict=True) if completion.error]
        state.errors += len(failed)
        for index in range(state.tried, max(ask.draws) + 1):
            if index in failed:
                state.tried = index + 1
            else:
                _take(state, state.recorded[index], self.accept, teacher.scale)
        return drawn

    def _report(self, done: int, states: Sequence[_State]) -> None:
        if self.progress is None:
            return
        draws = sum(len(state.draws) for state in states)
        hits = sum(sum(state.matches) for state in states)
        self.progress(done, len(states), f"{draws:,} draws, hit rate {hits / draws:.0%}" if draws else "")


def _take(state: _State, draw: Draw, accept: Acceptance, scale: Scale) -> None:
    """Use a draw. One without a rationale explains nothing, so it cannot match, whatever its label."""
    matched = draw.label is not None and bool(draw.rationale) and _matches(accept, draw.label, state, scale)
    state.draws.append(replace(draw, item_id=state.item_id))
    state.matches.append(matched)
    state.tried = draw.index + 1


def _matches(accept: Acceptance, label: Label, state: _State, scale: Scale) -> bool:
    return accept.matches(label, state.example["label"], scale)


def _finished(state: _State) -> ItemDraws:
    chosen = next((place for place, matched in enumerate(state.matches) if matched), None)
    return ItemDraws(
        state.example, state.item_id, tuple(state.draws), tuple(state.matches), chosen, errors=state.errors
    )


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


def _content_id(example: dspy.Example, fields: Sequence[str]) -> str:
    """Identify an example without an id by its content, as a corpus does."""
    content = json.dumps([[name, example[name]] for name in fields], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:16]
