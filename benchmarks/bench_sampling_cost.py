"""What an explained item costs in billed tokens, beside fixed k, single draws, DSPy's bootstrap and two oracles.

    python benchmarks/bench_sampling_cost.py [--items 1000] [--seeds 5]

The world: each item's hit rate is one of 0.1, 0.2, 0.3, 0.5, 0.7, equally often; five levels; a prompt costs 1, 4
or 16 times a completion, both billed at one price a token. Everyone stops at the first match, has 16 draws an item at
most, and gets the same draws, so everyone explains the same items: only the bill differs.

- fixed: 16 draws of every item, one request each.
- single: one request after the other until a match (Accord with ``wave=1`` where prompts are not shared).
- accord: `RejectionSampling(stop=First())` as it comes: hit rates unknown, learned as it goes. Really run and billed.
- knows the mix: the best policy for one who knows how hit rates are spread, but not which item has which.
- oracle: knows each item's hit rate; dynamic programming over wave sizes. Simulated on the same draws.
- dspy: DSPy's `bootstrap_trace_data`, with which `BootstrapFinetune` draws, on what has no match yet, 16 rounds.

Also run: worlds in which all items have one of the five hit rates. Prints a table and one JSON line.
"""

import argparse
import io
import json
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import dspy  # noqa: E402
import numpy as np  # noqa: E402
from dspy.teleprompt.bootstrap_trace import bootstrap_trace_data  # noqa: E402

from accord.optimizers import Exhaust, First, RejectionSampling  # noqa: E402
from accord.programs import Rater  # noqa: E402
from worlds.rater_world import RaterWorld  # noqa: E402

RATES = (0.1, 0.2, 0.3, 0.5, 0.7)
RATIOS = (1, 4, 16)
SAMPLES = 16
COMPLETION = 100


def waves_for(survival: Sequence[float], ratio: float) -> list[int]:
    """Return the best next wave after n misses, given P(no match in n draws), for one who knows it."""
    value, best = [0.0] * (SAMPLES + 1), [0] * (SAMPLES + 1)
    for n in range(SAMPLES - 1, -1, -1):
        value[n], best[n] = min(
            (ratio + wave + survival[n + wave] / survival[n] * value[n + wave], wave)
            for wave in range(1, SAMPLES - n + 1)
        )
    return best


def bill(matches: np.ndarray, waves: Sequence[int], ratio: float, *, shared: bool = True) -> float:
    """Return what one item costs, in completions, when it is drawn for in these waves until a match."""
    draws, cost = 0, 0.0
    while draws < SAMPLES and not matches[:draws].any():
        wave = waves[draws]
        cost += wave + ratio * (1 if shared else wave)
        draws += wave
    return cost


def _hits(example: dspy.Example, prediction: dspy.Prediction, trace: object = None) -> bool:
    return prediction.label == example.label


def dspy_tokens(world: RaterWorld, rounds: int) -> tuple[int, int]:
    """Return billed tokens and explained items of DSPy's own loop over what is not explained yet."""
    corpus = world.corpus()
    rater = Rater(corpus.scale, fields=corpus.fields, lm=world.teacher_lm(engine="single"))
    left = corpus.examples()
    explained = 0
    for _ in range(rounds):
        with redirect_stderr(io.StringIO()):  # its progress bar
            found = bootstrap_trace_data(rater, left, _hits, num_threads=1, raise_on_error=False)
        matched = {data["example"]["item_id"] for data in found if data["score"] is True}
        explained += len(matched)
        left = [example for example in left if example["item_id"] not in matched]
    engine = rater.lm.engine
    return engine.billed_prompt_tokens + engine.billed_completion_tokens, explained  # pyright: ignore


def measure(world: RaterWorld, ratio: int) -> dict[str, float]:
    """Return each policy's billed tokens for each explained item, in completions."""
    world = replace(world, prompt_tokens=ratio * COMPLETION, completion_tokens=COMPLETION)
    corpus = world.corpus()

    def rater(engine: str = "batch") -> Rater:
        return Rater(corpus.scale, fields=corpus.fields, lm=world.teacher_lm(engine=engine))  # pyright: ignore

    everything = RejectionSampling(SAMPLES, stop=Exhaust()).infer(rater(), trainset=corpus.examples())
    matches = {item.item_id: np.array(item.matches) for item in everything.items}
    explained = sum(one.any() for one in matches.values())
    rates = world.hit_rates
    powers = np.arange(SAMPLES + 1)
    mix = np.mean([(1 - rate) ** powers for rate in rates.values()], axis=0)
    oracle = {rate: waves_for((1 - rate) ** powers, ratio) for rate in set(rates.values())}
    ours = RejectionSampling(SAMPLES, stop=First(), filters=()).infer(rater(), trainset=corpus.examples())
    if len(ours) != explained:
        raise SystemExit(f"coverage differs: {len(ours)} and {explained}")
    spent = ours.cost().run
    single = sum(bill(one, [1] * SAMPLES, ratio, shared=False) for one in matches.values())
    costs = {
        "fixed": SAMPLES * (ratio + 1) * len(matches),
        "single": single,
        "accord": spent.tokens / COMPLETION,
        "knows the mix": sum(bill(one, waves_for(mix, ratio), ratio) for one in matches.values()),
        "oracle": sum(bill(one, oracle[rates[id]], ratio) for id, one in matches.items()),
    }
    return {name: float(cost / explained) for name, cost in costs.items()}


def main() -> None:
    """Run, print JSON and a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    logging.getLogger("dspy").setLevel(logging.ERROR)
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    rows = []
    for rate in (RATES, *RATES):
        for ratio in RATIOS:
            worlds = [RaterWorld(items=options.items, seed=seed, hit_rate=rate) for seed in range(options.seeds)]
            found = [measure(world, ratio) for world in (worlds if rate == RATES else worlds[:2])]
            row = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
            against = [one["accord"] / one["oracle"] for one in found]
            rows.append({"rate": "mixed" if rate == RATES else rate, "ratio": ratio, **row, "to oracle": against})
    world = RaterWorld(items=min(options.items, 300), seed=0, hit_rate=RATES, prompt_tokens=400)
    dspy_bill, dspy_explained = dspy_tokens(world, SAMPLES)
    ours = measure(world, 4)
    dspy_row = {"tokens per explained item": dspy_bill / dspy_explained / COMPLETION, "accord": ours["accord"]}
    print(json.dumps({"rows": rows, "dspy at ratio 4": dspy_row}))
    print(f"\nBilled tokens per explained item, in completions; {options.items} items, {options.seeds} seeds")
    print(f"{'hit rate':>8} {'ratio':>5} {'fixed':>8} {'single':>8} {'accord':>8} {'knows':>8} {'oracle':>8}", end="")
    print(f" {'acc/orc':>8} {'worst':>6} {'orc/fix':>8} {'acc/sgl':>8}")
    for row in rows:
        print(
            f"{row['rate']:>8} {row['ratio']:>5} {row['fixed']:>8.1f} {row['single']:>8.2f} {row['accord']:>8.2f}",
            end="",
        )
        print(f" {row['knows the mix']:>8.2f} {row['oracle']:>8.2f} {np.mean(row['to oracle']):>8.3f}", end="")
        print(
            f" {max(row['to oracle']):>6.3f} {row['oracle'] / row['fixed']:>8.3f} {row['accord'] / row['single']:>8.3f}"
        )
    print(f"DSPy's bootstrap until a match, ratio 4: {dspy_row['tokens per explained item']:.2f}; ", end="")
    print(f"Accord on the same items: {dspy_row['accord']:.2f}")


if __name__ == "__main__":
    main()
