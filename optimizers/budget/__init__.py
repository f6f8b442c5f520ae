"""Draws from a model within a budget: ledger, price, forecast."""

from .budget import Budget
from .budgeted_lm import Unasked, budgeted, unasked
from .cost import Bill, Cost
from .draw import Drawer, DrawMany, DrawnReply, Read, Want
from .forecast import Forecast, Remaining, dollars, forecast
from .ledger import Ledger, Reservation
from .meter import TokenGauge
from .pilot import ItemCost, item_cost, pilot_places

__all__ = [
    "Bill",
    "Budget",
    "Cost",
    "DrawMany",
    "Drawer",
    "DrawnReply",
    "Forecast",
    "ItemCost",
    "Ledger",
    "Read",
    "Remaining",
    "Reservation",
    "TokenGauge",
    "Unasked",
    "Want",
    "budgeted",
    "dollars",
    "forecast",
    "item_cost",
    "pilot_places",
    "unasked",
]
