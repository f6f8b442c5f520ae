"""Callers in many threads and event loops share one running batch, and nobody notices but by the time it takes."""

import asyncio
import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import dspy
import pytest

from accord.programs import Ask, LocalEngine, Prompt, Sampling, Turn, local_lm
from accord.programs.local.continuous_batching import JointDecoder
from accord.programs.local.sequence_request import SequenceRow, Wish
from worlds.tiny_model import make_tiny_model

torch = pytest.importorskip("torch")

CALLERS = 32
CONTEXT = 2048
LIMIT = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose next token depends on the last one alone, and that never ends a reply.

    In bfloat16 another shape of the batch rounds otherwise, and a draw may become another one (that rows are right in
    whatever company is tested in float32, in test_generation). Without attention nothing is left to add up otherwise.
    """
    from safetensors.torch import load_file, save_file
    from transformers import AutoTokenizer

    folder = make_tiny_model(tmp_path_factory.mktemp("joint") / "model", context=CONTEXT)
    weights = load_file(folder / "model.safetensors")
    for name, tensor in weights.items():
        if "o_proj" in name or "down_proj" in name:
            tensor.zero_()
    weights["lm_head.weight"] *= 50
    weights["lm_head.weight"][AutoTokenizer.from_pretrained(folder).eos_token_id] = 0
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def engine(folder: Path) -> LocalEngine:
    return LocalEngine(folder)


def _prompts(count: int) -> list[Prompt]:
    return [
        Prompt((Turn("system", "Say what comes to mind."), Turn("user", "ab" * (1 + n % 7) + str(n))))
        for n in range(count)
    ]


def _request(prompt: Prompt, temperature: float = 1.0, max_tokens: int = LIMIT) -> Any:
    return prompt.request("local/tiny", temperature=temperature, max_tokens=max_tokens, seed=7)


def _answer(engine: LocalEngine, request: Any) -> tuple[str, int]:
    response = engine.complete(request)
    return response.text or "", response.usage.output_tokens or 0


@pytest.fixture
def asked(engine: LocalEngine) -> list[Any]:
    """Requests of several temperatures and limits."""
    return [
        _request(prompt, temperature=(0.0, 1.0, 0.7)[n % 3], max_tokens=LIMIT - n % 4)
        for n, prompt in enumerate(_prompts(CALLERS))
    ]


def _together(engine: LocalEngine, requests: Sequence[Any]) -> list[Any]:
    """Send all at once, each from a thread of its own; an error is returned in place of the answer."""
    gate = threading.Barrier(len(requests))

    def ask(request: Any) -> Any:
        gate.wait()
        try:
            return _answer(engine, request)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(ask, requests))


def _no_thread_left() -> bool:
    """Wait for the decoding thread to end by itself; it has nothing to do."""
    for thread in threading.enumerate():
        if thread.name == "accord-decoding":
            thread.join(timeout=30)
    return all(thread.name != "accord-decoding" for thread in threading.enumerate())


def test_thirty_two_callers_get_the_answers_of_one_by_one_in_far_fewer_steps(engine, asked):
    alone = [_answer(engine, request) for request in asked]
    steps = engine.steps
    together = _together(engine, asked)
    assert together == alone
    assert len(set(alone)) > CALLERS // 2, "the answers must differ for the test to mean anything"
    assert (engine.steps - steps) * 5 < steps
    assert _no_thread_left()


def test_one_that_is_too_long_hurts_nobody(engine, asked):
    alone = [_answer(engine, request) for request in asked]
    long = _request(Prompt((Turn("user", "word " * CONTEXT),)))
    *answers, error = _together(engine, [*asked, long])
    assert answers == alone
    assert isinstance(error, dspy.lm15.ContextLengthError) and "prompt tokens, at most" in str(error)
    assert _no_thread_left()


def test_what_the_model_raises_reaches_those_it_concerns_and_later_callers_are_served(engine, asked):
    outside = replace(Sampling(temperature=1.0, max_tokens=4), seed=1)
    expected = list(engine.complete_many([Ask(_prompts(1)[0])], outside))
    broken = _Unreadable(engine.path)
    with pytest.raises(IndexError):
        list(broken.complete_many([Ask(_prompts(1)[0])], outside))
    broken.readable = True
    assert list(broken.complete_many([Ask(_prompts(1)[0])], outside)) == expected
    assert _no_thread_left()


class _Unreadable(LocalEngine):
    """Writes prompts with a token that the model does not have."""

    readable = False

    def encode(self, prompt: Prompt) -> list[int]:
        return [*([] if self.readable else [10**6]), *super().encode(prompt)]


def test_a_caller_with_many_prompts_does_not_keep_out_one_with_one(folder):
    engine = LocalEngine(folder, max_batch_rows=4)
    many = [Ask(prompt, (0, 1)) for prompt in _prompts(60)]
    answers: Iterator[Any] = engine.complete_many(many, Sampling(temperature=1.0, max_tokens=LIMIT))
    next(answers)
    _answer(engine, _request(_prompts(1)[0], max_tokens=4))
    begun = engine.steps
    rest = list(answers)
    assert len(rest) == 59
    assert engine.steps - begun > 3 * LIMIT, "the one was answered long before the many"
    assert _no_thread_left()


def test_leaving_early_ends_the_work(folder):
    engine = LocalEngine(folder, max_batch_rows=2)
    many = [Ask(prompt) for prompt in _prompts(60)]
    answers: Any = engine.complete_many(many, Sampling(temperature=1.0, max_tokens=LIMIT))
    next(answers)
    answers.close()
    assert _no_thread_left()
    assert engine.steps < 60 * LIMIT / 4


def test_who_comes_late_joins_a_running_batch_of_a_model_with_a_sliding_window(folder, tmp_path):
    sliding = tmp_path / "sliding"
    shutil.copytree(folder, sliding)
    config = json.loads((sliding / "config.json").read_text(encoding="utf-8"))
    kind = {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "sliding_window": 64}
    (sliding / "config.json").write_text(json.dumps({**config, **kind}), encoding="utf-8")
    engine = LocalEngine(sliding)
    early, later = _prompts(2)
    alone = _answer(engine, _request(later, max_tokens=4))
    longest = CONTEXT // 2
    first: Any = engine.complete_many([Ask(early, (0,)), Ask(early, (1,))], Sampling(max_tokens=longest))
    begun = engine.steps
    waits = threading.Thread(target=lambda: next(first), daemon=True)
    waits.start()
    while engine.steps < begun + 4:
        pass
    assert _answer(engine, _request(later, max_tokens=4)) == alone
    assert engine.steps - begun < longest, "the others must still have been at it for the test to mean anything"
    waits.join(timeout=60)
    first.close()
    assert _no_thread_left()


def test_who_waits_for_a_batch_that_nobody_can_join_is_served_when_its_caller_leaves(folder):
    from transformers import AutoModelForCausalLM

    from accord.programs.local.prefill import Decoder
    from accord.programs.local.running_batch import RunningBatch

    class Closed(RunningBatch):
        """As with layers whose caches cannot be put below each other."""

        @property
        def open(self) -> bool:
            return not self.rows

    class Reader(Decoder):
        def batch(self) -> RunningBatch:
            return Closed(self.model, self.stop_ids)

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
    decoder = JointDecoder(Reader(model, [], 0), max_rows=64, max_tokens=24_000)
    wishes = [Wish([5, 6, 7], [SequenceRow(0, 0.0, limit)]) for limit in (2, CONTEXT // 2)]
    first: Any = decoder.decode(wishes)
    next(first)  # the other one goes on
    found: list[int] = []
    waits = threading.Thread(
        target=lambda: found.extend(decoder.decode([Wish([8], [SequenceRow(0, 0.0, 4)])])), daemon=True
    )
    waits.start()
    steps = decoder.steps
    while decoder.steps < steps + 20:
        assert not found, "it must have to wait for the test to mean anything"
    first.close()
    waits.join(timeout=30)
    assert found == [0]
    assert _no_thread_left()


def test_draws_keep_their_places_when_rows_are_few(folder):
    """Prompts wait for places, join as others end, and every draw is that of its own seed."""
    asks = [Ask(prompt, (0, 1, 5)) for prompt in _prompts(12)]
    sampling = Sampling(temperature=1.0, max_tokens=LIMIT, seed=3)
    wide = dict(LocalEngine(folder).complete_many(asks, sampling))
    narrow = dict(LocalEngine(folder, max_batch_rows=4).complete_many(asks, sampling))
    assert wide == narrow
    (alone,) = dict(LocalEngine(folder).complete_many([Ask(asks[4].prompt, (5,))], sampling)).values()
    assert alone[0].text == wide[4][2].text


def test_scores_are_read_while_others_draw(engine):
    prompts = _prompts(6)
    replies = [["Label: 1", "Label: 2"]] * 6
    expected = engine.choice_log_probabilities(prompts, replies)
    drawn: Iterator[Any] = engine.complete_many([Ask(prompt, (0, 1)) for prompt in prompts], Sampling(max_tokens=LIMIT))
    next(drawn)
    assert engine.choice_log_probabilities(prompts, replies) == [pytest.approx(row, abs=0.05) for row in expected]
    assert len(list(drawn)) == 5


def test_calls_of_one_event_loop_are_decoded_together(engine, folder):
    prompts = _prompts(CALLERS)
    lm = local_lm(engine, max_tokens=8)
    alone = [lm(prompt=prompt.turns[-1].content)[0] for prompt in prompts]
    steps = engine.steps

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(lm.acall(prompt=prompt.turns[-1].content) for prompt in prompts))

    assert [found[0] for found in asyncio.run(all_of_them())] == alone
    assert (engine.steps - steps) * 5 < steps


def test_modules_called_in_parallel_are_decoded_together(engine):
    predict = dspy.Predict("text -> label")
    examples = [dspy.Example(text=prompt.turns[-1].content).with_inputs("text") for prompt in _prompts(8)]
    with dspy.context(lm=local_lm(engine, max_tokens=8), adapter=_Whole()):
        alone = [predict(**example.inputs()).label for example in examples]
        steps = engine.steps
        together: Any = predict.batch(examples, num_threads=8)
    assert [prediction.label for prediction in together] == alone
    assert (engine.steps - steps) * 2 < steps


class _Whole(dspy.ChatAdapter):
    """Takes the whole reply as the answer: random weights keep to no form."""

    def parse(self, signature: Any, completion: str) -> dict[str, Any]:
        return {"label": completion}
