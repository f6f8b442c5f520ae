"""A local model made to pick a level: what is too long for it, and a tokenizer that cannot write the levels."""

import shutil
import string
from pathlib import Path

import pytest

from accord.data import Corpus, Item, Journal, Ordinal, SetupError
from accord.programs import Guideline, LocalEngine, Rater, encode_prompt, forced_choice, local_lm
from worlds.tiny_model import TEMPLATE, make_tiny_model

pytest.importorskip("torch")

FIVE = Ordinal(1, 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("forced") / "model", context=500)


def _rater(folder: Path) -> Rater:
    return Rater(FIVE, Guideline("Rate it."), lm=local_lm(LocalEngine(folder), max_tokens=5))


def _corpus(*texts: str) -> Corpus:
    return Corpus([Item(text[:5], {"text": text}) for text in texts], FIVE, ("text",))


def test_every_item_that_fits_has_a_level_and_the_others_say_that_they_do_not(folder, tmp_path):
    rater = _rater(folder)
    short, novel, other = found = forced_choice(rater, _corpus("A day.", "It rained. " * 100, "The bus."))
    assert short.label in FIVE.levels and other.label in FIVE.levels
    assert (novel.label, novel.unparsed) == (None, "error")
    assert novel.error.startswith("context_length: ")
    assert found.unparsed["error"] == 1
    with Journal(tmp_path / "choices.sqlite") as journal:
        for _ in range(2):  # drawn, and found again
            assert list(forced_choice(rater, _corpus("A day.", "It rained. " * 100, "The bus."), journal=journal)) == [
                short, novel, other,
            ]  # fmt: skip


def test_a_reply_that_another_one_begins_with_is_read_to_its_end(folder):
    torch = pytest.importorskip("torch")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    engine = LocalEngine(folder)
    prompt = _rater(folder).prompt({"text": "A day."})
    ((one, ten),) = engine.level_log_probabilities([prompt], ["Label: 1", "Label: 10"])
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    ids = [*encode_prompt(tokenizer, prompt), *tokenizer("Label: 1")["input_ids"]]
    (zero,), end = tokenizer("0")["input_ids"], tokenizer.eos_token_id
    after = model(torch.tensor([[*ids, zero]])).logits[0].detach().float().log_softmax(-1)
    told = float(after[-2, end]), float(after[-2, zero] + after[-1, end])
    assert (one, ten) == pytest.approx(told, abs=0.05)  # in bfloat16


def test_levels_that_a_tokenizer_writes_alike_are_refused_as_expected_scoring_does(folder, tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    digitless = tmp_path / "digitless"
    shutil.copytree(folder, digitless)
    words = {word: place for place, word in enumerate(["?", "<|end|>", *string.ascii_letters, ":", " ", "\n"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="?", eos_token="<|end|>")
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(digitless)
    rater = _rater(digitless)
    with pytest.raises(SetupError) as expected:
        rater.variant(order="label", scoring="expected").rate(_corpus("A day."))
    with pytest.raises(SetupError, match="cannot tell level 1 of 5") as forced:
        forced_choice(rater, _corpus("A day."))
    assert str(forced.value) == str(expected.value)
