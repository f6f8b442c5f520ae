"""Knows what a task file may say and what it means; does not know how a task is compiled."""

import difflib
import reprlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, PrivateAttr, ValidationError

from ...data import AccordError, Corpus, InputError, Scale, SetupError, scale_from_dict
from ..tables import open_corpus
from .paths import beside, model_path, names_file
from .sections import (
    Count,
    Data,
    Distill,
    Format,
    ModelText,
    OneAnnotator,
    SamplingPart,
    Scores,
    Seed,
    ServerAddress,
    Split,
    TaskPart,
    TextOrPath,
    Weights,
)
from .yaml_document import Document, Keys, concealing, read_document

if TYPE_CHECKING:
    from ...programs import Guideline, Price


class Task(TaskPart):
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
    guideline: TextOrPath | None = Field(default=None, description="a text, or the path of a .md file")
    student: ModelText = "local"
    teacher: ModelText | None = Field(default=None, description="a model: local, local/<folder> or openai/gpt-4o-mini")
    teacher_api_base: ServerAddress | None = Field(
        default=None, description="an address of an OpenAI-compatible server, e.g. http://127.0.0.1:8000/v1"
    )
    teacher_guideline: TextOrPath | None = Field(default=None, description="a text, or the path of a .md file")
    scoring: Scores = Field(default=Scores(), description="a mapping, e.g. {rule: expected}")
    split: Split = Field(default=Split(), description="a mapping of dev, test, seed")
    sampling: SamplingPart = Field(default=SamplingPart(), description="a mapping, e.g. {samples: 16}")
    weights: Weights = Field(default=Weights(), description="a mapping, e.g. {lora_rank: 16}")
    distill: Distill = Field(default=Distill(), description="a mapping, e.g. {cases_per_level: 1}")
    dtype: Format | None = Field(default=None, description="bfloat16, float32 or float16")
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
                task = cls.model_validate(beside(document.path.parent.absolute(), data))
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
        from ...programs import Guideline

        with self.concealing():
            return Guideline() if self.guideline is None else Guideline.from_markdown(self.guideline)

    def teacher_guideline_object(self) -> "Guideline | None":
        """Return the teacher's own guideline, or None where it reads the student's."""
        from ...programs import Guideline

        with self.concealing():
            return None if self.teacher_guideline is None else Guideline.from_markdown(self.teacher_guideline)

    def check_price(self, price: "Price | None") -> None:
        """Refuse a limit in dollars where nobody knows what the teacher charges.

        Raises:
            InputError: If there is no price, naming the teacher and the cure.
        """
        if price is not None:
            return
        teacher = self.student if self.teacher is None else self.teacher
        what = f"dollars are limited, and what {teacher!r} charges is unknown"
        cure = "Give sampling.price: {prompt: .., completion: ..} in dollars for a million tokens, or limit tokens."
        raise self._refusal(("sampling", "price"), what, cure)

    def _check(self) -> None:
        """Look whether the parts fit together and the files are there."""
        scale = self.scale_object()
        try:
            self.scoring.as_scoring().check(scale)
        except SetupError as error:
            raise self._refusal(("scoring", "rule"), error.what, str(error.cure)) from None
        if self.cut is None and self.cut_anchors is not None:
            raise self._refusal(("cut_anchors",), "there are anchors but no cut", "Give cut, or leave the anchors out.")
        if not self.data.path.is_file():
            raise self._refusal(("data", "path"), f"there is no file {str(self.data.path)!r}", "Check the path.")
        for key in ("guideline", "teacher_guideline"):
            text = getattr(self, key)
            if text is not None and names_file(text) and not Path(text).is_file():
                raise self._refusal((key,), f"there is no file {text!r}", "Check the path, or write the text itself.")
        models: dict[Keys, str | None] = {
            ("student",): self.student,
            ("teacher",): self.teacher,
            ("weights", "base"): self.weights.base,
            ("distill", "writer"): self.distill.writer,
            **{("distill", "raters", number): rater for number, rater in enumerate(self.distill.raters)},
        }
        for keys, model in models.items():
            folder = None if model is None else model_path(model)
            if folder is not None and not folder.is_dir():
                what = f"there is no model folder {str(folder)!r}"
                cure = "Name a folder with config.json and *.safetensors, or 'local' for the embedded model."
                raise self._refusal(keys, what, cure)
        self._check_sampling()

    def _check_sampling(self) -> None:
        sampling = self.sampling
        if isinstance(sampling.accept, OneAnnotator) and self.data.annotator is None:
            cure = "Give data.annotator, the column that says who gave a label."
            raise self._refusal(("sampling", "accept"), "the data do not say who gave a label", cure)
        if (sampling.price.prompt is None) != (sampling.price.completion is None):
            cure = "Give both prompt and completion, in dollars for a million tokens."
            raise self._refusal(("sampling", "price"), "one of the two prices is missing", cure)
        if self.teacher_api_base is not None and (
            self.teacher is None or self.teacher == "local" or model_path(self.teacher)
        ):
            cure = "Give teacher: the model's name on that server."
            raise self._refusal(("teacher_api_base",), "the teacher is no model on a server", cure)
        if sampling.concurrency is not None and self.teacher_api_base is None:
            cure = "Give teacher_api_base, or leave concurrency out."
            raise self._refusal(("sampling", "concurrency"), "it is set for a server that is not named", cure)

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


_SECTIONS = ("scoring", "split", "sampling", "weights", "distill")
"""Parts that may stand there empty, with all their lines commented out."""


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
