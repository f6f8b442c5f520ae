"""What the benchmarks of formats and threads measure: draws, ratings and training of the embedded model, a second each.

    python benchmarks/local_work.py draws|rating|training [--small]

A program of its own, so that each figure comes from a fresh process with its own environment. Prints one JSON line with
the tokens a second. Prompts are synthetic stories under one guideline, as in ``bench_training.py``.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

KINDS = ("draws", "rating", "training")

PLAYED = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
"""Has a processor with AVX-512 play one without: oneDNN (bfloat16), ATen's own loops, MKL (float32)."""

GUIDELINE = (
    "You read very short stories and say how well each is written, from 1 (worst) to 5 (best). Look at whether the "
    "people in it want something, whether the ending answers the opening, and whether the details were chosen."
)


def main() -> None:
    """Measure one kind of work in this process, and print the rate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--small", action="store_true", help="a tenth of the work, for what is very slow")
    options = parser.parse_args()
    rate = training(options.small) if options.kind == "training" else answering(options.kind, options.small)
    print(json.dumps({"kind": options.kind, "tokens_per_s": round(rate, 2)}))


def measured(kind: str, environment: dict[str, str], *, small: bool = False, limit: float = 300.0) -> float | None:
    """Return the tokens a second of a fresh process with some variables set; None where it takes too long."""
    command = [sys.executable, __file__, kind, *(["--small"] if small else [])]
    kept = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    try:
        done = subprocess.run(
            command, env={**kept, **environment}, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["tokens_per_s"])


def answering(kind: str, small: bool) -> float:
    """Draw several replies a prompt at temperature 1, or rate greedily; return the tokens of replies a second."""
    from accord.programs import Ask, Guideline, LocalEngine, Rater, Sampling, embedded_model
    from worlds.rater_world import RaterWorld

    count, draws, length = (4, 4, 6) if small else (16, 4, 24)
    if kind == "rating":
        count, draws = 4 * count, 1
    world = RaterWorld(items=count)
    corpus = world.corpus()
    rater = Rater(world.scale, Guideline(GUIDELINE), fields=tuple(corpus.fields))
    engine = LocalEngine(embedded_model())
    asks = [Ask(rater.prompt(item.fields), tuple(range(draws))) for item in corpus]
    sampling = Sampling(temperature=0.0 if kind == "rating" else 1.0, max_tokens=length)
    list(engine.complete_many(asks[:2], sampling))
    began = time.perf_counter()
    tokens = sum(one.completion_tokens for _, found in engine.complete_many(asks, sampling) for one in found)
    return tokens / (time.perf_counter() - began)


def training(small: bool) -> float:
    """Train an adapter as `FineTune` does; return the tokens a second, without loading the model."""
    import dspy
    from transformers import AutoTokenizer

    from accord.optimizers.finetuning.objectives import make_rows
    from accord.optimizers.training_jobs.job import JOB, Parameters, TrainingJob, rows_hash, write_job
    from accord.programs import Guideline, Rater, embedded_model, number_format, training_format, weights_hash
    from worlds.rater_world import RaterWorld

    world = RaterWorld(items=4 if small else 32)
    corpus, base = world.corpus(), embedded_model()
    rater = Rater(world.scale, Guideline(GUIDELINE), fields=tuple(corpus.fields))
    examples = [
        dspy.Example(
            **item.fields,
            rationale=f"What stays with me is {str(item.fields[corpus.fields[0]])[:60].lower()}, told as it should be.",
            label=world.truths[item.id],
        )
        for item in corpus
    ]
    rows = make_rows(rater, examples, AutoTokenizer.from_pretrained(base), context=8192).rows
    parameters = Parameters(16, 32, epochs=1, learning_rate=5e-4, batch_size=4, seed=0)
    dtype = training_format(number_format().name)
    job = TrainingJob(str(base), weights_hash(base), rows_hash(rows), parameters, dtype=dtype)
    with tempfile.TemporaryDirectory() as folder:
        write_job(Path(folder), job, rows)
        command = [sys.executable, "-m", "accord.optimizers.trainer", str(Path(folder) / JOB)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"training ended with {done.returncode}:\n{done.stderr[-3000:]}")
    seconds = float(re.findall(r"'train_runtime': '([0-9.]+)'", done.stdout)[-1])
    return sum(row.tokens for row in rows) / seconds


if __name__ == "__main__":
    main()
