"""The feed's own process: settings in, a tape out, one JSON object per line on stderr.

    python -m flows.feed.process --tape DIR --subscribe 'T.*' [--watch A,B] [--feed-url URL] [--no-repair]

The key comes from the environment.  SIGTERM and SIGINT stop it cleanly; a final refusal of the vendor ends it with 1.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from flows.errors import CommandError, ExitCode
from flows.feed.address import VENDOR_URL, feed_address
from flows.feed.api_key import ApiKey, key_from
from flows.feed.client import FeedClient
from flows.feed.settings import FeedSettings
from flows.feed.tape_sink import TapeSink, left_behind
from flows.logs import log_line, set_up
from flows.repeating import repeating
from flows.signals import STOPPING, SetLater
from flows.tape.segments.writer import Sync, TapeWriter

STATUS_SECONDS: Final = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the feed until it is told to stop; return the exit code."""
    given = _parser().parse_args(arguments)
    set_up("feed", human=False)
    try:
        key = key_from()
        settings = FeedSettings(
            feed_address(given.feed_url, given.rest_url),
            tuple(given.subscribe.split(",")),
            tuple(filter(None, given.watch.split(","))),
            behind=left_behind(given.tape),
            repair=not given.no_repair,
        )
        return _run(given.tape, settings, key, Sync(given.sync))
    except CommandError as error:
        log_line("feed_failed", why=str(error))
        return int(error.exit_code)


def _run(folder: Path, settings: FeedSettings, key: ApiKey, sync: Sync) -> int:
    with TapeWriter(folder, sync) as writer:
        for note in writer.notes:
            log_line("tape_note", note=note)
        client = FeedClient(settings, key, TapeSink(writer), log_line)
        for number in STOPPING:
            signal.signal(number, SetLater(client.stop))
        with repeating(lambda: log_line("feed_state", **client.status.to_json()), STATUS_SECONDS, "feed-status"):
            ended = client.run()
    log_line("feed_over", **client.status.to_json())
    return int(ExitCode.DONE if ended is None else ExitCode.FAILURE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flows.feed.process", description="Follow the vendor's feed onto a tape.")
    add: Callable[..., Any] = parser.add_argument
    add("--tape", type=Path, required=True, metavar="DIR")
    add("--subscribe", default="T.*", metavar="T.A,T.B")
    add("--watch", default="", metavar="A,B", help="symbols whose gaps are repaired under T.*")
    add("--feed-url", default=VENDOR_URL)
    add("--rest-url", default=None)
    add("--no-repair", action="store_true")
    add("--sync", default=Sync.BATCH.value, choices=[each.value for each in Sync])
    return parser


if __name__ == "__main__":
    sys.exit(main())
