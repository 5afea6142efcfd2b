"""As-of questions to two sources at once: a recording, and the practice market that serves the same one by REST."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TypeVar

import polars as pl

from flows.asof.by_rest import RestPrints, RestQuotes
from flows.asof.opening import recorded
from flows.asof.provider import AsOf
from flows.errors import DataMissingError
from flows.feed.api_key import ApiKey
from flows.market.day import recorded_day
from flows.market.option_side import OptionSide
from flows.option_rows import SCHEMA
from flows.rest.client import RestClient
from operators.nyse import nyse_calendar
from operators.times import SECOND_NS
from tests.flows.market.practice import KEY, serving

T = TypeVar("T")
DAY_NS = 24 * 3600 * SECOND_NS
NO_OPTIONS = OptionSide(pl.DataFrame(schema=SCHEMA))


@contextmanager
def over_rest(base: str) -> Iterator[AsOf]:
    """A provider over a REST side; nothing is slept."""
    rest, calendar = RestClient(base, ApiKey(KEY), lambda _: None, Random(1)), nyse_calendar()
    try:
        yield AsOf(RestPrints(rest, calendar), RestQuotes(rest), calendar)
    finally:
        rest.close()


@contextmanager
def served(tape: Path, options: OptionSide = NO_OPTIONS, days_later: int = 1) -> Iterator[AsOf]:
    """Serve a recording, its market's time standing still some days after it, and ask that."""
    day = recorded_day([tape])
    start_ns = int(day.sip_ns[-1]) + days_later * DAY_NS
    with serving(day, start_ns=start_ns, option_side=options) as market, over_rest(market.rest) as provider:
        yield provider


@contextmanager
def both(tape: Path) -> Iterator[tuple[AsOf, AsOf]]:
    """Ask a recording, and the market that serves it."""
    with served(tape) as provider:
        yield recorded([tape]), provider


def answer(ask: Callable[[], T]) -> T | str:
    """Return an answer, or the words in which there is none."""
    try:
        return ask()
    except DataMissingError as error:
        return str(error)
