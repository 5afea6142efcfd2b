"""What ends a run early.  Rule: it is raised once, by the run, as the step raised it.

An engine of one worker that keeps no state is shown none of it: it would have words of its own on stderr for a step
that raises, so the tape ends instead, and nothing more is written.  Any other engine must see it at once: what came
last is not to be kept, and the workers beside are to hear of it.
"""

from typing import Final


class Failures:
    """The first failure of a run's steps.  `shown`: to the engine, as it happens."""

    def __init__(self, *, shown: bool = True) -> None:
        self._shown: Final = shown
        self._first: BaseException | None = None

    def __bool__(self) -> bool:
        """Whether anything has failed that is kept."""
        return self._first is not None

    def meet(self, error: BaseException) -> None:
        """Take a failure of a step: raise it where the engine is to see it, else keep it."""
        if self._shown:
            raise error
        self.keep(error)

    def keep(self, error: BaseException) -> None:
        """Keep a failure that no engine may see, whichever it is."""
        if self._first is None:
            self._first = error

    def raise_first(self) -> None:
        """Raise what was kept, once the engine is done."""
        if self._first is not None:
            raise self._first
