"""Knows how to train one LoRA adapter from a job's folder; knows nothing of raters, scales or labels.

This is a program of its own: ``python -m accord.optimizers.training FOLDER/job.json [FOLDER2/job.json ...]``. A job
that is finished is not trained again, one that was killed goes on from its last whole checkpoint.
"""

import argparse
import fcntl
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..data import AccordError, SetupError
from ..programs import fold_output, need, weights_hash
from .objectives import Row, shared_prefix
from .training_job import (
    ADAPTER,
    CHECKPOINTS,
    DONE,
    PROGRESS,
    TrainingJob,
    TrainingResult,
    read_job,
    read_result,
    write_result,
)

_SMALL = 1_000_000_000
"""Parameters below which activations are kept: recomputing them costs a third more and saves memory nobody lacks."""

_WARM_UP = 0.1
"""Share of the steps in which the learning rate rises to its peak; then it falls to 0 along a line."""

_BETA = 0.1
"""How far DPO lets the model go from the base; TRL's and the paper's default."""

_SHORT_PREFIX = 8
"""Shared tokens below which sharing costs more than it saves."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the jobs named on the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m accord.optimizers.training", description=__doc__)
    parser.add_argument("jobs", nargs="+", type=Path, help="a job.json")
    parser.add_argument("--tied", action="store_true", help="end when standard input closes")
    chosen = parser.parse_args(arguments)
    if chosen.tied:
        threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        for path in chosen.jobs:
            train(path)
    except AccordError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def train(path: Path) -> TrainingResult:
    """Train one job, unless it is finished, and return its result.

    Another process that trains in the same folder is waited for.

    Raises:
        InputError: If the job is damaged.
        SetupError: If the extra ``train`` is missing, or the base model is not the one of the job.
    """
    job, rows = read_job(path)
    folder = path.parent
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = read_result(folder, job)
        if result is not None:
            return result
        (folder / DONE).unlink(missing_ok=True)
        if weights_hash(Path(job.base)) != job.base_hash:
            cure = "Put the base model back, or compile again."
            raise SetupError("the base model is not the one of the job", place=job.base, cure=cure)
        began = time.monotonic()
        losses = _fit(job, rows, folder)
        result = TrainingResult(
            job=job.hash,
            adapter=weights_hash(folder / ADAPTER),
            losses=tuple(losses),
            seconds=round(time.monotonic() - began, 3),
            tokens=job.parameters.epochs * sum(len(row.input_ids) for row in rows),
        )
        write_result(folder, result)
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
        return result


def _fit(job: TrainingJob, rows: Sequence[Row], folder: Path) -> list[float]:
    """Train, write ``adapter/`` and return the loss of each step."""
    if "LOCAL_RANK" not in os.environ:  # not under a launcher: TRL refuses one process with several GPUs
        os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    torch = need("torch", "train", "to fine-tune")
    transformers = need("transformers", "train", "to fine-tune")
    peft = need("peft", "train", "to fine-tune")
    tokenizer = transformers.AutoTokenizer.from_pretrained(job.base)
    on_gpu = torch.cuda.is_available()
    model = transformers.AutoModelForCausalLM.from_pretrained(
        job.base,
        dtype=torch.bfloat16,
        use_safetensors=True,
        # The fused attention of PyTorch's CPU build has a backward pass several times slower than plain matrices.
        attn_implementation="sdpa" if on_gpu else "eager",
    )
    fold_output(model)
    small = model.num_parameters() < _SMALL
    options: dict[str, Any] = {
        "output_dir": str(folder / CHECKPOINTS),
        "num_train_epochs": job.parameters.epochs,
        "per_device_train_batch_size": job.parameters.batch_size,
        "learning_rate": job.parameters.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": _WARM_UP,
        "seed": job.parameters.seed,
        "data_seed": job.parameters.seed,
        "bf16": True,
        "use_cpu": not on_gpu,
        "gradient_checkpointing": not small,
        "max_length": None,
        "logging_steps": 1,
        "save_strategy": "epoch",
        "save_total_limit": 1,
        "report_to": [],
        "disable_tqdm": True,
        "push_to_hub": False,
    }
    shared: dict[str, Any] = {
        "model": model,
        "processing_class": tokenizer,
        "peft_config": peft.LoraConfig(
            r=job.parameters.lora_rank,
            lora_alpha=job.parameters.lora_alpha,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
        "callbacks": [_progress(folder / PROGRESS)],
    }
    trainer = _pairs(rows, options, shared) if rows[0].rejected else _completions(rows, options, shared, small=small)
    # The base's weights are bfloat16, the adapter's float32, so that small steps are not rounded away. Autocast
    # computes with the adapter in bfloat16; without this PEFT would first bring every layer's input to float32.
    with peft.helpers.disable_input_dtype_casting(trainer.model):
        trainer.train(resume_from_checkpoint=_last_checkpoint(folder / CHECKPOINTS))
    fresh = folder / f".{ADAPTER}"
    shutil.rmtree(fresh, ignore_errors=True)
    trained: Any = trainer.model
    trained.save_pretrained(fresh)
    (fresh / "README.md").unlink(missing_ok=True)  # a model card with nothing in it
    _settle(fresh / "adapter_config.json", job)
    shutil.rmtree(folder / ADAPTER, ignore_errors=True)
    fresh.rename(folder / ADAPTER)
    return [round(entry["loss"], 6) for entry in trainer.state.log_history if "loss" in entry]


def _completions(rows: Sequence[Row], options: dict[str, Any], shared: dict[str, Any], *, small: bool) -> Any:
    """Return the trainer of replies."""
    datasets = need("datasets", "train", "to fine-tune")
    trl = need("trl", "train", "to fine-tune")
    from .completion_trainer import CompletionTrainer  # imports TRL's trainer, which takes seconds

    prefix = shared_prefix(rows)
    alone = int(os.environ.get("WORLD_SIZE", "1")) == 1
    plain = all(row.weight == 1.0 and row.aim is None for row in rows)
    content = [{"input_ids": row.input_ids, "labels": row.labels, "length": len(row.input_ids)} for row in rows]
    return CompletionTrainer(
        args=trl.SFTConfig(
            **options,
            train_sampling_strategy="group_by_length",
            remove_unused_columns=plain,
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=datasets.Dataset.from_list(
            content if plain else [{**columns, "row": number} for number, columns in enumerate(content)]
        ),
        # Gradient checkpointing recomputes without a cache, and several processes wrap the model for one pass a step.
        prefix=prefix if small and alone and prefix >= _SHORT_PREFIX else 0,
        rows=None if plain else rows,
        **shared,
    )


def _pairs(rows: Sequence[Row], options: dict[str, Any], shared: dict[str, Any]) -> Any:
    """Return the trainer of pairs of replies: DPO (Rafailov et al. 2023) plus cross-entropy of the better reply.

    Against the base model alone DPO may lower the probability of both replies; the second term, that of iterative
    reasoning preference optimization (Pang et al. 2024), teaches the form of a reply along with it, in one adapter.
    """
    datasets = need("datasets", "train", "to fine-tune")
    trl = need("trl", "train", "to fine-tune")
    from .pair_trainer import PairTrainer

    content = [
        {"prompt_ids": list(row.prompt), "chosen_ids": list(row.completion), "rejected_ids": list(row.rejected)}
        for row in rows
    ]
    return PairTrainer(
        args=trl.DPOConfig(**options, beta=_BETA, loss_type=["sigmoid", "sft"]),
        train_dataset=datasets.Dataset.from_list(content),
        **shared,
    )


def _settle(config: Path, job: TrainingJob) -> None:
    """Make the configuration the same wherever and whenever it is written: PEFT leaves a set's order in it."""
    content = json.loads(config.read_text(encoding="utf-8"))
    content = {name: sorted(value) if isinstance(value, list) else value for name, value in content.items()}
    content["base_model_name_or_path"] = Path(job.base).name
    config.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _progress(path: Path) -> Any:
    """Return a callback that writes one line for each step; after a resume the file starts with the steps kept."""
    from transformers import TrainerCallback

    class Progress(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            kept = [entry for entry in state.log_history if "loss" in entry]
            path.write_text("".join(_line(entry, state.max_steps) for entry in kept), encoding="utf-8")

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
            if logs is not None and "loss" in logs:
                with path.open("a", encoding="utf-8") as stream:
                    stream.write(_line({**logs, "step": state.global_step}, state.max_steps))

    return Progress()


def _line(entry: dict[str, Any], steps: int) -> str:
    return json.dumps({"step": entry["step"], "steps": steps, "loss": round(entry["loss"], 6)}) + "\n"


def _last_checkpoint(folder: Path) -> str | None:
    """Return the last whole checkpoint and remove what a kill left of others; its state is what is written last."""
    whole: dict[int, Path] = {}
    for checkpoint in folder.glob("checkpoint-*"):
        try:
            state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
            whole[int(state["global_step"])] = checkpoint
        except (FileNotFoundError, ValueError):
            shutil.rmtree(checkpoint)
    return str(whole[max(whole)]) if whole else None


def _end_with_input() -> None:
    """End this process when whoever started it is gone: nobody would read the result."""
    while os.read(0, 1):  # not through sys.stdin: its lock would be held when the interpreter ends
        pass
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main())
