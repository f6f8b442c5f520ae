"""What importing the ground floor costs: a bar of 0.3 s, which one heavy library at its door would break."""

import subprocess
import sys

SELDOM_NEEDED = ("scipy", "sklearn", "torch", "pandas", "dspy", "concurrent.futures.thread", "subprocess")


def test_importing_the_room_loads_nothing_that_is_seldom_needed() -> None:
    program = f"import sys, accord.data; print([name for name in {SELDOM_NEEDED!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
