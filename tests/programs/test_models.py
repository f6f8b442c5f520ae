"""A model's name: what it stands for, and what is said when it stands for nothing."""

import sys

import dspy
import pytest

from accord.data import AccordError, InputError, SetupError
from accord.programs import LocalEngine, OpenAIPool, need, resolve_model


@pytest.fixture
def model_folder(tmp_path):
    """A folder that looks like a model; nothing in these tests loads it."""
    folder = tmp_path / "tiny-judge"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_an_lm_is_taken_as_it_is():
    lm = dspy.LM("openai/gpt-4o-mini")
    assert resolve_model(lm) is lm


def test_any_other_name_goes_to_dspy():
    lm = resolve_model("openai/gpt-4o-mini", api_key="none")
    assert lm.model == "openai/gpt-4o-mini" and lm.engine == "auto"
    assert lm.kwargs["max_tokens"] == 512 and lm.kwargs["api_key"] == "none"


@pytest.mark.parametrize("name", ["openai/Qwen/Qwen3-4B", "hosted_vllm/Qwen/Qwen3-4B", "Qwen/Qwen3-4B"])
def test_a_name_with_an_address_goes_through_the_pool(name):
    lm = resolve_model(name, api_base="http://localhost:1/v1/", max_in_flight=7, max_tokens=99)
    assert isinstance(lm.engine, OpenAIPool)
    assert (lm.engine.model_id, lm.engine.api_base) == ("Qwen/Qwen3-4B", "http://localhost:1/v1")
    assert lm.kwargs["max_tokens"] == 99


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"api_base": "localhost:8000/v1"}, "does not begin with http"),
        ({"api_base": "http:///v1"}, "and a host"),
        ({"api_base": ""}, "does not begin with http"),
        ({"api_base": "http://me:secret@localhost/v1"}, "has more in it than an address"),
        ({"api_base": "http://localhost/v1", "max_in_flight": 0}, "max_in_flight=0"),
        ({"api_base": "http://localhost/v1", "speed": 3}, "unknown setting 'speed'"),
    ],
)
def test_settings_of_the_pool_that_make_no_sense_say_so(options, said):
    with pytest.raises(SetupError, match=said) as caught:
        resolve_model("openai/tiny", **options)
    assert caught.value.cure and "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["local", "local/folder", "vllm", "openai/gpt-4o-mini"])
def test_a_limit_below_one_token_is_refused(name):
    with pytest.raises(SetupError, match="max_tokens=0") as caught:
        resolve_model(name, max_tokens=0)
    assert repr(name) in str(caught.value) and caught.value.cure


@pytest.mark.parametrize("name", ["local", "local/folder"])
def test_a_model_in_this_process_takes_no_address(name):
    with pytest.raises(SetupError, match="takes no 'api_base'") as caught:
        resolve_model(name, api_base="http://localhost/v1")
    assert repr(name) in str(caught.value)


def test_a_folder_is_a_local_model(model_folder):
    lm = resolve_model(f"local/{model_folder}", max_tokens=99)
    assert isinstance(lm.engine, LocalEngine)
    assert (lm.engine.path, lm.engine.name, lm.model) == (model_folder, "tiny-judge", "local/tiny-judge")
    assert (lm.kwargs["max_tokens"], lm.kwargs["temperature"]) == (99, 0.0)


def test_a_local_models_identity_is_its_content(model_folder):
    first = LocalEngine(model_folder).model_id
    assert first.startswith("tiny-judge@") and first == LocalEngine(model_folder).model_id
    (model_folder / "model.safetensors").write_bytes(b"other weights")
    assert LocalEngine(model_folder).model_id != first


def test_dspy_can_save_and_load_a_local_lm(model_folder):
    state = resolve_model(f"local/{model_folder}").dump_state()
    again = dspy.LM.load_state(state, allow_custom_lm_class=True)
    assert isinstance(again, dspy.LM) and isinstance(again.engine, LocalEngine) and again.engine.path == model_folder


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("", SetupError, "non-empty"),
        ("openai/", SetupError, "no model id"),
        ("local/", InputError, "no model"),
        ("local/nowhere/at/all", InputError, "nowhere/at/all: no such model folder"),
        ("openai/gpt-5", SetupError, "max_tokens >= 16000"),
    ],
)
def test_a_name_that_stands_for_nothing_says_so(name, error, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=said) as caught:
        resolve_model(name)
    assert isinstance(caught.value, AccordError) and caught.value.cure and "\n" not in str(caught.value)


def test_a_folder_without_weights_is_no_model(tmp_path):
    with pytest.raises(InputError, match="holds no model"):
        LocalEngine(tmp_path)


def test_a_folder_without_adapter_files_is_no_adapter(model_folder, tmp_path):
    with pytest.raises(InputError, match="holds no PEFT adapter"):
        LocalEngine(model_folder, adapter=tmp_path)


def test_a_missing_extra_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "surely_missing", None)  # as if it were not installed
    with pytest.raises(SetupError, match="'surely_missing' is needed to draw") as caught:
        need("surely_missing", "local", "to draw")
    assert "pip install 'accord[local]'" in str(caught.value)
    assert need("json", "local", "to read") is sys.modules["json"]
