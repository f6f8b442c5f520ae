"""Which fine-tuning objective agrees with people on two corpora of real labels, and what could make traces pay.

    python benchmarks/bench_objectives.py draw --corpus cebab FOLDER --teacher FOLDER --out runs/objectives
    python benchmarks/bench_objectives.py run --corpus cebab FOLDER --teacher FOLDER --out runs/objectives
    python benchmarks/bench_objectives.py table --corpus cebab FOLDER --out runs/objectives

``cebab`` is stars of restaurant reviews (CEBaB), ``vader`` the sentiment of tweets (Hutto & Gilbert); FOLDER holds
``items.jsonl.gz``. The teacher is a transformers model in a folder (it was Qwen2.5-Coder-1.5B-Instruct); the student is
the embedded SmolLM2-135M-Instruct. ``draw`` makes the teacher's blind draws, once; ``run`` trains and rates, for each
seed: the seed cuts the pool into train and dev, starts the adapter and orders the rows, while the test items stay.
Everything is kept as it is made, and each of the three goes on where it was stopped; ``table`` prints what is there and
says what is missing, then one JSON line. No text of an item is printed, or kept outside the journals.
"""

import argparse
import json
from pathlib import Path

from objectives_arms import MAIN, PAIRED, PAYS, Bench, Group, references, run_group
from objectives_tables import print_tables
from objectives_tasks import choose_items, read_task
from objectives_teacher import MAX_TOKENS, Teacher, draw

from accord.data import SetupError
from accord.programs import LocalEngine, Rater, local_lm, resolve_model

STUDENT_MAX_TOKENS = 40
GROUPS = {"main": MAIN, "preference": PAIRED, "pays": PAYS, "all": MAIN + PAIRED + PAYS}


def main() -> None:
    """Draw, run or print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=("draw", "run", "table"))
    parser.add_argument(
        "--corpus",
        required=True,
        nargs=2,
        action="append",
        metavar=("NAME", "FOLDER"),
        help="cebab or vader, and where",
    )
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--teacher", type=Path, help="a transformers model's folder")
    parser.add_argument("--teacher-name", default="Qwen2.5-Coder-1.5B-Instruct")
    parser.add_argument("--earlier", type=Path, help="a journal whose draws of the same prompts are taken over")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--groups", choices=sorted(GROUPS), default="all")
    options = parser.parse_args()
    for seed in options.seeds if options.stage == "run" else [0]:
        for name, folder in options.corpus:
            bench = make_bench(name, Path(folder), options)
            if options.stage == "draw":
                for part, traces in draw(bench.task, bench.teacher, bench.items).items():
                    print(part, traces, json.dumps(traces.utilization().to_dict()))
            elif options.stage == "run":
                run(bench, seed, GROUPS[options.groups])
            else:
                print_tables(bench, options.seeds)


def make_bench(name: str, folder: Path, options: argparse.Namespace) -> Bench:
    """Return the bench of one corpus."""
    task = read_task(name, folder)
    kept = options.out / task.name
    student = Rater(
        task.corpus.scale,
        task.student,
        fields=task.corpus.fields,
        lm=resolve_model("local", max_tokens=STUDENT_MAX_TOKENS),
    )
    own = Teacher.of(task, student.lm, kept, name="own")
    if options.teacher is None:
        if options.stage != "table":
            raise SetupError("there is no teacher", place="--teacher", cure="Name a transformers model's folder.")
        return Bench(task, choose_items(task.corpus, kept / "items.json"), own, own, student, kept)
    lm = local_lm(LocalEngine(options.teacher, name=options.teacher_name), max_tokens=MAX_TOKENS)
    teacher = Teacher.of(task, lm, kept)
    return Bench(task, teacher.items(task, kept / "items.json", options.earlier), teacher, own, student, kept)


def run(bench: Bench, seed: int, groups: tuple[Group, ...]) -> None:
    """Make the records of one seed that are missing."""
    for group in groups:
        print(f"{bench.task.name}, seed {seed}: {', '.join(group.arms)}", flush=True)
        run_group(bench, group, seed)
    references(bench, seed)


if __name__ == "__main__":
    main()
