"""`fancy-trader asof`: what was known at an instant, from recordings or from the vendor's REST side, as JSON."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from flows.commands.common import DATABASE_HELP, instant
from flows.errors import BadInputError

if TYPE_CHECKING:
    from datetime import date

    from flows.asof.provider import AsOf

HELP: Final = """What was known at an instant: price, bars, option chain; as JSON.

Example: fancy-trader asof price SPY --at 2013-10-08T10:31:00-04:00 --tape 2013-10-08.csv.gz"""

app = typer.Typer(help=HELP, no_args_is_help=True)

PER_SECOND: Final = 50.0
_REST: Final = "by default the vendor's, with the key from MASSIVE_API_KEY or POLYGON_API_KEY"

Symbol = Annotated[str, typer.Argument(metavar="SYMBOL")]
At = Annotated[str, typer.Option("--at", metavar="T", help="The instant; nothing later is looked at.")]
Since = Annotated[str | None, typer.Option("--since", metavar="T", help="Nothing earlier; the last session if absent.")]
Tape = Annotated[
    list[Path] | None, typer.Option("--tape", metavar="PATH", help="Recordings: tapes, flat files, folders of them.")
]
Database = Annotated[str | None, typer.Option("--db", metavar="URL", help=f"{DATABASE_HELP} Its recordings are read.")]
Rest = Annotated[str | None, typer.Option("--rest-url", metavar="URL", help=f"A REST side; {_REST}.")]
Rate = Annotated[
    float, typer.Option("--rate", min=0.01, max=1000, help="Requests a second at most; a free plan: 0.08.")
]


@app.command("price")
def price(
    symbol: Symbol,
    at: At,
    tape: Tape = None,
    database: Database = None,
    rest_url: Rest = None,
    rate: Rate = PER_SECOND,
    extended: Annotated[bool, typer.Option("--extended-hours", help="Count pre- and post-market prints.")] = False,
    odd_lots: Annotated[bool, typer.Option("--odd-lots", help="Count odd lots.")] = False,
) -> None:
    """Print the last price that a plan would have acted on, and since when it was known.

    Example: fancy-trader asof price SPY --at 2013-10-08T10:31:00-04:00 --tape 2013-10-08.csv.gz
    """
    at_ns = _at(at)
    with _opened(tape, database, rest_url, rate) as provider:
        from dataclasses import replace

        from operators.asof.last_print import EXTENDED, REGULAR

        profile = replace(EXTENDED if extended else REGULAR, odd_lots=odd_lots)
        _print(provider, provider.last_price_asof(symbol, at_ns, profile).to_json())


@app.command("bars")
def bars(
    symbol: Symbol,
    at: At,
    interval: Annotated[str, typer.Option(help="1m, 5m, 15m, 60m, 1d or 1w.")] = "1m",
    since: Since = None,
    tape: Tape = None,
    database: Database = None,
    rest_url: Rest = None,
    rate: Rate = PER_SECOND,
) -> None:
    """Print the bars that had ended, as they stood, and since when each was known so.

    Example: fancy-trader asof bars SPY --at 2013-10-08T10:31:00-04:00 --interval 5m --tape 2013-10-08.csv.gz
    """
    from operators.bars.columns import Interval

    at_ns, since_ns = _at(at), instant("--since", since)
    if interval not in set(Interval):
        msg = f"--interval: got {interval!r}; must be one of {', '.join(Interval)}"
        raise BadInputError(msg)
    with _opened(tape, database, rest_url, rate) as provider:
        _print(provider, provider.bars_asof(symbol, at_ns, Interval(interval), since_ns).to_json())


@app.command("chain")
def chain(
    symbol: Symbol,
    at: At,
    expiry_from: Annotated[str | None, typer.Option(metavar="DATE", help="First expiry, a date in tickers.")] = None,
    expiry_to: Annotated[str | None, typer.Option(metavar="DATE", help="Last expiry.")] = None,
    strike_from: Annotated[float | None, typer.Option(help="Lowest strike, dollars.")] = None,
    strike_to: Annotated[float | None, typer.Option(help="Highest strike, dollars.")] = None,
    since: Since = None,
    tape: Annotated[
        list[Path] | None, typer.Option("--tape", metavar="PATH", help="Recorded option quotes, quotes_v1 files.")
    ] = None,
    database: Database = None,
    rest_url: Rest = None,
    rate: Rate = PER_SECOND,
) -> None:
    """Print the last quote of each standard contract listed that day, and since when it was known.

    By REST, each contract is a request: give bounds.

    Example: fancy-trader asof chain GOOG --at 2015-12-24T11:00:00-05:00 --tape quotes_v1 --expiry-to 2015-12-31
    """
    from flows.asof.sources import ChainWanted

    at_ns, since_ns = _at(at), instant("--since", since)
    expiries = _date("--expiry-from", expiry_from), _date("--expiry-to", expiry_to)
    _ascending("--expiry", *expiries)
    _ascending("--strike", strike_from, strike_to)
    wanted = ChainWanted(*expiries, strike_from, strike_to)
    with _opened(tape, database, rest_url, rate) as provider:
        _print(provider, provider.fetch_option_chain_asof(symbol, at_ns, wanted, since_ns).to_json())


def _at(text: str) -> int:
    at_ns = instant("--at", text)
    return 0 if at_ns is None else at_ns


def _ascending(option: str, first: Any, last: Any) -> None:
    """Raise BadInputError for bounds that hold nothing: NaN among them, as it lies before no other."""
    if not all(each is None or each == each for each in (first, last)) or (None not in (first, last) and first > last):
        msg = f"{option}-from, {option}-to: got {first} and {last}; nothing lies between them"
        raise BadInputError(msg)


def _date(option: str, text: str | None) -> "date | None":
    from datetime import date

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        msg = f"{option}: got {text!r}; must be a date like 2015-12-31"
        raise BadInputError(msg) from None


@contextmanager
def _opened(tape: list[Path] | None, database: str | None, rest_url: str | None, rate: float) -> "Iterator[AsOf]":
    """Open what answers.  Recordings are told by what is in them: trades or option quotes."""
    from flows.asof.opening import by_rest, named_by, recorded
    from flows.feed.api_key import key_from

    if sum((bool(tape), database is not None, rest_url is not None)) > 1:
        msg = "--tape, --db and --rest-url: give one of them"
        raise BadInputError(msg)
    if database is not None:
        yield named_by(database)
    elif tape:
        yield recorded(tape, tape)
    else:
        with by_rest(key_from(), rest_url, rate) as provider:
            yield provider


def _print(provider: "AsOf", answer: dict[str, Any]) -> None:
    """Print an answer, with how many records could not be used on the way to it."""
    from flows.report import print_json

    unusable = len(provider.prints.unusable) + len(provider.quotes.unusable)
    print_json({**answer, "unusable": unusable})
