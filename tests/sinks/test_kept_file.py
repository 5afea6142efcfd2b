"""A SQLite file that loses its name while it is open: nobody writes on into what nobody will read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from operators.rows import Batch
from sinks.database import open_database, reading
from sinks.errors import DatabaseReplacedError
from sinks.schema import ensure_schema
from sinks.writer import SinkWriter


def delete(file: Path) -> None:
    file.unlink()


def replace(file: Path) -> None:
    """Put another database in its place."""
    other = file.with_name("other.db")
    open_database(f"sqlite:///{other}").dispose()
    other.replace(file)


@pytest.mark.parametrize("lose", [delete, replace])
@pytest.mark.parametrize("form", ["sqlite:///{}", "sqlite:///file:{}?uri=true"])
def test_neither_writes_nor_reads_of_a_writer_go_on_and_it_is_no_passing_trouble(
    lose: Callable[[Path], None], form: str, tmp_path: Path, batch: Batch
) -> None:
    file = tmp_path / "plans.db"
    engine = open_database(form.format(file))
    ensure_schema(engine)
    writer = SinkWriter(engine, "tape")
    writer.write(Batch(plans=batch.plans))
    lose(file)
    with pytest.raises(DatabaseReplacedError, match="its file was deleted or replaced while it was open") as found:
        writer.write(batch)
    assert not found.value.transient
    with pytest.raises(DatabaseReplacedError), reading(engine) as connection:
        connection.begin()
    writer.close()


def test_a_file_that_is_put_back_is_written_to_again(tmp_path: Path, batch: Batch) -> None:
    file, away = tmp_path / "plans.db", tmp_path / "away.db"
    engine = open_database(f"sqlite:///{file}")
    ensure_schema(engine)
    writer = SinkWriter(engine, "tape")
    file.rename(away)
    with pytest.raises(DatabaseReplacedError):
        writer.write(batch)
    away.rename(file)
    assert writer.write(batch).events == 3
    writer.close()
