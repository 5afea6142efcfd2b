"""Answers as bytes: JSON with an entity tag, 304 to who has it already.

The tag is weak and leaves out the clock (session block and `as_of` of a newest answer): those move on with nothing
new to tell, and the part of the day that decides what is shown is in the tag.
"""

import hashlib
from typing import Final

from fastapi import Request, Response

from api.shapes.session import Answer

_CLOCK: Final = {"session", "as_of", "as_of_ns"}


def answer(request: Request, body: Answer, status: int = 200) -> Response:
    """Write an answer; 304 without a body when a GET's If-None-Match holds its tag."""
    return answer_told(request, body, body.model_dump_json(exclude=_CLOCK).encode(), status)


def answer_told(request: Request, spoken: Answer, told: bytes, status: int = 200) -> Response:
    """Write an answer whose fields but the clock's are there as a JSON object already; else as `answer`."""
    tag = _tag(spoken, told)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if status == 200 and request.method == "GET" and tag in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    clock = spoken.model_dump_json(include=_CLOCK).encode()
    body = clock if told == b"{}" else b"%b,%b" % (clock[:-1], told[1:])
    return Response(body, status, media_type="application/json", headers=headers)


def entity_tag(body: Answer) -> str:
    """Return the weak tag of an answer."""
    return _tag(body, body.model_dump_json(exclude=_CLOCK).encode())


def _tag(spoken: Answer, told: bytes) -> str:
    day = f"{spoken.session.session_date} {spoken.session.phase} ".encode()
    return f'W/"{hashlib.sha256(day + told).hexdigest()[:32]}"'


def _tags(header: str) -> set[str]:
    return {tag.strip() for tag in header.split(",")}
