"""Knows how to make a model of a few thousand random weights whose tokens are bytes; does not know what it is for."""

from pathlib import Path

TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def make_tiny_model(folder: Path, *, context: int = 512, seed: int = 0, width: int = 32) -> Path:
    """Write a two-layer Llama and its tokenizer to a folder, and return the folder.

    Args:
        folder: Where to.
        context: Tokens, that is bytes, of prompt and reply together.
        seed: Of the weights.
        width: Of its hidden states.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    vocabulary = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|pad|>")
    wrapped.add_special_tokens({"additional_special_tokens": ["<|start|>"]})
    wrapped.chat_template = TEMPLATE
    config = LlamaConfig(
        vocab_size=len(wrapped),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        eos_token_id=wrapped.convert_tokens_to_ids("<|end|>"),
        bos_token_id=None,
        pad_token_id=int(str(wrapped.convert_tokens_to_ids("<|pad|>"))),
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config).bfloat16()
    model.save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder
