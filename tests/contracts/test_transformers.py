"""What Accord relies on in transformers for asking models: tokenizers, loading, caches, the output layer."""

import copy
from pathlib import Path
from typing import Any

import pytest

from worlds.contracts import holds, overrides, takes
from worlds.tiny_model import make_tiny_model

torch = pytest.importorskip("torch")
transformers: Any = pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("contracts") / "model")


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Any:
    return transformers.AutoTokenizer.from_pretrained(folder)


@pytest.fixture
def model(folder: Path) -> Any:
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, use_safetensors=True).eval()


def test_a_tokenizer_renders_a_chat_as_text_and_encodes_it_without_adding_anything(tokenizer: Any) -> None:
    """Breaks programs/local/engine.py, optimizers/finetuning/objectives.py: training rows and requests are encoded like
    this.
    """
    turns = [{"role": "user", "content": "hi"}]
    text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    assert text == "<|start|>user\nhi<|end|>\n<|start|>assistant\n"
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert isinstance(ids, list) and all(isinstance(one, int) for one in ids)
    assert tokenizer.decode(ids, skip_special_tokens=True) == "user\nhi\nassistant\n"
    tokenizer_without = copy.deepcopy(tokenizer)
    tokenizer_without.chat_template = None
    assert tokenizer_without.chat_template is None


def test_a_tokenizer_names_its_control_tokens(tokenizer: Any) -> None:
    """Breaks programs/local/engine.py: an item that spells a control token must not end its turn."""
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    assert special == {"<|start|>", "<|end|>", "<|pad|>"}
    assert isinstance(tokenizer.eos_token_id, int) and isinstance(tokenizer.pad_token_id, int)
    assert isinstance(hash(tokenizer), int)  # the pattern is kept by tokenizer


def test_a_configuration_says_how_much_context_there_is(folder: Path) -> None:
    """Breaks programs/local/engine.py, optimizers/finetuning/planner.py: longer items are counted and not cut."""
    assert transformers.AutoConfig.from_pretrained(folder).max_position_embeddings == 512


def test_a_model_is_loaded_in_the_wanted_form(folder: Path) -> None:
    """Breaks programs/local/weights.py, optimizers/trainer/load_weights.py: dtype and attention are set when it is
    loaded.
    """
    load = transformers.AutoModelForCausalLM.from_pretrained
    model = load(folder, dtype=torch.bfloat16, use_safetensors=True, attn_implementation="eager")
    assert model.dtype == torch.bfloat16 and model.config._attn_implementation == "eager"
    assert load(folder, dtype=torch.float32, use_safetensors=True).dtype == torch.float32


def test_pickled_weights_are_refused(folder: Path, model: Any, tmp_path: Path) -> None:
    """Breaks programs/local/weights.py: loading a model must never run code that lies in its folder."""
    model.config.save_pretrained(tmp_path)
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError):
        transformers.AutoModelForCausalLM.from_pretrained(tmp_path, use_safetensors=True)


def test_the_weights_of_a_model_can_be_counted_without_loading_them(folder: Path, model: Any) -> None:
    """Breaks optimizers/trainer/load_weights.py: whether activations are kept depends on it."""
    with torch.device("meta"):
        empty = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.from_pretrained(folder))
    assert empty.num_parameters() == model.num_parameters()


def test_a_model_is_saved_with_its_tokenizer_as_safetensors(folder: Path, model: Any, tokenizer: Any) -> None:
    """Breaks programs/raters/merge_adapter.py, optimizers/trainer/save_weights.py, programs/local/weights.py: what
    `weights/` holds.
    """
    files = {file.name for file in folder.iterdir()}
    assert {"config.json", "model.safetensors", "generation_config.json", "tokenizer.json"} <= files
    assert not [name for name in files if name.endswith((".bin", ".pt", ".pkl"))]
    takes(model.save_pretrained, "state_dict")


def test_the_ids_that_end_a_reply_are_in_the_generation_configuration(model: Any, tokenizer: Any) -> None:
    """Breaks programs/local/engine.py: decoding stops at them."""
    ends = model.generation_config.eos_token_id
    assert tokenizer.eos_token_id in (ends if isinstance(ends, list) else [ends])


def test_only_the_last_logits_are_made_where_no_others_are_wanted(model: Any) -> None:
    """Breaks programs/local/prefill.py: prompts are prefilled without logits for each of their tokens."""
    ids = torch.tensor([[1, 2, 3]])
    with torch.inference_mode():
        whole = model(input_ids=ids).logits
        last = model(input_ids=ids, logits_to_keep=1).logits
    assert whole.shape[:2] == (1, 3) and last.shape[:2] == (1, 1)
    assert torch.equal(whole[:, -1], last[:, -1])


def test_the_output_layer_sees_hidden_states_and_a_hook_may_choose_among_them(model: Any) -> None:
    """Breaks programs/local/weights.py, optimizers/trainer/completion_trainer.py: logits only where a loss asks for
    them.
    """
    seen: list[Any] = []

    def choose(layer: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
        seen.append(given[0].shape)
        return (given[0][torch.tensor([[False, True, True]])],)

    model.get_output_embeddings().register_forward_pre_hook(choose)
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([[1, 2, 3]])).logits
    assert seen == [(1, 3, model.config.hidden_size)]
    assert logits.shape == (2, model.config.vocab_size)


def test_a_cache_is_shared_out_picked_from_and_copied(model: Any) -> None:
    """Breaks programs/local/prefill.py, optimizers/trainer/completion_trainer.py: a shared prefix is read once for all
    rows.
    """
    cache = transformers.DynamicCache(config=model.config)
    with torch.inference_mode():
        model(input_ids=torch.tensor([[1, 2]]), past_key_values=cache, use_cache=True)  # it grows in place
        kept = copy.deepcopy(cache)
        cache.batch_repeat_interleave(3)
        cache.batch_select_indices(torch.tensor([0, 2]))
        alone = model(input_ids=torch.tensor([[1, 2, 3]])).logits[:, -1]
        output = model(
            input_ids=torch.tensor([[3], [3]]),
            attention_mask=torch.ones(2, 3, dtype=torch.long),
            position_ids=torch.tensor([[2], [2]]),
            past_key_values=cache,
            use_cache=True,
        )
    assert kept.get_seq_length() == 2 and cache.get_seq_length() == 3
    assert torch.allclose(output.logits[:, -1].float(), alone.float().expand(2, -1), atol=0.05)
    assert output.past_key_values is cache


def test_a_forward_pass_returns_a_cache_that_gradients_flow_through(model: Any) -> None:
    """Breaks optimizers/trainer/completion_trainer.py: the guideline's keys and values are trained through."""
    shared = model(input_ids=torch.tensor([[1, 2]]), use_cache=True).past_key_values
    shared.batch_repeat_interleave(2)
    mask = torch.ones(2, 3, dtype=torch.long)
    model(
        input_ids=torch.tensor([[3], [4]]), attention_mask=mask, past_key_values=shared
    ).logits.float().sum().backward()
    first = model.get_input_embeddings().weight.grad[torch.tensor([1, 2])]
    assert bool((first.abs().sum(dim=-1) > 0).all())


def test_the_archive_s_model_can_be_converted() -> None:
    """Breaks programs/local/embedded_model.py: the embedded model comes as a GGUF file."""
    assert transformers.GgufConfig(dequantize=True).dequantize is True
    transformers.utils.logging.disable_progress_bar()


def test_quantization_is_described_as_qlora_needs_it() -> None:
    """Breaks optimizers/trainer/load_weights.py: the base under `method="qlora"`."""
    takes(
        transformers.BitsAndBytesConfig,
        "load_in_4bit",
        "bnb_4bit_quant_type",
        "bnb_4bit_use_double_quant",
        "bnb_4bit_compute_dtype",
    )


def test_callbacks_are_called_with_the_state_that_we_read() -> None:
    """Breaks optimizers/trainer/progress.py, optimizers/trainer/checkpoints.py,
    optimizers/trainer/early_stopping.py: what we follow.
    """
    for name in ("on_train_begin", "on_log", "on_step_end", "on_save", "on_evaluate", "on_epoch_begin"):
        overrides(transformers.TrainerCallback, name, "args", "state", "control")
    holds(transformers.TrainerState, "global_step", "max_steps", "log_history", "num_input_tokens_seen")
    holds(transformers.TrainerState, "best_model_checkpoint")
    holds(transformers.TrainerControl, "should_save", "should_training_stop")


def test_rows_of_like_length_are_grouped_by_a_generator_of_ours() -> None:
    """Breaks optimizers/trainer/row_order.py: a resume within an epoch must go on in the same order."""
    from transformers.trainer_pt_utils import get_length_grouped_indices

    takes(get_length_grouped_indices, "lengths", "batch_size", "generator")
    lengths = [5, 1, 4, 2, 3, 6]
    orders = [list(get_length_grouped_indices(lengths, 2, generator=torch.Generator().manual_seed(3))) for _ in "ab"]
    assert orders[0] == orders[1] and sorted(orders[0]) == list(range(6))


def test_a_layer_in_four_bits_says_whether_it_would_be_repacked() -> None:
    """Breaks optimizers/trainer/load_weights.py:
    measuring dev rows must not repack weights that are still trained on.
    """
    quantized = pytest.importorskip("bitsandbytes.nn")
    assert hasattr(quantized.Linear4bit(64, 64), "support_avx512bf16_for_cpu")
