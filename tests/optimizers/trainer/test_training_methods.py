"""What is trained: an adapter, an adapter on 4 bits, all weights, an adapter that goes on; and what cannot be."""

import json
import shutil
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accord.data import InputError, SetupError
from accord.optimizers.training_jobs.job import (
    ADAPTER,
    JOB,
    ROWS,
    WEIGHTS,
    TrainingJob,
    read_dev_rows,
    read_job,
    read_result,
    rows_hash,
    write_job,
)
from accord.optimizers.training_jobs.rows import Row
from accord.programs import LocalEngine, weights_hash
from worlds.tiny_model import make_tiny_model
from worlds.training_jobs import PARAMETERS, make_job, some_pairs, some_rows

pytestmark = pytest.mark.filterwarnings("default")


def _train(folder: Path) -> Any:
    pytest.importorskip("trl")
    from accord.optimizers.trainer.__main__ import train

    return train(folder / JOB)


def _model(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder)


def _reply_losses(model: Any, rows: list[Row]) -> list[float]:
    """Return what each completion costs a model, in nats."""
    import torch

    losses: list[float] = []
    for row in rows:
        with torch.no_grad():
            logs = model(input_ids=torch.tensor([row.input_ids])).logits[0].float().log_softmax(-1)
        places = range(len(row.prompt), len(row.input_ids))
        losses.append(-sum(float(logs[place - 1, row.input_ids[place]]) for place in places))
    return losses


@pytest.fixture(scope="module")
def trained_adapter(tiny_model, tmp_path_factory) -> Path:
    """Return an adapter of the tiny model that was trained on some rows until it had learned a little."""
    folder = tmp_path_factory.mktemp("adapter")
    make_job(folder, tiny_model, some_rows(8), learning_rate=5e-2, epochs=10)
    result = _train(folder)
    assert result.losses[-1] < result.losses[0] - 0.4
    return folder / ADAPTER


def test_an_order_without_new_parts_is_what_it_was(tmp_path, tiny_model):
    rows = some_rows(2)
    job = make_job(tmp_path, tiny_model, rows)
    written = json.loads((tmp_path / JOB).read_text())
    assert set(written) == {"base", "base_hash", "rows_hash", "parameters", "version"}
    assert "method" not in written["parameters"]
    others = [
        replace(job, parameters=replace(PARAMETERS, method="qlora")),
        replace(job, parameters=replace(PARAMETERS, micro_batch=1)),
        replace(job, dev_hash=rows_hash(rows)),
        replace(job, start="/adapter", start_hash="1"),
    ]
    assert len({one.hash for one in [job, *others]}) == 5
    assert replace(others[3], start="/elsewhere").hash == others[3].hash
    assert read_dev_rows(tmp_path / JOB, job) == []
    dev_rows = some_rows(3, first=90)
    measured = make_job(tmp_path, tiny_model, rows, dev_rows, patience=2, method="full")
    assert read_job(tmp_path / JOB) == (measured, rows)
    assert read_dev_rows(tmp_path / JOB, measured) == dev_rows


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"method": "dora"}, r"unknown method='dora'\. Give one of lora, qlora, full"),
        ({"micro_batch": 0}, "micro_batch=0"),
        ({"micro_batch": 3}, "micro_batch=3 does not divide batch_size=4"),
        ({"patience": 0}, "patience=0"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(wrong, message):
    with pytest.raises(SetupError, match=message):
        replace(PARAMETERS, **wrong)


def test_jobs_that_cannot_be_are_refused():
    with pytest.raises(SetupError, match="patience=2 without dev rows"):
        TrainingJob("base", "0", "0", replace(PARAMETERS, patience=2))
    with pytest.raises(SetupError, match="method='full' does not start from an adapter"):
        TrainingJob("base", "0", "0", replace(PARAMETERS, method="full"), start="adapter", start_hash="0")


def test_all_weights_are_trained_and_saved_as_a_model_that_is_loaded_like_any(tmp_path, tiny_model):
    rows = some_rows(8)
    job = make_job(tmp_path, tiny_model, rows, method="full", learning_rate=5e-3, epochs=4)
    result = _train(tmp_path)
    assert result.losses[-1] < result.losses[0]
    weights = tmp_path / WEIGHTS
    assert not (tmp_path / ADAPTER).exists()
    assert result.adapter == weights_hash(weights)
    assert {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} <= {
        path.name for path in weights.iterdir()
    }
    assert str(tiny_model) not in (weights / "config.json").read_text()
    assert {one.dtype for one in _model(weights).state_dict().values()} == {_model(tiny_model).dtype}
    before, after = _model(tiny_model).state_dict(), _model(weights).state_dict()
    assert all(bool((before[name] != after[name]).any()) for name in before)
    assert sum(_reply_losses(_model(weights), rows)) < sum(_reply_losses(_model(tiny_model), rows)) - 1
    assert LocalEngine(weights).path == weights
    (weights / "model.safetensors").write_bytes(b"damaged")
    assert read_result(tmp_path, job) is None


@pytest.mark.slow
def test_an_adapter_is_trained_on_a_base_in_four_bits(tmp_path):
    pytest.importorskip("bitsandbytes")
    base = make_tiny_model(tmp_path / "model", width=64)  # a block of 64 weights has one scale
    rows = some_rows(8)
    make_job(tmp_path / "lora", base, rows, rows[:3], learning_rate=2e-2, epochs=3)
    make_job(tmp_path / "qlora", base, rows, rows[:3], learning_rate=2e-2, epochs=3, method="qlora")
    exact, result = _train(tmp_path / "lora"), _train(tmp_path / "qlora")
    assert result.losses[-1] < result.losses[0] - 0.1
    assert result.losses != exact.losses
    assert result.losses == pytest.approx(exact.losses, rel=0.1)  # rounding a base to 16 values moves it a little
    assert result.dev_losses[-1] < result.dev_losses[0]
    from safetensors.torch import load_file

    matrices = load_file(tmp_path / "qlora" / ADAPTER / "adapter_model.safetensors")
    assert {str(one.dtype) for one in matrices.values()} == {"torch.float32"}


def test_without_bitsandbytes_four_bits_are_refused_in_one_line(tmp_path, tiny_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)  # as if it were not installed
    make_job(tmp_path, tiny_model, some_rows(2), method="qlora")
    with pytest.raises(SetupError, match=r"'bitsandbytes' is needed .*pip install 'accord\[qlora\]'"):
        _train(tmp_path)


def test_training_goes_on_from_an_adapter(tmp_path, tiny_model, trained_adapter):
    rows = some_rows(8)
    make_job(tmp_path / "on", tiny_model, rows, start=trained_adapter, learning_rate=1e-9, epochs=1, lora_rank=5)
    make_job(tmp_path / "anew", tiny_model, rows, learning_rate=1e-9, epochs=1)
    before = weights_hash(trained_adapter)
    on, anew = _train(tmp_path / "on"), _train(tmp_path / "anew")
    assert on.losses[0] < anew.losses[0] - 0.3
    assert weights_hash(trained_adapter) == before
    config = json.loads((tmp_path / "on" / ADAPTER / "adapter_config.json").read_text())
    assert config["r"] == PARAMETERS.lora_rank  # the adapter's own
    from safetensors.torch import load_file

    name = "adapter_model.safetensors"
    start, end = load_file(trained_adapter / name), load_file(tmp_path / "on" / ADAPTER / name)
    assert set(start) == set(end)
    assert all(bool((start[one] - end[one]).abs().max() < 1e-6) for one in start)


def test_pairs_are_compared_with_the_adapter_that_training_starts_from(tmp_path, tiny_model, trained_adapter):
    """Where the policy is the reference, the comparison is ln 2; the rest is the better replies' cross-entropy."""
    import math

    from peft import PeftModel

    pairs = some_pairs(4)
    make_job(tmp_path / "job", tiny_model, pairs, pairs[:2], start=trained_adapter, epochs=8, learning_rate=1e-3)
    result = _train(tmp_path / "job")
    started = PeftModel.from_pretrained(_model(tiny_model), trained_adapter)
    tokens = sum(len(row.completion) for row in pairs)
    expected = math.log(2) + sum(_reply_losses(started, pairs)) / tokens
    assert result.losses[0] == pytest.approx(expected, rel=5e-3)
    assert result.losses[-1] < result.losses[0]
    assert sorted(path.name for path in (tmp_path / "job" / ADAPTER).iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]


def test_a_pair_counts_with_its_weight(tmp_path, tiny_model):
    """By hand: where nothing has moved yet, the comparison of each pair is ln 2."""
    import math

    pairs = [replace(row, weight=weight) for row, weight in zip(some_pairs(4), (0.1, 0.1, 2.0, 3.0), strict=True)]
    make_job(tmp_path, tiny_model, pairs, epochs=2, micro_batch=2)
    result = _train(tmp_path)
    entropies = _reply_losses(_model(tiny_model), pairs)
    tokens = sum(len(row.completion) for row in pairs)
    compared = sum(row.weight * math.log(2) for row in pairs) / len(pairs)
    learned = sum(row.weight * entropy for row, entropy in zip(pairs, entropies, strict=True)) / tokens
    assert result.losses[0] == pytest.approx(compared + learned, rel=5e-3)
    assert result.tokens == 2 * sum(2 * len(row.prompt) + len(row.completion) + len(row.rejected) for row in pairs)


def test_the_reference_of_pairs_keeps_the_log_probabilities_of_the_start(tmp_path, tiny_model, trained_adapter):
    """By hand, after the policy has moved: TRL's reference is a frozen copy of the adapter that was given."""
    import torch
    from peft import PeftModel

    from accord.optimizers.trainer.distributed import Ranks
    from accord.optimizers.trainer.load_weights import load_base, load_start, load_tokenizer
    from accord.optimizers.trainer.trainers import Attempt, arguments, make_trainer

    pairs = some_pairs(4)
    job = make_job(tmp_path, tiny_model, pairs, start=trained_adapter, epochs=4, learning_rate=5e-2)
    attempt = Attempt(job, pairs, (), tmp_path, 4, Ranks(0, 1), 300.0)
    model = load_start(load_base(job), job)
    trainer = make_trainer(attempt, arguments(attempt, small=True), model, load_tokenizer(job), small=True)
    trainer.train()
    batch = trainer.data_collator([dict(row) for row in trainer.train_dataset])
    chosen, rejected = trainer.compute_ref_log_probs(trainer.model, trainer._prepare_inputs(batch))
    started = PeftModel.from_pretrained(_model(tiny_model), trained_adapter)
    worse = [replace(row, completion=row.rejected) for row in pairs]
    for got, rows in ((chosen, pairs), (rejected, worse)):
        by_hand = [-loss for loss in _reply_losses(started, rows)]
        assert got.float().tolist() == pytest.approx(by_hand, rel=2e-2)
        moved = [-loss for loss in _reply_losses(trainer.model, rows)]
        assert moved != pytest.approx(by_hand, rel=2e-2)
    assert not any(one.requires_grad for name, one in trainer.model.named_parameters() if ".ref." in name)
    assert torch.isfinite(chosen).all()


def test_a_base_model_that_is_damaged_is_refused_in_one_line(tmp_path, tiny_model):
    base = tmp_path / "model"
    shutil.copytree(tiny_model, base)
    file = base / "model.safetensors"
    whole = file.read_bytes()
    for content in (b"damaged", whole[: len(whole) // 2], b""):
        file.write_bytes(content)
        make_job(tmp_path / "job", base, some_rows(2))
        with pytest.raises(
            SetupError, match=r"model: the base model cannot be read \(.+\)\. Put a whole copy"
        ) as caught:
            _train(tmp_path / "job")
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    (base / "config.json").write_text("{")
    make_job(tmp_path / "job", base, some_rows(2))
    with pytest.raises(SetupError, match="the base model cannot be read"):
        _train(tmp_path / "job")


def test_an_adapter_that_does_not_fit_is_refused(tmp_path, tiny_model, trained_adapter):
    rows = some_rows(2)
    wider = make_tiny_model(tmp_path / "wider", width=64)
    make_job(tmp_path / "one", wider, rows, start=trained_adapter)
    with pytest.raises(SetupError, match=r"does not fit the base model \(.+\)\. Start from an adapter .*wider"):
        _train(tmp_path / "one")
    other = tmp_path / "other"
    shutil.copytree(trained_adapter, other)
    config = json.loads((other / "adapter_config.json").read_text())
    (other / "adapter_config.json").write_text(json.dumps({**config, "target_modules": ["q_proj"]}))
    make_job(tmp_path / "two", tiny_model, rows, start=other)
    with warnings.catch_warnings(), pytest.raises(SetupError, match="does not fit the base model"):
        warnings.simplefilter("ignore")
        _train(tmp_path / "two")
    (other / "adapter_model.safetensors").write_bytes(b"damaged")
    with pytest.raises(SetupError, match="the adapter to start from is not the one of the job"):
        _train(tmp_path / "two")
    make_job(tmp_path / "three", tiny_model, rows, start=other)
    with pytest.raises(SetupError, match="does not fit the base model"):
        _train(tmp_path / "three")


def test_rows_of_another_tokenizer_and_no_rows_are_refused(tmp_path, tiny_model):
    make_job(tmp_path / "one", tiny_model, [Row((1, 2), (3, 90_000))])
    with pytest.raises(InputError, match=r"rows\.jsonl: a row has token 90000, and the base model knows 259 tokens"):
        _train(tmp_path / "one")
    rows: list[Row] = []
    job = make_job(tmp_path / "two", tiny_model, some_rows(1))
    write_job(tmp_path / "two", replace(job, rows_hash=rows_hash(rows)), rows)
    with pytest.raises(InputError, match=r"rows\.jsonl holds no rows"):
        _train(tmp_path / "two")
    (tmp_path / "two" / ROWS).unlink()
    with pytest.raises(InputError, match=r"rows\.jsonl is missing"):
        _train(tmp_path / "two")
