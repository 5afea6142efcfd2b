"""Writing a file that somebody named: all of it, or, when that fails, what stood there before."""

from pathlib import Path
from tempfile import TemporaryDirectory

from flows.errors import CommandError


def write_whole(path: Path, text: str) -> None:
    """Write text to a file, beside it first; what is no file, a device or a pipe, takes it as it comes.

    Raises CommandError.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        final = path.resolve()  # a link stays one
        with TemporaryDirectory(prefix=f".{final.name}.", dir=final.parent) as folder:
            staged = Path(folder) / final.name
            staged.write_text(text, encoding="utf-8")
            staged.replace(final)
    except OSError as error:
        msg = f"{path}: cannot be written ({error.strerror})"
        raise CommandError(msg) from None
