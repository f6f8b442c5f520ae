"""What every test gets: no network, no cost map from the web, and DSPy as if nobody had configured it."""

import copy
import os
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

# The same examples on every machine, and no deadline: a busy machine is no failure.
settings.register_profile("accord", deadline=None, derandomize=True)
settings.load_profile("accord")

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


@pytest.fixture(autouse=True)
def _dspy_untouched() -> Iterator[None]:
    """Give every test DSPy's default settings and no response cache, and put both back afterwards."""
    _reset_dspy()
    yield
    _reset_dspy()


def _reset_dspy() -> None:
    if "dspy" not in sys.modules:  # tests of the ground floor must not pay for it
        return
    import dspy
    from dspy.dsp.utils.settings import DEFAULT_CONFIG

    dspy.settings.configure(**copy.deepcopy(DEFAULT_CONFIG))
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)


@pytest.fixture
def benchmark_seconds() -> Callable[[Callable[[], object]], float]:
    """Return a function that runs something and says how much CPU time this process spent on it."""

    def measure(run: Callable[[], object]) -> float:
        begun = time.process_time()
        run()
        return time.process_time() - begun

    return measure
