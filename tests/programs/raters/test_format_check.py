"""A rater in another number format than it was proven in: what is compared, and what is said."""

import copy
from pathlib import Path
from typing import Any

import pytest

from accord.data import Interval, Ordinal
from accord.programs import LocalEngine, Rater, forced_choice, format_check, format_readings, local_lm, scripted_lm
from worlds.tiny_model import make_tiny_model

pytest.importorskip("torch")

SCALE = Ordinal(1, 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("model"), context=1024)


def rater(folder: Path, dtype: str) -> Rater:
    return Rater(SCALE, fields=("text",), lm=local_lm(LocalEngine(folder, dtype=dtype)))


def proven(folder: Path, dtype: str) -> Rater:
    """A rater that computes in float32 and was proven in a format."""
    made = rater(folder, "float32")
    made.provenance = {"number_format": {"trained": dtype, "readings": format_readings(rater(folder, dtype))}}
    return made


def test_readings_are_of_made_up_texts_and_every_level(folder: Path) -> None:
    found = format_readings(rater(folder, "bfloat16"))
    assert found is not None and found["dtype"] == "bfloat16"
    assert {len(row) for row in found["log_probabilities"]} == {5}
    assert format_readings(Rater(SCALE, fields=("text",), lm=scripted_lm(lambda prompt, draw: ""))) is None
    assert format_readings(Rater(Interval(0, 1), fields=("text",), lm=rater(folder, "float32").lm)) is None


def test_the_same_format_needs_no_word_and_so_do_raters_of_earlier_days(folder: Path) -> None:
    assert format_check(proven(folder, "float32")) == ""
    assert format_check(rater(folder, "float32")) == ""
    earlier = rater(folder, "float32")
    earlier.provenance = {"number_format": "bfloat16"}
    assert format_check(earlier) == ""


def test_another_format_is_said_with_how_it_decides(folder: Path) -> None:
    said = format_check(proven(folder, "bfloat16"))
    assert said.startswith("the rater was proven in bfloat16 and computes in float32 here: it decides ")
    assert "alike in both" in said and "measure it again" not in said


def test_a_rater_that_decides_otherwise_is_told_to_be_measured_again(folder: Path) -> None:
    made = proven(folder, "bfloat16")
    kept: dict[str, Any] = copy.deepcopy(made.provenance["number_format"]["readings"])
    first = kept["log_probabilities"][0]
    worst = min(range(5), key=lambda level: first[level])
    first[worst] = max(first) + 3
    made.provenance = {"number_format": {"trained": "bfloat16", "readings": kept}}
    assert "1 of them otherwise here; measure it again (accord evaluate)" in format_check(made)


@pytest.mark.slow
def test_what_the_embedded_model_decides_by_a_margin_is_equal_in_both_formats() -> None:
    from accord.data import Corpus
    from accord.programs import embedded_model

    texts = ["Cold soup, and nobody came.", "A quiet table, warm bread, kind people.", "It was food.", "Never again!"]
    corpus = Corpus.from_records(
        [{"text": f"{text} {more}", "stars": 3} for text in texts for more in ("", "We left early.", "Thanks.")],
        fields=["text"], label="stars", scale=SCALE,
    )  # fmt: skip
    scores: dict[str, list[list[float]]] = {}
    labels: dict[str, list[Any]] = {}
    for dtype in ("bfloat16", "float32"):
        engine = LocalEngine(embedded_model(), dtype=dtype)
        one = Rater(SCALE, fields=("text",), lm=local_lm(engine)).variant(order="label")
        labels[dtype] = list(forced_choice(one, corpus).labels)
        replies = [one.reply("", level) for level in range(1, 6)]
        scores[dtype] = engine.level_log_probabilities([one.prompt(item.fields) for item in corpus], replies)
    leads = [sorted(row)[-1] - sorted(row)[-2] for row in scores["float32"]]
    decided = [place for place, lead in enumerate(leads) if lead >= 0.5]
    assert len(decided) >= 4
    assert [labels["bfloat16"][place] for place in decided] == [labels["float32"][place] for place in decided]
    assert max(abs(p - q) for a, b in zip(*scores.values(), strict=True) for p, q in zip(a, b, strict=True)) < 0.5
