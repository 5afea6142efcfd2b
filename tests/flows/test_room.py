"""A process of a replay keeps the memory that it frees: its next piece needs as much."""

import subprocess
import sys

import pytest

COLUMNS = """
import resource
import sys
from threading import Thread
import numpy as np
from flows.room import keep_heap

def pieces(count):
    for _ in range(count):
        columns = [np.full(1 << 20, 1.0) for _ in range(8)]

if "keep" in sys.argv:
    keep_heap()
pieces(2)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
beside = Thread(target=pieces, args=(10,))
beside.start()
beside.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
FRAMES = """
import resource
import sys
import time
from flows.room import keep_pages

if "keep" in sys.argv:
    keep_pages()
import polars as pl

frame = pl.DataFrame({"a": pl.int_range(1 << 22, eager=True)})
del frame
time.sleep(1.0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
frame = pl.DataFrame({"a": pl.int_range(1 << 22, eager=True)})
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
gnu = pytest.mark.skipif(sys.platform != "linux", reason="the GNU C library's parameters, and polars with jemalloc")


@gnu
def test_columns_of_a_piece_lie_where_those_of_the_last_one_lay() -> None:
    """In a thread beside as well, where the C library by itself gives everything back and takes it anew."""
    assert 4 * faults(COLUMNS, "keep") < faults(COLUMNS, "leave")


@gnu
def test_polars_keeps_its_pages_from_one_piece_to_the_next() -> None:
    """By itself it has given them back after a second, and 32 MB are 8 192 pages or a few dozen large ones."""
    assert faults(FRAMES, "keep") < 10


def faults(program: str, word: str) -> int:
    """How often the system had to lend a page."""
    told = subprocess.run([sys.executable, "-c", program, word], capture_output=True, check=True, text=True).stdout
    return int(told)
