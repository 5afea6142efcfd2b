"""A stream ends with the key that opened it.  Rule: who would be let in no more may not listen on either."""

import asyncio

from api.key_ring import KeyRing
from api.keys import Scope, allows
from api.relay.speaking import LeaveError
from sinks.errors import DatabaseError

UNAUTHORIZED = 4401


async def until_refused(keys: KeyRing, secret: str | None, every_s: float) -> None:
    """Ask again and again whether a secret, or none, still opens the door.

    Raises LeaveError once it does not; a database that cannot tell is waited for.
    """
    while True:
        await asyncio.sleep(every_s)
        try:
            held = await keys.ask(secret)
        except DatabaseError:
            continue
        if not allows(held, Scope.READ):
            raise LeaveError(UNAUTHORIZED, "the key that opened this stream holds no more")
