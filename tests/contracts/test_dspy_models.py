"""What Accord relies on in DSPy's models: LM, engines, requests and responses, errors, providers."""

import asyncio
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy import lm15
from dspy.clients.engines.base import AsyncEngine, Engine, validate_request
from dspy.clients.provider import Provider, TrainingJob
from dspy.clients.utils_finetune import TrainDataFormat, TrainingStatus, get_finetune_directory
from dspy.teleprompt import BetterTogether, BootstrapFinetune
from dspy.utils import exceptions

from worlds.contracts import holds, takes
from worlds.echo_engine import AsyncEcho, Echo

ENGINE_FREE: dict[str, Any] = {"cache": False, "num_retries": 0}


def a_request(**options: Any) -> lm15.Request:
    message = lm15.Message(role="user", parts=(lm15.TextPart("hello"),))
    return lm15.Request(model="echo/one", messages=(message,), system="Be brief.", config=lm15.Config(**options))


def test_a_model_takes_engines_and_keeps_its_defaults_where_we_look_for_them() -> None:
    """Breaks programs/local/engine.py, programs/openai_client/pool.py, programs/completions/scripted_lm.py: models are
    made this way.
    """
    takes(dspy.LM, "model", "engine", "async_engine", "temperature", "max_tokens", "cache", "num_retries")
    engine = Echo("one")
    lm = dspy.LM("echo/one", engine=engine, async_engine=AsyncEcho("one"), temperature=0.0, max_tokens=9, **ENGINE_FREE)
    assert lm.engine is engine
    assert (lm.model, lm.kwargs["temperature"], lm.kwargs["max_tokens"]) == ("echo/one", 0.0, 9)


def test_a_model_that_dspy_reaches_itself_has_a_word_for_an_engine() -> None:
    """Breaks programs/completions/prices.py, programs/completions/complete.py: whether we have an engine is told by its
    type.
    """
    lm = dspy.LM("openai/some-model", api_base="http://127.0.0.1:1/v1")
    assert isinstance(lm.engine, str)
    assert lm.kwargs["api_base"] == "http://127.0.0.1:1/v1"


def test_a_model_answers_a_canonical_request_with_a_canonical_response() -> None:
    """Breaks programs/adapter/adapter.py, programs/completions/threaded_calls.py: every draw is asked for like this."""
    engine = Echo("one")
    lm: Any = dspy.LM("echo/one", engine=engine, async_engine=AsyncEcho("two"), **ENGINE_FREE)
    response = lm(a_request(temperature=1.0, max_tokens=5, seed=4), cache=False, rollout_id=2)
    assert isinstance(response, lm15.Response) and response.message.text == "one"
    (seen,) = engine.requests
    assert (seen.config.temperature, seen.config.max_tokens, seen.config.seed) == (1.0, 5, 4)
    # One request, one draw: DSPy neither repeats it nor sends its own rollout number along.
    validate_request(seen)
    assert asyncio.run(lm.acall(a_request(), cache=False)).message.text == "two"
    assert len(engine.requests) == 1


def test_engines_have_the_methods_that_ours_have() -> None:
    """Breaks programs/completions/async_engine.py, programs/local/engine.py, programs/openai_client/pool.py: they are
    such engines.
    """
    for protocol, closing in ((Engine, "close"), (AsyncEngine, "aclose")):
        own = {name for name in vars(protocol) if not name.startswith("_")}
        assert own == {"complete", "stream", closing}, "DSPy asks more or less of an engine than before"
    for refused in ("n", "rollout_id", "api_key"):
        with pytest.raises(ValueError, match=refused):
            validate_request(a_request(extensions={refused: 1}))


def test_requests_and_responses_have_the_fields_that_we_read_and_write() -> None:
    """Breaks programs/adapter/prompt_records.py, programs/adapter/adapter.py, programs/openai_client/pool.py,
    programs/local/engine.py: wire types.
    """
    holds(lm15.Request, "model", "messages", "system", "tools", "config")
    holds(lm15.Response, "id", "model", "message", "finish_reason", "usage")
    holds(lm15.Usage, "input_tokens", "output_tokens", "total_tokens")
    holds(lm15.Config, "temperature", "max_tokens", "seed", "top_p", "stop", "response_format", "extensions")
    holds(lm15.Config, "frequency_penalty", "presence_penalty")
    request = a_request()
    assert request.system == "Be brief." and request.messages[0].text == "hello"
    assert str(request.messages[0].role) == "user" and not request.tools
    assert (request.config.temperature, request.config.stop, request.config.extensions) == (None, (), None)


def test_a_message_tells_its_text_its_thinking_and_its_refusal_apart() -> None:
    """Breaks programs/adapter/adapter.py: native thinking is the rationale, a refusal is no label."""
    parts = (lm15.ThinkingPart("hm"), lm15.TextPart("Label: 3"), lm15.RefusalPart("no"))
    message = lm15.Message(role="assistant", parts=parts)
    assert [type(part).__name__ for part in message.parts] == ["ThinkingPart", "TextPart", "RefusalPart"]
    assert [getattr(part, "text") for part in message.parts] == ["hm", "Label: 3", "no"]  # noqa: B009


def test_a_response_has_the_finish_reasons_that_we_give() -> None:
    """Breaks programs/openai_client/pool.py, programs/local/engine.py: a cut or filtered reply says so."""
    for reason in ("stop", "length", "content_filter"):
        response = Echo("one").complete(a_request())
        kept = lm15.Response(None, "m", response.message, reason, response.usage)
        assert kept.finish_reason == reason


def test_a_response_can_be_replayed_as_events() -> None:
    """Breaks programs/completions/async_engine.py, programs/completions/scripted_lm.py: streaming callers get a whole
    reply as events.
    """
    events = list(lm15.response_to_events(Echo("one").complete(a_request())))
    assert len(events) >= 2


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        (lm15.AuthError("no key"), "LMAuthError"),
        (lm15.ConfigurationError("no such model"), "LMConfigurationError"),
        (lm15.ProviderError("it broke"), "LMError"),
        (lm15.UnsupportedFeatureError("no tools", feature="tools"), "LMUnsupportedFeatureError"),
    ],
)
def test_what_an_engine_raises_reaches_callers_as_dspy_s_error(raised: Exception, seen: str) -> None:
    """Breaks programs/openai_client/pool.py, programs/completions/threaded_calls.py, app/serve/rater_answers.py: a
    wrong key is told from a bad moment.
    """
    lm: Any = dspy.LM("echo/one", engine=Echo(raised), **ENGINE_FREE)
    with pytest.raises(getattr(exceptions, seen), match=str(raised).split("\n")[0]):
        lm(a_request(), cache=False)


def test_dspy_s_errors_are_the_tree_that_we_sort_by() -> None:
    """Breaks programs/completions/threaded_calls.py, programs/resolve_model.py: set-up errors end a run, all others are
    counted.
    """
    for name in ("LMAuthError", "LMBillingError", "LMConfigurationError", "LMUnsupportedModelError"):
        assert issubclass(getattr(exceptions, name), exceptions.LMError)
    for name in ("LMRateLimitError", "LMTimeoutError", "LMServerError", "LMTransportError"):
        kind = getattr(exceptions, name)
        assert issubclass(kind, exceptions.LMError)
        assert not issubclass(kind, exceptions.LMAuthError | exceptions.LMConfigurationError)


def test_a_model_without_a_name_is_refused_when_it_is_made() -> None:
    """Breaks programs/resolve_model.py: `resolve_model` turns these two errors into its own."""
    for wrong in ("", "openai/"):
        with pytest.raises((ValueError, exceptions.LMConfigurationError)):
            dspy.LM(wrong)
    with pytest.raises(exceptions.LMConfigurationError, match="max_tokens"):
        dspy.LM("openai/gpt-5", max_tokens=512)


def test_a_provider_launches_kills_and_trains_by_static_methods() -> None:
    """Breaks optimizers/dspy_provider/provider.py: it replaces these four, and DSPy calls them on the class or an
    instance.
    """
    for name, parameters in {
        "launch": ("lm", "launch_kwargs"),
        "kill": ("lm", "launch_kwargs"),
        "finetune": ("job", "model", "train_data", "train_data_format", "train_kwargs"),
        "is_provider_model": ("model",),
    }.items():
        assert isinstance(vars(Provider)[name], staticmethod)
        takes(getattr(Provider, name), *parameters)
    provider = Provider()
    assert (provider.finetunable, provider.reinforceable) == (False, False)
    assert provider.TrainingJob is TrainingJob


def test_a_training_job_is_a_future_with_a_status() -> None:
    """Breaks optimizers/dspy_provider/provider.py: the job of ours says how far training is, and can be cancelled."""
    takes(TrainingJob, "thread", "model", "train_data", "train_data_format", "train_kwargs")
    assert issubclass(TrainingJob, Future) and callable(TrainingJob.status)
    names = {"not_started", "running", "succeeded", "failed", "cancelled"}
    assert names <= {status.name for status in TrainingStatus}
    assert TrainDataFormat.CHAT.value == "chat"


def test_trainings_are_kept_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks optimizers/dspy_provider/provider.py: a training that was killed is found again there."""
    monkeypatch.setenv("DSPY_FINETUNEDIR", str(tmp_path / "kept"))
    assert Path(get_finetune_directory()) == tmp_path / "kept"


class Recording(Provider):
    """A provider that says what it is asked for, and trains nothing."""

    def __init__(self, calls: list[Any]) -> None:
        super().__init__()
        self.finetunable = True
        self.launch = lambda lm, launch_kwargs=None: calls.append("launch")
        self.kill = lambda lm, launch_kwargs=None: calls.append("kill")

    @staticmethod
    def finetune(job: Any, model: str, train_data: Any, train_data_format: Any, train_kwargs: Any = None) -> str:
        if train_kwargs.get("fails"):
            raise ValueError("it fails")
        assert (model, train_data, train_data_format) == ("echo/one", [{"messages": []}], TrainDataFormat.CHAT)
        return "echo/two"


class Copied(dspy.LM):
    """A model that keeps what its copies are asked to be."""

    asked: list[dict[str, Any]] = []

    def copy(self, **kwargs: Any) -> Any:
        self.asked.append(kwargs)
        return super().copy(**kwargs)


def test_a_model_passes_launching_and_training_on_to_its_provider() -> None:
    """Breaks optimizers/dspy_provider/provider.py, programs/vllm/lm.py: what was trained is a copy with the new model's
    name.
    """
    takes(dspy.LM, "provider", "finetuning_model", "launch_kwargs", "train_kwargs")
    calls: list[Any] = []
    lm = Copied("echo/one", engine=Echo("one"), provider=Recording(calls))
    lm.launch()
    lm.kill()
    assert calls == ["launch", "kill"]
    job = lm.finetune([{"messages": []}], TrainDataFormat.CHAT, {"epochs": 1})
    trained = job.result(timeout=30)
    assert isinstance(trained, Copied) and trained.model == "echo/two"
    assert lm.asked == [{"model": "echo/two"}]
    assert job.thread is not None and job.train_kwargs == {"epochs": 1}
    failed = lm.finetune([{"messages": []}], TrainDataFormat.CHAT, {"fails": True})
    assert isinstance(failed.result(timeout=30), ValueError)  # handed out as the result, not raised


def test_dspy_s_weight_trainers_take_what_we_call_them_with() -> None:
    """Breaks optimizers/dspy_provider/provider.py: it is there so that these two can train."""
    takes(BootstrapFinetune, "metric", "multitask", "train_kwargs", "adapter", "exclude_demos", "num_threads")
    takes(BootstrapFinetune.compile, "student", "trainset", "teacher")
    takes(BetterTogether.compile, "student", "trainset", "teacher", "valset", "strategy")


def test_log_probabilities_have_a_place_in_requests_and_responses() -> None:
    """Breaks programs/adapter/prompt_records.py, programs/adapter/adapter.py, programs/openai_client/pool.py: scores
    from servers are made of them.
    """
    holds(lm15.Response, "logprobs")
    assert a_request(logprobs=5).config.logprobs == 5
    other = lm15.TopLogprob(token="4", logprob=-1.0, bytes=(52,))
    token = lm15.TokenLogprob(token="3", logprob=-0.5, bytes=(51,), top=(other,))
    assert (token.token, token.logprob, token.bytes, token.top[0].logprob) == ("3", -0.5, (51,), -1.0)
    assert Echo("one").complete(a_request()).logprobs is None
