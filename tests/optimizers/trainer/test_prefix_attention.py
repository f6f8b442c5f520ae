"""Rows that begin alike, trained in one pass: the loss and its gradient are those of rows apart, and who may do so."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("trl")

from accord.optimizers.trainer.prefix_attention import PrefixLayout, laid_out, lies_together  # noqa: E402

SMALL = {
    "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.3, "attn_implementation": "eager",
}  # fmt: skip
PREFIX, REST, ROWS = 9, 6, 3


def model(kind: str, **more: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return transformers.AutoModelForCausalLM.from_config(getattr(transformers, kind)(**SMALL, **more)).double()


@pytest.mark.parametrize("kind", ["LlamaConfig", "Qwen3Config", "Gemma3TextConfig"])
def test_the_loss_and_its_gradient_are_those_of_rows_apart(kind: str) -> None:
    more = {"layer_types": ["full_attention"] * 2} if kind.startswith("Gemma") else {}
    made = model(kind, **more)
    assert lies_together(made, PREFIX + REST)
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(1, 64, (ROWS, PREFIX + REST), generator=generator)
    ids[:, :PREFIX] = ids[0, :PREFIX]
    wanted = torch.zeros_like(ids, dtype=torch.bool)
    wanted[0, PREFIX:], wanted[1, PREFIX + 2 :], wanted[2, PREFIX : PREFIX + 4] = True, True, True
    found: list[tuple[Any, Any]] = []
    for together in (False, True):
        made.zero_grad()
        if together:
            layout = PrefixLayout(PREFIX, ROWS, REST)
            with laid_out(made, layout):
                output = made(input_ids=layout.ids(ids), position_ids=layout.positions(ids.device), use_cache=False)
            logits = output.logits[layout.ids(wanted)]
        else:
            logits = made(input_ids=ids, use_cache=False).logits[wanted]
        loss = torch.nn.functional.cross_entropy(logits, ids[wanted])
        loss.backward()
        found.append((loss.detach(), torch.cat([weight.grad.flatten() for weight in made.parameters()])))
    # Norms and softmax compute in float32 whatever the model is in.
    torch.testing.assert_close(found[1][0], found[0][0], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-5, atol=1e-6)
    assert made.config._attn_implementation == "eager"  # as it was


def test_windows_that_are_too_short_and_models_that_do_not_ask_by_name_go_the_long_way() -> None:
    assert lies_together(model("MistralConfig", sliding_window=64), 64)
    assert not lies_together(model("MistralConfig", sliding_window=16), 17)
    mixed = {"sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"]}
    assert not lies_together(model("Gemma3TextConfig", **mixed), 8)
    assert not lies_together(
        transformers.GPTNeoForCausalLM(
            transformers.GPTNeoConfig(
                vocab_size=64, hidden_size=32, num_layers=2, num_heads=4, attention_types=[[["global", "local"], 1]]
            )
        ),
        8,
    )
