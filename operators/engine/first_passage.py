"""First passage of a driftless Brownian motion between two barriers, as closed series; nothing is simulated.

Everything is in standard deviations: a barrier `a` away is `distance / deviation`, where the deviation is that of the
undisturbed motion at the horizon, so the horizon is time 1.  Sources: Cox and Miller, The Theory of Stochastic
Processes, section 5.7 (absorbing barriers, by images and by eigenfunctions); Darling and Siegert, The First Passage
Problem for a Continuous Markov Process (1953); Borodin and Salminen, Handbook of Brownian Motion, part II, section 1.3.
"""

from math import erfc, exp, inf, pi, sin, sqrt
from typing import Final

SPECTRAL_FROM: Final = 0.3
"""Horizon over squared distance of the barriers: from here on the spectral series needs fewer terms than the images.

Below it the spectral series would also lose small probabilities to cancellation.
"""

NEGLIGIBLE: Final = 1e-18


def target_before_stop(target: float, stop: float) -> float:
    """Return P(the motion reaches +target before -stop, and before the horizon).

    `target`, `stop`: distances >= 0 in standard deviations at the horizon.  Towards barriers that are near (a long
    horizon) it tends to the gambler's ruin stop / (target + stop).  Raises ValueError for distances below 0 or nan.

    >>> round(target_before_stop(0.001, 0.003), 6), round(target_before_stop(1.0, 50.0), 6)
    (0.75, 0.317311)
    """
    _check(target)
    _check(stop)
    if stop == 0:
        return 0.0
    if target == 0:
        return 1.0
    width = target + stop
    if width == inf:
        return touch(target)
    series = by_eigenfunctions if 1 / (width * width) >= SPECTRAL_FROM else by_images
    return min(max(series(target, stop), 0.0), touch(target))


def touch(target: float) -> float:
    """Return P(the motion reaches +target before the horizon), no stop in its way: 2 (1 - Phi(target)).

    It is the reflection principle.  `target`: >= 0, in standard deviations at the horizon.
    """
    _check(target)
    return erfc(target / sqrt(2))


def by_images(target: float, stop: float) -> float:
    """Sum over mirrored sources: erfc(((2k+1) w - s) / sqrt 2) - erfc(((2k+1) w + s) / sqrt 2), w = target + stop.

    Converges fast when the barriers are far.
    """
    width, total, odd = target + stop, 0.0, 1
    while True:
        term = erfc((odd * width - stop) / sqrt(2))
        total += term - erfc((odd * width + stop) / sqrt(2))
        if term < NEGLIGIBLE:
            return total
        odd += 2


def by_eigenfunctions(target: float, stop: float) -> float:
    """Sum s/w + 2/pi sum (-1)^n / n sin(n pi s / w) exp(-n^2 pi^2 / (2 w^2)), w = target + stop.

    Converges fast when the barriers are near.
    """
    width, total, n = target + stop, 0.0, 1
    while True:
        decay = exp(-0.5 * (n * pi / width) ** 2)
        if decay < NEGLIGIBLE:
            return stop / width + 2 / pi * total
        total += (-1) ** n / n * sin(n * pi * stop / width) * decay
        n += 1


def _check(distance: float) -> None:
    if not distance >= 0:
        msg = f"a barrier's distance is {distance}; must be 0 or more standard deviations"
        raise ValueError(msg)
