"""What the tests of the ground floor share."""

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a journal may be made; its folder does not exist yet."""
    return tmp_path / "run" / "journal.sqlite"
