"""How fast the journal takes a million items' draws, what going on with them costs, and how much memory that takes.

    python benchmarks/bench_journal.py                    # 1,000,000 items x 16 draws: about 9 GB of disk, 15 minutes
    python benchmarks/bench_journal.py --items 20000      # the same at a small size

Every phase is a process of its own, so that the peak of its memory is its own. The journal is made in a folder that is
removed at the end. Prints a table and one JSON line.

- write: asks of 1 to 4 draws in seven passes over all items (1, 2, 3, 4, 3, 2, 1), committed in lists of 100 to 1,000
  draws. Each draw has a rationale of 300 to 600 characters cut out of 4 MB of random words, and a reply that repeats it
  with a label. Only `record` is timed; the rate with the making of the texts stands beside it.
- ask by ask: the same with one commit for each ask, on up to 50,000 items in a second journal.
- claim: binding the journal to all items, and again.
- scan: `outlines` over everything, with the file in the system's cache and dropped from it; then by prompt, in order.
- one by one: a subset through `draws` of each prompt, as a restarted run used to do, against `draws_of` and `outlines`;
  with 16 draws a prompt, with one (a rating run's) and with none.
"""

import argparse
import hashlib
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from accord.data import Draw, Journal, Source, content_hash

SOURCE = Source("model@abc", {"temperature": 1.0, "max_tokens": 1024, "seed": 0})
WAVES = (1, 2, 3, 4, 3, 2, 1)
SUBSET = 20_000
ASK_BY_ASK = 50_000
POOL = 4_000_000


def prompt_of(item: int) -> str:
    """Return the hash of an item's prompt."""
    return hashlib.sha256(f"prompt {item}".encode()).hexdigest()


def asks(items: int, seed: int = 0) -> Iterator[list[Draw]]:
    """Yield the draws of one ask after the other."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("etaoinshrdlucmfw", k=rng.randint(2, 9))) for _ in range(5_000)]
    pool = " ".join(rng.choices(words, k=POOL // 6))[:POOL]
    done = 0
    for wave in WAVES:
        for item in range(items):
            prompt = prompt_of(item)
            drawn = []
            for index in range(done, done + wave):
                start = int(rng.random() * (POOL - 600))
                rationale = pool[start : start + 300 + int(rng.random() * 300)]
                label = None if rng.random() < 0.02 else 1 + int(rng.random() * 5)
                reason = "no_label" if label is None else ""
                text = f"{rationale}\n\nLabel: {label}"
                tokens = 900 if index == done else 0
                drawn.append(
                    Draw(f"item-{item}", prompt, index, label, rationale, reason, text, "", "stop", tokens, 110)
                )
            yield drawn
        done += wave


def lists(items: int) -> Iterator[list[Draw]]:
    """Yield asks gathered into lists of 100 to 1,000 draws."""
    rng = random.Random(1)
    gathered: list[Draw] = []
    size = rng.randint(100, 1_000)
    for drawn in asks(items):
        gathered += drawn
        if len(gathered) >= size:
            yield gathered
            gathered, size = [], rng.randint(100, 1_000)
    if gathered:
        yield gathered


def timed(call: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def record_all(path: Path, batches: Iterator[list[Draw]]) -> dict[str, Any]:
    """Record batches into a journal."""
    draws = commits = 0
    seconds = busy = 0.0
    start = time.perf_counter()
    with Journal(path) as journal:
        for drawn in batches:
            busy -= time.process_time()
            seconds += timed(lambda drawn=drawn: journal.record(SOURCE, drawn))
            busy += time.process_time()
            draws += len(drawn)
            commits += 1
    whole = time.perf_counter() - start
    return {
        "draws": draws,
        "draws_per_s": round(draws / seconds),
        "draws_per_cpu_s": round(draws / busy),
        "draws_per_s_with_texts": round(draws / whole),
        "commits_per_s": round(commits / seconds),
        "file_mb": round(path.stat().st_size / 1e6),
    }


def write(path: Path, items: int) -> dict[str, Any]:
    """Record everything in lists of draws."""
    return record_all(path, lists(items))


def ask_by_ask(path: Path, items: int) -> dict[str, Any]:
    """Record a commit for each ask, in a journal of its own."""
    return record_all(path.with_name("asks.sqlite"), asks(min(items, ASK_BY_ASK)))


def claim(path: Path, items: int) -> dict[str, Any]:
    """Bind the journal to all items, twice. The items themselves are in this process's memory."""
    contents = {f"item-{item}": content_hash({"text": f"text {item}"}) for item in range(items)}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Journal(path) as journal:
        first = timed(lambda: journal.claim("labels.csv", contents))
        again = timed(lambda: journal.claim("labels.csv", contents))
    return {"first_s": round(first, 2), "again_s": round(again, 2), "items_mb": round(before / 1024)}


def scan(path: Path, items: int) -> dict[str, Any]:
    """Read what a restarted run needs of every prompt, from the system's cache, from the disk, and by prompt."""
    with Journal(path) as journal:
        first = timed(lambda: consume(journal))
        busy = -time.process_time()
        cached = timed(lambda: consume(journal))
        busy += time.process_time()
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
    with Journal(path) as journal:
        dropped = timed(lambda: consume(journal))
        by_prompt = timed(lambda: consume(journal, (prompt_of(item) for item in range(items))))
    return {
        "first_s": round(first, 2),
        "cached_s": round(cached, 2),
        "cached_cpu_s": round(busy, 2),
        "from_disk_s": round(dropped, 2),
        "by_prompt_s": round(by_prompt, 2),
    }


def consume(journal: Journal, prompts: Iterator[str] | None = None) -> None:
    """Go through outlines the way a stopping rule does: matches and tokens of every draw."""
    seen = tokens = matches = 0
    for outline in journal.outlines(SOURCE, prompts):
        matches += [outcome.label for outcome in outline.outcomes].count(4)
        tokens += sum(outline.prompt_tokens) + sum(outline.completion_tokens)
        seen += len(outline.numbers)
    if seen != len(journal):
        raise SystemExit(f"{seen} draws outlined, {len(journal)} recorded")


def one_by_one(path: Path, items: int) -> dict[str, Any]:
    """Compare ways to go on with a subset of the prompts, best of three turns each."""
    subset = [prompt_of(item) for item in range(min(items, SUBSET))]
    unknown = [prompt_of(-1 - item) for item in range(len(subset))]
    with Journal(path) as journal:
        one, bulk, short = race(journal, subset)
        one_none, bulk_none, _ = race(journal, unknown)
    with Journal(path.with_name("ratings.sqlite")) as journal:
        ratings = (drawn[0] for drawn in islice(asks(items), len(subset)))
        journal.record(SOURCE, list(ratings))
        one_rating, bulk_rating, _ = race(journal, subset)
    return {
        "prompts": len(subset),
        "draws_s": round(one, 3),
        "draws_of_s": round(bulk, 3),
        "outlines_s": round(short, 3),
        "draws_of_ratio": round(one / bulk, 1),
        "outlines_ratio": round(one / short, 1),
        "draws_of_ratio_1_draw": round(one_rating / bulk_rating, 1),
        "draws_of_ratio_no_draw": round(one_none / bulk_none, 1),
    }


def race(journal: Journal, prompts: Sequence[str]) -> list[float]:
    """Return the seconds that `draws` prompt by prompt, `draws_of` and `outlines` take, best of three turns."""

    def each() -> None:
        for prompt in prompts:
            journal.draws(SOURCE, prompt)

    def bulk() -> None:
        deque(journal.draws_of(SOURCE, prompts), maxlen=0)

    def short() -> None:
        deque(journal.outlines(SOURCE, prompts), maxlen=0)

    turns = [[timed(call) for call in (each, bulk, short)] for _ in range(3)]
    return [min(seconds) for seconds in zip(*turns, strict=True)]


PHASES = {phase.__name__: phase for phase in (write, ask_by_ask, claim, scan, one_by_one)}


def run_phase(name: str, path: Path, items: int) -> dict[str, Any]:
    """Run a phase in a process of its own; return what it found and the peak of its memory."""
    command = [sys.executable, __file__, "--items", str(items), "--phase", name, "--folder", str(path.parent)]
    print(f"{name} ...", file=sys.stderr, flush=True)
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main() -> None:
    """Run all phases, print a table and JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--folder", help="where the journal is made; a temporary folder by default")
    parser.add_argument("--phase", choices=PHASES, help="one phase only, on the journal in --folder, which is kept")
    options = parser.parse_args()
    if options.phase is not None:
        found = PHASES[options.phase](Path(options.folder) / "journal.sqlite", options.items)
        found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "journal.sqlite"
        results = {name: run_phase(name, path, options.items) for name in PHASES}
    for name, found in results.items():
        print(f"{name}")
        for what, value in found.items():
            print(f"    {what:<24} {value:>14,}")
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    print(json.dumps({"items": options.items, "machine": machine, **results}))


if __name__ == "__main__":
    main()
