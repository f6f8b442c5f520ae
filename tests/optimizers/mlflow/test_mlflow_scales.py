"""Scales and labels of MLflow's judges, without MLflow."""

from typing import Any, Literal

import pytest

from accord.data import Interval, Nominal, Ordinal, Scale, SetupError
from accord.optimizers.mlflow.scales import follows_from_type, read_value, scale_of


@pytest.mark.parametrize(
    ("kind", "values", "scale"),
    [
        (bool, [True, "no"], Nominal(["true", "false"])),
        (bool | None, [True], Nominal(["true", "false"])),
        (Literal["good", "bad"], ["bad"], Nominal(["good", "bad"])),
        (Literal[True, False], [], Nominal(["true", "false"])),
        (Literal[1, 2, 4], [1], Ordinal.of([1, 2, 4])),
        (Literal["1", "2", "3"], ["3"], Ordinal(1, 3)),
        (int, [4, 2, 5], Ordinal(2, 5)),
        (float, [1.0, 3], Ordinal(1, 3)),
        (str, ["4", "1"], Ordinal(1, 4)),
        (str, ["rude", "kind", "rude"], Nominal(["kind", "rude"])),
        (None, ["rude", "kind"], Nominal(["kind", "rude"])),
    ],
)
def test_a_scale_follows_from_the_type_and_else_from_the_labels(kind: Any, values: list[Any], scale: Scale) -> None:
    assert scale_of(kind, values, "judge 'j'") == scale
    assert follows_from_type(kind) == (kind not in (int, float, str, None))


@pytest.mark.parametrize(
    ("kind", "values", "complaint"),
    [
        (list[str], [], "is no label"),
        (dict[str, int], [], "is no label"),
        (float, [0.5, 0.75], "not all whole numbers"),
        (str, [f"text {n}" for n in range(21)], "21 different texts"),
        (int, [3, 3], "its labels make no scale"),
        (str, ["good"], "its labels make no scale"),
        (int, [1, float("inf")], "not all whole numbers"),
    ],
)
def test_where_none_follows_the_argument_is_named(kind: Any, values: list[Any], complaint: str) -> None:
    with pytest.raises(SetupError) as caught:
        scale_of(kind, values, "judge 'j'")
    assert complaint in str(caught.value) and str(caught.value).startswith("judge 'j': ")
    assert "scale=" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "scale", "label"),
    [
        (True, Nominal(["true", "false"]), "true"),
        ("No", Nominal(["true", "false"]), "false"),
        ("yes", Nominal(["yes", "no"]), "yes"),
        (" Good", Nominal(["good", "bad"]), "good"),
        ("superb", Nominal(["good", "bad"]), None),
        ("4", Ordinal(1, 5), 4),
        (4.0, Ordinal(1, 5), 4),
        (6, Ordinal(1, 5), None),
        (True, Ordinal(1, 5), None),
        (0.25, Interval(0, 1, step=0.25), 0.25),
        (["good"], Nominal(["good", "bad"]), None),
    ],
)
def test_what_people_gave_is_read_as_a_label(value: Any, scale: Scale, label: Any) -> None:
    assert read_value(value, scale) == label
