"""Knows the demo: the whole main job on real human labels, with the embedded model; everything in it is real."""

from functools import partial
from pathlib import Path
from typing import Any

from ...data import Journal
from ...optimizers import Compiler, Exhaust, FineTune, RejectionSampling
from ...programs import LocalEngine, Progress, Rater, resolve_model
from ..compile import run_job, show_report, show_utilization
from ..console import Console
from ..results import describe_traces
from ..task import WORKSPACE, Job
from .recorded_teacher import demo_recording, recorded_lm
from .size import SIZES, DemoSize, kept_size
from .task import (
    GUIDELINE,
    LIVE_ITEMS,
    LIVE_SAMPLES,
    SEED,
    STUDENT_MAX_TOKENS,
    TEACHER_GUIDELINE,
    TEACHER_MAX_TOKENS,
    TEACHER_SAMPLES,
    TRAINING,
    demo_splits,
)


def run_demo(run: Path, *, live: bool, console: Console) -> None:
    """Compile a rater of tweets' sentiment into weights, and prove it on held-out tweets.

    The embedded model is the student. It first draws live on a few items, to show what a teacher that is not above
    luck looks like. Then either a stronger open model's recorded draws are the teacher (the default), or the embedded
    model draws for all items (`live`). Training, rating and measuring are always live.

    Args:
        run: The run directory; a second run goes on from what is there.
        live: Whether to draw live throughout.
        console: Where progress and tables go.
    """
    with console.stage("reading the human labels"):
        splits, scale = demo_splits()
    student_lm = resolve_model("local", max_tokens=STUDENT_MAX_TOKENS)
    student = Rater(scale, GUIDELINE, fields=("tweet",), lm=student_lm)
    embedded = student.variant(guideline=TEACHER_GUIDELINE)
    size = _size(student, run, console)
    splits = size.cut(splits)
    people = round(sum(len(item.annotations) for item in splits.train) / len(splits.train))
    console.print(
        f"{sum(map(len, splits)):,} tweets, about {people} human ratings each, cut to levels 1 to 5 "
        f"(train {len(splits.train)}, dev {len(splits.dev)}, test {len(splits.test)})."
    )
    policy: dict[str, Any] = {"samples": TEACHER_SAMPLES, "stop": Exhaust(), "seed": SEED}
    with Journal(run / "journal.sqlite") as journal:
        extra = _draw_live(embedded, splits.train[:LIVE_ITEMS].examples(), journal, console)
        teacher = embedded
        if live:
            policy["max_tokens"] = STUDENT_MAX_TOKENS
        else:
            recording = demo_recording()
            recording.replay_into(journal)
            model = recording.draws[0][0].model
            teacher = student.variant(guideline=TEACHER_GUIDELINE, lm=recorded_lm(model, max_tokens=TEACHER_MAX_TOKENS))
            extra["recording"] = recording.about
            console.print(
                f"\nFrom here on the teacher is a recording of {recording.about['model']} "
                f"({len(recording.draws):,} blind draws, made on {recording.about['date']} by "
                f"{recording.about['script']})."
            )
        job = Job(
            name="demo: sentiment of tweets",
            splits=splits,
            student=student,
            teacher=teacher,
            sampler=policy,
            make_compiler=partial(_fine_tune, size),
            seed=SEED,
            extra=extra,
            origin={"language": "en"},
        )
        report = run_job(job, run=run, journal=journal, console=console)
    console.print("")
    show_report(report, run, console)


def _draw_live(teacher: Rater, examples: list[Any], journal: Journal, console: Console) -> dict[str, Any]:
    """Draw with the embedded model on a few items and show what that is worth."""
    with console.stage("drawing live with the embedded model") as progress:
        sampler = RejectionSampling(
            LIVE_SAMPLES,
            stop=Exhaust(),
            max_tokens=STUDENT_MAX_TOKENS,
            seed=SEED,
            journal=journal,
            progress=progress,
        )
        traces = sampler.infer(teacher, trainset=examples)
    found = traces.utilization(seed=SEED)
    show_utilization(found, traces.source.model, console)
    console.print(
        f"{found.draws} draws on {found.items} items, {found.unparsed} without a label. "
        f"{found.warning or 'The teacher is above luck.'}"
    )
    return {"live": describe_traces(traces, found)}


def _fine_tune(size: DemoSize, journal: Journal, run: Path, progress: Progress) -> Compiler:
    return FineTune(
        workspace=run / WORKSPACE,
        journal=journal,
        progress=progress,
        seed=SEED,
        objectives=size.objectives,
        epochs=size.epochs,
        **TRAINING,
    )


def _size(student: Rater, run: Path, console: Console) -> DemoSize:
    """Choose how much of the demo this machine does, and say how long that will take."""
    engine = student.lm.engine
    if not isinstance(engine, LocalEngine):
        return SIZES[0]
    with console.stage("measuring this machine"):
        size, speed = kept_size(run, engine.measured_speed)
    if speed is not None:
        console.print(f"This will take about {round(size.seconds(speed) / 60) or 1} minutes here.")
    if size != SIZES[0]:
        everything, some = SIZES[0], ", ".join(size.objectives)
        console.print(
            f"The machine is slow, so this is a smaller demo: {some} in place of {', '.join(everything.objectives)}, "
            f"{size.epochs} of {everything.epochs} passes, {size.dev} of {everything.dev} dev and {size.test} of "
            f"{everything.test} test items."
        )
    return size
