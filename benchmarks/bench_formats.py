"""Which number format is faster here, and whether Accord chooses it: as the machine is, and played without AVX-512.

    python benchmarks/bench_formats.py [--repeats 2]

Draws, ratings and training of the embedded model (`local_work.py`), each figure from fresh processes, in turn; the
figure is the best of the repeats. The second half of the table has oneDNN, ATen and MKL held to AVX2, so that a machine
with AVX-512 plays one without; a line before it says what each of the three variables alone changes. A format that is
very slow is measured on a tenth of the work. The bar: what `number_format` chooses is within 10 % of the faster format
in each column. Prints the table and one JSON line. Let nothing else run beside it.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from local_work import KINDS, PLAYED, measured

_WITHIN = 0.9
_ASK = """
import json, torch
from accord.programs import number_format
layer, rows = torch.nn.Linear(576, 1536, bias=False), torch.ones(256, 576)
def rate(dtype):
    import time
    one, given = layer.to(dtype), rows.to(dtype)
    best = 1e9
    with torch.inference_mode():
        for _ in range(20):
            began = time.perf_counter(); one(given); best = min(best, time.perf_counter() - began)
    return round(2 * 256 * 576 * 1536 / best / 1e9)
print(json.dumps({"chosen": number_format().name, "reason": number_format().reason,
    "bf16 kernels": bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()), "ATen": torch.backends.cpu.get_cpu_capability(),
    "float32 GFLOP/s": rate(torch.float32), "bfloat16 GFLOP/s": rate(torch.bfloat16)}))
"""


def main() -> None:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    print(f"processor: {_processor()}")
    for name, value in {"": "", **PLAYED}.items():
        print(f"{f'{name}={value}' if name else 'as it is'}: {json.dumps(asked({name: value} if name else {}))}")
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    missed: list[str] = []
    print(f"\n{'machine':<10} {'format':<10} {'':<7} " + " ".join(f"{kind:>18}" for kind in KINDS) + "  tokens/s")
    for machine, variables in (("as it is", {}), ("no AVX-512", PLAYED)):
        chosen = asked(variables)["chosen"]
        found[machine] = {}
        for name in ("bfloat16", "float32"):
            slow = name == "bfloat16" and chosen == "float32"
            rates: dict[str, float | None] = {}
            for kind in KINDS:
                every = [
                    measured(kind, {**variables, "ACCORD_DTYPE": name}, small=slow)
                    for _ in range(1 if slow else options.repeats)
                ]
                rates[kind] = max((rate for rate in every if rate is not None), default=None)
            found[machine][name] = rates
            shown = " ".join(f"{'over 300 s' if rate is None else f'{rate:.1f}':>18}" for rate in rates.values())
            print(f"{machine:<10} {name:<10} {'chosen' if name == chosen else '':<7} {shown}", flush=True)
        for kind in KINDS:
            best = max(rates[kind] or 0.0 for rates in found[machine].values())
            if (found[machine][chosen][kind] or 0.0) < _WITHIN * best:
                missed.append(f"{kind} ({machine})")
    print(
        f"\nbar: the chosen format within 10 % of the faster one: {'met' if not missed else 'MISSED: ' + str(missed)}"
    )
    print(json.dumps({"processor": _processor(), "rates": found, "missed": missed}))


def asked(variables: dict[str, str]) -> dict[str, str]:
    """Return what a fresh process with some variables finds and chooses."""
    kept = {name: value for name, value in os.environ.items() if name not in ("ACCORD_DTYPE", "OMP_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", _ASK], env={**kept, **variables}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    wanted = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return f"{name}, {os.cpu_count()} cores, {' '.join(wanted)}"


if __name__ == "__main__":
    main()
