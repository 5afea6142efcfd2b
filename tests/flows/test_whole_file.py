"""A file that somebody named is written whole or stays as it was."""

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from flows.errors import CommandError
from flows.whole_file import write_whole


def test_a_disk_that_is_full_leaves_what_stood_there_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "page.html"
    file.write_text("before")
    given = Path.write_text

    def full(path: Path, text: str, **options: Any) -> int:
        given(path, text[:3], **options)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CommandError, match=r"page.html: cannot be written \(No space left on device\)"):
        write_whole(file, "after")
    assert (file.read_text(), list(tmp_path.iterdir())) == ("before", [file])


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    file, link, pipe = tmp_path / "file", tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(file)
    write_whole(link, "text")
    assert (link.is_symlink(), file.read_text()) == (True, "text")
    os.mkfifo(pipe)
    writing = threading.Thread(target=write_whole, args=(pipe, "text"))
    writing.start()
    assert pipe.read_text() == "text"
    writing.join()
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["none/page.html", "folder", "file/page.html"])
def test_what_cannot_be_written_is_said_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match=rf"{name}: cannot be written \("):
        write_whole(tmp_path / name, "text")
