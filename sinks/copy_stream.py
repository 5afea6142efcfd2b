"""COPY that never waits for the server before all is made: it takes what it can, and the rest is held meanwhile.

No thread does the sending: one that shares the interpreter with whoever makes the rows is let in too seldom, and the
server waits.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any


def streamed(driver: Any, statement: str, pieces: Iterable[str], meanwhile: Iterable[object] = ()) -> None:
    """Send pieces of text as they are made, then do other work, step by step, while the server takes the rest.

    `driver`: a cursor of psycopg.  Raises what psycopg raises, at the latest when the server has taken everything.
    """
    held: deque[str] = deque()
    with driver.copy(statement) as copy:
        connection = driver.connection.pgconn

        def hand_on() -> None:
            """Nothing is given that would have to wait behind what was given before."""
            while held and connection.flush() == 0:
                copy.write(held.popleft())

        for piece in pieces:
            held.append(piece)
            hand_on()
        for _ in meanwhile:
            hand_on()
        for piece in held:
            copy.write(piece)
