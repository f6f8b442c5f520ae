"""Critiques, cases and counter-examples with embedders other than TF-IDF."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dspy
import numpy as np
import pytest

from accord.data import Corpus, Ordinal, SetupError
from accord.optimizers import DistillGuideline, Embedder, Exhaust, RejectionSampling, RuleRecord, resolve_embedder
from accord.optimizers.drafts.counter_examples import with_counter_examples
from accord.optimizers.drafts.critiques import Rationale, clusters, critiques
from accord.optimizers.drafts.leak_guard import LeakGuard
from accord.optimizers.embedders import cosines
from accord.programs import Guideline, Rater, scripted_lm
from worlds.embedding_server import EmbeddingServer, letter_counts

THREE = Ordinal(1, 3)
WORDS = ["harsh", "rude", "cold", "mean", "loud", "long", "short", "angry"]
TEXTS = sorted({" ".join(np.random.default_rng(0).choice(WORDS, (40, 5))[row]) for row in range(40)})


def _random(texts: Sequence[str]) -> np.ndarray:
    """Return vectors that follow from a text alone and say nothing of it."""
    return np.stack([np.random.default_rng(list(text.encode())).normal(size=6) for text in texts])


EMBEDDERS = {"TF-IDF": None, "letters": letter_counts, "random": _random, "dspy": dspy.Embedder(_random)}


@pytest.mark.parametrize("name", EMBEDDERS)
def test_a_critique_is_the_sentence_nearest_the_centroid_whatever_the_embedder(name: str) -> None:
    embedder = resolve_embedder(EMBEDDERS[name])
    vectors = embedder.fitted(TEXTS).transform(TEXTS)
    dense = vectors if isinstance(vectors, np.ndarray) else vectors.toarray()
    assert np.linalg.norm(dense, axis=1) == pytest.approx(1)
    nearest = set()
    for rows in clusters(vectors, 3, seed=0):
        centre = dense[rows].mean(axis=0)
        nearest.add(TEXTS[min(rows, key=lambda row: (round(float(np.linalg.norm(dense[row] - centre)), 9), row))])
    said = [Rationale(f"i{number}", 1, text) for number, text in enumerate(TEXTS)]
    found, _ = critiques(said, [1], per_level=3, guard=LeakGuard([]), embedder=embedder)
    assert {critique.text for critique in found} == nearest and len(nearest) == 3


def test_one_embedder_may_choose_otherwise_than_another() -> None:
    said = [Rationale(f"i{number}", 1, text) for number, text in enumerate(TEXTS)]
    chosen = {
        name: tuple(
            critique.text
            for critique in critiques(
                said, [1], per_level=3, guard=LeakGuard([]), embedder=resolve_embedder(EMBEDDERS[name])
            )[0]
        )
        for name in ("TF-IDF", "letters", "random")
    }
    assert len(set(chosen.values())) == 3


def _examples(first: int, count: int) -> list[dspy.Example]:
    said = ["The plot breaks off early on.", "The people in it stay flat.", "The ending turns it all around."]
    return [
        dspy.Example(
            text=f"story {number} of the {'abc'[number % 3] * 4} and so on",
            rationale=f"{said[number % 3]} So I say of {WORDS[number % 8]} ones.",
            label=number % 3 + 1,
            item_id=f"item-{number:03}",
        ).with_inputs("text")
        for number in range(first, first + count)
    ]


TRAIN, DEV = _examples(0, 30), _examples(100, 30)


def _student() -> Rater:
    return Rater(THREE, Guideline("Rate the story."), lm=scripted_lm(lambda prompt, draw: "Reason: so.\nLabel: 2"))


def _compiled(**options: Any) -> Rater:
    compiler = DistillGuideline("extractive", ablate=0, resamples=50, **options)
    return compiler.compile(_student(), trainset=TRAIN, valset=DEV)


def test_the_provenance_says_which_embedder_it_was() -> None:
    assert _compiled().provenance["embedder"] == "TF-IDF"
    assert _compiled(embedder=letter_counts).provenance["embedder"] == "letter_counts"
    assert _compiled(embedder=dspy.Embedder(_random)).provenance["embedder"] == "_random"


def test_no_text_is_embedded_twice_in_a_compile() -> None:
    asked: list[str] = []

    def counting(texts: list[str]) -> list[list[float]]:
        asked.extend(texts)
        return letter_counts(texts)

    DistillGuideline("cases", embedder=counting, ablate=0, resamples=50).compile(_student(), trainset=TRAIN, valset=DEV)
    assert len(asked) == len(set(asked)) and {example["text"] for example in TRAIN} <= set(asked)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (lambda texts: np.ones(len(texts)), "1 texts gave an array of shape (1,)"),
        (lambda texts: np.ones((len(texts) + 1, 3)), "1 texts gave an array of shape (2, 3)"),
        (lambda texts: np.ones((len(texts), 0)), "1 texts gave an array of shape (1, 0)"),
        (lambda texts: np.full((len(texts), 3), np.nan), "1 of 1 vectors have numbers that are not finite"),
        (lambda texts: [["a", "b"] for _ in texts], "the texts could not be embedded (could not convert string"),
        (lambda texts: {}["key"], "the texts could not be embedded ('key')"),
    ],
)
def test_what_is_no_array_of_vectors_is_said_before_anything_is_paid(rows: Any, complaint: str) -> None:
    student = _student()
    with pytest.raises(SetupError) as caught:
        DistillGuideline("extractive", embedder=rows).compile(student, trainset=TRAIN, valset=DEV)
    assert complaint in str(caught.value) and "embedder" in str(caught.value.place)
    assert getattr(student.lm, "engine").asked == []  # noqa: B009


def test_vectors_of_different_lengths_are_refused() -> None:
    ragged = Embedder("ragged", lambda texts: [[1.0] * (2 + len(text) % 2) for text in texts])
    with pytest.raises(SetupError, match="could not be embedded"):
        ragged.fitted(["ab", "abc"])


def test_a_text_without_any_vector_is_like_nothing() -> None:
    vectors = Embedder("zeros", lambda texts: [[0.0, float("a" in text)] for text in texts]).fitted(["a", "b"])
    rows = vectors.transform(["a", "b"])
    assert cosines(rows, rows).tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize("wrong", ["", 7, ["a"]])
def test_what_is_no_embedder_is_refused(wrong: Any) -> None:
    with pytest.raises(SetupError, match="Give a name such as"):
        DistillGuideline("extractive", embedder=wrong)


def test_counter_examples_by_an_embedder_that_puts_everything_close_together() -> None:
    """All cosines are above 0.9; only what is as alike as the rule's own sources speaks against it."""

    def close(texts: list[str]) -> list[list[float]]:
        return [[10.0, float("shout" in text), float("calm" in text)] for text in texts]

    def script(prompt: Any, draw: int) -> str:
        number = int(prompt.turns[-1].content.split("letter ")[1].split()[0])
        shouts = number in (3, 13)
        said = "The writer shouts at the reader!" if shouts else "The writer stays calm throughout."
        return f"Reason: {said}\nLabel: {1 if number < 10 or number in (13, 15) else 2}"

    records = [{"id": f"i{n}", "text": f"letter {n} ends", "label": 1 + (n >= 10)} for n in range(20)]
    corpus = Corpus.from_records(records, fields=["text"], label="label", id="id", scale=Ordinal(1, 2))
    traces = RejectionSampling(2, stop=Exhaust()).infer(
        Rater(Ordinal(1, 2), lm=scripted_lm(script)), trainset=corpus.examples()
    )
    rule = RuleRecord("r", "rubric", "1", "Someone is shouting.", "writer", ("i3",))
    (found,) = with_counter_examples([rule], traces, resolve_embedder(close))
    assert found.against == ("i13",), "and not i15, whose draws are as near as 0.99"


@pytest.fixture
def closed_loop() -> Iterator[None]:
    """Close the event loop that LiteLLM takes in the main thread: it makes one where there is none, and lets it lie."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.usefixtures("closed_loop")
def test_a_model_on_a_server_is_asked_through_litellm() -> None:
    with EmbeddingServer() as server:
        embedder = resolve_embedder("openai/letters-small", api_base=server.url)
        rows = embedder.fitted(TEXTS).transform(TEXTS)
        assert rows == pytest.approx(resolve_embedder(letter_counts).fitted(TEXTS).transform(TEXTS))
        assert [(one["model"], one["path"], one["input"]) for one in server.asked] == [
            ("letters-small", "/v1/embeddings", TEXTS)
        ]
        bare = resolve_embedder("some-org/letters", api_base=server.url).checked()
        assert (bare.name, server.asked[-1]["model"]) == ("some-org/letters", "some-org/letters")


@pytest.mark.usefixtures("closed_loop")
def test_a_server_that_refuses_is_named_with_what_it_said() -> None:
    with EmbeddingServer(refusal=401) as server:
        embedder = resolve_embedder("openai/letters-small", api_base=server.url)
        with pytest.raises(SetupError) as caught:
            _compiled(embedder=embedder)
    assert "the model is not here" in str(caught.value) and "embedder 'openai/letters-small'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(SetupError, match="there is no folder 'nowhere/at/all'"):
        DistillGuideline("extractive", embedder="local/nowhere/at/all")


@pytest.mark.slow
def test_a_sentence_transformers_model_in_a_folder_embeds(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    from worlds.tiny_model import make_tiny_model

    folder = make_tiny_model(tmp_path / "tiny")
    compiled = _compiled(embedder=f"local/{folder}")
    assert compiled.provenance["embedder"] == f"local/{folder}"
    assert {candidate.name for candidate in compiled.candidates} == {"original", "rubric", "cases", "both"}
    first = resolve_embedder(str(folder)).fitted(TEXTS).transform(TEXTS)
    assert first.shape[1] == 32 and len(np.unique(first.round(6), axis=0)) == len(TEXTS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SetupError, match="the model cannot be loaded") as caught:
        _compiled(embedder=f"local/{tmp_path / 'empty'}")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_model_that_is_not_on_this_machine_is_said_with_a_cure() -> None:
    pytest.importorskip("sentence_transformers")
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    with pytest.raises(SetupError, match="the model cannot be loaded") as caught:
        _compiled(embedder="sentence-transformers/no-such-model-anywhere")
    assert "local/<folder>" in str(caught.value)
