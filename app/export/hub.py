"""Knows how a rater directory gets to the Hugging Face Hub and what may keep it from there; not what is in it."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data import InputError, RetryError, SetupError
from ...programs import copy_rater, need

_PURPOSE = "to push a rater to the Hugging Face Hub"
_PLACE = "--hub"
_REFUSED = (401, 402, 403, 404)
_BUSY = 429
_FAULT = 500
_REPLACED = ("adapter/*", "weights/*", "agreement.json")
"""What an earlier version may have had and the new one has not; whatever else lies in the repository stays."""


@dataclass(frozen=True)
class Pushed:
    """Where a rater is on the Hub.

    Attributes:
        url: Its page.
        commit: The commit it is in.
        private: Whether only its owners see it.
    """

    url: str
    commit: str
    private: bool


class Hub:
    """A repository on the Hub, checked before any work is done for it: its name, the token, the network.

    Args:
        repository: Its id, e.g. ``me/stars``; a name alone is one of one's own.
        public: Whether everybody may see it. It is made private unless this says so.

    Raises:
        InputError: If that is no name for a repository.
        SetupError: If the extra or the token is missing, the token is refused, or the Hub is switched off.
        RetryError: If the Hub cannot be reached.
    """

    def __init__(self, repository: str, *, public: bool) -> None:
        """Make the repository if there is none, and refuse one that shows more than is wanted."""
        hub = need("huggingface_hub", "local", _PURPOSE)
        if hub.is_offline_mode():
            raise SetupError("HF_HUB_OFFLINE is set", place=_PLACE, cure="Unset it to push a rater.")
        if hub.get_token() is None:
            cure = "Set HF_TOKEN to a token that may write, or log in with 'hf auth login'."
            raise SetupError("there is no token for the Hugging Face Hub", place=_PLACE, cure=cure)
        self._api: Any = hub.HfApi(library_name="accord")
        with _translated(repository, self._api.endpoint):
            made = self._api.create_repo(repository, private=not public, exist_ok=True)
            self.id = str(made.repo_id)
            self.url = str(made)
            self._private = bool(self._api.model_info(self.id).private)
        if not self._private and not public:
            cure = "Give --public if everybody may see the rater, or the name of another repository."
            raise SetupError("the repository is there and is public", place=f"{_PLACE} {self.id}", cure=cure)

    def push(self, folder: Path, *, license: str | None = None) -> Pushed:
        """Upload a rater directory in one commit, replacing the rater that was there.

        Args:
            folder: The directory.
            license: The licence to state.

        Raises:
            InputError: If it is no rater directory, or damaged.
            SetupError: If the Hub refuses it.
            RetryError: If the Hub cannot be reached.
        """
        from huggingface_hub.utils import disable_progress_bars, enable_progress_bars

        folder = folder.resolve()
        # Beside the rater, so that large weights are linked and not copied.
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as workspace:
            staged = Path(workspace)
            copy_rater(folder, staged, repository=self.id, license=license)
            (enable_progress_bars if sys.stderr.isatty() else disable_progress_bars)()
            with _translated(self.id, self._api.endpoint):
                commit = self._api.upload_folder(
                    repo_id=self.id,
                    folder_path=staged,
                    commit_message="Rater, saved by Accord",
                    delete_patterns=list(_REPLACED),
                )
        return Pushed(self.url, str(commit.oid), self._private)


@contextmanager
def _translated(repository: str, endpoint: str) -> Iterator[None]:
    """Say in one line, and with a cure, what the Hub's library raises."""
    import httpx
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    place = f"{_PLACE} {repository}"
    try:
        yield
    except HFValidationError as error:
        raise InputError(str(error), place=place, cure="Give a name such as me/stars.") from None
    except HfHubHTTPError as error:
        status, said = error.response.status_code, error.server_message
        what = f"the Hub answers {status}{f' ({said})' if said else ''}"
        if status == _BUSY or status >= _FAULT:
            raise RetryError(what, place=place, cure="Run again later.") from None
        if status in _REFUSED:
            cure = "Check HF_TOKEN: it must be allowed to write there."
            raise SetupError(what, place=place, cure=cure) from None
        raise SetupError(what, place=place, cure="Check the repository's name and settings on the Hub.") from None
    except (httpx.TransportError, ConnectionError, TimeoutError) as error:
        what = f"{endpoint} cannot be reached ({error})"
        raise RetryError(what, place=place, cure="Check the connection and run again.") from None
