"""What differs between two OpenAPI documents, and what of it breaks those who rely on the older one.

Breaking: something that was there is gone; a request must hold more, or may hold less, than before; an answer may hold
what it never held.  Texts and examples are differences that break nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from api.document import operations_of
from api.examples import resolved

Json = dict[str, Any]

LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """`where`: which part of the document; `what`: one sentence."""

    where: str
    what: str
    breaking: bool = False

    def __str__(self) -> str:
        """One line."""
        return f"{'BREAKING ' if self.breaking else ''}{self.where}: {self.what}"


def differences(older: Json, newer: Json) -> list[Difference]:
    """Return what differs, what breaks first."""
    breaking = sorted(set(_Comparison(older, newer).operations()))
    return [*breaking, *sorted(set(_plain("", older, newer)))]


def _plain(where: str, older: Any, newer: Any) -> Iterator[Difference]:
    """Whatever differs, value by value."""
    if isinstance(older, dict) and isinstance(newer, dict):
        for name in {**older, **newer}:
            here = f"{where}/{name.replace('/', '~1')}"
            if name not in newer:
                yield Difference(here, "is gone")
            elif name not in older:
                yield Difference(here, "is new")
            else:
                yield from _plain(here, older[name], newer[name])
    elif older != newer:
        yield Difference(where or "/", f"was {_short(older)}, is {_short(newer)}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


class _Comparison:
    """Walks two documents side by side, references looked up."""

    def __init__(self, older: Json, newer: Json) -> None:
        self.older, self.newer = older, newer

    def operations(self) -> Iterator[Difference]:
        there = {(path, method): each for path, method, each in operations_of(self.newer)}
        for path, method, before in operations_of(self.older):
            where = f"{method.upper()} {path}"
            after = there.get((path, method))
            if after is None:
                yield Difference(where, "is gone", breaking=True)
                continue
            yield from self._parameters(where, before, after)
            yield from self._bodies(where, before, after)
            yield from self._answers(where, before, after)

    def _parameters(self, where: str, before: Json, after: Json) -> Iterator[Difference]:
        old, new = (
            {(each["in"], each["name"]): each for each in operation.get("parameters", ())}
            for operation in (before, after)
        )
        for key, each in new.items():
            here = f"{where} {key[0]} parameter {key[1]}"
            if each.get("required") and not old.get(key, {}).get("required"):
                yield Difference(here, "must be given now", breaking=True)
            if key in old:
                yield from self._taken(here, old[key]["schema"], each["schema"])
        for kind, name in old.keys() - new.keys():
            yield Difference(f"{where} {kind} parameter {name}", "is gone", breaking=True)

    def _bodies(self, where: str, before: Json, after: Json) -> Iterator[Difference]:
        old, new = (operation.get("requestBody", {}) for operation in (before, after))
        if new.get("required") and not old.get("required"):
            yield Difference(f"{where} body", "must be given now", breaking=True)
        yield from self._contents(f"{where} body", old, new, taken=True)

    def _answers(self, where: str, before: Json, after: Json) -> Iterator[Difference]:
        for status, old in before["responses"].items():
            here = f"{where} {status}"
            if status not in after["responses"]:
                yield Difference(here, "is gone", breaking=True)
                continue
            old, new = self._old(old), self._new(after["responses"][status])
            for name in old.get("headers", {}).keys() - new.get("headers", {}).keys():
                yield Difference(f"{here} header {name}", "is gone", breaking=True)
            yield from self._contents(here, old, new, taken=False)

    def _contents(self, where: str, old: Json, new: Json, *, taken: bool) -> Iterator[Difference]:
        contents = new.get("content", {})
        for kind, before in old.get("content", {}).items():
            if kind not in contents:
                yield Difference(f"{where} {kind}", "is gone", breaking=True)
            else:
                walk = self._taken if taken else self._given
                yield from walk(where, _schema(before), _schema(contents[kind]))

    def _taken(self, where: str, old: Json, new: Json) -> Iterator[Difference]:
        """What the server takes: it must take all that it took."""
        before, after = self._variants(self.older, old), self._variants(self.newer, new)
        for kind, narrow in before.items():
            wide = after.get(kind)
            if wide is None:
                yield Difference(where, f"may be {kind} no more", breaking=True)
                continue
            for sort, lost in _lost(narrow, wide):
                yield Difference(where, f"{sort} {lost} no more", breaking=True)
            yield from self._taken_fields(where, narrow, wide)
            if "items" in narrow and "items" in wide:
                yield from self._taken(f"{where}[]", narrow["items"], wide["items"])

    def _taken_fields(self, where: str, old: Json, new: Json) -> Iterator[Difference]:
        fields, there = old.get("properties", {}), new.get("properties", {})
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield Difference(f"{where}.{name}", "must be given now", breaking=True)
        for name, each in fields.items():
            if name in there:
                yield from self._taken(f"{where}.{name}", each, there[name])
            else:
                yield Difference(f"{where}.{name}", "is gone", breaking=True)

    def _given(self, where: str, old: Json, new: Json) -> Iterator[Difference]:
        """What the server gives: nothing that it did not give, and all that it gave."""
        before, after = self._variants(self.older, old), self._variants(self.newer, new)
        for kind, wide in after.items():
            narrow = before.get(kind)
            if narrow is None:
                yield Difference(where, f"may be {kind} now", breaking=True)
                continue
            for each in sorted(map(str, set(wide.get("enum", ())) - set(narrow.get("enum", ())))):
                if "enum" in narrow:
                    yield Difference(where, f"may be {each} now", breaking=True)
            yield from self._given_fields(where, narrow, wide)
            if "items" in narrow and "items" in wide:
                yield from self._given(f"{where}[]", narrow["items"], wide["items"])

    def _given_fields(self, where: str, old: Json, new: Json) -> Iterator[Difference]:
        there = new.get("properties", {})
        for name, each in old.get("properties", {}).items():
            if name not in there:
                yield Difference(f"{where}.{name}", "is gone", breaking=True)
                continue
            if name in old.get("required", ()) and name not in new.get("required", ()):
                yield Difference(f"{where}.{name}", "may be left out now", breaking=True)
            yield from self._given(f"{where}.{name}", each, there[name])

    def _old(self, each: Json) -> Json:
        return resolved(self.older, each["$ref"]) if "$ref" in each else each

    def _new(self, each: Json) -> Json:
        return resolved(self.newer, each["$ref"]) if "$ref" in each else each

    def _variants(self, document: Json, schema: Json) -> dict[str, Json]:
        """The types that a schema allows, each with the schema of that type."""
        if "$ref" in schema:
            return self._variants(document, resolved(document, schema["$ref"]))
        for key in ("anyOf", "oneOf"):
            if key in schema:
                found: dict[str, Json] = {}
                for each in schema[key]:
                    found |= self._variants(document, each)
                return found
        return {str(schema.get("type", "anything")): schema}


def _schema(content: Json) -> Json:
    """The schema of a body, or of each event of a stream."""
    schema: Json = content["schema"] if "schema" in content else content.get("itemSchema", {})
    return schema


def _lost(old: Json, new: Json) -> Iterator[tuple[str, str]]:
    """What a schema of one type allowed, and allows no more."""
    if "enum" in new:
        for value in sorted(map(str, set(old.get("enum", ())) - set(new["enum"]))):
            yield "may be", value
        if "enum" not in old:
            yield "may be", f"other than {', '.join(map(str, new['enum']))}"
    for key in LOWER:
        if key in new and new[key] > old.get(key, float("-inf")):
            yield key, str(old.get(key))
    for key in UPPER:
        if key in new and new[key] < old.get(key, float("inf")):
            yield key, str(old.get(key))
    if new.get("pattern") not in (None, old.get("pattern")):
        yield "pattern", str(old.get("pattern"))
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield "may hold", "other fields"
