"""Records the demo's teacher: real blind draws of a stronger open model on the demo's items, made by Accord itself.

Run once, by hand, on a machine that has the model as a transformers folder:

    python benchmarks/record_demo_teacher.py --model FOLDER --name Qwen2.5-Coder-1.5B-Instruct \
        --revision "..." --date 2026-11-22 --journal teacher.sqlite --out app/demo/teacher.jsonl.gz

It draws `TEACHER_SAMPLES` times at temperature 1 for every train item (all draws, so that utilization is unbiased) and
once at temperature 0 for every test item (the row "prompted teacher" of the demo's table). Rejected and unparsable
draws are recorded too. Prompts are kept as hashes. A rationale that repeats six or more consecutive words of its tweet
(or a whole shorter tweet) is blanked, so that no tweet text enters the repository; a draw without a rationale is never
accepted as a trace. A killed recording goes on where it was.
"""

import argparse
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from accord.app.demo.recorded_teacher import Recording, write_recording
from accord.app.demo.task import SEED, TEACHER_GUIDELINE, TEACHER_MAX_TOKENS, TEACHER_SAMPLES, demo_splits
from accord.data import Draw, Journal
from accord.optimizers import Exhaust, RejectionSampling
from accord.programs import LocalEngine, Rater, local_lm

LONGEST_COPY = 5


def main() -> None:
    """Draw, blank copies, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--revision", required=True)
    parser.add_argument("--date", required=True)
    parser.add_argument("--journal", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    options = parser.parse_args()
    splits, scale = demo_splits()
    lm = local_lm(LocalEngine(options.model, name=options.name), max_tokens=TEACHER_MAX_TOKENS)
    teacher = Rater(scale, TEACHER_GUIDELINE, fields=("tweet",), lm=lm)
    with Journal(options.journal) as journal:
        ratings = teacher.rate(splits.test, journal=journal, seed=SEED, progress=report)
        print(f"test: {Counter(ratings.labels)}", flush=True)
        sampler = RejectionSampling(TEACHER_SAMPLES, stop=Exhaust(), seed=SEED, journal=journal, progress=report)
        traces = sampler.infer(teacher, trainset=splits.train.examples())
        print(traces, traces.utilization().to_dict(), flush=True)
        draws = [(source, draw) for source in journal.sources() for draw in journal.recorded(source)]
    texts = {item.id: item.text for part in (splits.train, splits.test) for item in part}
    draws = [(source, draw) for source, draw in draws if draw.item_id in texts]
    kept = [(source, without_copy(draw, texts[draw.item_id])) for source, draw in draws]
    blanked = sum(before.rationale != after.rationale for (_, before), (_, after) in zip(draws, kept, strict=True))
    about = {
        "model": options.name,
        "revision": options.revision,
        "date": options.date,
        "script": "benchmarks/record_demo_teacher.py",
        "blanked": blanked,
        "left_out": "prompts and item texts; replies except their rationale and label; rationales that copy the tweet",
    }
    write_recording(options.out, Recording(about, tuple(kept)))
    print(f"{len(kept)} draws, {blanked} rationales blanked, {options.out.stat().st_size:,} bytes")


def without_copy(draw: Draw, text: str) -> Draw:
    """Return the draw as it is kept: without the raw reply, and without a rationale that copies the tweet."""
    said, shown = words(draw.rationale), words(text)
    length = min(LONGEST_COPY + 1, max(len(shown), 3))
    runs = {tuple(shown[start : start + length]) for start in range(len(shown) - length + 1)}
    copied = any(tuple(said[start : start + length]) in runs for start in range(len(said) - length + 1))
    return replace(draw, text="", thinking="", rationale="" if copied else draw.rationale)


def words(text: str) -> list[str]:
    """Return a text's words in lower case, without punctuation."""
    return re.findall(r"\w+", text.lower())


def report(done: int, total: int, note: str) -> None:
    """Print how far the recording is."""
    print(f"{done}/{total} {note}", flush=True)


if __name__ == "__main__":
    main()
