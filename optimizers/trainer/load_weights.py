"""Knows how to load what training starts from, and says in one line what is wrong with it; does not train it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...data import AccordError, InputError, SetupError
from ...programs import fold_output, need, weights_hash
from ..training_jobs import Row, TrainingJob, ran_out


def check_weights(job: TrainingJob) -> None:
    """Check that the base model and the adapter to start from are still those of the job.

    Raises:
        SetupError: If one is not.
    """
    if weights_hash(Path(job.base)) != job.base_hash:
        cure = "Put the base model back, or compile again."
        raise SetupError("the base model is not the one of the job", place=job.base, cure=cure)
    if job.start is not None and weights_hash(Path(job.start)) != job.start_hash:
        cure = "Put the adapter back, or compile again."
        raise SetupError("the adapter to start from is not the one of the job", place=job.start, cure=cure)


def count_weights(job: TrainingJob) -> int:
    """Return how many weights the base model has, without loading them."""
    torch = need("torch", "train", "to fine-tune")
    transformers = need("transformers", "train", "to fine-tune")
    with _told(_unreadable, job):
        config = transformers.AutoConfig.from_pretrained(job.base, trust_remote_code=False)
        with torch.device("meta"):
            return transformers.AutoModelForCausalLM.from_config(config).num_parameters()


def load_tokenizer(job: TrainingJob) -> Any:
    """Return the base model's tokenizer.

    Raises:
        SetupError: If it cannot be read.
    """
    transformers = need("transformers", "train", "to fine-tune")
    with _told(_unreadable, job):
        return transformers.AutoTokenizer.from_pretrained(job.base, trust_remote_code=False)


def load_base(job: TrainingJob) -> Any:
    """Return the base model: in the job's format under an adapter, in 4 bits for ``qlora``, float32 where all train.

    An optimizer's small steps would be rounded away in bfloat16; the arithmetic is done in the job's format either way.

    Raises:
        SetupError: If its files are damaged, or a package is missing.
    """
    torch = need("torch", "train", "to fine-tune")
    transformers = need("transformers", "train", "to fine-tune")
    method = job.parameters.method
    options: dict[str, Any] = {"use_safetensors": True, "trust_remote_code": False}
    options["dtype"] = torch.float32 if method == "full" else getattr(torch, job.dtype)
    if method == "qlora":
        need("bitsandbytes", "qlora", "to train with method='qlora'")
        options["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=getattr(torch, job.dtype),
        )
    # The fused attention of PyTorch's CPU build has a backward pass several times slower than plain matrices.
    options["attn_implementation"] = "sdpa" if torch.cuda.is_available() else "eager"
    transformers.utils.logging.disable_progress_bar()
    with _told(_unreadable, job):
        model = transformers.AutoModelForCausalLM.from_pretrained(job.base, **options)
    if method == "qlora":
        for layer in model.modules():
            # Measuring dev rows would repack the weights for inference, and there is no way back through those.
            if hasattr(layer, "support_avx512bf16_for_cpu"):
                layer.support_avx512bf16_for_cpu = False
    fold_output(model)
    return model


def load_start(model: Any, job: TrainingJob) -> Any:
    """Return the base model with the adapter that training goes on from.

    Raises:
        SetupError: If it does not fit the base model.
    """
    peft = need("peft", "train", "to fine-tune")
    with _told(_misfit, job):
        started = peft.PeftModel.from_pretrained(model, job.start, is_trainable=True)
        # An adapter of ours has the base's name alone, which PEFT would look up on a hub each time it writes one.
        started.peft_config["default"].base_model_name_or_path = job.base
        found = peft.utils.load_peft_weights(job.start, device="cpu")
        wanted = peft.get_peft_model_state_dict(started)
    if set(found) != set(wanted):
        raise _misfit(f"it has {len(found)} matrices for {len(wanted)} of the base", job)
    return started


def check_rows(model: Any, rows: Sequence[Row], place: Path) -> None:
    """Check that a model knows all tokens of some rows.

    Raises:
        InputError: If it does not: the rows were made with another model's tokenizer.
    """
    known = model.get_input_embeddings().weight.shape[0]
    highest = max(max(*row.prompt, *row.completion, *row.rejected) for row in rows)
    if highest >= known:
        what = f"a row has token {highest}, and the base model knows {known} tokens"
        raise InputError(what, place=str(place), cure="Compile again with the base model's own tokenizer.")


@contextmanager
def _told(misread: Callable[[str, TrainingJob], SetupError], job: TrainingJob) -> Iterator[None]:
    """Say in one line whatever a library says of files: a damaged one fails in as many ways as it has readers."""
    try:
        yield
    except Exception as error:
        if isinstance(error, AccordError) or ran_out(error):
            raise
        raise misread(_first_line(error), job) from None


def _unreadable(what: str, job: TrainingJob) -> SetupError:
    cure = "Put a whole copy of the model there (config.json, tokenizer.json, *.safetensors)."
    return SetupError(f"the base model cannot be read ({what})", place=job.base, cure=cure)


def _misfit(what: str, job: TrainingJob) -> SetupError:
    cure = f"Start from an adapter that was trained on {Path(job.base).name}."
    return SetupError(f"the adapter to start from does not fit the base model ({what})", place=job.start, cure=cure)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0].strip()}" if lines else type(error).__name__
