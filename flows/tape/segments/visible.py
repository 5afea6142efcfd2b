"""How far readers may read: the writer's word in a small file that both map into memory.

With the default policy a record is visible once it is durable, so that nobody acts on what a power cut could take back.
The file is a convenience of running processes: where it is missing or torn, there is no such limit.
"""

import mmap
from pathlib import Path
from struct import Struct
from typing import Final
from zlib import crc32

from flows.tape.segments.segment import Offset

NAME: Final = "visible"
_PLACE: Final = Struct("<QQ")
_CHECKSUM: Final = Struct("<I")
_BYTES: Final = _PLACE.size + _CHECKSUM.size
_TRIES: Final = 1_000


class VisibleMark:
    """The writer's side."""

    def __init__(self, folder: Path, end: Offset) -> None:
        path = folder / NAME
        if not path.exists() or path.stat().st_size != _BYTES:
            path.write_bytes(bytes(_BYTES))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _BYTES)
        self.set(end)

    def set(self, end: Offset) -> None:
        """Let readers read up to `end`."""
        place = _PLACE.pack(*end)
        self._map[:] = place + _CHECKSUM.pack(crc32(place))

    def close(self) -> None:
        """Unmap the file."""
        self._map.close()


def visible_end(folder: Path) -> Offset | None:
    """Return how far the tape may be read, None where nothing says so."""
    path = folder / NAME
    for _ in range(_TRIES):  # the writer may be in the middle of a change
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        if len(data) == _BYTES and _CHECKSUM.unpack_from(data, _PLACE.size)[0] == crc32(data[: _PLACE.size]):
            return Offset(*_PLACE.unpack_from(data))
    return None
