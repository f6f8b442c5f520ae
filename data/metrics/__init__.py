"""Agreement coefficients, and whether one rater is better than another."""

from .agreement import Agreement, agreement, metrics_of
from .coefficients import Coefficient, Pairs, spearman
from .icc import icc1, icc3
from .krippendorff import Distance, distance_of, krippendorff
from .label_matrix import BY_POSITION, Labels, given_labels, labels_in_order, packed, rectangle
from .label_numbers import Numbers, ends_of, pairs_of, prepare
from .paired_difference import Difference, paired_difference
from .paired_labels import Rated, check_counts, gathered, in_steps, middle_of, name_of, numbers_of
from .panel_agreement import PanelAgreement, PanelChange, panel_agreement, panel_change
from .permutation_test import Permutation, permutation_test
from .power import LabelsNeeded, labels_needed, power_at
from .system_ranking import SystemAgreement, system_agreement

__all__ = [
    "BY_POSITION",
    "Agreement",
    "Coefficient",
    "Difference",
    "Distance",
    "Labels",
    "LabelsNeeded",
    "Numbers",
    "Pairs",
    "PanelAgreement",
    "PanelChange",
    "Permutation",
    "Rated",
    "SystemAgreement",
    "agreement",
    "check_counts",
    "distance_of",
    "ends_of",
    "gathered",
    "given_labels",
    "icc1",
    "icc3",
    "in_steps",
    "krippendorff",
    "labels_in_order",
    "labels_needed",
    "metrics_of",
    "middle_of",
    "name_of",
    "numbers_of",
    "packed",
    "paired_difference",
    "pairs_of",
    "panel_agreement",
    "panel_change",
    "permutation_test",
    "power_at",
    "prepare",
    "rectangle",
    "spearman",
    "system_agreement",
]
