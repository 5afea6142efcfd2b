"""Opening an as-of provider: over recordings, over those that a database names, or over the vendor's REST side."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from flows.asof.by_rest import RestPrints, RestQuotes
from flows.asof.provider import AsOf
from flows.asof.recorded import RecordedPrints, RecordedQuotes
from flows.errors import DataMissingError
from flows.feed.address import VENDOR_URL, feed_address
from flows.feed.api_key import ApiKey
from flows.options import STREAM
from flows.rest.client import PER_SECOND, RestClient
from operators.nyse import nyse_calendar
from operators.times import DEFAULT_LATE_NS


def recorded(paths: Sequence[Path], options: Sequence[Path] = (), late_ns: int = DEFAULT_LATE_NS) -> AsOf:
    """Return a provider over recordings: `paths` of trades, and of option quotes, files and folders."""
    calendar = nyse_calendar()
    return AsOf(RecordedPrints(paths, calendar, late_ns), RecordedQuotes(options), calendar)


def named_by(url: str) -> AsOf:
    """Return a provider over the recordings that were replayed, or written, into a database.

    Its own rows do not suffice: a bar there is the newest revision, an option quote one that decided a move.
    Raises DataMissingError when the database names no recordings, or when they are gone.
    """
    from flows.commands.common import opened
    from sinks.reader import stream_of

    with opened(url) as engine, engine.connect() as connection:
        stream = stream_of(connection, STREAM)
    inputs = stream.inputs if stream else {}
    paths = [Path(name) for name in inputs.get("files", ())]
    gone = [str(path) for path in paths if not path.exists()]
    if gone or not paths:
        msg = f"{', '.join(gone) or 'the recordings that the database was made of'}: cannot be found"
        raise DataMissingError(msg)
    folder = inputs.get("option_quotes")
    return recorded(paths, [Path(folder)] if folder else (), inputs.get("late_ns", DEFAULT_LATE_NS))


@contextmanager
def by_rest(key: ApiKey, rest_url: str | None = None, per_second: float = PER_SECOND) -> Iterator[AsOf]:
    """Give a provider over the vendor's REST side while the block lasts.  Raises BadInputError for a bad URL."""
    rest = RestClient(feed_address(VENDOR_URL, rest_url).rest, key, time.sleep, Random(), per_second)
    calendar = nyse_calendar()
    try:
        yield AsOf(RestPrints(rest, calendar), RestQuotes(rest), calendar)
    finally:
        rest.close()
