"""Which prints a plan may act on.  One profile per way of choosing; plans of one profile share their columns."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from operators.bars.summing import SummedPrints
from operators.columnar import Floats, Ints, Ticks
from operators.conditions import ANY_LAST, Flag
from operators.plans import Plan, SessionPhase
from operators.sessions import PHASE_CODES
from operators.state import Quiet
from operators.times import SECOND_NS

_EXTENDED: Final = (SessionPhase.PRE, SessionPhase.POST)


@dataclass(frozen=True, slots=True)
class Profile:
    """A plan's choice of prints: sessions, and whether odd lots and Form T prints set its last price."""

    sessions: frozenset[SessionPhase]
    odd_lots: bool
    extended_hours: bool

    @staticmethod
    def of(plan: Plan) -> "Profile":
        """Return the profile of a plan."""
        return _profile(plan.sessions, plan.odd_lots, plan.extended_hours)

    def admits(self, flags: int, phase: SessionPhase) -> bool:
        """Whether a print with these flags in this phase sets the plan's last price."""
        if phase not in self.sessions or flags & Flag.LATE:
            return False
        extended = self.extended_hours and phase in _EXTENDED
        wanted = _WANTED[self.odd_lots, extended]
        return bool(flags & wanted)


@lru_cache(maxsize=256)
def _profile(sessions: tuple[SessionPhase, ...], odd_lots: bool, extended_hours: bool) -> Profile:
    return Profile(frozenset(sessions), odd_lots, extended_hours)


_WANTED: Final = {
    (False, False): Flag.LAST,
    (True, False): Flag.LAST_IF_ODD_LOTS,
    (False, True): Flag.LAST_IF_EXTENDED,
    (True, True): Flag.LAST_IF_BOTH,
}


@lru_cache(maxsize=256)
def admission_table(profile: Profile) -> npt.NDArray[np.bool_]:
    """Return whether a profile admits each (phase code, flags): booleans of shape (4, 256)."""
    return np.array([[profile.admits(flags, phase) for flags in range(256)] for phase in PHASE_CODES])


COUNTED: Final = ("records", "eligible", "late", "corrected", "unknown_condition")
LONGEST_PHASE_NS: Final = 8 * 3600 * SECOND_NS
"""No session phase lasts longer, and two of one kind are further apart."""
NO_COUNTS: Final = (0,) * len(COUNTED)


@dataclass(slots=True)
class SymbolSlice:
    """One symbol's prints in one frame, tape order, without those that no plan of the run could use.

    `flags` and `phase` are uint8 codes.  `end_ns` is the SIP time of the symbol's last record in the frame, usable
    or not.  `counts` of all its records: see COUNTED.  `summed`: all its prints per minute, where bars are built.
    `band`: the lowest and highest price; `one_phase`: of all its prints; `glimpses`: what `glimpse` gives; None where
    nobody has looked.
    """

    sip_ns: Ints
    price: Floats
    flags: npt.NDArray[np.uint8]
    phase: npt.NDArray[np.uint8]
    end_ns: int
    usable: Flag = ANY_LAST
    counts: tuple[int, ...] = NO_COUNTS
    summed: SummedPrints | None = None
    band: tuple[float, float] | None = None
    one_phase: int | None = None
    glimpses: Callable[[Profile], Quiet | None] | None = None
    _views: dict[Profile, Ticks] = field(default_factory=dict)

    @classmethod
    def empty(cls, end_ns: int) -> "SymbolSlice":
        """Return a slice without prints that ends at `end_ns`."""
        return cls(_NO_TIME, _NO_PRICE, _NO_CODE, _NO_CODE, end_ns)

    def cut(self, at_ns: int) -> "tuple[SymbolSlice, SymbolSlice]":
        """Return the prints before an instant, time then having reached it, and the rest; the counts are in neither."""
        place = int(np.searchsorted(self.sip_ns, at_ns))
        return self._part(slice(place), min(at_ns, self.end_ns)), self._part(slice(place, None), self.end_ns)

    def _part(self, which: slice, end_ns: int) -> "SymbolSlice":
        columns = self.sip_ns[which], self.price[which], self.flags[which], self.phase[which]
        return SymbolSlice(*columns, end_ns, self.usable, one_phase=self.one_phase)

    def view(self, profile: Profile) -> Ticks:
        """Return the ticks that a profile admits."""
        view = self._views.get(profile)
        if view is None:
            view = self._views[profile] = self._view(profile)
        return view

    def glimpse(self, profile: Profile) -> Quiet | None:
        """Return what the ticks that a profile admits leave if all are quiet; None when it admits none."""
        if self.glimpses is not None:
            return self.glimpses(profile)
        view = self.view(profile)
        return view.as_quiet() if len(view.price) else None

    def _view(self, profile: Profile) -> Ticks:
        sip_ns, price = self.sip_ns, self.price
        if not len(price):
            return Ticks.of(sip_ns, price)
        admits = self._all_admitted(profile)
        if admits and self.band is not None:
            return Ticks(sip_ns, price, *self.band)
        if not admits:
            admitted = admission_table(profile)[self.phase, self.flags]
            sip_ns, price = sip_ns[admitted], price[admitted]
        return Ticks.of(sip_ns, price)

    def _all_admitted(self, profile: Profile) -> bool:
        """Whether it is plain, without looking at each print, that a profile admits them all."""
        if self.one_phase is not None:
            return admits_all(profile, self.one_phase, self.usable)
        if self.phase[0] != self.phase[-1] or self.sip_ns[-1] - self.sip_ns[0] > LONGEST_PHASE_NS:
            return False
        return admits_all(profile, int(self.phase[0]), self.usable)


@lru_cache(maxsize=1024)
def admits_all(profile: Profile, phase_code: int, usable: Flag) -> bool:
    """Whether a profile admits in a phase every print that has one of the `usable` bits and is not late."""
    flags = (each for each in map(Flag, range(256)) if each & usable and not each & Flag.LATE)
    return all(profile.admits(each, PHASE_CODES[phase_code]) for each in flags)


def usable_flags(plans: Iterable[Plan]) -> Flag:
    """Return the bits that let a print set some plan's last price: prints with none of them need not be looked at."""
    needed = Flag(0)
    for profile in {Profile.of(plan) for plan in plans}:
        for extended in {False, profile.extended_hours}:
            needed |= _WANTED[profile.odd_lots, extended]
    return needed


_NO_TIME: Final = np.empty(0, dtype=np.int64)
_NO_PRICE: Final = np.empty(0)
_NO_CODE: Final = np.empty(0, dtype=np.uint8)
