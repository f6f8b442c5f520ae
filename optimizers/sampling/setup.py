"""Knows how a run of rejection sampling is set up and checked before a call is paid for; does not draw."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy
import numpy as np

from ...data import Draw, InputError, Journal, Scale, SetupError, content_hash, content_id, opened
from ...programs import Completion, Price, Prompt, Rater, Sampling, draw_of, price_of, resolve_model
from ..budget import Budget, Drawer, Ledger, pilot_places
from ..compiler import check_examples
from .acceptance import Acceptance
from .item_draws import TRACE_KEYS
from .item_state import ItemState
from .run import FIRST_COHORT


@dataclass(frozen=True)
class SamplingSetup:
    """Everything that a run needs, checked.

    Attributes:
        teacher: Who draws.
        drawer: Gets the draws.
        states: The items, in the order in which they are drawn for.
        aimless: The examples without a target.
        price: What the teacher charges, None where it is unknown.
        scale: The student's scale.
    """

    teacher: Rater
    drawer: Drawer
    states: list[ItemState]
    aimless: list[dspy.Example]
    price: Price | None
    scale: Scale

    def read(self, item_id: str, prompt: Prompt, index: int, completion: Completion) -> Draw:
        """Read a blind draw."""
        return draw_of(self.teacher, item_id, prompt.sha256, index, completion)


@contextmanager
def set_up(
    rater: Any,
    trainset: Sequence[Any],
    teacher: Any,
    *,
    accept: Acceptance,
    samples: int,
    budget: Budget,
    price: Price | None,
    temperature: float,
    max_tokens: int | None,
    seed: int,
    journal: Journal | str | Path | None,
) -> Iterator[SamplingSetup]:
    """Check everything that can be checked before a call is paid for, and open the journal while the run lasts.

    Args:
        rater: Whose guideline is shown.
        trainset: Labelled examples.
        teacher: Who draws; see `RejectionSampling.infer`, which also has the other arguments.
        accept: What a draw must reach.
        samples: The most draws an item gets.
        budget: What may be spent.
        price: What the teacher charges; None looks it up.
        temperature: Of the draws.
        max_tokens: Limit on a reply's tokens; None takes the teacher's own.
        seed: Of the draws and of the order of the items.
        journal: Where draws are kept.

    Raises:
        SetupError: If the set-up cannot work.
        InputError: If an example does not fit, two have one id, or the journal belongs to another corpus.
    """
    examples = check_examples(rater, trainset, "trainset")
    teacher = _reasoning(_teacher(rater, teacher))
    examples = check_examples(teacher, examples, "trainset")
    examples = [_ready(example, rater.fields, f"trainset[{place}]") for place, example in enumerate(examples)]
    ids = _ids(examples, teacher.fields)
    limit = teacher.lm.kwargs.get("max_tokens") if max_tokens is None else max_tokens
    sampling = Sampling(temperature, Sampling.max_tokens if limit is None else limit, seed)
    price = price_of(teacher.lm) if price is None else price
    ledger = Ledger(budget, price, model=str(teacher.lm.model))
    targets = [accept.target(example, teacher.scale) for example in examples]
    if all(target is None for target in targets):
        cure = "Give examples that the acceptance rule finds a label in; ByAnnotator needs that annotator's id."
        raise SetupError("no example has a label to reach", place="RejectionSampling", cure=cure)
    with opened(journal) as own:
        if own is not None:
            _claim(own, examples, ids, teacher.fields)
        drawer = Drawer(teacher.lm, sampling, journal=own, ledger=ledger)
        prompts = [teacher.prompt({name: example[name] for name in teacher.fields}) for example in examples]
        # Items with one text share one record.
        known = {sha256: {draw.index: draw for draw in draws} for sha256, draws in drawer.recorded(prompts).items()}
        states = [
            ItemState(
                place,
                example,
                ids[place],
                prompt,
                target,
                accept,
                teacher.scale,
                samples,
                known.setdefault(prompt.sha256, {}),
            )
            for place, (example, prompt, target) in enumerate(zip(examples, prompts, targets, strict=True))
            if target is not None
        ]
        aimless = [example for example, target in zip(examples, targets, strict=True) if target is None]
        yield SamplingSetup(teacher, drawer, _ordered(states, seed), aimless, price, rater.scale)


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


def _reasoning(teacher: Rater) -> Rater:
    """Return a teacher that writes its reasoning and a label: answers to a checklist are no thinking."""
    told = teacher.guideline
    return teacher if told.checklist is None else teacher.variant(guideline=told.with_checklist(None))


def _ready(example: Any, fields: Sequence[str], place: str) -> dspy.Example:
    """Return an example that knows its inputs, or refuse one that no trace can be made of."""
    if not isinstance(example, dspy.Example):
        cure = "Give dspy.Example objects; see Corpus.examples()."
        raise InputError(f"the example is a {type(example).__name__}", place=place, cure=cure)
    try:
        inputs = list(example.inputs().keys())
    except ValueError:  # nobody has said which of its keys are inputs
        inputs = []
    wanted = list(dict.fromkeys([*inputs, *fields]))
    for name in wanted:
        if name in TRACE_KEYS:
            cure = f"Rename it; traces say {', '.join(TRACE_KEYS)} of themselves."
            raise InputError(f"a field cannot be called {name!r}", place=place, cure=cure)
    return example if len(wanted) == len(inputs) else example.with_inputs(*wanted)


def _ids(examples: Sequence[dspy.Example], fields: Sequence[str]) -> list[str]:
    """Return each example's id; one without is known by its content, as in a corpus."""
    ids: dict[str, int] = {}
    for place, example in enumerate(examples):
        if example.get("item_id") is not None:
            name = str(example["item_id"])
            what = f"the id {name!r} is used twice, here and in trainset[{{}}]"
        else:
            name = content_id([str(example[field]) for field in fields])
            what = "without an item_id, the example has the same text as trainset[{}]"
        if name in ids:
            cure = "Give every item one example and an item_id of its own; Corpus keeps several labels of one item."
            raise InputError(what.format(ids[name]), place=f"trainset[{place}]", cure=cure)
        ids[name] = place
    return list(ids)


def _claim(journal: Journal, examples: Sequence[dspy.Example], ids: Sequence[str], fields: Sequence[str]) -> None:
    """Bind the journal to the corpus of the examples, or refuse it."""
    origins = {example.get("corpus_id") for example in examples}
    contents = [content_hash({name: str(example[name]) for name in fields}) for example in examples]
    journal.claim(origins.pop() if len(origins) == 1 else None, dict(zip(ids, contents, strict=True)))


def _ordered(states: Sequence[ItemState], seed: int) -> list[ItemState]:
    """Return the items in the order in which they are drawn for: a random one, but for the first of them.

    The first cohort teaches all later ones, so every label and every length has its share in it.
    """
    sizes = [len(state.prompt.bytes) for state in states]
    first = pilot_places(sizes, FIRST_COHORT, labels=[state.target for state in states], seed=seed)
    shuffled = np.random.default_rng(seed).permutation(len(states)).tolist()
    return [states[place] for place in sorted(shuffled, key=set(first).__contains__, reverse=True)]
