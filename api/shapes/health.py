"""Answers to probes."""

from typing import Literal

from pydantic import BaseModel, Field

from api.shapes.session import Answer


class AliveOut(Answer):
    """The loop turns."""

    status: Literal["alive"] = "alive"


class CheckOut(BaseModel):
    """One thing that was looked at; `age_s`: seconds since it last moved, null where it has not."""

    name: Literal["database", "schema", "flow", "relay"]
    status: Literal["ok", "degraded"]
    detail: str = Field(examples=["tape time is 2.1 s behind"])
    age_s: float | None = Field(default=None, examples=[2.1])


class ReadyOut(Answer):
    """`degraded`: requests are answered, but something behind is late."""

    status: Literal["ready", "degraded"]
    checks: list[CheckOut]
