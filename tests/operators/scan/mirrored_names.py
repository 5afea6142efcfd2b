"""What a condition is called in the mirrored market."""

from operators.scan.detectors.side_names import OF_SHORTS

_MIRROR = {**OF_SHORTS, **{short: long for long, short in OF_SHORTS.items()}}


def turned_name(name: str, *, swapped: bool = True) -> str:
    """The name of a condition where long and short are swapped."""
    return _MIRROR.get(name, name) if swapped else name
