"""A file is written whole or not at all."""

import pytest

from accord.data import whole_file


def test_the_file_is_there_when_the_block_has_ended(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with whole_file(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_an_error_leaves_the_old_file_and_no_draft(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="halfway"), whole_file(path) as draft:
        draft.write_text("ne")
        raise ValueError("halfway")
    assert path.read_text() == "old" and [one.name for one in tmp_path.iterdir()] == ["a.txt"]
