"""Asking a running session to register or cancel plans, or to scan more symbols.

What is asked for are rows in the commands table, from where they go to the tape.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from flows.errors import BadInputError, DataMissingError
from flows.plan_files import given_plans
from operators.nyse import nyse_calendar
from operators.plan_reading import PlanDefaults
from operators.tickers import is_ticker
from sinks.commands import CANCEL, REGISTER, append_watch, ask, symbol_of_plan


def ask_to_register(engine: sa.Engine, file: Path) -> list[int]:
    """Ask for every plan of a file, or for none: one that cannot be watched refuses the file.  Returns the ids.

    A plan that is silent about its start begins when it comes onto the tape.  Raises BadInputError, DataMissingError.
    """
    now_ns = time.time_ns()
    given = given_plans(file, PlanDefaults(now_ns, nyse_calendar().close_after))
    return ask(engine, [(REGISTER, plan.plan_id, data) for plan, data in given], now_ns)


def ask_to_cancel(engine: sa.Engine, plan_ids: Sequence[str]) -> list[int]:
    """Ask to cancel plans; return the ids.  Raises DataMissingError when one is neither registered nor asked for."""
    with engine.connect() as connection:
        for plan_id in plan_ids:
            if symbol_of_plan(connection, plan_id) is None:
                msg = f"no plan {plan_id} in this database (fancy-trader plans list shows them)"
                raise DataMissingError(msg)
    return ask(engine, [(CANCEL, plan_id, None) for plan_id in plan_ids], time.time_ns())


def ask_to_watch(engine: sa.Engine, symbols: Sequence[str]) -> list[int]:
    """Ask to add symbols to the universe, all or none; return the ids.  Raises BadInputError for what is no ticker."""
    for symbol in symbols:
        if not is_ticker(symbol):
            msg = f"SYMBOL: got {symbol[:40]!r}; must be one ticker"
            raise BadInputError(msg)
    now_ns = time.time_ns()
    with engine.begin() as connection:
        return [append_watch(connection, symbol, now_ns).id for symbol in dict.fromkeys(symbols)]
