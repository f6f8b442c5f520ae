"""Weights with an adapter merged in: they rate as the adapter did, alone, and other libraries take them as they are."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from accord.app.commands.main import app
from accord.data import InputError, Ordinal
from accord.programs import Guideline, LocalEngine, Rater, local_lm, merge_rater, weights_hash
from worlds.tiny_model import make_tiny_model

torch: Any = pytest.importorskip("torch")
peft: Any = pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

TEXTS = ["The soup was cold.", "A lovely evening, and the waiter remembered us!", "Fine."]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_tiny_model(tmp_path_factory.mktemp("tiny") / "base", context=1024)
    (folder / "LICENSE").write_text("Do as you like.")
    return folder


@pytest.fixture(scope="module")
def saved(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a rater with an adapter that changes what its base says."""
    return _adapted(base, tmp_path_factory.mktemp("saved"))


def _adapted(base: Path, folder: Path, **damage: float) -> Path:
    transformers: Any = pytest.importorskip("transformers")
    model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    config = peft.LoraConfig(
        r=4, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        adapted = peft.get_peft_model(model, config)
    for name, value in damage.items():
        for weight_name, weight in adapted.named_parameters():
            if name in weight_name:
                weight.data.fill_(value)
    adapted.save_pretrained(folder / "lora")
    rater = Rater(
        Ordinal(1, 5),
        Guideline("How friendly?"),
        lm=local_lm(LocalEngine(base, adapter=folder / "lora"), max_tokens=12),
        scoring="expected",
        order="label",
    )
    rater.provenance = {"task": "stars"}
    rater.save(folder / "rater")
    return folder / "rater"


def _engine(rater: Rater) -> LocalEngine:
    engine = rater.lm.engine
    assert isinstance(engine, LocalEngine)
    return engine


def test_a_merged_rater_rates_the_same_without_its_base(base, saved, tmp_path):
    expected = [Rater.load(saved)(text=text) for text in TEXTS]
    plain = Rater.load(saved).variant(lm=local_lm(LocalEngine(base), max_tokens=12))
    assert [plain(text=text).score for text in TEXTS] != [rating.score for rating in expected], "the adapter matters"
    home = tmp_path / "base"
    shutil.copytree(base, home)
    result = CliRunner().invoke(
        app, ["export", str(saved), "--merged", str(tmp_path / "merged"), "--base", str(home)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{tmp_path / 'merged'}: 0.1 MB of weights, no base model is needed\n"
    shutil.rmtree(home)
    merged = Rater.load(tmp_path / "merged")
    assert _engine(merged).adapter is None and _engine(merged).path == tmp_path / "merged" / "weights"
    assert merged.lm.kwargs["max_tokens"] == 12
    for text, rating in zip(TEXTS, expected, strict=True):
        found = merged(text=text)
        assert (found.label, found.score) == (rating.label, pytest.approx(rating.score, abs=1e-3))
        assert dict(found.distribution) == pytest.approx(dict(rating.distribution), abs=1e-3)


def test_transformers_takes_the_weights_as_they_are_tokenizer_included(saved, tmp_path):
    transformers: Any = pytest.importorskip("transformers")
    rater = merge_rater(Rater.load(saved), tmp_path / "merged")
    folder = tmp_path / "merged" / "weights"
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    prompt = rater.prompt({"text": TEXTS[0]})
    turns = [{"role": turn.role, "content": turn.content} for turn in prompt.turns]
    ids = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=True, return_dict=True)["input_ids"]
    assert list(ids) == _engine(Rater.load(saved)).encode(prompt) == _engine(rater).encode(prompt)
    merged = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    base = transformers.AutoModelForCausalLM.from_pretrained(_engine(Rater.load(saved)).path, dtype=torch.float32)
    apart = peft.PeftModel.from_pretrained(base, saved / "adapter").eval()
    with torch.inference_mode():
        rows = torch.tensor([ids])
        near, far = merged(input_ids=rows).logits[0, -1], apart(input_ids=rows).logits[0, -1]
    spread = float(far.std())
    assert float((near - far).abs().max()) < 0.05 * spread, "only what rounding to bfloat16 takes"
    assert (folder / "LICENSE").read_text() == "Do as you like."


def test_the_record_says_what_was_merged_also_after_merging_again(base, saved, tmp_path):
    once = merge_rater(Rater.load(saved), tmp_path / "once")
    told = once.provenance["merged"]
    assert told["base"]["hash"] == weights_hash(base)
    assert told["adapter"] == weights_hash(saved / "adapter")
    card = (tmp_path / "once" / "CARD.md").read_text()
    assert f"weights of its own in `weights/`, made from base (sha256 {weights_hash(base)[:12]})" in card
    twice = merge_rater(once, tmp_path / "twice")
    assert twice.provenance == once.provenance
    first, second = (
        json.loads((tmp_path / name / "rater.json").read_text())["files"]["weights/model.safetensors"]
        for name in ("once", "twice")
    )
    assert first == second
    assert Rater.load(saved).provenance == {"task": "stars"}, "what was handed in is as it was"


def test_weights_that_are_no_numbers_are_not_written(base, tmp_path):
    folder = _adapted(base, tmp_path, lora_B=float("nan"))
    with pytest.raises(InputError, match="the adapter cannot be merged"):
        merge_rater(Rater.load(folder), tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
