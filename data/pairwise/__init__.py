"""Verdicts on pairs: both orders, Bradley-Terry and Davidson."""

from .both_orders import (
    Disagree,
    both_orders,
    check_pairwise,
    combined,
    rule_where_orders_differ,
    turned,
    where_orders_differ,
)
from .bradley_terry import BradleyTerry, Comparison, bradley_terry

__all__ = [
    "BradleyTerry",
    "Comparison",
    "Disagree",
    "both_orders",
    "bradley_terry",
    "check_pairwise",
    "combined",
    "rule_where_orders_differ",
    "turned",
    "where_orders_differ",
]
