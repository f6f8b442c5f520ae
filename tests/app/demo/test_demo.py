"""The demo: its recording fits its prompts and carries no item text. (`make demo` runs the whole of it.)"""

import re
from collections import Counter
from pathlib import Path

import pytest

from accord.app.demo.labels import demo_corpus
from accord.app.demo.recorded_teacher import demo_recording, read_recording, recorded_lm, write_recording
from accord.app.demo.task import (
    DEV,
    SEED,
    TEACHER_GUIDELINE,
    TEACHER_MAX_TOKENS,
    TEACHER_SAMPLES,
    TEST,
    TRAIN,
    demo_splits,
)
from accord.data import InputError, Journal, SetupError
from accord.optimizers import Exhaust, RejectionSampling
from accord.programs import Guideline, Rater


def test_the_labels_are_the_papers_and_gold_is_their_cut_mean() -> None:
    corpus = demo_corpus()
    assert len(corpus) == 4001  # 4,200 less the 199 whose two means differ
    assert all(len(item.annotations) >= 20 for item in corpus)
    assert set(corpus.golds()) == {1, 2, 3, 4, 5}


def test_the_splits_are_the_same_every_time() -> None:
    splits, _ = demo_splits()
    assert [len(part) for part in splits] == [TRAIN, DEV, TEST]
    again, _ = demo_splits()
    assert [part.hash for part in splits] == [part.hash for part in again]
    assert TEST >= 200


def test_every_prompt_of_the_demo_has_its_recorded_draws() -> None:
    """The prompts' bytes of today are those that were recorded: otherwise the recording has to be made anew."""
    splits, scale = demo_splits()
    teacher = Rater(scale, TEACHER_GUIDELINE, fields=("tweet",))
    draws = demo_recording().draws
    drawn = Counter(draw.prompt for source, draw in draws if source.sampling["temperature"] > 0)
    rated = Counter(draw.prompt for source, draw in draws if source.sampling["temperature"] == 0)
    assert drawn == {teacher.prompt(item.fields).sha256: TEACHER_SAMPLES for item in splits.train}
    assert rated == {teacher.prompt(item.fields).sha256: 1 for item in splits.test}


def test_the_recording_says_what_it_is_and_holds_no_item_text() -> None:
    splits, _ = demo_splits()
    recording = demo_recording()
    for key in ("model", "revision", "date", "script", "left_out", "blanked"):
        assert recording.about[key] not in (None, ""), key
    texts = {item.id: item.text for part in splits for item in part}
    for _, draw in recording.draws:
        assert not draw.text and not draw.thinking
        said, shown = words(draw.rationale), words(texts[draw.item_id])
        runs = {tuple(shown[start : start + 6]) for start in range(len(shown) - 5)}
        assert not any(tuple(said[start : start + 6]) in runs for start in range(len(said) - 5))


def test_a_recording_survives_writing_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    recording = demo_recording()
    write_recording(tmp_path / "copy.jsonl.gz", recording)
    assert read_recording(tmp_path / "copy.jsonl.gz").draws == recording.draws
    (tmp_path / "bad.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match="not a recording"):
        read_recording(tmp_path / "bad.jsonl.gz")


def test_the_sampler_takes_the_recorded_draws_and_can_make_no_new_ones(tmp_path: Path) -> None:
    splits, scale = demo_splits()
    recording = demo_recording()
    lm = recorded_lm(recording.draws[0][0].model, max_tokens=TEACHER_MAX_TOKENS)
    teacher = Rater(scale, TEACHER_GUIDELINE, fields=("tweet",), lm=lm)
    with Journal(tmp_path / "journal.sqlite") as journal:
        recording.replay_into(journal)
        assert len(journal) == len(recording.draws)
        sampler = RejectionSampling(TEACHER_SAMPLES, stop=Exhaust(), seed=SEED, journal=journal)
        traces = sampler.infer(teacher, trainset=splits.train.examples())
        assert traces.asked == 0
        found = traces.utilization()
        assert found.draws == TEACHER_SAMPLES * len(splits.train)
        assert found.above_luck
        with pytest.raises(SetupError, match="no draw for a prompt"):
            other = teacher.variant(guideline=Guideline("Another guideline."))
            sampler.infer(other, trainset=splits.train.examples())


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
