"""Publishing as a person runs it: progress while it goes, Ctrl-C that ends it cleanly, and what was written."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flows.errors import CommandError
from flows.kafka.topic import Topic, need_client
from flows.repeating import repeating
from flows.signals import signals_set
from flows.tape.inspecting import tape_segments

REFRESH_SECONDS: Final = 0.1


class InterruptedPublishingError(CommandError):
    """Publishing was stopped from outside; what was written is whole up to there."""


def run_publish(folder: Path, topic: Topic, partitions: int | None, *, follow: bool) -> None:
    """Publish a tape and say how much of it was new to the topic.  Raises CommandError; leaves with 1 when stopped."""
    need_client(topic)
    from flows.kafka.publishing import Publisher

    tape_segments(folder)
    stop = Event()
    with signals_set(stop):
        publisher = Publisher(folder, topic, partitions)
        with _progress(lambda: f"{publisher.records:,} records read, {publisher.messages:,} messages"):
            publisher.run(stop, follow=follow)
    typer.echo(f"{publisher.messages:,} new messages on {topic}")
    if stop.is_set() and not follow:
        msg = f"stopped after {publisher.records:,} records; run the same command again to finish"
        raise InterruptedPublishingError(msg)


@contextmanager
def _progress(describe: Callable[[], str]) -> Iterator[None]:
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    console, shown = Console(stderr=True), sys.stderr.isatty()
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task("publishing")
        with repeating(lambda: progress.update(task, description=describe()), REFRESH_SECONDS, "progress"):
            yield
