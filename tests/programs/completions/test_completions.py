"""Many completions from any DSPy LM: each draw once, in bounded numbers, and failures as data."""

import threading

import dspy
import pytest
from dspy.lm15 import Message, Response, TextPart, Usage
from dspy.utils.exceptions import LMAuthError, LMRateLimitError

from accord.data import SetupError
from accord.programs import Ask, BatchEngine, Prompt, Sampling, ScriptedEngine, Turn, complete, identity, scripted_lm

PROMPTS = [Prompt((Turn("system", "Rate."), Turn("user", f"item {number}"))) for number in range(5)]


class PlainEngine:
    """One request at a time, as any server; `answer` gets the request and its number."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.lock = threading.Lock()

    def complete(self, request):
        with self.lock:
            self.requests.append(request)
            number = len(self.requests)
        text = self.answer(request, number)
        message = Message(role="assistant", parts=(TextPart(text),))
        usage = Usage(input_tokens=7, output_tokens=3)
        return Response(id=None, model=request.model, message=message, finish_reason="stop", usage=usage)


def _plain(answer):
    return dspy.LM("scripted/plain", engine=PlainEngine(answer), cache=True, num_retries=0)


def _requests(lm):
    assert isinstance(lm.engine, PlainEngine)
    return lm.engine.requests


def test_every_draw_is_asked_once_and_comes_back_at_its_place():
    lm = scripted_lm(lambda prompt, draw: f"{prompt.turns[-1].content}, draw {draw}")
    asks = [Ask(PROMPTS[0], (0, 1, 2)), Ask(PROMPTS[1], (7,)), Ask(PROMPTS[2])]
    found = dict(complete(lm, asks, Sampling()))
    assert {place: [c.text for c in completions] for place, completions in found.items()} == {
        0: ["item 0, draw 0", "item 0, draw 1", "item 0, draw 2"],
        1: ["item 1, draw 7"],
        2: ["item 2, draw 0"],
    }
    assert isinstance(lm.engine, BatchEngine)
    assert isinstance(lm.engine, ScriptedEngine) and len(lm.engine.asked) == 5


def test_an_lm_without_batches_is_called_once_a_draw():
    lm = _plain(lambda request, number: f"{request.messages[-1].text} at {request.config.temperature}")
    asks = [Ask(prompt, tuple(range(3))) for prompt in PROMPTS]
    found = dict(complete(lm, asks, Sampling(temperature=1.0, max_tokens=64), workers=4))
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert all(c.text == f"item {place} at 1.0" for place, draws in found.items() for c in draws)
    assert [(c.prompt_tokens, c.completion_tokens) for c in found[0]] == [(7, 3)] * 3
    assert len(_requests(lm)) == 15, "equal draws are not served from DSPy's cache"
    assert {request.config.max_tokens for request in _requests(lm)} == {64}
    assert {request.system for request in _requests(lm)} == {"Rate."}


def test_greedy_rating_works_without_batches():
    lm = _plain(lambda request, number: "Label: 4")
    ((place, (completion,)),) = complete(lm, [Ask(PROMPTS[0])], Sampling(temperature=0.0))
    assert (place, completion.text) == (0, "Label: 4")


def test_a_failing_request_is_data():
    def answer(request, number):
        if request.messages[-1].text == "item 3":
            raise LMRateLimitError("slow\ndown")
        return "fine"

    found = dict(complete(_plain(answer), [Ask(prompt) for prompt in PROMPTS], Sampling()))
    assert {place: c.text for place, (c,) in found.items()} == {0: "fine", 1: "fine", 2: "fine", 3: "", 4: "fine"}
    failed = found[3][0]
    assert failed.finish_reason == "error"
    assert failed.error.startswith("LMRateLimitError: ") and "slow down" in failed.error


def test_a_wrong_key_ends_the_run_with_its_cure():
    def answer(request, number):
        raise LMAuthError("invalid api key")

    with pytest.raises(SetupError, match="invalid api key") as caught:
        list(complete(_plain(answer), [Ask(prompt) for prompt in PROMPTS], Sampling()))
    assert "scripted/plain" in str(caught.value) and "key" in str(caught.value.cure)


def test_stopping_early_asks_for_little_more():
    lm = _plain(lambda request, number: "fine")
    prompts = [Prompt((Turn("user", str(number)),)) for number in range(500)]
    stream = complete(lm, [Ask(prompt) for prompt in prompts], Sampling(), workers=2)
    next(stream)
    stream.close()
    # A window of 4 x 2 calls, and those that were refilled or begun meanwhile.
    assert len(_requests(lm)) <= 20


def test_nothing_asked_is_nothing_answered():
    assert list(complete(scripted_lm(lambda prompt, draw: "x"), [], Sampling())) == []
    assert list(complete(_plain(lambda request, number: "x"), [], Sampling())) == []


def test_an_identity_is_by_content_where_the_engine_knows_it():
    assert identity(scripted_lm(lambda prompt, draw: "x", model_id="judge@abc")) == "judge@abc"
    assert identity(_plain(lambda request, number: "x")) == "scripted/plain"
    assert identity(dspy.LM("openai/gpt-4o-mini", api_key="sk-secret")) == "openai/gpt-4o-mini"


def test_a_draws_seed_depends_on_prompt_number_and_seed_alone():
    sampling = Sampling(seed=3)
    seeds = {sampling.draw_seed(prompt, draw) for prompt in PROMPTS for draw in range(4)}
    assert len(seeds) == 20
    assert sampling.draw_seed(PROMPTS[0], 0) == Sampling(temperature=0.5, seed=3).draw_seed(PROMPTS[0], 0)
    assert sampling.draw_seed(PROMPTS[0], 0) != Sampling(seed=4).draw_seed(PROMPTS[0], 0)
    assert sampling.to_dict() == {"temperature": 1.0, "max_tokens": 512, "seed": 3}


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_no_reply_can_keep_to_is_refused(limit):
    with pytest.raises(SetupError, match=f"Sampling: max_tokens={limit}. Give max_tokens=1"):
        Sampling(max_tokens=limit)


def test_the_script_counts_words_as_tokens():
    engine = ScriptedEngine(lambda prompt, draw: "Label: 4")
    ((_, (completion,)),) = engine.complete_many([Ask(PROMPTS[0])], Sampling())
    assert (completion.prompt_tokens, completion.completion_tokens) == (3, 2)
