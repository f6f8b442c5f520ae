"""How much faster a bootstrap of Krippendorff's alpha is than looping the `krippendorff` package.

    OMP_NUM_THREADS=1 python benchmarks/bench_agreement.py

2,000 resamples of ordinal alpha for 10,000 items by 5 annotators on 5 levels (and 1,000 by 5). The loop is timed for
20 resamples and *extrapolated* to 2,000: each costs the same, and nobody needs to wait for the rest. Accord's figure is
the whole of `human_agreement`, with checking of labels and, beside alpha, both intraclass correlations. Seconds are the
processor's, so that other work on the machine does not count. Prints one JSON line and a table. The range of the loop's
20 alphas is there for a glance at the intervals, not as a check.
"""

import json
import os
import platform
import resource
import time
from statistics import median

import krippendorff
import numpy as np

from accord.data import Ordinal
from accord.data.annotators.inter_annotator import human_agreement

RESAMPLES = 2000
LOOPS = 20
REPEATS = 3


def simulate(items: int, annotators: int, seed: int = 0) -> np.ndarray:
    """Return (items, annotators) labels from 1 to 5 that agree moderately."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(5, size=items, p=[0.1, 0.2, 0.3, 0.25, 0.15]) + 1
    noise = rng.choice([-2, -1, 0, 1, 2], size=(items, annotators), p=[0.05, 0.2, 0.5, 0.2, 0.05])
    return np.clip(truth[:, None] + noise, 1, 5)


def time_loop(table: np.ndarray) -> tuple[float, list[float]]:
    """Return seconds per resample and the alphas of the loop."""
    rng = np.random.default_rng(1)
    found, seconds = [], []
    for _ in range(LOOPS):
        start = time.process_time()
        drawn = table[rng.integers(0, len(table), len(table))]
        found.append(float(krippendorff.alpha(drawn.T, level_of_measurement="ordinal")))
        seconds.append(time.process_time() - start)
    return median(seconds), found


def main() -> None:
    """Run, print JSON and a table."""
    rows = []
    for items, annotators in ((1_000, 5), (10_000, 5)):
        table = simulate(items, annotators)
        labels = table.tolist()
        record = human_agreement(labels, Ordinal(1, 5), resamples=1)
        seconds = []
        for _ in range(REPEATS):
            start = time.process_time()
            record = human_agreement(labels, Ordinal(1, 5), resamples=RESAMPLES)
            seconds.append(time.process_time() - start)
        one, draws = time_loop(table)
        alpha = record.metrics["alpha"]
        reference = float(krippendorff.alpha(table.T, level_of_measurement="ordinal"))
        rows.append(
            {
                "items": items,
                "annotators": annotators,
                "accord_s": round(median(seconds), 3),
                "loop_s_extrapolated": round(one * RESAMPLES, 1),
                "loops_timed": LOOPS,
                "ratio": round(one * RESAMPLES / median(seconds), 1),
                "alpha": alpha.value,
                "difference_to_reference": abs((alpha.value or 0.0) - reference),
                "interval": [alpha.low, alpha.high],
                "loop_range_of_20": [min(draws), max(draws)],
            }
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        json.dumps(
            {
                "resamples": RESAMPLES,
                "machine": f"{platform.machine()}, {os.cpu_count()} cores",
                "peak_mb": peak,
                "rows": rows,
            }
        )
    )
    print(f"\n{'items':>7} {'annot.':>6} {'accord s':>9} {'loop s (extrapolated)':>22} {'ratio':>7}")
    for row in rows:
        print(
            f"{row['items']:>7} {row['annotators']:>6} {row['accord_s']:>9} {row['loop_s_extrapolated']:>22} "
            f"{row['ratio']:>7}"
        )


if __name__ == "__main__":
    main()
