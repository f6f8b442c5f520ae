"""A model's name: what it stands for, and what is said when it stands for nothing."""

import sys

import dspy
import pytest

from accord.data import AccordError, InputError, SetupError
from accord.programs import LocalEngine, need, resolve_model


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
    lm = resolve_model("openai/gpt-4o-mini", api_base="http://localhost:1")
    assert lm.model == "openai/gpt-4o-mini"
    assert lm.kwargs["max_tokens"] == 512 and lm.kwargs["api_base"] == "http://localhost:1"


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
