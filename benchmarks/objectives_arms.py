"""Knows what `bench_objectives` trains and rates, arm by arm, and keeps one record of each; makes no tables.

A record holds the labels that an arm gave to the test items, what its training and its ratings cost, and how it did on
dev. A record that is there is not made again; FineTune's workspace and journal keep what a stopped run had begun.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import dspy
import psutil
from objectives_tasks import Items, Task, cut
from objectives_teacher import Teacher, report

from accord.data import Corpus, Journal, Label, Splits, constant, one_human, tfidf_baseline
from accord.optimizers import FineTune, Traces
from accord.programs import Candidate, Rater, Ratings, Scoring, forced_choice, rate

TRAINING: dict[str, Any] = {"batch_size": 4, "learning_rate": 1.5e-3}
"""As in the demo, which runs on the same model."""

LABELS, EPOCHS = 100, 3
Rows = Literal["traces", "lift", "own", "compiled"]


@dataclass(frozen=True)
class Group:
    """Objectives that are trained in one process, on the same rows.

    Attributes:
        suffix: What their arms' names end with.
        objectives: As in `FineTune`.
        labels: Train items.
        epochs: Passes over the rows.
        rows: The teacher's traces; the same weighted with their lift; the student's own traces, accepted by the same
            rule; or those of the teacher once it is compiled.
        samples: Replies at temperature 1 whose mean is the rating; 0 rates by the one reply at temperature 0.
    """

    suffix: str
    objectives: tuple[Any, ...]
    labels: int = LABELS
    epochs: int = EPOCHS
    rows: Rows = "traces"
    samples: int = 0

    @property
    def arms(self) -> list[str]:
        """The names of its arms."""
        names = [name for objective in self.objectives for name in _candidates(objective)]
        return [name + self.suffix for name in names]


def _candidates(objective: str) -> list[str]:
    return ["regression", "regression_expected"] if objective == "regression" else [objective]


MAIN = (
    Group("", ("trace", "label", "label_all", "label_first", "trace_shuffled", "regression")),
    Group(", 2x epochs", ("trace", "label"), epochs=2 * EPOCHS),
)
PAIRED = (Group("", ("preference",)),)
"""Apart, because a step of it costs as much as seven of ``trace``: no prefix is shared, and the base reads along."""

PAYS = (
    Group(", mean of 5", ("trace",), samples=5),
    Group(", 50 labels", ("trace", "label"), labels=50),
    Group(", 200 labels", ("trace", "label"), labels=200),
    Group(", lift weights", ("trace",), rows="lift"),
    Group(", own traces", ("trace",), rows="own"),
    Group(", compiled teacher", ("trace", "label"), rows="compiled"),
    Group(", compiled teacher, 2x epochs", ("trace", "label"), epochs=2 * EPOCHS, rows="compiled"),
)


@dataclass(frozen=True)
class Bench:
    """Everything an arm is made of.

    Attributes:
        task: The corpus.
        items: Which of its items.
        teacher: Who explains the labels.
        own: The student as its own teacher.
        student: The rater that is trained, before it is.
        folder: Where records, journals and trained weights are kept.
    """

    task: Task
    items: Items
    teacher: Teacher
    own: Teacher
    student: Rater
    folder: Path

    @cached_property
    def compiled(self) -> Teacher:
        """The teacher under the worked cases that `DistillGuideline` finds for it."""
        return self.teacher.compiled(self.task, self.items)

    def record_path(self, arm: str, seed: int) -> Path:
        """Return where an arm's record is kept."""
        name = arm.replace(", ", "-").replace(" ", "_")
        return self.folder / "records" / f"{name}-{seed}.json"

    def keep(self, arm: str, seed: int, record: dict[str, Any]) -> None:
        """Write a record at once."""
        path = self.record_path(arm, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".part")
        fresh.write_text(json.dumps({"arm": arm, "seed": seed, **record}), encoding="utf-8")
        fresh.replace(path)

    def missing(self, arms: Sequence[str], seed: int) -> list[str]:
        """Return the arms without a record."""
        return [arm for arm in arms if not self.record_path(arm, seed).exists()]


REFERENCES = ("constant", "tfidf", "one_human")
DRAWS = {"teacher": "draws", "compiled_teacher": "draws, compiled teacher"}
"""Where it is kept what the draws of a teacher for the train items came to."""

FIXED = ("zero_shot", "teacher", "compiled_teacher")


def references(bench: Bench, seed: int) -> None:
    """Rate with what needs no language model; and, with the first seed, with the untrained student and the teacher."""
    splits = cut(bench.task, bench.items, labels=LABELS, seed=seed)
    test = splits.test
    texts = [[item.text for item in part] for part in (splits.train, test)]
    fill = constant(splits.train.golds(), test.scale)
    bench.keep("constant", seed, {"labels": [fill] * len(test), "fill": fill})
    found = tfidf_baseline(texts[0], splits.train.golds(), texts[1], test.scale, seed)
    bench.keep("tfidf", seed, {"labels": found, "fill": fill})
    human = one_human(test, seed=seed)
    bench.keep("one_human", seed, {"labels": human.ratings, "gold": human.gold, "items": human.items, "fill": fill})
    if bench.missing(("zero_shot",), 0):
        with Journal(bench.folder / "ratings.sqlite") as journal:
            bench.keep("zero_shot", 0, _timed(lambda: forced_choice(bench.student, test, journal=journal), fill))
    _keep_teacher(bench, "teacher", bench.teacher, splits, seed)


def _keep_teacher(bench: Bench, name: str, teacher: Teacher, splits: Splits, seed: int) -> None:
    """Keep how a teacher rates the test items, once, and what its draws for the train items came to."""
    if bench.missing((name,), 0):
        rated = _timed(lambda: teacher.ratings(splits.test), constant(splits.train.golds(), splits.train.scale))
        bench.keep(name, 0, {**rated, "rate_tokens": teacher.rating_tokens(splits.test)})
    traces = teacher.traces(splits.train)
    found = traces.utilization(seed=seed)
    drawn = {"utilization": dict(found.curve), "luck": dict(found.luck), "draws": found.draws, "traces": len(traces)}
    drawn |= {"tokens": traces.tokens, "by": traces.source.model, "cases": len(teacher.rater.guideline.cases)}
    bench.keep(DRAWS[name], seed, drawn)


def run_group(bench: Bench, group: Group, seed: int) -> None:
    """Train what a group lacks, rate the test items with it, and write a record for each arm."""
    if not bench.missing(group.arms, seed):
        return
    splits = cut(bench.task, bench.items, labels=group.labels, seed=seed)
    if group.rows == "compiled":
        _keep_teacher(bench, "compiled_teacher", bench.compiled, splits, seed)
    trainset = _rows(bench, group, splits.train)
    fill = constant(splits.train.golds(), splits.train.scale)
    meter = Meter()
    with Journal(bench.folder / "ratings.sqlite") as journal:
        best = FineTune(
            objectives=group.objectives,
            epochs=group.epochs,
            margin=bench.task.margin,
            weighted=group.rows == "lift",
            seed=seed,
            workspace=bench.folder / "training",
            journal=journal,
            progress=meter,
            **TRAINING,
        ).compile(bench.student, trainset=trainset, valset=splits.dev.examples())
        for candidate in best.candidates:
            arm = candidate.name + group.suffix
            if bench.missing([arm], seed):
                bench.keep(arm, seed, _rated(candidate, group, splits, journal, seed, fill, meter))
    for objective, reason in best.provenance["skipped"].items():
        for name in _candidates(objective):
            bench.keep(name + group.suffix, seed, {"skipped": reason})


def _rated(
    candidate: Candidate, group: Group, splits: Splits, journal: Journal, seed: int, fill: Label, meter: "Meter"
) -> dict[str, Any]:
    """Rate the test items with one trained rater; return its record."""
    rater = candidate.rater
    if group.samples:
        rater = rater.variant(scoring=Scoring("mean", group.samples))
    record = _timed(lambda: rate(rater, splits.test, seed=seed, journal=journal, progress=report), fill)
    details = candidate.details
    return {
        **record,
        "group": asdict(group),
        "rows": candidate.items,
        "pairs": details.get("pairs"),
        "dev_alpha": candidate.dev.metrics["alpha"].value,
        "train_seconds": details["seconds"],
        "train_cpu_seconds": meter.cpu.get(details["objective"]),
        "train_tokens": details["tokens"],
        "losses": details["losses"],
    }


def _timed(rate_all: Any, fill: Label) -> dict[str, Any]:
    """Return the labels and scores of ratings with what they cost."""
    began, cpu = time.perf_counter(), time.process_time()
    ratings: Ratings = rate_all()
    return {
        "labels": ratings.labels,
        "scores": ratings.scores,
        "fill": fill,
        "unparsed": dict(ratings.unparsed),
        "rate_seconds": round(time.perf_counter() - began, 2),
        "rate_cpu_seconds": round(time.process_time() - cpu, 2),
        "rate_tokens": [ratings.prompt_tokens, ratings.completion_tokens],
    }


def _rows(bench: Bench, group: Group, train: Corpus) -> Traces | list[dspy.Example]:
    """Return what a group is trained on."""
    teacher = bench.own if group.rows == "own" else bench.compiled if group.rows == "compiled" else bench.teacher
    traces = teacher.traces(train)
    if group.rows == "lift":
        return [_with(example, weight=1.0 if example.lift is None else example.lift) for example in traces]
    return traces


def _with(example: dspy.Example, **changed: Any) -> dspy.Example:
    return dspy.Example(**{**dict(example), **changed}).with_inputs(*example.inputs().keys())


class Meter:
    """Progress of a compile, and the processor time that the training process had spent at the end of each objective.

    Seconds on a shared machine say little. What an objective takes includes loading the model, and for the first of a
    process its imports.

    Attributes:
        cpu: Objective to processor seconds.
    """

    def __init__(self) -> None:
        """Start with nothing measured."""
        self.cpu: dict[str, float] = {}
        self._process = psutil.Process()

    def __call__(self, done: int, total: int, note: str) -> None:
        """Report, and read the clock of the training process."""
        report(done, total, note)
        if note.startswith("training "):
            objective = note.removeprefix("training ").split(",")[0]
            spent = 0.0
            for child in self._process.children(recursive=True):
                try:
                    times = child.cpu_times()
                except psutil.NoSuchProcess:
                    continue
                spent += times.user + times.system
            if not spent:
                return  # it has just ended
            self.cpu[objective] = round(spent - sum(self.cpu[name] for name in self.cpu if name != objective), 2)
