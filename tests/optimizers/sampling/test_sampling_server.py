"""Rejection sampling against a real server on the loopback: kills, storms, malformed replies, restarts, budgets."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from accord.data import Corpus, Journal, Ordinal
from accord.optimizers import Budget, Confident, First, RejectionSampling, Traces
from accord.programs import Patience, Price, Rater, Sampling, pooled_lm
from worlds.stub_script import Behaviour, Messages, Storm
from worlds.stub_server import StubServer

SCALE = Ordinal(1, 5)


def corpus(items: int) -> Corpus:
    records = [{"text": f"item number {number}", "label": number % 5 + 1} for number in range(items)]
    return Corpus.from_records(records, fields=["text"], label="label", scale=SCALE)


def answer(messages: Messages, index: int, seed: int | None) -> str:
    """Answer with gold in 40 % of the draws; a function of what was asked and of nothing else."""
    found = re.search(r"item number (\d+)", messages[-1]["content"])
    number = int(found.group(1)) if found else 0
    dice = random.Random(f"{number}:{seed}:{index}")
    label = number % 5 + 1 if dice.random() < 0.4 else dice.randint(1, 5)
    return f"Reason: this is what draw {dice.random():.6f} has to say\nLabel: {label}"


def teacher(server: StubServer, **settings: Any) -> Rater:
    lm = pooled_lm("stub", server.url, api_key="none", max_tokens=64, **settings)
    return Rater(SCALE, fields=("text",), lm=lm)


def told(traces: Traces) -> list[tuple[str, str, int, int]]:
    return [(trace["item_id"], trace["rationale"], trace["hits"], trace["draws"]) for trace in traces]


# A launcher imports everything once and forks a run for each line it reads: 50 runs cost 50 forks, not 50 starts.
LAUNCHER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from optimizers_launch import run
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(*line.split())
        os._exit(0)
    print("pid", child, flush=True)
    _, status = os.waitpid(child, 0)
    print("ended", status, flush=True)
"""

RUN = """
import dspy, pyarrow, scipy.optimize
from accord.data import Corpus, Ordinal
from accord.optimizers import First, RejectionSampling
from accord.programs import Rater, pooled_lm

def run(url, journal, out):
    records = [{"text": f"item number {number}", "label": number % 5 + 1} for number in range(2000)]
    corpus = Corpus.from_records(records, fields=["text"], label="label", scale=Ordinal(1, 5))
    rater = Rater(corpus.scale, fields=("text",), lm=pooled_lm("stub", url, api_key="none", max_tokens=64))
    traces = RejectionSampling(16, stop=First(), journal=journal).infer(rater, trainset=corpus.examples())
    with open(out, "w") as file:
        for trace in traces:
            print(trace["item_id"], trace["rationale"], trace["hits"], trace["draws"], sep="|", file=file)
"""


@pytest.mark.slow
def test_fifty_kills_repeat_no_recorded_draw_lose_none_and_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "optimizers_launch.py").write_text(RUN)
    dice = random.Random(11)
    prompts = {
        prompt.sha256: prompt
        for prompt in (Rater(SCALE, fields=("text",)).prompt({"text": f"item number {n}"}) for n in range(2000))
    }
    command = [sys.executable, "-c", LAUNCHER, str(tmp_path)]
    with (
        StubServer(Behaviour(answer=answer, latency=0.002)) as server,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as launcher,
    ):
        assert launcher.stdin is not None and launcher.stdout is not None
        told, heard = launcher.stdin, launcher.stdout

        def launch(name: str, kill_after: int | None) -> bool:
            """Run once; kill the run after so many more requests. Return whether it came to its end."""
            seen = server.requests
            told.write(f"{server.url} {tmp_path / name}.sqlite {tmp_path / name}.txt\n")
            told.flush()
            child = int(heard.readline().split()[1])
            ended = threading.Event()

            def kill(after: int) -> None:
                if server.wait_until(lambda one: ended.is_set() or one.requests >= seen + after, seconds=60):
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)

            descriptor = os.pidfd_open(child)
            watcher = threading.Thread(target=kill, args=(kill_after,))
            if kill_after is not None:
                watcher.start()
            status = int(heard.readline().split()[1])
            ended.set()
            if kill_after is not None:
                watcher.join()
            os.close(descriptor)
            return status == 0

        def recorded() -> dict[tuple[str, int], str]:
            with Journal(tmp_path / "killed.sqlite") as journal:
                return {(d.prompt, d.index): d.text for s in journal.sources() for d in journal.recorded(s)}

        assert launch("whole", None)
        begun = len(server.served)
        kills = 0
        before: dict[tuple[str, int], str] = {}
        while kills < 50:
            assert not launch("killed", dice.randint(3, 40)), "the run came to its end before it could be killed"
            kills += 1
            now = recorded()
            assert before.items() <= now.items(), "a recorded draw was lost or changed"
            asked = server.served[begun:]
            seeds = {(sha, Sampling(seed=0).draw_seed(prompts[sha], index) >> 33) for sha, index in before}
            assert not [one for one in asked if (one.prompt, one.seed) in seeds], "a recorded draw was asked again"
            begun = len(server.served)
            before = now
        assert launch("killed", None)
    assert (tmp_path / "killed.txt").read_text() == (tmp_path / "whole.txt").read_text()
    assert len((tmp_path / "whole.txt").read_text().splitlines()) > 1900


SECOND = """
import sys
from accord.data import AccordError, Journal
try:
    Journal(sys.argv[1])
except AccordError as error:
    print(error)
    sys.exit(2)
"""


def test_a_second_process_on_one_journal_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    refusals: list[subprocess.CompletedProcess[str]] = []

    def progress(done: int, items: int, note: str) -> None:
        if note and not refusals:  # in the middle of the run
            command = [sys.executable, "-c", SECOND, str(path)]
            refusals.append(subprocess.run(command, capture_output=True, text=True, check=False))

    items = corpus(40)
    with StubServer(Behaviour(answer=answer)) as server:
        sampler = RejectionSampling(4, stop=First(), journal=path, progress=progress)
        assert len(sampler.infer(teacher(server), trainset=items.examples())) > 30
    (refusal,) = refusals
    assert refusal.returncode == 2 and refusal.stderr == ""
    assert refusal.stdout.count("\n") == 1 and f"is in use by process {os.getpid()}" in refusal.stdout


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.5])
def test_malformed_completions_are_draws_with_a_reason_and_the_counts_add_up(share: float, tmp_path: Path) -> None:
    items = corpus(300)
    behaviour = Behaviour(answer=answer, garbled=share)
    with StubServer(behaviour) as server:
        sampler = RejectionSampling(8, stop=First(), journal=tmp_path / "journal.sqlite")
        traces = sampler.infer(teacher(server), trainset=items.examples())
        served = server.stats().draws
    draws = [draw for item in traces.items for draw in item.draws]
    assert traces.errors == 0
    assert len(draws) == served == traces.asked == traces.cost().draws
    labelled = sum(draw.label is not None for draw in draws)
    assert labelled + traces.unparsed.total() == len(draws)
    assert abs(traces.unparsed.total() / len(draws) - share) < 4 * (share * (1 - share) / len(draws)) ** 0.5 + 0.01
    assert sum(traces.outcomes.values()) == 300
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert len(journal) == served


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_replies_that_are_not_json_are_asked_again_and_what_stays_broken_is_counted(share: float) -> None:
    items = corpus(150)
    with StubServer(Behaviour(answer=answer, storms=(Storm(trouble="malformed", share=share),))) as server:
        rater = teacher(server, patience=Patience(malformed=3, first_wait=0.001))
        traces = RejectionSampling(4, stop=First()).infer(rater, trainset=items.examples())
        stats = server.stats()
    assert stats.outcomes["malformed"] > 0
    assert traces.asked == stats.draws == sum(len(item.draws) for item in traces.items)
    assert sum(traces.outcomes.values()) == 150
    # Three attempts of one request all fail with probability share^3.
    assert (traces.errors > 0) == (share == 0.5)
    assert sum(traces.failures.values()) == traces.errors


def storm(behaviour: Behaviour, patience: Patience) -> None:
    """Weather a storm, and end with the same traces as on a quiet day."""
    items = corpus(200)
    with StubServer(Behaviour(answer=answer)) as server:
        quiet = RejectionSampling(8, stop=First()).infer(teacher(server), trainset=items.examples())
    with StubServer(behaviour) as server:
        stormy = RejectionSampling(8, stop=First()).infer(teacher(server, patience=patience), trainset=items.examples())
        outcomes = server.stats().outcomes
    assert outcomes["429"] > 0
    assert stormy.errors == 0
    assert told(stormy) == told(quiet)


def test_a_storm_of_429s_changes_no_trace() -> None:
    behaviour = Behaviour(
        answer=answer, storms=(Storm(first=60, retry_after=0.05), Storm(share=0.2), Storm(500, share=0.1))
    )
    storm(behaviour, Patience(first_wait=0.01))


@pytest.mark.slow
def test_thirty_seconds_of_429s_change_no_trace() -> None:
    behaviour = Behaviour(answer=answer, latency=0.02, storms=(Storm(between=(0.05, 30.0)),))
    storm(behaviour, Patience())


def test_a_server_that_restarts_in_mid_run_changes_no_trace(tmp_path: Path) -> None:
    items = corpus(300)
    with StubServer(Behaviour(answer=answer)) as server:
        quiet = RejectionSampling(8, stop=First()).infer(teacher(server), trainset=items.examples())
    server = StubServer(Behaviour(answer=answer, latency=0.01))
    server.start()

    def restart() -> None:
        server.wait_until(lambda one: one.requests >= 60)
        server.stop()
        server.start()

    watcher = threading.Thread(target=restart)
    watcher.start()
    try:
        rater = teacher(server, patience=Patience(first_wait=0.05))
        traces = RejectionSampling(8, stop=First(), journal=tmp_path / "j.sqlite").infer(
            rater, trainset=items.examples()
        )
    finally:
        watcher.join()
        server.stop()
    assert traces.errors == 0
    assert told(traces) == told(quiet)


@pytest.mark.slow
def test_no_budget_is_exceeded_and_none_ends_a_run_early_by_more_than_a_wave() -> None:
    """200 random budgets; what a call may cost at most is reserved first, so nothing is exceeded at all."""
    dice = random.Random(3)
    items = corpus(40)
    price = Price(1e-6, 4e-6)
    ended = Counter()
    with StubServer(Behaviour(answer=answer)) as server:
        rater = teacher(server, max_in_flight=16)
        whole = RejectionSampling(8, stop=Confident(), price=price).infer(rater, trainset=items.examples()).spent
        assert whole.usd is not None
        for _ in range(200):
            limits = {
                "usd": dice.uniform(0, 1.2) * whole.usd,
                "tokens": int(dice.uniform(0, 1.2) * whole.tokens),
                "calls": int(dice.uniform(0, 1.2) * whole.calls),
            }
            chosen = {name: limits[name] for name in dice.sample(sorted(limits), dice.randint(1, 3))}
            requests = server.requests
            traces = RejectionSampling(8, stop=Confident(), price=price, budget=Budget(**chosen)).infer(
                rater, trainset=items.examples()
            )
            spent = traces.spent
            assert spent.usd is not None and spent.calls == server.requests - requests
            assert spent.usd <= chosen.get("usd", 1.0) and spent.tokens <= chosen.get("tokens", 10**9)
            assert spent.calls <= chosen.get("calls", 10**9)
            limit = traces.stopped.split(":")[0]
            ended[limit] += 1
            if not limit:
                assert not any(item.cut_short for item in traces.items)
                if all(value > 1.1 * getattr(whole, name) for name, value in chosen.items()):
                    assert spent == whole, "nothing was near a limit, so it drew everything"
                continue
            assert any(item.cut_short for item in traces.items)
            # One more draw may cost at most: a prompt of some 60 words (bounded by its bytes) and 64 tokens of reply.
            longest = max(len(rater.prompt({"text": item.fields["text"]}).bytes) for item in items)
            prompt = longest // 2 + 1 + 64
            if limit == "tokens":
                assert chosen["tokens"] - spent.tokens < prompt + 64
            elif limit == "dollars":
                assert chosen["usd"] - spent.usd < price.of(prompt, 64)
            else:
                assert limit == "calls" and spent.calls == chosen["calls"]
    assert min(ended["tokens"], ended["dollars"], ended["calls"], ended[""]) > 10


def test_a_run_cut_short_by_its_budget_goes_on_where_it_was(tmp_path: Path) -> None:
    items = corpus(100)
    with StubServer(Behaviour(answer=answer)) as server:
        rater = teacher(server)
        whole = RejectionSampling(8, stop=First()).infer(rater, trainset=items.examples())
        path = tmp_path / "journal.sqlite"
        runs = 0
        while True:
            sampler = RejectionSampling(8, stop=First(), journal=path, budget=Budget(calls=40))
            traces = sampler.infer(rater, trainset=items.examples())
            runs += 1
            if not traces.stopped:
                break
            assert "40 of 40" in traces.stopped and "stopped by the budget" in repr(traces)
    assert runs >= 3
    assert told(traces) == told(whole)
