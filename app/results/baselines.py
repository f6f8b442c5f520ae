"""Knows how simple raters are set beside those who are measured, and what they were fitted on; knows no rater."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...data import Corpus, InputError, Label, baseline_ratings, constant
from ...data.baselines import out_of_fold
from ...data.corpus import normal_form

_NAMES = {"constant": "constant", "length": "length only", "tfidf": "TF-IDF + ridge"}


@dataclass(frozen=True)
class Baselines:
    """Simple raters' labels of a corpus.

    Attributes:
        labels: By the key of the baseline, in the corpus' order; ``constant`` is always there.
        constant: The constant answer, which also stands for an answer without a label.
        constant_from: Where it comes from, in words.
        fitted: What the others were fitted on, in words; empty where there are no others.
        notes: What needs care, as sentences.
        left_out: Items of the training file that were not fitted on, by reason.
    """

    labels: Mapping[str, Sequence[Label]]
    constant: Label
    constant_from: str
    fitted: str = ""
    notes: Sequence[str] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)


def fit_baselines(
    corpus: Corpus, *, recorded: Sequence[Label | None] = (), train: Corpus | None = None, texts: bool = True, seed: int
) -> Baselines:
    """Rate a corpus by a constant, by length alone and by TF-IDF.

    With a training corpus all are fitted on it, without those of its items that the corpus has too. Else length and
    TF-IDF are fitted on the corpus itself out of fold, and the constant is the one that was learned with the raters, or
    the best constant of the very labels they are measured on, which knows more than any rater could.

    Args:
        corpus: Items with gold labels.
        recorded: The constant recorded with each rater, None where there is none.
        train: Other items with gold labels.
        texts: Whether the corpus' fields are texts; else there is only the constant.
        seed: Of the folds and of the baselines.
    """
    golds, scale = corpus.golds(), corpus.scale
    if train is not None:
        known = {normal_form(item.text) for item in corpus}
        fresh = train.select(item.id for item in train if normal_form(item.text) not in known)
        if len(fresh) < 2:
            what = f"{len(train) - len(fresh):,} of {len(train):,} items to fit baselines on are in the data"
            raise InputError(what, place="--train", cure="Give other items, or leave --train out.")
        found = baseline_ratings(fresh, corpus, seed=seed)
        left_out = {"in the data too": len(train) - len(fresh)} if len(fresh) < len(train) else {}
        answer = constant(fresh.golds(), scale)
        source = f"the best constant answer on the {len(fresh):,} items of --train"
        return Baselines(found, answer, source, f"fitted on {len(fresh):,} items of --train", (), left_out)
    learned = {answer for answer in recorded if answer is not None}
    if len(learned) == 1:
        answer, source = learned.pop(), "the best constant answer on the rater's training labels"
    else:
        why = "the raters record different ones" if learned else "none is recorded with a rater"
        answer = constant(golds, scale)
        source = f"{scale.central_tendency} of this file's labels ({why})"
    same: dict[str, Sequence[Label]] = {"constant": [answer] * len(corpus)}
    if not texts:
        return Baselines(
            same, answer, source, "", ("No texts were named (--field): no length and no TF-IDF baseline.",)
        )
    try:
        made = out_of_fold(corpus, seed=seed)
    except InputError as error:
        return Baselines(same, answer, source, "", (f"No length and no TF-IDF baseline: {error.what}.",))
    fitted = f"fitted on the file itself out of fold ({made.folds} folds"
    fitted += f" of {made.clusters:,} groups)" if made.clusters < len(corpus) else ")"
    others = {key: labels for key, labels in made.labels.items() if key != "constant"}
    return Baselines(same | others, answer, source, fitted)


def baseline_name(key: str, corpus: Corpus) -> str:
    """Return what a baseline is called in a table."""
    if key == "tfidf" and not corpus.scale.ordered:
        return "TF-IDF + logistic"
    return _NAMES.get(key, key)
