"""Decoding on a tiny model with random weights in float32: a draw depends on its prompt and seed, not on its batch."""

import numpy as np
import pytest

from accord.programs.local.sequence_request import SequenceRow

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

STOP = 7
PROMPTS = [
    [1, *range(40, 60), 2, 3],
    [1, *range(40, 60), 4],
    [1, *range(40, 60), 5, 6, 9, 10],
    [1, *range(40, 60), 11, 12],
]
SEEDS = [[100, 101, 102], [200], [300, 301], [400]]


SMALL = {
    "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.3, "pad_token_id": 0,
    "bos_token_id": None, "eos_token_id": STOP,
}  # fmt: skip
KINDS = {
    "full": ("LlamaConfig", {**SMALL, "tie_word_embeddings": True}),
    "window": ("MistralConfig", {**SMALL, "sliding_window": 16}),
    "window and full": (
        "Gemma3TextConfig",
        {
            **SMALL,
            "sliding_window": 16,
            "head_dim": 8,
            "tie_word_embeddings": False,
            "layer_types": ["sliding_attention", "full_attention"],
        },
    ),
    "window over columns": (
        "GPTNeoConfig",
        {
            **{name: SMALL[name] for name in SMALL if not name.startswith(("num_", "intermediate_"))},
            "num_layers": 2,
            "num_heads": 4,
            "attention_types": [[["global", "local"], 1]],
            "window_size": 16,
        },
    ),
}
"""Models by what their layers attend to."""


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    name, options = KINDS[request.param]
    torch.manual_seed(0)
    config = getattr(transformers, name)(**options)
    return transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()


@pytest.fixture
def decoder(model):
    from accord.programs.local.prefill import Decoder

    return Decoder(model, [STOP], 0)


def _reference(model, prompt, seed, temperature, max_tokens):
    """Draw by the whole forward pass for every token: inverse CDF of the seed's uniforms, in double precision."""
    uniforms = np.random.default_rng(seed).random(max_tokens)
    ids = list(prompt)
    drawn = []
    for step in range(max_tokens):
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].double()
        if temperature == 0:
            token = int(logits.argmax())
        else:
            cumulative = torch.softmax(logits / temperature, dim=-1).cumsum(0)
            token = int(torch.searchsorted(cumulative, torch.tensor([uniforms[step]]), right=True)[0])
        if token == STOP:
            return drawn, "stop"
        drawn.append(token)
        ids.append(token)
    return drawn, "length"


def _rows(decoder, prompts, seeds, temperature=1.0, max_tokens=16):
    draws = [[SequenceRow(seed, temperature, max_tokens) for seed in wanted] for wanted in seeds]
    batch = decoder.batch()
    decoder.join(batch, prompts, draws)
    while batch.rows:
        batch.step()
    return [[(row.tokens, row.finished) for row in rows] for rows in draws]


@pytest.mark.parametrize("temperature", [0, 0.7, 1.0])
def test_equal_to_the_whole_forward_pass_for_every_token(model, decoder, temperature):
    expected = [
        [_reference(model, prompt, seed, temperature, 16) for seed in seeds]
        for prompt, seeds in zip(PROMPTS, SEEDS, strict=True)
    ]
    assert _rows(decoder, PROMPTS, SEEDS, temperature) == expected
    ends = {finished for rows in expected for _, finished in rows}
    assert temperature == 0 or ends == {"stop", "length"}, "some rows leave the batch, some stay to the end"


def test_greedy_replies_to_prompts_of_unlike_length_are_those_of_generate(model, decoder):
    for (found,), prompt in zip(_rows(decoder, PROMPTS, [[0]] * 4, temperature=0.0), PROMPTS, strict=True):
        whole = model.generate(torch.tensor([prompt]), max_new_tokens=16, do_sample=False)[0].tolist()
        assert found[0] == [token for token in whole[len(prompt) :] if token != STOP]


def test_company_order_and_earlier_batches_do_not_matter(model, decoder):
    from accord.programs.local.prefill import Decoder

    together = _rows(decoder, PROMPTS, SEEDS)
    assert _rows(decoder, PROMPTS[::-1], SEEDS[::-1]) == together[::-1]
    for place, (prompt, seeds) in enumerate(zip(PROMPTS, SEEDS, strict=True)):
        assert _rows(decoder, [prompt], [seeds]) == [together[place]], "with the prefix of an earlier batch"
        assert _rows(Decoder(model, [STOP], 0), [prompt], [seeds]) == [together[place]], "without"
        for draw, seed in enumerate(seeds):
            assert _rows(decoder, [prompt], [[seed]]) == [[together[place][draw]]]
    other = [[1, 2, 3], [1, *range(40, 60), 13]]
    assert _rows(decoder, other, [[1], [2]]) == _rows(Decoder(model, [STOP], 0), other, [[1], [2]])
    assert _rows(decoder, PROMPTS, SEEDS) == together


def test_equal_prompts_and_single_tokens(decoder):
    rows = _rows(decoder, [PROMPTS[0], PROMPTS[0], [5]], [[1], [1], [1]])
    assert rows[0] == rows[1]
    assert _rows(decoder, [[5]], [[1]]) == [rows[2]]


def test_rows_that_join_and_leave_on_the_way_get_their_own_tokens(model, decoder):
    """Longer and shorter prompts come in at different steps; some rows are taken out before they end."""
    prompts = [[1, *range(40, 60), 2, 3], [5], [1, *range(20, 60), 9], [1, *range(40, 60), 11, 12], [8, 8, 8]]
    seeds = [[100, 101], [200], [300, 301, 302], [400], [500]]
    heats = [1.0, 0.0, 0.7, 1.0, 0.0]
    limits = [16, 12, 20, 3, 16]
    draws = [
        [SequenceRow(seed, heat, limit) for seed in wanted]
        for wanted, heat, limit in zip(seeds, heats, limits, strict=True)
    ]
    taken = draws[2][2]
    batch = decoder.batch()
    decoder.join(batch, prompts[:1], draws[:1])
    for step in range(100):
        if step in (2, 3, 7):
            place = {2: 1, 3: 2, 7: 3}[step]
            decoder.join(batch, prompts[place : place + 1], draws[place : place + 1])
        if step == 5:
            batch.keep([row for row in batch.rows if row is not taken])
        if step == 30:
            decoder.join(batch, prompts[4:], draws[4:])
        batch.step()
    assert not batch.rows
    for prompt, rows in zip(prompts, draws, strict=True):
        for row in rows:
            expected = _reference(model, prompt, row.seed, row.temperature, row.max_tokens)
            if row is taken:
                assert not row.finished and row.tokens == expected[0][: len(row.tokens)]
            else:
                assert (row.tokens, row.finished) == expected


def test_the_limit_cuts(decoder):
    rows = _rows(decoder, PROMPTS, SEEDS, max_tokens=1)
    assert all(len(tokens) <= 1 for prompt in rows for tokens, _ in prompt)
    assert {finished for prompt in rows for tokens, finished in prompt if tokens} == {"length"}


def test_log_probabilities_are_those_of_the_whole_forward_pass(model, decoder):
    replies = [[8], [9, 10], [9, 11, 12]]
    found = decoder.log_probabilities(PROMPTS, replies)
    for prompt, row in zip(PROMPTS, found, strict=True):
        for reply, value in zip(replies, row, strict=True):
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([prompt + reply])).logits[0].double()
            steps = torch.log_softmax(logits, dim=-1)
            expected = sum(float(steps[len(prompt) - 1 + k, token]) for k, token in enumerate(reply))
            assert value == pytest.approx(expected, abs=1e-4)
