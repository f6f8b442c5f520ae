"""What DSPy asks of a model in this process one by one: draws that differ, options it cannot keep, damaged folders."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import dspy
import pytest
from dspy.utils.exceptions import LMUnsupportedFeatureError

from accord.data import Corpus, InputError, Ordinal, SetupError
from accord.programs import Guideline, LocalEngine, Rater, context_length, local_lm, resolve_model
from worlds.tiny_model import make_tiny_model

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("requests") / "model", context=300)


def _lm(folder: Path) -> dspy.LM:
    return local_lm(LocalEngine(folder), max_tokens=6)


def test_asking_again_without_a_seed_is_drawing_again_and_a_seed_or_no_temperature_repeats(folder):
    lm = _lm(folder)
    drawn = [lm("Well?", temperature=1.0)[0] for _ in range(4)]
    assert len(set(drawn)) == 4
    assert [_lm(folder)("Well?", temperature=1.0, seed=0)[0] for _ in range(2)] == [drawn[0]] * 2
    assert len(set(lm("Well, now?", temperature=1.0, n=3))) == 3
    assert lm("Well?") == lm("Well?")
    again = _lm(folder)
    assert [again("Well?", temperature=1.0)[0] for _ in range(4)] == drawn


@pytest.mark.parametrize(
    "option",
    [
        {"stop": ["a"]},
        {"top_p": 0.5},
        {"frequency_penalty": 1.0},
        {"response_format": {"type": "json_object"}},
        {"logprobs": True},
        {"tools": [{"type": "function", "function": {"name": "x", "parameters": {}}}]},
    ],
    ids=lambda option: next(iter(option)),
)
def test_what_would_be_left_out_of_a_request_is_refused(folder, option):
    lm = _lm(folder)
    with pytest.raises(LMUnsupportedFeatureError, match=f"knows no {next(iter(option))}"):
        lm("Well?", **option)


def test_options_that_ask_for_nothing_are_taken(folder):
    lm = _lm(folder)
    assert lm("Well?", top_p=1.0, stop=[], presence_penalty=0.0) == lm("Well?")


def _cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:5000])


def _without_tokenizer(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()


def _broken_configuration(folder: Path) -> None:
    (folder / "config.json").write_text("{", encoding="utf-8")


@pytest.mark.parametrize("damage", [_cut, _without_tokenizer, _broken_configuration])
def test_a_damaged_model_is_one_line_that_names_its_folder(folder, tmp_path, damage: Callable[[Path], None]):
    damaged = tmp_path / "damaged"
    shutil.copytree(folder, damaged)
    damage(damaged)
    scale = Ordinal(1, 5)
    rater = Rater(scale, Guideline("How good?"), lm=resolve_model(f"local/{damaged}", max_tokens=6))
    corpus = Corpus.from_records([{"text": "Soup.", "label": 3}], fields=["text"], label="label", scale=scale)
    with pytest.raises(InputError, match=re.escape(f"{damaged}: the model cannot be read (")) as caught:
        rater.rate(corpus)
    assert "\n" not in str(caught.value)


def test_a_model_with_recurrent_layers_is_refused_by_its_name(folder, tmp_path):
    from transformers import AutoTokenizer, MambaConfig, MambaForCausalLM

    mamba = tmp_path / "some-mamba"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = MambaConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, state_size=4)
    MambaForCausalLM(config).save_pretrained(mamba)
    tokenizer.save_pretrained(mamba)
    scale = Ordinal(1, 5)
    rater = Rater(scale, Guideline("How good?"), lm=resolve_model(f"local/{mamba}", max_tokens=6))
    corpus = Corpus.from_records([{"text": "Soup.", "label": 3}], fields=["text"], label="label", scale=scale)
    with pytest.raises(SetupError, match="some-mamba has recurrent layers") as caught:
        rater.rate(corpus)
    assert caught.value.cure


def test_the_context_is_that_of_the_configuration(folder):
    assert context_length(folder) == 300
