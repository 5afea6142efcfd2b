"""One line of CSV into fields, for lines that no bulk reader took.  Never fails: what is no row has another count."""


def fields_of(line: str) -> list[str]:
    """Split a line at its commas; a field that begins with a quote runs to the closing one, or to the end.

    >>> fields_of('A,"12,37",'), fields_of('A,"12,0')
    (['A', '12,37', ''], ['A', '12,0'])
    """
    if '"' not in line:
        return line.split(",")
    fields, place = [], 0
    while place <= len(line):
        field, place = _quoted(line, place + 1) if line.startswith('"', place) else _plain(line, place)
        fields.append(field)
    return fields


def _plain(line: str, start: int) -> tuple[str, int]:
    end = line.find(",", start)
    end = len(line) if end < 0 else end
    return line[start:end], end + 1


def _quoted(line: str, start: int) -> tuple[str, int]:
    """Read a field whose opening quote stands before `start`; return it and where the next one starts."""
    place = start
    while True:
        quote = line.find('"', place)
        if quote < 0:
            return line[start:], len(line) + 1
        if not line.startswith('"', quote + 1):
            rest, after = _plain(line, quote + 1)
            return line[start:quote].replace('""', '"') + rest, after
        place = quote + 2
