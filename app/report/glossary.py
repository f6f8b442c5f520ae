"""Knows what the words of the page about a run mean; knows no run."""

from collections.abc import Mapping

GLOSSARY: Mapping[str, str] = {
    "alpha": (
        "Krippendorff's alpha: how far two sets of labels agree beyond chance, on the scale's own terms (a near "
        "miss counts less than a far one where levels have an order). 1 is perfect agreement, 0 is chance, below "
        "0 is worse."
    ),
    "interval": (
        "A 95 % interval: were the test items drawn again and again, 95 of 100 intervals made this way would hold "
        "the true value. Wide intervals mean few items."
    ),
    "one human against the others": (
        "One person's label, drawn anew for each item, measured against the gold of the other people. A rater "
        "near it agrees with people about as well as they do with each other. A reference, not a limit."
    ),
    "constant": ("A rater that gives the same answer to everything, the best one on the training labels."),
    "baseline": (
        "A simple rater that knows nothing of reasons: a constant, the length of the text, or its words (TF-IDF)."
    ),
    "zero-shot": ("The rater before anything was compiled: the same model with the same guideline."),
    "gold": ("The consensus of all people's labels of an item."),
    "paired difference": (
        "Both raters are compared on the same items, and items are resampled for both at once. That is sharper "
        "than comparing two intervals."
    ),
    "split": ("Items are in one of three parts that share no group and no near-duplicate: train, dev and test."),
    "teacher": ("The model that reads an item without its label and reasons to one."),
    "utilization": ("Share of items for which at least one of k draws comes to people's label."),
    "luck": (
        "What the same draws would reach if the labels were exchanged among the items: the share that proves nothing."
    ),
    "hit rate": ("Share of an item's draws that come to people's label."),
    "trace": ("A draw that came to people's label without seeing it: reconstructed thinking."),
    "suspect": ("An item whose label the teacher disagrees with again and again. A person should look at it."),
    "length bias": ("Whether the rater gives longer items other labels than people do who rate the items alike."),
    "risk and coverage": ("How many labels are wrong when only those are kept that the rater is surest of."),
    "calibration": ("Whether labels of which the rater is 80 % sure are right in 80 % of the cases."),
    "loss": (
        "How much the model is surprised by what it is to write. It falls as it learns; it says little about agreement."
    ),
    "unparsed": (
        "A reply from which no label can be read. It counts as the constant's answer, so silence cannot help."
    ),
}
"""Definitions by the word, in the order in which they are listed."""
