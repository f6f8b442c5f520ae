"""What a distilled guideline is worth to local models on two corpora of real labels, with no weight changed.

    python benchmarks/bench_guidelines.py run --corpus cebab FOLDER --corpus vader FOLDER \
        --teacher QWEN --earlier runs/objectives --out runs/guidelines \
        --rater SmolLM2-135M local --rater Qwen-1.5B local/QWEN --writer Qwen-1.5B
    python benchmarks/bench_guidelines.py table (the same) > tables.md

The corpora and the teacher are those of `bench_objectives`, which draws the traces (its folder is ``--earlier``; what
is used of it is copied, what is missing is drawn). Every rater gets the corpus's one sentence as its guideline, and
what each mode of `DistillGuideline` makes of it; the gate and all measures are the library's own. ``run`` keeps every
rating and every reply of the writer as it is made and goes on where it was stopped; ``table`` prints markdown of what
is there, says what is missing, and writes the same as ``figures.json``. No text of an item is printed; guidelines,
which may hold items as cases, stay beside the journals.
"""

import argparse
import shutil
from pathlib import Path

from guidelines_runs import Bench, Sizes, references, run_rater
from guidelines_tables import print_tables
from objectives_tasks import choose_items, read_task
from objectives_teacher import MAX_TOKENS, Teacher

from accord.programs import LocalEngine, local_lm, resolve_model

MODES = ("extractive", "cases", "two_stage", "checklist")


def main() -> None:
    """Run or print."""
    options = read_options()
    lms = {name: resolve_model(model, max_tokens=options.max_tokens) for name, model in options.rater}
    writer = options.writer if "two_stage" in options.modes else None
    writer = None if writer is None else lms[writer] if writer in lms else resolve_model(writer)
    teacher = local_lm(LocalEngine(options.teacher, name=options.teacher_name), max_tokens=MAX_TOKENS)
    benches: list[Bench] = []
    for name, data in options.corpus:
        task = read_task(name, Path(data))
        kept = options.out / task.name
        if options.earlier is not None:
            take_over(options.earlier / task.name, kept)
        benches.append(
            Bench(
                task,
                choose_items(task.corpus, kept / "items.json"),
                Sizes(*options.items),
                Teacher.of(task, teacher, kept),
                kept,
                lms,
                writer,
                {"ablate": options.ablate, "attempts": options.attempts, "reply_tokens": options.reply_tokens},
            )
        )
    if options.stage == "table":
        print_tables(benches, options.modes, options.out / "figures.json")
        return
    for bench in benches:
        references(bench)
    for rater in lms:
        for bench in benches:
            run_rater(bench, rater, options.modes)


def take_over(earlier: Path, kept: Path) -> None:
    """Copy the choice of items and the teacher's journal, which nobody may be writing, unless they are there."""
    kept.mkdir(parents=True, exist_ok=True)
    for path in (earlier / "items.json", *sorted(earlier.glob("teacher.sqlite*"))):
        if path.suffix != ".lock" and not (kept / path.name).exists():
            shutil.copy(path, kept / path.name)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pair = {"nargs": 2, "action": "append", "required": True}
    parser.add_argument("stage", choices=("run", "table"))
    parser.add_argument("--corpus", **pair, metavar=("NAME", "FOLDER"), help="cebab or vader, and where")
    parser.add_argument("--rater", **pair, metavar=("NAME", "MODEL"), help="what tables call it; local or local/FOLDER")
    parser.add_argument("--writer", help="who writes in two_stage: the name of a rater, or a model")
    parser.add_argument("--teacher", required=True, type=Path, help="a transformers model's folder")
    parser.add_argument("--teacher-name", default="Qwen2.5-Coder-1.5B-Instruct", help="as in bench_objectives")
    parser.add_argument("--earlier", type=Path, help="the folder that bench_objectives wrote: items and draws")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--modes", nargs="+", default=list(MODES))
    parser.add_argument("--items", type=int, nargs=3, default=[80, 60, 100], metavar=("TRAIN", "DEV", "TEST"))
    parser.add_argument("--max-tokens", type=int, default=100, help="limit on a rater's reply")
    parser.add_argument("--reply-tokens", type=int, default=600, help="limit on a writer's reply")
    parser.add_argument("--attempts", type=int, default=2, help="replies that the writer is asked for, for one part")
    parser.add_argument("--ablate", type=int, default=0, help="rules that are taken out one by one")
    return parser.parse_args()


if __name__ == "__main__":
    main()
