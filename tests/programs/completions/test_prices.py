"""What a token costs: LiteLLM's table for hosted models, nothing in this process, unknown where nobody can know."""

import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dspy
import pytest

from accord.data import SetupError
from accord.programs import Ask, Completion, Feed, LocalEngine, Price, Sampling, local_lm, price_of, scripted_lm


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add models that no list has to the table, through LiteLLM's own registry, and forget them afterwards."""
    litellm = pytest.importorskip("litellm")
    monkeypatch.setattr(litellm, "model_cost", dict(litellm.model_cost))

    def entry(provider: str, prompt: float, completion: float, **more: float) -> dict[str, Any]:
        costs = {"input_cost_per_token": prompt, "output_cost_per_token": completion}
        return {"litellm_provider": provider, "mode": "chat", **costs, **more}

    litellm.model_cost |= {
        "acc-plain": entry("openai", 1e-6, 2e-6),
        "acc-thinks": entry("openai", 1e-6, 2e-6, output_cost_per_reasoning_token=5e-6),
        "acc-zero": entry("openai", 0.0, 0.0),
        "groq/acc-hosted": entry("groq", 3e-6, 4e-6),
        "acc-cloud": entry("bedrock_converse", 5e-6, 6e-6),
        "acc-hourly": {"litellm_provider": "bedrock", "mode": "chat", "input_cost_per_second": 0.01},
    }


class Pool:
    """An engine with a connection of its own to some server."""

    def complete(self, request: Any) -> Any:
        raise NotImplementedError

    def complete_feed(self, feed: Feed, sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        yield from ()

    def complete_many(self, asks: Sequence[Ask], sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        yield from ()


def test_prices_are_read_by_the_million() -> None:
    price = Price.per_million(0.15, 0.60)
    # 2,000,000 prompt tokens at $0.15 and 500,000 completion tokens at $0.60 a million: 0.30 + 0.30.
    assert price.of(2_000_000, 500_000) == pytest.approx(0.60)
    assert price == Price(0.15 / 1e6, 0.60 / 1e6)


@pytest.mark.parametrize("bad", [-1e-9, math.nan, math.inf, True, "0.1", None])
@pytest.mark.parametrize("make", [Price, Price.per_million])
def test_what_is_no_price_is_refused(bad: Any, make: Any) -> None:
    with pytest.raises(SetupError, match=r"^Price: prompt=.*Give US dollars a token of at least 0"):
        make(bad, 0.0)
    with pytest.raises(SetupError, match="^Price: completion="):
        make(0.0, bad)


def test_a_well_known_model_has_a_price_with_and_without_its_provider() -> None:
    with_provider = price_of(dspy.LM("openai/gpt-4o-mini"))
    assert with_provider is not None
    assert 0 < with_provider.prompt < with_provider.completion < 1e-4
    assert price_of(dspy.LM("gpt-4o-mini")) == with_provider


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("openai/acc-plain", Price(1e-6, 2e-6)),
        ("acc-plain", Price(1e-6, 2e-6)),
        ("groq/acc-hosted", Price(3e-6, 4e-6)),
        ("bedrock/acc-cloud", Price(5e-6, 6e-6)),
        # Thinking is most of a reply, and a budget errs on the safe side.
        ("openai/acc-thinks", Price(1e-6, 5e-6)),
        # The same name from someone else, and what the table has no price a token for.
        ("groq/acc-plain", None),
        ("openai/acc-hosted", None),
        ("openai/acc-zero", None),
        ("bedrock/acc-hourly", None),
        ("openai/nobody-lists-this", None),
    ],
)
def test_the_table_is_read_for_the_provider_that_is_asked(model: str, price: Price | None) -> None:
    assert price_of(dspy.LM(model)) == price


def test_models_in_this_process_are_free(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert price_of(local_lm(LocalEngine(tmp_path))) == Price(0, 0)
    assert price_of(scripted_lm(lambda prompt, draw: "Label: 1")) == Price(0, 0)


def test_a_server_at_an_address_of_ones_own_has_no_known_price(monkeypatch: pytest.MonkeyPatch) -> None:
    assert price_of(dspy.LM("openai/gpt-4o-mini", api_base="http://127.0.0.1:9/v1")) is None
    assert price_of(dspy.LM("openai/gpt-4o-mini", base_url="http://127.0.0.1:9/v1")) is None
    # Even an engine that also answers batches: it keeps requests in flight, so it is remote.
    assert price_of(dspy.LM("openai/gpt-4o-mini", engine=Pool())) is None
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert price_of(dspy.LM("openai/gpt-4o-mini")) is None


@pytest.mark.slow
def test_the_table_is_read_without_the_network_and_only_when_asked() -> None:
    """A process of its own: LiteLLM decides on its first import whether to download the table."""
    program = (
        "import os, sys, dspy\n"
        "from accord.programs import price_of\n"
        "assert 'litellm' not in sys.modules\n"
        "asked = []\n"
        "sys.addaudithook(lambda event, given: event == 'socket.getaddrinfo' and asked.append(given))\n"
        "assert price_of(dspy.LM('openai/gpt-4o-mini')) is not None\n"
        "assert 'litellm' in sys.modules and not asked, asked\n"
        "assert 'LITELLM_LOCAL_MODEL_COST_MAP' not in os.environ\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "LITELLM_LOCAL_MODEL_COST_MAP"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
