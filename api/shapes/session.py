"""The session block, and what every answer carries."""

from typing import Self

from pydantic import BaseModel, Field

from operators.sessions import SessionBlock
from operators.times import iso


class SessionOut(BaseModel):
    """The market's clock at the instant that the response speaks of."""

    status: str = Field(examples=["open"], description="open or closed.")
    phase: str = Field(examples=["regular"], description="pre, regular, post or closed.")
    session_date: str = Field(examples=["2013-10-08"])
    as_of: str = Field(examples=["2013-10-08T14:31:00Z"])
    as_of_ns: int = Field(examples=[1_381_242_660_000_000_000])
    next_open: str = Field(examples=["2013-10-09T13:30:00Z"])
    next_open_ns: int = Field(examples=[1_381_325_400_000_000_000])
    next_close: str = Field(examples=["2013-10-08T20:00:00Z"])
    next_close_ns: int = Field(examples=[1_381_262_400_000_000_000])
    tz: str = Field(examples=["America/New_York"])
    banner: str = Field(examples=["Regular session until 16:00 ET"])

    @classmethod
    def of(cls, block: SessionBlock) -> Self:
        """Write a session block."""
        return cls(
            status=block.status,
            phase=str(block.phase),
            session_date=block.session_date.isoformat(),
            as_of=iso(block.as_of_ns),
            as_of_ns=block.as_of_ns,
            next_open=iso(block.next_open_ns),
            next_open_ns=block.next_open_ns,
            next_close=iso(block.next_close_ns),
            next_close_ns=block.next_close_ns,
            tz=block.tz,
            banner=block.banner,
        )


class Answer(BaseModel):
    """What every answer carries: the instant it speaks of, and the market's clock then.

    Asked "as of" an instant, `as_of` is that instant; otherwise the answer is the newest and `as_of` is now.
    """

    session: SessionOut
    as_of: str = Field(examples=["2013-10-08T14:31:00Z"])
    as_of_ns: int = Field(examples=[1_381_242_660_000_000_000])


class SessionAnswer(Answer):
    """The session block alone."""
