"""Which worker a symbol belongs to: the one that the engine sends it to.

Rule: a worker reads the symbols whose steps run on it, so that no print travels between processes.  The engine gives a
key to worker SipHash-1-3(key, 0xff; no secret) modulo the number of workers.  Were it to change its mind, answers would
stay the same, and only the way there would be longer; a test holds the two against each other.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_MASK: Final = (1 << 64) - 1
_START: Final = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
_AFTER_TEXT: Final = b"\xff"
"""What the engine's language puts after a text, so that "ab", "c" and "a", "bc" differ."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which symbols a worker takes: every symbol has one worker, whoever asks."""

    index: int = 0
    count: int = 1

    def holds(self, symbol: str) -> bool:
        """Whether the symbol is this worker's."""
        return worker_of(symbol, self.count) == self.index


def worker_of(key: str, count: int) -> int:
    """Return the worker, of `count`, that the engine sends a key to."""
    return 0 if count == 1 else _hash(key) % count


@lru_cache(maxsize=1 << 16)
def _hash(key: str) -> int:
    data = key.encode() + _AFTER_TEXT
    whole = len(data) - len(data) % 8
    words = [int.from_bytes(data[place : place + 8], "little") for place in range(0, whole, 8)]
    words.append(int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56)
    state = _START
    for word in words:
        a, b, c, d = _round(state[0], state[1], state[2], state[3] ^ word)
        state = a ^ word, b, c, d
    state = state[0], state[1], state[2] ^ 0xFF, state[3]
    for _ in range(3):
        state = _round(*state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    a = (a + b) & _MASK
    b = _left(b, 13) ^ a
    a = _left(a, 32)
    c = (c + d) & _MASK
    d = _left(d, 16) ^ c
    a = (a + d) & _MASK
    d = _left(d, 21) ^ a
    c = (c + b) & _MASK
    b = _left(b, 17) ^ c
    return a, b, _left(c, 32), d


def _left(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & _MASK
