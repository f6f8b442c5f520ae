"""Scales in words: every form gives the scale it says, and everything else is refused with the forms there are."""

from pathlib import Path

import pytest

from accord.app.scale_option import scale_of_words
from accord.data import InputError, Interval, Nominal, Ordinal, Pairwise, Scale


@pytest.mark.parametrize(
    ("words", "scale"),
    [
        ("ordinal:1-5", Ordinal(1, 5)),
        ("Ordinal: 0 .. 10", Ordinal(0, 10)),
        ("ordinal:bad, ok,good", Ordinal.of(["bad", "ok", "good"])),
        ("ordinal:1,2,4", Ordinal.of([1, 2, 4])),
        ("interval:-4..4", Interval(-4, 4)),
        ("interval:-4--1", Interval(-4, -1)),
        ("interval:0-1/0.5", Interval(0, 1, 0.5)),
        ("nominal:yes,no", Nominal(["yes", "no"])),
        ("pairwise", Pairwise()),
        ("pairwise:A,B", Pairwise(tie=False)),
        ("pairwise:a,b,tie", Pairwise()),
        ('{"type": "ordinal", "low": 1, "high": 3, "anchors": {"1": "bad"}}', Ordinal(1, 3, {1: "bad"})),
    ],
)
def test_words_say_a_scale(words: str, scale: Scale) -> None:
    assert scale_of_words(words).raw == scale


@pytest.mark.parametrize(
    "words",
    ["stars", "1-5", "ordinal", "ordinal:3", "nominal:yes", "pairwise:A,C", "ordinal:5-1", "{", '{"low": 1}', ""],
)
def test_other_words_are_refused_with_the_place(words: str) -> None:
    with pytest.raises(InputError, match="--scale: "):
        scale_of_words(words)


def test_a_task_file_has_a_scale_and_its_cut(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("text,label\na,1\n", encoding="utf-8")
    (tmp_path / "task.yaml").write_text(
        "name: t\ndata: {path: items.csv, fields: [text], label: label}\n"
        "scale: {type: interval, low: -4, high: 4}\ncut: [-1, 1]\ncut_anchors: {1: bad}\n",
        encoding="utf-8",
    )
    found = scale_of_words(str(tmp_path / "task.yaml"))
    assert found.raw == Interval(-4, 4)
    assert (found.thresholds, found.anchors) == ((-1.0, 1.0), {1: "bad"})
    with pytest.raises(InputError, match=r"none\.yaml"):
        scale_of_words(str(tmp_path / "none.yaml"))
