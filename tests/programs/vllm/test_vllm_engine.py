"""A model on vLLM as an engine, with a stub in vLLM's place: what is sent, what is read, who shares a server."""

import copy
import json
import os
import pickle
import shutil
import signal
import sys
from pathlib import Path

import dspy
import pytest

from accord.data import InputError, Ordinal, SetupError
from accord.programs import (
    Ask,
    Guideline,
    LocalEngine,
    Prompt,
    Rater,
    Sampling,
    Turn,
    VLLMEngine,
    complete,
    identity,
    local_lm,
    on_vllm,
    vllm_lm,
)
from worlds.stub_vllm import make_stub_vllm, processes_in
from worlds.tiny_model import make_tiny_model

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a Python with a vLLM that starts in an instant."""
    return str(make_stub_vllm(tmp_path_factory.mktemp("stub")))


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> LocalEngine:
    """Return an engine whose tokenizer is real."""
    pytest.importorskip("torch")
    return LocalEngine(make_tiny_model(tmp_path_factory.mktemp("tiny") / "model"))


def _ask(text: str, draws: int = 1) -> Ask:
    return Ask(Prompt((Turn("user", text),)), tuple(range(draws)))


def _engine(lm: dspy.LM) -> VLLMEngine:
    assert isinstance(lm.engine, VLLMEngine)
    return lm.engine


def _sent(engine: VLLMEngine) -> list[dict]:
    log = engine.open().log
    assert log is not None
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def test_draws_come_from_one_request_of_the_local_engines_token_ids(local, python):
    lm = vllm_lm(local, python=python)
    asks = [_ask("How <|end|> is it?", 8), _ask("x" * 5000)]
    found = dict(complete(lm, asks, Sampling(temperature=1.0, max_tokens=16)))
    assert [one.text for one in found[0]] == ["Label: 3"] * 8
    ids = local.encode(asks[0].prompt)
    assert [one.prompt_tokens for one in found[0]] == [len(ids)] + [0] * 7
    assert [one.completion_tokens for one in found[0]] == [3] * 8
    assert found[1][0].error.startswith("context_length: ")
    (first,) = [one for one in _sent(_engine(lm)) if one["n"] == 8]
    assert first == {
        "model": "model",
        "temperature": 1.0,
        "max_tokens": 16,
        "prompt": ids,
        "n": 8,
        "return_token_ids": True,
    }  # and no seed: the CPU build of vLLM has none


def test_draws_without_temperature_are_made_once(local, python):
    lm = vllm_lm(local, python=python)
    ((_, found),) = complete(lm, [_ask("Well?", 3)], Sampling(temperature=0.0, max_tokens=16))
    assert [(one.text, one.prompt_tokens > 0, one.completion_tokens) for one in found] == [
        ("Label: 3", True, 3),
        ("Label: 3", False, 0),
        ("Label: 3", False, 0),
    ]
    assert "n" not in _sent(_engine(lm))[-1]


def test_levels_of_one_token_cost_one_request_and_others_one_for_each_place_where_they_part(local, python):
    engine = VLLMEngine(local, python=python)
    prompt = Prompt((Turn("user", "Well?"),))
    (found,) = engine.choice_log_probabilities([prompt], [["Label: 1", "Label: 2"]])
    sent = _sent(engine)[-1]
    start = len(local.encode(prompt)) + len("Label: ")
    assert (len(sent["prompt"]), sent["max_tokens"], sent["temperature"]) == (start, 1, 0.0)
    assert found == [-float(token) for token in sent["logprob_token_ids"]]  # the stub gives -id for each id

    (found,) = engine.choice_log_probabilities([prompt], [["Label: 1", "Label: 10", "Label: 2"]])
    one, two = _sent(engine)[-2:]
    first, second = sorted((one, two), key=lambda request: len(request["prompt"]))
    assert len(second["prompt"]) == start + 1
    end_or_zero = second["logprob_token_ids"]
    of_one, of_two = first["logprob_token_ids"]
    assert found is not None
    assert sorted(found) == sorted([-of_one - token for token in end_or_zero] + [-of_two])
    assert engine.choice_log_probabilities([Prompt((Turn("user", "x" * 5000),))], [["A", "B"]]) == [None]


def test_engines_of_the_same_model_share_a_server_which_ends_with_the_last(local, python):
    first, second = VLLMEngine(local, python=python), VLLMEngine(local, python=python)
    other = VLLMEngine(local, python=python, options=("--block-size", "64"))
    server = first.open()
    assert second.open() is server
    assert other.open() is not server
    other.close()
    assert server.log is not None
    folder = server.log.parent
    first.close()
    assert server.is_running
    assert copy.deepcopy(second) is second
    del second
    assert not server.is_running
    assert processes_in(folder) == []
    assert first.open().is_running  # a closed engine opens again
    first.close()


def test_a_server_that_dies_ends_the_run_with_its_last_words_and_the_next_run_starts_another(local, python):
    lm = vllm_lm(local, python=python, options=("--stub-dies", "RuntimeError: out of luck"))
    for _ in range(2):
        with pytest.raises(SetupError, match=r"vLLM ended with 9: RuntimeError: out of luck"):
            list(complete(lm, [_ask("Well?")], Sampling()))
    _engine(lm).close()


def test_when_a_shared_server_was_killed_all_its_users_find_the_one_that_follows_it(local, python):
    lms = [vllm_lm(local, python=python, timeout=30.0) for _ in range(2)]
    assert [lm("Well?") for lm in lms] == [["Label: 3"]] * 2
    server = _engine(lms[0]).open()
    assert server.log is not None
    for process in processes_in(server.log.parent):
        os.kill(process, signal.SIGKILL)
    while server.is_running:
        pass
    assert [lm("Well?") for lm in lms] == [["Label: 3"]] * 2
    assert _engine(lms[0]).open() is _engine(lms[1]).open()
    for lm in lms:
        _engine(lm).close()


def test_a_tokenizer_that_cannot_be_read_is_said_before_a_server_is_started(local, python, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(local.path, damaged)
    (damaged / "tokenizer.json").write_text("{")
    engine = VLLMEngine(LocalEngine(damaged), python=python)
    with pytest.raises(InputError, match="damaged: the model cannot be read"):
        engine.open()
    shutil.copy(local.path / "tokenizer.json", damaged)
    server = engine.open()
    engine.close()
    assert not server.is_running, "the failed attempt must not have left a user of it"


def test_the_engine_is_saved_and_copied_without_its_server(local, python):
    lm = vllm_lm(local, python=python, options=("--block-size", "64"))
    engine = _engine(lm)
    state = json.loads(json.dumps(engine.dump_state()))
    for again in (VLLMEngine.load_state(state), pickle.loads(pickle.dumps(engine))):
        assert again.dump_state() == state
        assert identity(vllm_lm(again.local)) == identity(lm) == local.model_id
    assert lm.copy(temperature=1.0).engine is engine
    assert _engine(lm.copy(model=f"vllm/{local.path}/../{local.path.name}")).local.path == local.path


def test_a_program_of_dspys_own_asks_through_it(local, python):
    program = dspy.Predict("text -> answer")
    program.set_lm(vllm_lm(local, python=python))
    with dspy.context(adapter=dspy.ChatAdapter(use_json_adapter_fallback=False)), pytest.raises(Exception, match="par"):
        program(text="Well?")  # the stub says the same whatever it is asked
    assert vllm_lm(local, python=python)("Well?") == ["Label: 3"]


def test_a_rater_moves_to_vllm_as_it_is(local, python):
    rater = Rater(Ordinal(1, 5), Guideline("How good?"), lm=local_lm(local, max_tokens=20), order="label")
    rater.provenance = {"compiler": "none"}
    served = on_vllm(rater, python=python)
    assert served(text="Good soup.").label == 3
    assert served.guideline == rater.guideline
    assert (served.order, served.provenance) == ("label", {"compiler": "none"})
    assert served.lm.kwargs["max_tokens"] == 20
    assert on_vllm(served) is served
    assert isinstance(rater.lm.engine, LocalEngine)
    with pytest.raises(SetupError, match="does not run in this process"):
        on_vllm(rater.variant(lm="openai/some-model"))


def test_a_rater_on_vllm_is_saved_as_the_rater_it_was(local, python, tmp_path):
    rater = Rater(Ordinal(1, 5), Guideline("How good?"), lm=local_lm(local, max_tokens=20), order="label")
    on_vllm(rater, python=python).save(tmp_path / "rater")
    again = Rater.load(tmp_path / "rater")
    assert isinstance(again.lm.engine, LocalEngine)
    assert again.lm.engine.path == Path(local.path)
