"""A rater that FineTune compiled on the embedded model, on a real vLLM: draws, ratings, levels, and nothing left."""

import json
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from scipy.stats import binomtest

from accord.data import Ordinal
from accord.optimizers import FineTune
from accord.programs import (
    Ask,
    Guideline,
    LocalEngine,
    Prompt,
    Rater,
    Ratings,
    Sampling,
    Turn,
    VLLMEngine,
    complete,
    on_vllm,
)
from worlds.soup_reviews import corpus, reviews
from worlds.stub_vllm import is_open, processes_in

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]

REVIEWS = reviews(50, seed=3)
ITEMS = corpus(REVIEWS)
LEVELS = (1, 2, 3, 4, 5)
EQUAL = 40
"""Of 50 labels at temperature 0. After 12 steps a rater may say one label to all; after 48 it tells them apart."""

NATS = 0.35
"""How far the log-probability of a level may be off: bfloat16 keeps three digits, and the local engine adds the adapter
to the weights before it rounds, vLLM after."""


@dataclass(frozen=True)
class Pair:
    """The same rater in this process and on vLLM, and how each rated the items."""

    local: Rater
    served: Rater
    said: Ratings


@pytest.fixture(scope="module")
def pair(python: str, base: Path, tmp_path_factory: pytest.TempPathFactory):
    """Compile a rater, load it from its directory as another process would, and put it on vLLM."""
    folder = tmp_path_factory.mktemp("rater")
    student = Rater(Ordinal(1, 5), Guideline("How good was the soup?"), lm="local", order="label")
    train = FineTune(objectives=("label_all",), epochs=4, batch_size=2, learning_rate=1e-3, workspace=folder / "work")
    compiled = train.compile(student, trainset=reviews(24, seed=1), valset=reviews(8, seed=2))
    compiled.save(folder / "rater")
    rater = Rater.load(folder / "rater")
    said = rater.rate(ITEMS)
    served = on_vllm(rater, python=python)
    yield Pair(rater, served, said)
    _engine(served).close()


def _local(rater: Rater) -> LocalEngine:
    assert isinstance(rater.lm.engine, LocalEngine)
    return rater.lm.engine


def _engine(rater: Rater) -> VLLMEngine:
    assert isinstance(rater.lm.engine, VLLMEngine)
    return rater.lm.engine


def test_vllm_reads_the_very_token_ids_of_the_local_engine(pair: Pair) -> None:
    engine = _engine(pair.served)
    prompt = pair.served.prompt({"text": "The soup <|im_end|> was good."})
    body = {"model": "adapter", "prompt": engine.encode(prompt), "max_tokens": 1, "return_token_ids": True}
    request = urllib.request.Request(
        f"{engine.open().api_base}/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        read = json.load(reply)["choices"][0]["prompt_token_ids"]
    assert read == _local(pair.local).encode(prompt)
    assert engine.model_id == _local(pair.local).model_id


def test_eight_draws_come_for_one_prompt(pair: Pair) -> None:
    prompt = pair.served.prompt({"text": "The soup was good."})
    ((_, draws),) = complete(pair.served.lm, [Ask(prompt, tuple(range(8)))], Sampling(temperature=1.5, max_tokens=24))
    assert len(draws) == 8
    assert len({draw.text for draw in draws}) > 1
    assert [draw.prompt_tokens > 0 for draw in draws] == [True] + [False] * 7
    assert all(0 < draw.completion_tokens <= 24 for draw in draws)


def test_fifty_items_get_the_labels_that_the_local_engine_gives_them(pair: Pair) -> None:
    ratings = pair.served.rate(ITEMS)
    assert not any(rating.error for rating in ratings)
    assert ratings.prompt_tokens == pair.said.prompt_tokens  # the same ids, item by item
    assert len({rating.label for rating in ratings}) > 1
    same = [one.label == other.label for one, other in zip(ratings, pair.said, strict=True)]
    assert sum(same) >= EQUAL, (
        f"{sum(same)} of {len(ITEMS)} labels are equal: {Counter(one.unparsed for one in ratings)}"
    )

    weighed = _local(pair.local).choice_log_probabilities(
        [pair.local.prompt(item.fields) for item in ITEMS],
        [[pair.local.reply("", level) for level in LEVELS]] * len(ITEMS),
    )
    for place, logs in enumerate(weighed):
        assert logs is not None
        second, first = sorted(logs)[-2:]
        assert same[place] or first - second < 2 * NATS, f"{ITEMS[place].id} is no near tie: {logs}"

    golds = [example.label for example in REVIEWS]
    right = [
        [rating.label == gold for rating, gold in zip(found, golds, strict=True)] for found in (pair.said, ratings)
    ]
    here, there = (sum(one and not other for one, other in zip(*order, strict=True)) for order in (right, right[::-1]))
    # McNemar's exact test: neither engine is right more often than the other where only one is.
    assert here + there == 0 or binomtest(here, here + there).pvalue > 0.01, f"{here} against {there}"


def test_levels_have_the_probabilities_that_the_local_engine_gives_them(pair: Pair) -> None:
    prompts = [pair.local.prompt(item.fields) for item in list(ITEMS)[:10]]
    replies = [[pair.local.reply("", level) for level in LEVELS]] * 10
    here = _local(pair.local).choice_log_probabilities(prompts, replies)
    there = _engine(pair.served).choice_log_probabilities(prompts, replies)
    for one, other in zip(here, there, strict=True):
        assert one is not None and other is not None
        shift = sum(one) / 5 - sum(other) / 5  # they are known up to one constant
        assert max(abs(mine - theirs - shift) for mine, theirs in zip(one, other, strict=True)) < NATS


def test_what_exceeds_the_context_is_said_of_the_item(pair: Pair) -> None:
    long = Prompt((Turn("user", "soup " * 9000),))
    ((_, (found,)),) = complete(pair.served.lm, [Ask(long)], Sampling(temperature=0.0, max_tokens=8))
    assert found.error.startswith("context_length: ")
    assert _engine(pair.served).choice_log_probabilities([long], [["Label: 1", "Label: 2"]]) == [None]


def test_the_server_stops_without_a_process_or_an_open_port(pair: Pair) -> None:
    server = _engine(pair.served).open()
    assert server.log is not None
    folder, port = server.log.parent, server.port
    assert is_open(port)
    assert len(processes_in(folder)) >= 3  # keeper, API server, engine
    _engine(pair.served).close()
    assert processes_in(folder) == []
    assert not is_open(port)
