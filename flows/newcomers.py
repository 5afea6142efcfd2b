"""What a symbol brings along that a command adds: its bars, splits and option chains, as the first ones had them.

Rule: all of it is of before the tape's first session, or of its own instant, for newcomers too.  So it is the same in
the session that was told the command and in every replay of its tape.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.begun_within import scan_from
from flows.items import History, TapeItem, Unusable
from flows.options import ReplayOptions
from flows.scanning import load_chains, load_history, splits_ahead


@dataclass(frozen=True, slots=True)
class Newcomers:
    """`first_ns`: the pre-market open of the tape's first session; `last_ns`: where chains end, if anywhere; ns UTC."""

    options: ReplayOptions
    first_ns: int
    last_ns: int | None = None

    def items(self, symbol: str, at_ns: int) -> Sequence[TapeItem]:
        """Load what is known of a symbol that is added at an instant, ns UTC, and what of it could not be used.

        Raises CommandError as a start would.
        """
        if not self.options.scan:
            return ()
        one = frozenset({symbol})
        past, letters = load_history(self.options, one, self.first_ns)
        splits = splits_ahead(self.options, one, self.first_ns)
        quoted = load_chains(self.options, one, self.first_ns, self.last_ns)
        unusable = (*letters, *quoted.dead_letters)
        whole_from_ns = scan_from(at_ns)
        known = symbol in past or symbol in splits or symbol in quoted.chains or whole_from_ns
        chain = quoted.chains.get(symbol)
        history = History(symbol, past.get(symbol, {}), splits.get(symbol, ()), chain, whole_from_ns)
        return [*([Unusable(unusable)] if unusable else []), *([history] if known else [])]
