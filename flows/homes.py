"""Which worker a key is of.  Rule: as the engine itself sends keys to workers, so that nobody reads for another.

Bytewax takes SipHash-1-3 of a key (no secret, as Rust's strings are hashed), modulo the number of workers.  Were that
to change, every value would still reach its worker, but from another process, and slower.
"""

from functools import cache
from typing import Final

SHARDS: Final = 16
"""Groups of symbols that the scanner works on together; a power of two, so that 1, 2, 4, 8 and 16 workers share them
evenly.  The number is part of every snapshot."""

_WORD: Final = (1 << 64) - 1
_START: Final = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def home(key: str, count: int) -> int:
    """Return the number of the worker, of `count`, that the engine gives a key to.

    >>> home("0", 16), home("AAPL", 1)
    (5, 0)
    """
    return _siphash(key.encode() + b"\xff") % count


@cache
def shard_key(symbol: str) -> str:
    """Return the key of a symbol's shard; the two have one home if workers are 1, 2, 4, 8 or 16."""
    return _shard_keys()[home(symbol, SHARDS)]


@cache
def _shard_keys() -> tuple[str, ...]:
    """Return a key per shard, each at home there."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < SHARDS:
        found.setdefault(home(f"shard-{number}", SHARDS), f"shard-{number}")
        number += 1
    return tuple(found[shard] for shard in range(SHARDS))


def _siphash(text: bytes) -> int:
    """SipHash-1-3 with a key of zeros (J.-P. Aumasson and D. J. Bernstein, 2012)."""
    padded = text + bytes(7 - len(text) % 8) + bytes([len(text) & 0xFF])
    state = _START
    for start in range(0, len(padded), 8):
        word = int.from_bytes(padded[start : start + 8], "little")
        a, b, c, d = _round((*state[:3], state[3] ^ word))
        state = (a ^ word, b, c, d)
    state = (*state[:2], state[2] ^ 0xFF, state[3])
    for _ in range(3):
        state = _round(state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _round(state: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a, b, c, d = state
    a = (a + b) & _WORD
    b = _turned(b, 13) ^ a
    a = _turned(a, 32)
    c = (c + d) & _WORD
    d = _turned(d, 16) ^ c
    a = (a + d) & _WORD
    d = _turned(d, 21) ^ a
    c = (c + b) & _WORD
    b = _turned(b, 17) ^ c
    return a, b, _turned(c, 32), d


def _turned(word: int, by: int) -> int:
    return ((word << by) | (word >> (64 - by))) & _WORD
