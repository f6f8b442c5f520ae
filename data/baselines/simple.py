"""Knows the simple raters that need no language model and that a compiled rater has to beat; knows no prompts.

Each baseline reads the training texts and gold labels and rates the test texts: a constant answer, the length of the
text, and a bag of words. If one of them does as well as a language model, the labels need none.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..corpus import mean, median
from ..errors import InputError
from ..scales import Label, Scale

Baseline = Callable[[Sequence[str], Sequence[Label], Sequence[str], Scale, int], list[Label]]
"""``(train_texts, train_golds, test_texts, scale, seed)`` to one label per test text, each a label of the scale."""

_FOLDS = 5
"""Folds of the cross-validation that chooses a penalty; fewer when there are fewer items."""

MOST_WORDS = 20_000
"""Most words, and most character sequences, that TF-IDF keeps."""


def constant(train_golds: Sequence[Label], scale: Scale) -> Label:
    """Return the best constant answer: ordinal the median, interval the mean, nominal and pairwise the most frequent.

    The rules are those of the consensus of one item's labels (`median`, `mean`), except that equally frequent labels go
    to the first on the scale: a constant rater has to say something.

    Raises:
        InputError: When there are no gold labels.
    """
    if not train_golds:
        raise InputError("there are no training labels", cure="Give at least one labelled item.")
    if scale.central_tendency != "majority":
        return (mean if scale.central_tendency == "mean" else median)(train_golds, scale)
    # Counter keeps first-come order among equals, so equally frequent labels go to the first on the scale.
    return Counter(sorted(train_golds, key=scale.position)).most_common(1)[0][0]


def constant_baseline(
    train_texts: Sequence[str], train_golds: Sequence[Label], test_texts: Sequence[str], scale: Scale, seed: int = 0
) -> list[Label]:
    """Rate every text with the constant answer (`constant`)."""
    _check(train_texts, train_golds)
    return [constant(train_golds, scale)] * len(test_texts)


def length_baseline(
    train_texts: Sequence[str], train_golds: Sequence[Label], test_texts: Sequence[str], scale: Scale, seed: int = 0
) -> list[Label]:
    """Rate by the number of characters alone.

    Ordinal and interval: isotonic regression, rising or falling as the rank correlation says, brought to the nearest
    label. Nominal and pairwise: logistic regression on the logarithm of the length and its square.
    """
    _check(train_texts, train_golds)
    train, test = (np.array([len(text) for text in texts], dtype=float) for texts in (train_texts, test_texts))
    if len(set(train_golds)) < 2 or not len(test_texts):
        return constant_baseline(train_texts, train_golds, test_texts, scale, seed)
    if scale.ordered:
        from scipy.stats import rankdata
        from sklearn.isotonic import IsotonicRegression

        values = np.array([scale.value(label) for label in train_golds])
        rising = bool(np.cov(rankdata(train), rankdata(values))[0, 1] >= 0)
        model = IsotonicRegression(increasing=rising, out_of_bounds="clip").fit(train, values)
        return [scale.nearest(float(x)) for x in model.predict(test)]
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    model = make_pipeline(
        StandardScaler(), PolynomialFeatures(2, include_bias=False), LogisticRegression(max_iter=5000)
    )
    return _classify(model, np.log1p(train)[:, None], train_golds, np.log1p(test)[:, None], scale)


def tfidf_baseline(
    train_texts: Sequence[str], train_golds: Sequence[Label], test_texts: Sequence[str], scale: Scale, seed: int = 0
) -> list[Label]:
    """Rate by TF-IDF of words (1-2) and character sequences within words (3-5).

    Ordinal and interval: ridge regression, its penalty chosen by cross-validation on the training items (folds drawn
    by ``seed``), brought to the nearest label. Nominal and pairwise: logistic regression.
    """
    _check(train_texts, train_golds)
    if len(set(train_golds)) < 2 or not len(test_texts):
        return constant_baseline(train_texts, train_golds, test_texts, scale, seed)
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.model_selection import KFold

    # One-letter words count, and so does punctuation through the characters: short texts have little else.
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=MOST_WORDS, token_pattern=r"(?u)\S+")
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=MOST_WORDS)
    if not any(text.strip() for text in train_texts):
        return constant_baseline(train_texts, train_golds, test_texts, scale, seed)
    train = hstack([views.fit_transform(train_texts) for views in (words, letters)]).tocsr()
    test = hstack([views.transform(test_texts) for views in (words, letters)]).tocsr()
    if scale.ordered:
        values = np.array([scale.value(label) for label in train_golds])
        folds = KFold(min(_FOLDS, len(values)), shuffle=True, random_state=seed)
        model = RidgeCV(alphas=np.logspace(-2, 2, 5), cv=folds, scoring="neg_mean_squared_error").fit(train, values)
        return [scale.nearest(float(x)) for x in model.predict(test)]
    return _classify(LogisticRegression(C=10.0, max_iter=5000), train, train_golds, test, scale)


BASELINES: Mapping[str, Baseline] = {
    "constant": constant_baseline,
    "length": length_baseline,
    "tfidf": tfidf_baseline,
}
"""All baselines by the name they have in a report."""


def _classify(model: Any, train: Any, golds: Sequence[Label], test: Any, scale: Scale) -> list[Label]:
    """Fit positions rather than labels: scikit-learn would hand back numpy strings."""
    levels = scale.levels or ()
    model.fit(train, np.array([int(scale.position(label)) for label in golds]))
    return [levels[int(position)] for position in model.predict(test)]


def _check(texts: Sequence[str], golds: Sequence[Label]) -> None:
    if len(texts) != len(golds):
        raise InputError(f"{len(texts)} training texts for {len(golds)} labels", cure="Give one for each item.")
