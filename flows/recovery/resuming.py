"""What stands under the keys of the places, read back into what each worker needs.

Two keys a worker: its place, told with everything it gives, and, of a tape recorded live, an anchor: what the reader
remembered a moment ago.  From the anchor on the tape is decoded again, and given again to nobody who had it.
"""

from collections.abc import Iterable, Mapping

from flows.recovery.place import Layer, Place, Reached
from flows.recovery.resume import Resume
from flows.recovery.standing import PLACES_LAYOUT, READ_LAYOUTS, Plain, RecoveryError, key_of
from flows.tape.share import Share
from operators.held import Held

PLACE = "place"
ANCHOR = "anchor"


def place_state(
    place: Place, older: tuple[Layer, ...], end_ns: int, newest_ns: Mapping[str, int], ahead: Plain, share: Share
) -> Plain:
    """Write what stands under a worker's place; `ahead`: see `flows.dues`."""
    below = tuple(tuple(map(tuple, layer.places)) for layer in older)
    times_ns = tuple(newest_ns.items())
    return PLACES_LAYOUT, PLACE, share.index, share.count, tuple(place), below, end_ns, times_ns, ahead


def anchor_state(place: Place, memory: Plain, calendar: tuple[Plain, ...], gaps: Plain, share: Share) -> Plain:
    """Write what stands under a worker's anchor."""
    return PLACES_LAYOUT, ANCHOR, share.index, share.count, tuple(place), memory, calendar, gaps


def resumes(kept: Mapping[str, Plain], count: int, *, apart: bool = False) -> list[Resume] | None:
    """Return what each of `count` shares goes on from; None when nothing was kept yet.

    A share is a worker's, or, `apart` from all others, a partition's: then no anchor but its own is of use to it.
    Raises RecoveryError when what was kept does not fit together.
    """
    if not kept:
        return None
    places, anchors = _sorted(kept, PLACE), _sorted(kept, ANCHOR)
    if [state[2] for state in places] != list(range(len(places))) or {state[3] for state in places} != {len(places)}:
        msg = f"recovery: of the workers' places only {', '.join(sorted(kept))} were kept; start anew"
        raise RecoveryError(msg)
    older = max((state[5] for state in places), key=len)
    latest = Layer(tuple(Place(*state[4]) for state in places))
    below = [Layer(tuple(Place(*place) for place in layer)) for layer in older]
    reached = Reached((latest, *(layer for layer in below if not latest.covers(layer))))
    newest_ns = {symbol: at_ns for state in places for symbol, at_ns in state[7]}
    ahead = _furthest((symbol, Held(*held)) for state in places for told in state[8:] for symbol, *held in told)
    end_ns = max(state[6] for state in places)
    found = []
    for index in range(count):
        start = reached.start(index, count)
        own = [each for each in anchors if not apart or each[2] == index]
        usable = [each for each in own if each[4][0] == start.file and Place(*each[4]) <= start]
        anchor = max(usable, key=lambda each: each[4], default=None)
        if anchor is not None:
            _, _, _, _, place, memory, calendar, *gaps = anchor  # none in the first layout
            found.append(Resume(reached, Place(*place), memory, calendar, newest_ns, end_ns, kept, ahead, *gaps))
        else:
            begin = start if start.segment == 0 else Place(start.file)
            found.append(Resume(reached, begin, None, None, newest_ns, end_ns, kept, ahead))
    return found


def _furthest(told: Iterable[tuple[str, Held]]) -> dict[str, Held]:
    """Of what several workers told of a symbol, the most: some tell only what they had heard when they began."""
    found = dict[str, Held]()
    for symbol, held in told:
        if symbol not in found or held.records > found[symbol].records:
            found[symbol] = held
    return found


def _sorted(kept: Mapping[str, Plain], kind: str) -> list[Plain]:
    for key, state in kept.items():
        if state[0] not in READ_LAYOUTS:
            known = ", ".join(map(str, READ_LAYOUTS))
            msg = f"recovery: {key} has layout {state[0]}; this version reads {known}; start anew"
            raise RecoveryError(msg)
    return sorted((state for state in kept.values() if state[1] == kind), key=lambda state: state[2])


def keys(index: int, count: int, workers: int) -> tuple[str, str]:
    """The keys of a share of the tape: of its place, of its anchor."""
    return key_of(PLACE, index, count, workers), key_of(ANCHOR, index, count, workers)
