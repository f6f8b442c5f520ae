"""Knows what a run has to do, and how a task file becomes that; does not do it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...data import Journal, Splits
from ...optimizers import Compiler, DistillGuideline, FineTune, GuidelineVersions, Subject, resolve_embedder
from ...programs import Progress, Rater, check_writes_labels, price_of, resolve_model

if TYPE_CHECKING:
    from .task import Task

JobTarget = Literal["weights", "guideline"]

MakeCompiler = Callable[[Journal, Path, Progress], Compiler]
"""Builds the compiler of a run from its journal, its directory and the bar to report on."""

WORKSPACE, VERSIONS = "training", "guidelines"
"""The folders of a run that adapters are trained in, and that the versions of its guideline are in."""

_NAMED = {"writer", "writer_api_base", "raters", "embedder", "embedder_api_base", "about"}
"""What a task file names and `DistillGuideline` is given as an object."""


@dataclass(frozen=True)
class Job:
    """Everything a run needs, made from a task file or by the demo.

    Attributes:
        name: The task's name.
        splits: Train, dev and test.
        student: The rater that is compiled.
        teacher: Who draws the traces.
        sampler: Its policy: samples, stop, accept, temperature, tokens, seed (journal and progress are the run's).
        make_compiler: Builds the compiler.
        seed: Of the statistics.
        extra: Further sections of report.json.
        origin: Plain data that goes into the rater's provenance.
    """

    name: str
    splits: Splits
    student: Rater
    teacher: Rater
    sampler: Mapping[str, Any]
    make_compiler: MakeCompiler
    seed: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)


def job_of(task: "Task", into: JobTarget, *, limits: Mapping[str, float | None]) -> Job:
    """Load a task's data and models, and check what can be checked before anyone is asked.

    Args:
        task: The task.
        into: What to compile into.
        limits: What of the task's budget is set otherwise: usd, tokens, calls, minutes; None leaves the task's.

    Raises:
        InputError: If the data or the task cannot be used.
        SetupError: If a model cannot be had, or a limit makes no sense.
    """
    if into == "weights":
        check_writes_labels(task.guideline_object(), "guideline", "to be trained on")
    corpus = task.corpus()
    splits = corpus.split(dev=task.split.dev, test=task.split.test, seed=task.split.seed)
    student_lm = resolve_model(task.student, max_tokens=task.max_tokens, **_format(task, task.student))
    teacher_lm = student_lm if task.teacher is None else resolve_model(task.teacher, **_teacher_options(task))
    student = Rater(
        corpus.scale,
        task.guideline_object(),
        fields=corpus.fields,
        lm=student_lm,
        scoring=task.scoring.as_scoring(),
    )
    policy = task.sampling.policy()
    policy["budget"] = replace(policy["budget"], **{name: most for name, most in limits.items() if most is not None})
    if policy["budget"].usd is not None and policy["price"] is None:
        task.check_price(price_of(teacher_lm))
    return Job(
        name=task.name,
        splits=splits,
        student=student,
        # The teacher is measured as people would use it: by its reply.
        teacher=student.variant(guideline=task.teacher_guideline_object(), lm=teacher_lm, scoring="mode"),
        sampler={**policy, "seed": task.seed},
        make_compiler=_compiler_of(task, into),
        seed=task.seed,
        # `accord evaluate` cuts raw labels likewise.
        origin={} if task.cut is None else {"cut": {"scale": task.scale, "thresholds": list(task.cut)}},
    )


def _teacher_options(task: "Task") -> dict[str, Any]:
    options: dict[str, Any] = {"max_tokens": task.max_tokens, **_format(task, task.teacher)}
    if task.teacher_api_base is not None:
        options["api_base"] = task.teacher_api_base
    if task.sampling.concurrency is not None:
        options["max_in_flight"] = task.sampling.concurrency
    return options


def _format(task: "Task", model: str | None) -> dict[str, Any]:
    """Return the number format as an option of a model, where the task gives one and the model is in this process."""
    local = model is not None and (model == "local" or model.startswith("local/"))
    return {"dtype": task.dtype} if local and task.dtype is not None else {}


def _compiler_of(task: "Task", into: JobTarget) -> MakeCompiler:
    """Return what makes the compiler. One is made now: a policy that cannot be is told before traces are paid for."""
    make = _fine_tune(task) if into == "weights" else _distill(task)
    make()

    def made(journal: Journal, run: Path, progress: Progress) -> Compiler:
        if into == "weights":
            return make(workspace=run / WORKSPACE, journal=journal, progress=progress)
        return make(known=GuidelineVersions(run / VERSIONS).known_rules(), journal=journal, progress=progress)

    return made


def _fine_tune(task: "Task") -> Callable[..., Compiler]:
    options = task.weights.model_dump(exclude_none=True)
    if task.weights.base is not None:
        base = task.weights.base
        options["base"] = resolve_model(base, max_tokens=task.max_tokens, **_format(task, base))
    return partial(FineTune, seed=task.seed, **options)


def _distill(task: "Task") -> Callable[..., Compiler]:
    section = task.distill
    options = section.model_dump(exclude_none=True, exclude=_NAMED)
    if section.writer is not None:
        served: dict[str, Any] = {} if section.writer_api_base is None else {"api_base": section.writer_api_base}
        options["writer"] = resolve_model(section.writer, **served)
    return partial(
        DistillGuideline,
        subject=Subject(**section.about.model_dump()),
        raters=[resolve_model(rater, max_tokens=task.max_tokens) for rater in section.raters],
        embedder=resolve_embedder(section.embedder, api_base=section.embedder_api_base).checked(),
        seed=task.seed,
        **options,
    )
