"""Every error reads in one line that says where, what and the cure."""

import copy
import pickle

import pytest

from accord.data import AccordError, InputError, RetryError, SetupError


def test_the_line_has_place_what_and_cure():
    error = InputError("7 is outside the scale", place="labels.csv, line 7", cure="Allowed: 1, 2.")
    assert str(error) == "labels.csv, line 7: 7 is outside the scale. Allowed: 1, 2."
    assert (error.what, error.place, error.cure) == ("7 is outside the scale", "labels.csv, line 7", "Allowed: 1, 2.")


@pytest.mark.parametrize(
    ("place", "cure", "line"),
    [
        (None, None, "it broke"),
        ("f.csv", None, "f.csv: it broke"),
        (None, "Mend it.", "it broke. Mend it."),
    ],
)
def test_absent_parts_leave_no_trace(place, cure, line):
    assert str(InputError("it broke", place=place, cure=cure)) == line


def test_the_line_stays_one_line_whatever_the_parts_hold():
    error = InputError("a\nb\r\n c\u2028d", place="odd\nname.csv", cure="Do\nthis.")
    assert str(error) == "odd name.csv: a b c d. Do this."


def test_a_what_that_ends_in_a_stop_gets_no_second_one():
    assert str(InputError("Really?", cure="Yes.")) == "Really? Yes."


@pytest.mark.parametrize("kind", [InputError, SetupError, RetryError])
def test_one_root_catches_all_and_copies_keep_the_parts(kind):
    error = kind("w", place="p", cure="c")
    assert isinstance(error, AccordError)
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(twin) is kind
        assert (twin.what, twin.place, twin.cure) == ("w", "p", "c")
