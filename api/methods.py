"""Which methods a path has, over all routes: the router itself tells those of the first that it finds."""

from typing import Any

from starlette.routing import compile_path


def methods_at(document: dict[str, Any], path: str) -> list[str]:
    """The methods of a path in an OpenAPI document, in capitals; none for a path that is not there.

    >>> methods_at({"paths": {"/a/{b}": {"get": {}}, "/a/{c}": {"put": {}}}}, "/a/7")
    ['GET', 'PUT']
    """
    found = {
        method.upper()
        for template, operations in document["paths"].items()
        if compile_path(template)[0].match(path)
        for method in operations
    }
    return sorted(found)
