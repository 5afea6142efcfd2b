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
    tag = entity_tag(body)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if status == 200 and request.method == "GET" and tag in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(body.model_dump_json(), status, media_type="application/json", headers=headers)


def entity_tag(body: Answer) -> str:
    """Return the weak tag of an answer."""
    told = body.model_dump_json(exclude=_CLOCK)
    text = f"{body.session.session_date} {body.session.phase} {told}"
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _tags(header: str) -> set[str]:
    return {tag.strip() for tag in header.split(",")}
