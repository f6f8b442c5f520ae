"""Knows what a task file may say and what it means; does not know how a task is compiled."""

import difflib
import reprlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from ..data import AccordError, Corpus, InputError, Scale, scale_from_dict
from .data_files import open_corpus
from .task_document import Document, Keys, concealing, read_document

if TYPE_CHECKING:
    from ..optimizers import Acceptance, Stopping
    from ..programs import Guideline

Column = Annotated[str, Field(min_length=1, description="the name of a column")]


def _below_one(share: float | int) -> float | int:
    if isinstance(share, float) and share >= 1:
        raise ValueError("a share is below 1")
    return share


Share = Annotated[
    float | int, AfterValidator(_below_one), Field(ge=0, description="a share (0.2) or a number of items (100)")
]
Count = Annotated[int, Field(ge=1, description="a whole number of at least 1")]
Seed = Annotated[int, Field(ge=0, description="a whole number of at least 0")]
Model = Annotated[str, Field(min_length=1, description="a model: local, local/<folder> or openai/gpt-4o-mini")]
Text = Annotated[str, Field(min_length=1, description="a text, or the path of a .md file")]


class _Part(BaseModel):
    """A mapping of the task file; each field's description says in words what may stand there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Data(_Part):
    """Where the labelled items are, and which column means what (see `accord.data.Corpus.from_csv`)."""

    path: Path = Field(strict=False, description="the path of a .csv, .jsonl, .json or .parquet file")
    fields: tuple[Column, ...] = Field(strict=False, min_length=1, description="a list of columns, e.g. [review]")
    label: Column
    annotator: Column | None = Field(default=None, description="the name of a column")
    id: Column | None = Field(default=None, description="the name of a column")
    group: Column | None = Field(default=None, description="the name of a column")
    consensus: Literal["auto", "median", "mean", "majority", "dawid_skene"] = Field(
        default="auto", description="auto, median, mean, majority or dawid_skene"
    )
    max_spread: float | None = Field(default=None, ge=0, description="a number of at least 0")


class Split(_Part):
    """How many items go to dev and to test; the rest is train."""

    dev: Share = 0.2
    test: Share = 0.3
    seed: Seed = 0


class WithinSteps(_Part):
    """Draws match that are at most so many steps from the human label."""

    within: float = Field(ge=0, description="a number of steps of at least 0")


class Sampling(_Part):
    """How traces are drawn."""

    samples: Count = 16
    stop: Literal["first", "exhaust"] = Field(default="first", description="first or exhaust")
    accept: Literal["exact"] | WithinSteps = Field(default="exact", description="exact, or {within: <steps>}")
    temperature: float = Field(default=1.0, ge=0, le=2, description="a number from 0 to 2")
    max_tokens: Count | None = Field(default=None, description="a whole number of at least 1")

    def acceptance(self) -> "Acceptance":
        """Return the rule that `accept` names."""
        from ..optimizers import Exact, Within

        return Within(self.accept.within) if isinstance(self.accept, WithinSteps) else Exact()

    def stopping(self) -> "Stopping":
        """Return the rule that `stop` names."""
        from ..optimizers import Exhaust, First

        return First() if self.stop == "first" else Exhaust()


class Weights(_Part):
    """How a base model is fine-tuned; None leaves a figure to `FineTune`, and the base to the student."""

    base: Model | None = Field(default=None, description="a model: local or local/<folder>")
    objectives: tuple[Literal["trace", "label", "label_all"], ...] = Field(
        default=("trace", "label", "label_all"),
        strict=False,
        min_length=1,
        description="a list of trace, label, label_all",
    )
    lora_rank: Count = 16
    epochs: Count | None = Field(default=None, description="a whole number of at least 1")
    learning_rate: float | None = Field(default=None, gt=0, lt=1, description="a number between 0 and 1, e.g. 2e-4")
    batch_size: Count | None = Field(default=None, description="a whole number of at least 1")


class Distill(_Part):
    """How a guideline is written from traces."""

    critiques_per_level: Count = 3
    cases_per_level: Seed = 1


class Task(_Part):
    """What is to be compiled: data, scale, guideline, models and how much of everything.

    `Task.load` reads one from YAML; paths in it are relative to the file, and ``${NAME}`` stands for an environment
    variable. `cut` turns labels of an interval scale into levels 1 to len(cut) + 1 (see `Corpus.cut`), which
    `cut_anchors` may describe.
    """

    name: str = Field(
        pattern=r"^\w[\w.-]*$", max_length=80, description="a short name: letters, digits, and . _ - between them"
    )
    data: Data = Field(description="a mapping with path, fields and label")
    scale: dict[Any, Any] = Field(description="a mapping with type, e.g. {type: ordinal, low: 1, high: 5}")
    cut: tuple[float, ...] | None = Field(
        default=None, strict=False, min_length=1, description="a list of thresholds, e.g. [-0.5, 0.5]"
    )
    cut_anchors: dict[int, str] | None = Field(default=None, description="a mapping from level to its meaning in words")
    guideline: Text | None = Field(default=None, description="a text, or the path of a .md file")
    student: Model = "local"
    teacher: Model | None = Field(default=None, description="a model: local, local/<folder> or openai/gpt-4o-mini")
    teacher_guideline: Text | None = Field(default=None, description="a text, or the path of a .md file")
    split: Split = Field(default=Split(), description="a mapping of dev, test, seed")
    sampling: Sampling = Field(default=Sampling(), description="a mapping, e.g. {samples: 16}")
    weights: Weights = Field(default=Weights(), description="a mapping, e.g. {lora_rank: 16}")
    distill: Distill = Field(default=Distill(), description="a mapping, e.g. {cases_per_level: 1}")
    max_tokens: Count = 256
    seed: Seed = 0

    _document: Document | None = PrivateAttr(None)

    @classmethod
    def load(cls, path: str | Path) -> "Task":
        """Read a task file and check all of it that can be checked without reading the data.

        Raises:
            InputError: For the first thing wrong, naming file, line and key, what is allowed, and the cure.
        """
        document = read_document(path)
        with concealing(document.variables):
            data = {key: value for key, value in document.data.items() if value is not None or key not in _SECTIONS}
            try:
                task = cls.model_validate(_with_paths(data, document))
            except ValidationError as error:
                raise _explained(error, document) from None
            task._document = document
            task._check()
        return task

    @property
    def as_written(self) -> Mapping[str, Any] | None:
        """The task file's content with its variables as ``${NAME}``, for records; None for a task made in Python."""
        return None if self._document is None else self._document.written

    @contextmanager
    def concealing(self) -> Iterator[None]:
        """Keep values of environment variables out of the message of any `AccordError`, and name the file in it.

        Only variables that the task file uses are known; the file is named where the error names no place.
        """
        with concealing({} if self._document is None else self._document.variables), self._at(()):
            yield

    def corpus(self) -> Corpus:
        """Load the labelled items, cut to levels where the task says so.

        Raises:
            InputError: For anything wrong with them, naming place and cure.
        """
        raw = scale_from_dict(self.scale, place="scale")
        with self.concealing(), self._at(("data",)):
            corpus = open_corpus(scale=raw, **{name: getattr(self.data, name) for name in Data.model_fields})
        return corpus if self.cut is None else corpus.cut(self.cut, self.cut_anchors)

    def scale_object(self) -> Scale:
        """Return the scale that the raters use: cut to levels where the task says so."""
        raw = scale_from_dict(self.scale, place="scale" if self._document is None else self._document.place(("scale",)))
        with self._at(("cut",)):
            return raw if self.cut is None else Corpus((), raw, ("text",)).cut(self.cut, self.cut_anchors).scale

    def guideline_object(self) -> "Guideline":
        """Return the student's guideline; without one in the task, the shortest there is."""
        from ..programs import Guideline

        with self.concealing():
            return Guideline() if self.guideline is None else Guideline.from_markdown(self.guideline)

    def teacher_guideline_object(self) -> "Guideline | None":
        """Return the teacher's own guideline, or None where it reads the student's."""
        from ..programs import Guideline

        with self.concealing():
            return None if self.teacher_guideline is None else Guideline.from_markdown(self.teacher_guideline)

    def _check(self) -> None:
        """Look whether the parts fit together and the files are there."""
        self.scale_object()
        if self.cut is None and self.cut_anchors is not None:
            raise self._refusal(("cut_anchors",), "there are anchors but no cut", "Give cut, or leave the anchors out.")
        if not self.data.path.is_file():
            raise self._refusal(("data", "path"), f"there is no file {str(self.data.path)!r}", "Check the path.")
        for key in ("guideline", "teacher_guideline"):
            text = getattr(self, key)
            if text is not None and _names_file(text) and not Path(text).is_file():
                raise self._refusal((key,), f"there is no file {text!r}", "Check the path, or write the text itself.")
        for keys, model in {
            ("student",): self.student,
            ("teacher",): self.teacher,
            ("weights", "base"): self.weights.base,
        }.items():
            if model is not None and model.startswith(_LOCAL) and not Path(model.removeprefix(_LOCAL)).is_dir():
                what = f"there is no model folder {model.removeprefix(_LOCAL)!r}"
                cure = "Name a folder with config.json and *.safetensors, or 'local' for the embedded model."
                raise self._refusal(keys, what, cure)

    def _refusal(self, keys: Keys, what: str, cure: str) -> InputError:
        place = ".".join(map(str, keys)) if self._document is None else self._document.place(keys)
        return InputError(what, place=place, cure=cure)

    @contextmanager
    def _at(self, keys: Keys) -> Iterator[None]:
        """Name the place in the task file of an error that names none."""
        try:
            yield
        except AccordError as error:
            if error.place is not None or self._document is None:
                raise
            place = self._document.place(keys) if keys else str(self._document.path)
            raise type(error)(error.what, place=place, cure=error.cure) from None


_SECTIONS = ("split", "sampling", "weights", "distill")
"""Parts that may stand there empty, with all their lines commented out."""

_LOCAL = "local/"


def _with_paths(data: dict[Any, Any], document: Document) -> dict[Any, Any]:
    """Return the data with paths made independent of where the command is run."""
    folder = document.path.parent.absolute()

    def in_model(name: Any) -> Any:
        if not isinstance(name, str) or not name.startswith(_LOCAL) or name == _LOCAL:
            return name
        return _LOCAL + str(folder / Path(name.removeprefix(_LOCAL)).expanduser())

    def in_text(text: Any) -> Any:
        return str(folder / Path(text).expanduser()) if isinstance(text, str) and _names_file(text) else text

    found = dict(data)
    for key, change in {
        "student": in_model,
        "teacher": in_model,
        "guideline": in_text,
        "teacher_guideline": in_text,
    }.items():
        if key in found:
            found[key] = change(found[key])
    part = found.get("data")
    if isinstance(part, dict) and isinstance(part.get("path"), str) and part["path"]:
        found["data"] = {**part, "path": str(folder / Path(part["path"]).expanduser())}
    part = found.get("weights")
    if isinstance(part, dict) and "base" in part:
        found["weights"] = {**part, "base": in_model(part["base"])}
    return found


def _names_file(text: str) -> bool:
    """Tell a path from a text, as `Guideline.from_markdown` does."""
    return "\n" not in text and text.strip().endswith((".md", ".markdown", ".txt"))


def _explained(error: ValidationError, document: Document) -> InputError:
    """Word the error that stands first in the file; an unknown key goes before a missing one, its likely cause."""
    found = [(_known(detail["loc"]), detail["type"]) for detail in error.errors(include_url=False, include_input=False)]
    keys, kind = min(found, key=lambda one: (one[1] == "missing", document.line(one[0])))
    place = document.place(keys)
    if kind in ("extra_forbidden", "invalid_key"):
        known = list(_model_at(keys[:-1]).model_fields)
        near = difflib.get_close_matches(str(keys[-1]), known, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        return InputError("unknown key", place=place, cure=f"Allowed: {', '.join(known)}.{meant}")
    said = _description(keys)
    if kind == "missing":
        return InputError("the key is missing", place=place, cure=f"Give {said}.")
    value = document.at(keys)
    shown = "empty" if value is None or value == "" else reprlib.repr(value)
    quotes = " Put it in quotes." if isinstance(value, bool | int | float) and "name of a column" in said else ""
    return InputError(f"the value is {shown}", place=place, cure=f"Give {said}.{quotes}")


def _known(location: tuple[int | str, ...]) -> Keys:
    """Cut what pydantic adds to the place of an error: which member of a union it tried, and entries of a value."""
    keys: list[Any] = []
    model: type[BaseModel] | None = Task
    for key in location:
        if model is None:
            break
        keys.append(key)
        kind = model.model_fields[key].annotation if isinstance(key, str) and key in model.model_fields else None
        model = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
    return tuple(keys)


def _model_at(keys: Keys) -> type[BaseModel]:
    model: Any = Task
    for key in keys:
        model = model.model_fields[key].annotation
    return model


def _description(keys: Keys) -> str:
    field = _model_at(keys[:-1]).model_fields[keys[-1]]
    return str(field.description)
