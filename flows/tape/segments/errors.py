"""What can be wrong with a tape folder, in one line that a person can act on."""

from flows.errors import CommandError, DataMissingError


class TapeError(CommandError):
    """The tape cannot be written: another writer, a full disk, a disk that fails.  What was written stays valid."""


class TapeDamagedError(DataMissingError):
    """A segment is not what its writer left: a checksum fails, or a part is gone."""
