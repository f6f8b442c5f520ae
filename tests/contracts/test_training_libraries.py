"""What Accord relies on in TRL, transformers' trainer and accelerate for training: settings, overrides, files."""

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from worlds.contracts import holds, overrides, takes
from worlds.tiny_model import make_tiny_model

trl: Any = pytest.importorskip("trl")
torch: Any = pytest.importorskip("torch")
datasets: Any = pytest.importorskip("datasets")
peft: Any = pytest.importorskip("peft")
transformers: Any = pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("default")

ROWS = [{"input_ids": [5, 6, 7, 8, 9][: 3 + n % 3], "labels": [-100, -100, 7, 8, 9][: 3 + n % 3]} for n in range(4)]
PAIRS = [{"prompt_ids": [5, 6], "chosen_ids": [7, 8, 9], "rejected_ids": [10, 9]} for _ in range(4)]


def settings(folder: Path, kind: Any, **more: Any) -> Any:
    """Return the settings that optimizers/trainer/trainers.py makes, for a step of two rows."""
    options: dict[str, Any] = {
        "output_dir": str(folder),
        "num_train_epochs": 2,
        "per_device_train_batch_size": 2,
        "per_device_eval_batch_size": 2,
        "gradient_accumulation_steps": 1,
        "learning_rate": 1e-2,
        "lr_scheduler_type": "linear",
        "warmup_steps": 0.1,
        "seed": 0,
        "data_seed": 0,
        "bf16": True,
        "use_cpu": True,
        "max_length": None,
        "logging_steps": 1,
        "include_num_input_tokens_seen": "non_padding",
        "save_strategy": "epoch",
        "save_total_limit": 1,
        "report_to": [],
        "disable_tqdm": True,
        "push_to_hub": False,
    }
    return kind(**{**options, **more})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("training") / "model")


def load(folder: Path) -> dict[str, Any]:
    """Return a model and its tokenizer as trainers take them, with an adapter to be trained."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    adapter = peft.LoraConfig(r=2, lora_alpha=4, target_modules="all-linear", task_type="CAUSAL_LM")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return {"model": model, "processing_class": tokenizer, "peft_config": adapter}


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path, list[Any]]]:
    """Train four rows of a tiny model for two epochs, as TRL does it without us; return trainer, folder and batches."""
    seen: list[Any] = []

    class Watching(trl.SFTTrainer):
        def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> Any:
            batches, count = super().get_batch_samples(epoch_iterator, num_batches, device)
            seen.append((batches, count))
            return batches, count

    output = tmp_path_factory.mktemp("output")
    trainer: Any = Watching(
        args=settings(output, trl.SFTConfig, dataset_kwargs={"skip_prepare_dataset": True}),
        train_dataset=datasets.Dataset.from_list(ROWS),
        **load(folder),
    )
    with peft.helpers.disable_input_dtype_casting(trainer.model):
        trainer.train()
    yield trainer, output, seen


def test_the_settings_of_a_training_are_taken_and_kept(tmp_path: Path) -> None:
    """Breaks optimizers/trainer/trainers.py: every setting of a job is handed over by name."""
    kept = settings(tmp_path, trl.SFTConfig, remove_unused_columns=False)
    assert (kept.bf16, kept.use_cpu, kept.max_length, kept.remove_unused_columns) == (True, True, None, False)
    assert kept.include_num_input_tokens_seen == "non_padding"
    best: dict[str, Any] = {
        "eval_strategy": "epoch",
        "load_best_model_at_end": True,
        "metric_for_best_model": "loss",
        "greater_is_better": False,
    }
    assert settings(tmp_path, trl.SFTConfig, **best).metric_for_best_model == "loss"
    pairs = settings(tmp_path, trl.DPOConfig, beta=0.1, loss_type=["sigmoid", "sft"])
    assert (pairs.beta, pairs.loss_type) == (0.1, ["sigmoid", "sft"])


def test_what_we_do_not_set_is_as_we_count_on(tmp_path: Path) -> None:
    """Breaks optimizers/trainer/trainers.py, optimizers/trainer/completion_trainer.py: the loss assumes plain, unpacked
    rows.
    """
    kept = settings(tmp_path, trl.SFTConfig)
    assert (kept.packing, kept.padding_free, kept.use_liger_kernel) == (False, False, False)
    assert kept.average_tokens_across_devices is True
    assert (kept.weight_decay, kept.max_grad_norm, kept.label_smoothing_factor) == (0.0, 1.0, 0.0)
    assert kept.optim.value.startswith("adamw")
    pairs = settings(tmp_path, trl.DPOConfig, beta=0.1, loss_type=["sigmoid", "sft"])
    assert (pairs.precompute_ref_log_probs, pairs.padding_free, pairs.loss_weights) == (False, False, None)


def test_a_warm_up_below_one_is_a_share_of_the_steps(tmp_path: Path) -> None:
    """Breaks optimizers/trainer/trainers.py: the learning rate rises over a tenth of the steps."""
    assert settings(tmp_path, trl.SFTConfig).get_warmup_steps(50) == 5


def test_activations_are_recomputed_under_one_of_two_names() -> None:
    """Breaks optimizers/trainer/trainers.py: models of a billion parameters would not fit with all activations kept."""
    names = set(inspect.signature(trl.SFTConfig).parameters)
    assert names & {"activation_checkpointing", "gradient_checkpointing"}


def test_the_methods_that_our_trainers_replace_have_the_parameters_that_ours_have() -> None:
    """Breaks optimizers/trainer/completion_trainer.py, optimizers/trainer/preference_trainer.py: both stand on TRL's
    trainers.
    """
    for trainer in (trl.SFTTrainer, trl.DPOTrainer):
        overrides(trainer, "compute_loss", "model", "inputs", "return_outputs", "num_items_in_batch")
        overrides(trainer, "get_batch_samples", "epoch_iterator", "num_batches", "device")
        overrides(trainer, "_get_train_sampler", "train_dataset")
        overrides(trainer, "prediction_step", "model", "inputs", "prediction_loss_only")
        takes(trainer, "model", "args", "train_dataset", "eval_dataset", "processing_class", "callbacks", "peft_config")
        assert "loss_is_scaled_for_ga" in dir(trainer)
    overrides(trl.DPOTrainer, "_prepare_dataset", "dataset")


def test_a_prepared_dataset_is_left_alone_and_padded_on_the_right(trained: Any) -> None:
    """Breaks optimizers/trainer/trainers.py, optimizers/trainer/completion_trainer.py: rows are token ids, and prefixes
    are shared.
    """
    trainer, _, _ = trained
    assert trainer.train_dataset.column_names == ["input_ids", "labels"]
    batch = trainer.data_collator(ROWS[:2])
    assert set(batch) == {"input_ids", "attention_mask", "labels"}
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert batch["labels"].tolist() == [[-100, -100, 7, -100], [-100, -100, 7, 8]]


def test_a_step_is_counted_in_tokens_that_are_predicted(trained: Any) -> None:
    """Breaks optimizers/trainer/completion_trainer.py: a batch's loss is its share of all that is accumulated."""
    _, _, seen = trained
    for batches, count in seen:
        counted = sum(int((batch["labels"][:, 1:] != -100).sum()) for batch in batches)
        assert int(count) == counted


def test_the_log_has_each_step_s_loss(trained: Any) -> None:
    """Breaks optimizers/trainer/attempt.py, optimizers/trainer/progress.py: losses are read from the trainer's
    log.
    """
    trainer, _, _ = trained
    steps = [(entry["step"], type(entry["loss"])) for entry in trainer.state.log_history if "loss" in entry]
    assert steps == [(1, float), (2, float), (3, float), (4, float)]
    assert trainer.state.num_input_tokens_seen > 0


def test_a_checkpoint_is_a_numbered_folder_whose_state_is_written_last(trained: Any) -> None:
    """Breaks optimizers/trainer/checkpoints.py: a checkpoint without its state is one that a kill cut short."""
    _, output, _ = trained
    (checkpoint,) = output.glob("checkpoint-*")  # save_total_limit=1
    state = checkpoint / "trainer_state.json"
    content = json.loads(state.read_text(encoding="utf-8"))
    assert checkpoint.name == "checkpoint-4" and content["global_step"] == 4
    assert {"log_history", "best_model_checkpoint"} <= content.keys()
    assert state.stat().st_mtime_ns == max(file.stat().st_mtime_ns for file in checkpoint.iterdir())
    assert (checkpoint / "adapter_model.safetensors").is_file()


def test_training_goes_on_from_a_checkpoint(trained: Any, folder: Path, tmp_path: Path) -> None:
    """Breaks optimizers/trainer/attempt.py: a killed job must reach the same final step."""
    _, output, _ = trained
    (checkpoint,) = output.glob("checkpoint-*")
    again: Any = trl.SFTTrainer(
        args=settings(tmp_path, trl.SFTConfig, num_train_epochs=3, dataset_kwargs={"skip_prepare_dataset": True}),
        train_dataset=datasets.Dataset.from_list(ROWS),
        **load(folder),
    )
    again.train(resume_from_checkpoint=str(checkpoint))
    assert again.state.global_step == 6
    assert [entry["step"] for entry in again.state.log_history if "loss" in entry] == [1, 2, 3, 4, 5, 6]


def test_pairs_are_collated_the_better_replies_first(folder: Path, tmp_path: Path) -> None:
    """Breaks optimizers/trainer/preference_trainer.py: pairs are token ids, and their tokens are counted by half."""

    class Encoded(trl.DPOTrainer):
        def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
            return dataset

    trainer: Any = Encoded(
        args=settings(tmp_path, trl.DPOConfig, beta=0.1, loss_type=["sigmoid", "sft"]),
        train_dataset=datasets.Dataset.from_list(PAIRS),
        **load(folder),
    )
    assert trainer.train_dataset.column_names == ["prompt_ids", "chosen_ids", "rejected_ids"]
    batch = next(iter(trainer.get_train_dataloader()))
    better, worse = batch["completion_mask"].chunk(2)
    assert better.tolist() == [[0, 0, 1, 1, 1]] * 2 and worse.tolist() == [[0, 0, 1, 1, 0]] * 2
    assert batch["input_ids"][0].tolist() == [5, 6, 7, 8, 9]
    assert len(trainer.loss_weights) == 2  # set for each batch, to weigh the two losses by what they count
    assert trainer.ref_model is None  # the reference is the model without its adapter


def test_the_adapter_is_trained_in_float32_on_a_base_in_bfloat16(trained: Any) -> None:
    """Breaks optimizers/trainer/attempt.py: small steps are not rounded away, and the base takes half the memory."""
    trainer, _, _ = trained
    kinds = {weight.dtype for weight in trainer.model.parameters() if weight.requires_grad}
    frozen = {weight.dtype for weight in trainer.model.parameters() if not weight.requires_grad}
    assert (kinds, frozen) == ({torch.float32}, {torch.bfloat16})


def test_a_dataset_is_made_of_a_list_of_rows() -> None:
    """Breaks optimizers/trainer/trainers.py, optimizers/traces/table.py: rows and traces are handed over like this."""
    made = datasets.Dataset.from_list([{"input_ids": [1, 2], "row": 0}, {"input_ids": [3], "row": 1}])
    assert (made.column_names, len(made), made[1]) == (["input_ids", "row"], 2, {"input_ids": [3], "row": 1})


def test_several_processes_are_started_gathered_and_told_apart(trained: Any) -> None:
    """Breaks optimizers/training_jobs/launcher.py, optimizers/trainer/distributed.py,
    optimizers/trainer/save_weights.py: training on several GPUs.
    """
    from accelerate import PartialState
    from accelerate.commands.launch import launch_command_parser
    from accelerate.utils import broadcast_object_list

    takes(PartialState, "cpu")
    takes(broadcast_object_list, "object_list", "from_process")
    known = {option for action in launch_command_parser()._actions for option in action.option_strings}
    assert {"--config_file", "-m", "--module"} <= known
    accelerator = trained[0].accelerator
    assert accelerator.num_processes == 1
    assert int(accelerator.gather(torch.tensor([3])).sum()) == 3
    assert accelerator.unwrap_model(trained[0].model) is not None
    takes(accelerator.get_state_dict, "model")


def test_memory_that_ran_out_is_recognized() -> None:
    """Breaks optimizers/training_jobs/micro_batch.py: it is answered with a smaller micro-batch, any other error is
    not.
    """
    from accelerate.utils.memory import should_reduce_batch_size

    assert should_reduce_batch_size(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert should_reduce_batch_size(RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes"))
    assert not should_reduce_batch_size(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_the_shipped_launch_configurations_have_keys_that_accelerate_knows() -> None:
    """Breaks optimizers/training_jobs/launcher.py: `launcher="accelerate"` offers them by name."""
    from accelerate.commands.config.config_args import ClusterConfig

    holds(ClusterConfig, "compute_environment", "distributed_type", "mixed_precision", "num_processes", "use_cpu")
    holds(ClusterConfig, "fsdp_config", "deepspeed_config", "machine_rank", "num_machines", "rdzv_backend", "gpu_ids")
