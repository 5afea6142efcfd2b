"""Finding the recordings of a replay and making sure, before anything is written, that they are whole."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl
from isal import igzip, isal_zlib

from flows.errors import BadInputError, CommandError, DataMissingError
from flows.kafka.topic import Topic, TopicTape, need_client, topic_of
from flows.tape.layout import Layout, other_dataset, read_layout
from flows.tape.log_reader import verify_log
from flows.tape.segments.segment import is_tape

SUFFIXES: Final = (".csv.gz", ".csv", ".parquet")
READ_BYTES: Final = 1 << 22

_DAY: Final = re.compile(r"(?<!\d)(\d{4}-\d\d-\d\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class TapeFile:
    """One recording: a file, the folder of a tape, or a topic that one was published to.

    `day`: the New York date in a file's name, if there is one; `topic`: what was seen of a topic.
    """

    path: Path
    layout: Layout
    day: date | None
    topic: TopicTape | None = None

    @property
    def name(self) -> str:
        """What it is called here: a path as it was given, or a topic's URL."""
        return str(self.path if self.topic is None else self.topic.topic)

    @property
    def full_name(self) -> str:
        """What it is called wherever one stands."""
        return str(self.path.absolute()) if self.topic is None else self.name

    @property
    def is_parquet(self) -> bool:
        """Whether this is a Parquet file; else it is CSV, gzipped or not."""
        return self.path.name.endswith(".parquet") and not self.is_log

    @property
    def is_log(self) -> bool:
        """Whether this is a tape that was recorded live, a folder or a topic."""
        return not self.layout.header


def log_file(folder: Path) -> TapeFile:
    """Return a tape's folder as a recording, even before anything is written to it."""
    return TapeFile(folder, Layout((), {}), None)


def topic_file(topic: Topic) -> TapeFile:
    """Look at a topic and return it as a recording.  Raises CommandError."""
    need_client(topic)
    from flows.kafka.client import look_at

    return TapeFile(Path(str(topic)), Layout((), {}), None, look_at(topic))


def find_tape_files(paths: Sequence[Path]) -> tuple[list[TapeFile], list[str]]:
    """Return the trades files under `paths` by day, then as given, and a note for each file passed over.

    Raises DataMissingError when there is nothing, BadInputError for a file that is not a recording of trades,
    CommandError for one that cannot be read.
    """
    files: dict[Path, TapeFile] = {}
    notes: list[str] = []
    for path in paths:
        found = _under_one(path, notes)
        if not found:
            msg = f"{path}: no trades here; looked for {', '.join(SUFFIXES)} with the vendor's trades columns"
            raise DataMissingError(msg)
        for file in found:
            files.setdefault(file.path.resolve(), file)
    topic = next((file for file in files.values() if file.topic is not None), None)
    if topic is not None and len(files) > 1:
        msg = f"{topic.name}: a topic is replayed alone; leave out the other {len(files) - 1}"
        raise BadInputError(msg)
    return sorted(files.values(), key=lambda file: file.day or date.max), notes


def _under_one(path: Path, notes: list[str]) -> list[TapeFile]:
    topic = topic_of(path)
    if topic is not None:
        return [topic_file(topic)]
    files = []
    for each in _under(path):
        if each.is_dir():
            files.append(log_file(each))
            continue
        header = _header(each)
        what = other_dataset(header)
        if path.is_dir() and what:
            notes.append(f"{each}: passed over, these are {what}")
        else:
            files.append(TapeFile(each, read_layout(str(each), header), _day_in(each)))
    return files


def verify(file: TapeFile) -> bool:
    """Read a gzipped file to its end; return whether a file holds any row.

    Raises DataMissingError when it is cut short or damaged.
    """
    if file.topic is not None:
        return any(file.topic.ends)
    if file.is_log:
        return verify_log(file.path)
    if file.is_parquet:
        return bool(pl.scan_parquet(file.path).select(pl.len()).collect().item())
    pieces = decompressed(file.path)
    rows = bool(next(pieces, b"").partition(b"\n")[2].strip())
    if file.path.name.endswith(".gz"):
        for piece in pieces:
            rows = rows or bool(piece.strip())
    return rows or any(piece.strip() for piece in pieces)


def decompressed(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a CSV file, gzipped or not, in pieces."""
    opened = igzip.open if path.name.endswith(".gz") else open
    try:
        with opened(path, "rb") as stream:
            while piece := stream.read(READ_BYTES):
                yield piece
    except EOFError:
        msg = f"{path}: the compressed data ends too early; is the download complete?"
        raise DataMissingError(msg) from None
    except (isal_zlib.error, igzip.BadGzipFile) as error:  # type: ignore[misc]
        msg = f"{path}: not a gzip file, or damaged ({error})"
        raise DataMissingError(msg) from None
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror or error})"
        raise CommandError(msg) from None


def _under(path: Path) -> list[Path]:
    if path.is_dir():
        logs = {each for each in (path, *path.rglob("*")) if is_tape(each)}
        files = {each for each in path.rglob("*") if each.name.endswith(SUFFIXES) and not each.is_dir()}
        astray = min((each for each in files if not each.is_file()), default=None)
        if astray is not None:
            msg = f"{astray}: leads to no file; remove it, or let it lead to the recording"
            raise DataMissingError(msg)
        return sorted(logs | {each for each in files if each.parent not in logs})
    if not path.exists():
        msg = f"{path}: no such file or directory"
        raise DataMissingError(msg)
    if not path.name.endswith(SUFFIXES):
        msg = f"{path}: not a recording; must end in {', '.join(SUFFIXES)}, or be a tape's folder"
        raise BadInputError(msg)
    return [path]


def _header(path: Path) -> list[str]:
    if path.name.endswith(".parquet"):
        try:
            return list(pl.read_parquet_schema(path))
        except (pl.exceptions.PolarsError, OSError) as error:
            msg = f"{path}: not a Parquet file, or damaged ({str(error).splitlines()[0]})"
            raise DataMissingError(msg) from None
    first = next(iter(decompressed(path)), b"").split(b"\n", 1)[0]
    if not first.strip():
        msg = f"{path}: is empty"
        raise DataMissingError(msg)
    text = first.decode("utf-8-sig", errors="replace").strip()
    return [name.strip().strip('"') for name in text.split(",")]


def _day_in(path: Path) -> date | None:
    match = _DAY.search(path.name)
    try:
        return date.fromisoformat(match.group(1)) if match else None
    except ValueError:
        return None
