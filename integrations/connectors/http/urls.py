"""Puts a URL together so that no value can leave the place it was meant for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

from integrations.connectors.egress import InvalidRequest
from integrations.connectors.http.values import checked_scalar, encoded, flat_pairs, written
from integrations.types import Json

#: `{id}` anywhere, `:id` only as the start of a segment: `/v1/jobs/{id}:cancel` is a path that APIs have.
_PLACEHOLDER = re.compile(r"\{(?P<braced>[^{}/]+)\}|^:(?P<colon>[A-Za-z_][A-Za-z0-9_]*)")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|//")
#: Besides letters and digits, what a path or a query as written by its author may hold unescaped (RFC 3986).
_LITERAL_PATH, _LITERAL_QUERY = "/:@!$&'()*+,;=~%-._", "/?:@!$&'()*+,;=~%-._[]"


def build_url(*, base_url: str, resource: str, params: Mapping[str, Json], query: Mapping[str, Json]) -> str:
    """Return the URL of `resource` below `base_url`, its placeholders filled and `query` added.

    The path and the query of `base_url` are kept; a query within `resource` comes before `query`.

    Raises:
        InvalidRequest: a placeholder has no value, or a value cannot be sent in its place.
    """
    if _ABSOLUTE.match(resource):
        raise InvalidRequest("resource: this is a path below the base URL, and not a URL of its own")
    start, _, base_query = base_url.partition("#")[0].partition("?")
    path, _, own_query = resource.partition("#")[0].partition("?")
    filled = fill_path(path, params)
    queries = [_literal(base_query, _LITERAL_QUERY), _literal(own_query, _LITERAL_QUERY), _query_text(query)]
    joined = "&".join(part for part in queries if part)
    address = f"{start.rstrip('/')}/{filled.lstrip('/')}" if filled else start
    return f"{address}?{joined}" if joined else address


def fill_path(path: str, params: Mapping[str, Json]) -> str:
    """Return `path` with the values of `params` in place of `{name}` and `:name`, each kept within its segment."""
    missing = [name for name in placeholder_names(path) if params.get(name) is None]
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing)
        raise InvalidRequest(f"params: no value for {listed}, which the resource names")
    return "/".join(_filled_segment(segment, params) for segment in path.split("/"))


@lru_cache(maxsize=1024)  # the same few paths all day
def placeholder_names(path: str) -> tuple[str, ...]:
    """Return the names that `path` has placeholders for, in order, each once."""
    matches = (match for segment in path.split("/") for match in _PLACEHOLDER.finditer(segment))
    return tuple(dict.fromkeys(match["braced"] or match["colon"] for match in matches))


def _filled_segment(segment: str, params: Mapping[str, Json]) -> str:
    pieces: list[str] = []
    end = 0
    for match in _PLACEHOLDER.finditer(segment):
        name = match["braced"] or match["colon"]
        pieces += [_literal(segment[end : match.start()], _LITERAL_PATH), _path_value(name, params[name])]
        end = match.end()
    filled = "".join([*pieces, _literal(segment[end:], _LITERAL_PATH)])
    if filled in {".", ".."}:
        raise InvalidRequest('resource: a segment of the path would be "." or "..", which leads elsewhere')
    return filled


def _path_value(name: str, value: Json) -> str:
    text = written(checked_scalar(value, place=f"params/{name}"))
    if not text:
        raise InvalidRequest(f"params/{name}: the value is empty, so the path would be another one")
    return quote(encoded(text, place=f"params/{name}"), safe="")


def _literal(text: str, safe: str) -> str:
    return quote(encoded(text, place="resource"), safe=safe)


def _query_text(query: Mapping[str, Json]) -> str:
    return "&".join(
        f"{quote(encoded(name, place='query'), safe='[]')}={quote(encoded(text, place=f'query/{name}'), safe='')}"
        for name, text in flat_pairs(query, place="query")
    )
