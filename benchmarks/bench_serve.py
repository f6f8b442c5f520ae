"""What `accord serve` does under load: requests a second, latencies, and whether a stop loses anything.

    python benchmarks/bench_serve.py [--requests 1000] [--local] [--base NAME]

A rater is saved, served by a fresh process on 127.0.0.1, and asked by 1 and by 32 clients that each keep a connection;
5 % of the requests are malformed or oversized. The rater's model is a stub server in a process of its own, at 0 ms and
at 100 ms latency; with ``--local`` also a rater that this run compiles first (`FineTune`, a LoRA adapter) and that is
served with its model in the server's own process. Its base is a model of a few thousand random weights, which shows
what batching does and not how fast a real model is, or the one that ``--base`` names (``local`` is the embedded one).
*Gain* is requests a second against one client with the same model. At the end of each, SIGTERM is sent while 32 clients
ask: what the server counts as answered has to be what reached the clients. Prints one JSON line, a table and the bars.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import psutil

from accord.data import Ordinal
from accord.programs import Guideline, Rater
from worlds.served_rater import Crowd, ServedRater, make_calls, percentile
from worlds.stub_process import StubProcess

CLIENTS = 32
BAD = 0.05


@dataclass(frozen=True)
class Row:
    """What one crowd met."""

    model: str
    clients: int
    requests: int
    wrong: int
    requests_per_s: float
    items_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms_per_request: float
    gain: float | None = None


@dataclass(frozen=True)
class Stop:
    """How a server ended while it was asked."""

    model: str
    exit_code: int
    answered: int
    refused: int
    lost: int
    port_open: bool


def measure(model: str, server: ServedRater, clients: int, requests: int) -> Row:
    """Let a crowd ask a server."""
    process, crowd = psutil.Process(server.process.pid), Crowd(server.url, clients)
    crowd.send(make_calls(4 * clients, seed=1))
    crowd.replies.clear()
    cpu = sum(process.cpu_times()[:2])
    seconds = crowd.send(make_calls(requests, bad=BAD))
    cpu = sum(process.cpu_times()[:2]) - cpu
    good = [reply for reply in crowd.replies if reply.status == 200]
    waits = [1000 * reply.seconds for reply in good]
    return Row(
        model,
        clients,
        requests,
        wrong=sum(reply.status != reply.call.expected for reply in crowd.replies),
        requests_per_s=round(requests / seconds, 1),
        items_per_s=round(sum(len(reply.call.texts) for reply in good) / seconds, 1),
        p50_ms=round(percentile(waits, 0.5), 1),
        p99_ms=round(percentile(waits, 0.99), 1),
        cpu_ms_per_request=round(1000 * cpu / requests, 2),
    )


def stop(model: str, server: ServedRater) -> Stop:
    """Send SIGTERM after 100 answers, while 32 clients go on asking."""
    before = answered_so_far(server)
    crowd, seen = Crowd(server.url, CLIENTS), Counter()

    def signal_once(_: object) -> None:
        seen["replies"] += 1
        if seen["replies"] == 100:
            server.signal()

    crowd.send(make_calls(1_000_000 // CLIENTS, bad=0.0, seed=2), signal_once)
    code, said = server.wait()
    reached = sum(reply.status == 200 for reply in crowd.replies)
    told = int(said.splitlines()[-1].split(": ")[1].split(" request")[0].replace(",", ""))
    return Stop(model, code, reached, len(crowd.replies) - reached, told - before - reached, server.is_open())


def answered_so_far(server: ServedRater) -> int:
    """Return how many requests a server let in until now, this question among them."""
    import urllib.request

    with urllib.request.urlopen(f"{server.url}/metrics", timeout=30) as response:
        page = response.read().decode()
    lines = [line for line in page.splitlines() if line.startswith("accord_requests_total{")]
    return 1 + sum(int(float(line.rsplit(" ", 1)[1])) for line in lines if 'status="413"' not in line)


def serve(model: str, server: ServedRater, requests: int) -> tuple[list[Row], Stop]:
    """Measure a server with one client and with many, and stop it."""
    with server:
        one = measure(model, server, 1, max(100, requests // 8))
        many = measure(model, server, CLIENTS, requests)
        return [one, replace(many, gain=round(many.requests_per_s / one.requests_per_s, 1))], stop(model, server)


def compile_rater(folder: Path, base: str | None) -> float:
    """Compile a rater and save it to a folder; return the seconds it took."""
    from worlds.trained_rater import train_rater

    began = time.perf_counter()
    train_rater(folder.parent / "made", base=base).save(folder)
    return time.perf_counter() - began


def main() -> None:
    """Run all models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--local", action="store_true", help="also a rater compiled now (needs accord[train])")
    parser.add_argument("--base", metavar="NAME", help="the model that --local compiles, e.g. local; else a tiny one")
    options = parser.parse_args()
    rows: list[Row] = []
    stops: list[Stop] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "stars"
        rater = Rater(Ordinal(1, 5), Guideline("How friendly is it?"), fields=("text",), lm="openai/stub")
        rater.save(folder)
        for latency in (0.0, 0.1):
            with StubProcess("--latency", str(latency)) as stub:
                found, end = serve(
                    f"stub {latency * 1000:.0f} ms", ServedRater(folder, "--api-base", stub.url), options.requests
                )
            rows += found
            stops.append(end)
        compiled = None
        if options.local:
            compiled = round(compile_rater(Path(place) / "compiled", options.base), 1)
            name = "compiled, tiny" if options.base is None else f"compiled, {options.base}"
            found, end = serve(name, ServedRater(Path(place) / "compiled"), options.requests)
            rows += found
            stops.append(end)
    held = {
        "every request got the status it should": all(row.wrong == 0 for row in rows),
        "no accepted request was lost": all(end.lost == 0 for end in stops),
        "every server ended with 0 and left no open port": all(
            end.exit_code == 0 and not end.port_open for end in stops
        ),
        "batching pays: 32 clients get at least 3 times what one gets": all(
            row.gain >= 3 for row in rows if row.gain is not None and row.model != "stub 0 ms"
        ),
    }
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(
        json.dumps(
            {
                "machine": machine,
                "compile_seconds": compiled,
                "rows": [asdict(row) for row in rows],
                "stops": [asdict(end) for end in stops],
                "bars": held,
            }
        )
    )
    print(
        f"\n{'model':<17} {'clients':>7} {'requests/s':>11} {'items/s':>8} {'p50 ms':>7} {'p99 ms':>7} {'CPU ms':>7} "
        "gain"
    )
    for row in rows:
        gain = "" if row.gain is None else f"{row.gain:>4}"
        print(
            f"{row.model:<17} {row.clients:>7} {row.requests_per_s:>11} {row.items_per_s:>8} {row.p50_ms:>7} "
            f"{row.p99_ms:>7} {row.cpu_ms_per_request:>7} {gain}"
        )
    if compiled is not None:
        print(f"\ncompiled (FineTune, LoRA) and saved in {compiled} s before it was served")
    print(f"\n{'stopped':<17} {'exit':>4} {'answered':>9} {'refused':>8} {'lost':>5}")
    for end in stops:
        print(f"{end.model:<17} {end.exit_code:>4} {end.answered:>9} {end.refused:>8} {end.lost:>5}")
    print()
    for bar, holds in held.items():
        print(f"{'holds ' if holds else 'FAILS '} {bar}")


if __name__ == "__main__":
    main()
