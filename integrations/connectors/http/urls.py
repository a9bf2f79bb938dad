"""Puts a URL together so that no value can leave the place it was meant for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from integrations.connectors.egress import InvalidRequest
from integrations.connectors.http.values import checked_scalar, encoded, flat_pairs, written
from integrations.definitions.resources import Piece, Resource, parse_resource
from integrations.types import Json

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
    parts = parse_resource(resource)
    filled = fill_path(parts, params)
    own_query = "".join(_query_piece(piece, params) for piece in parts.query)
    queries = [_literal(base_query, _LITERAL_QUERY), own_query, _query_text(query)]
    joined = "&".join(part for part in queries if part)
    address = f"{start.rstrip('/')}/{filled.lstrip('/')}" if filled else start
    return f"{address}?{joined}" if joined else address


def fill_path(resource: Resource, params: Mapping[str, Json]) -> str:
    """Return the path with the values of `params` in place of its placeholders, each kept within its segment."""
    missing = [name for name in resource.names if params.get(name) is None]
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing)
        raise InvalidRequest(f"params: no value for {listed}, which the resource names")
    return "/".join(_filled_segment(segment, params) for segment in resource.path)


def _filled_segment(segment: Sequence[Piece], params: Mapping[str, Json]) -> str:
    filled = "".join(
        _path_value(piece.name, params[piece.name]) if piece.name else _literal(piece.text, _LITERAL_PATH)
        for piece in segment
    )
    if filled in {".", ".."}:
        raise InvalidRequest('resource: a segment of the path would be "." or "..", which leads elsewhere')
    return filled


def _query_piece(piece: Piece, params: Mapping[str, Json]) -> str:
    if not piece.name:
        return _literal(piece.text, _LITERAL_QUERY)
    place = f"params/{piece.name}"
    return quote(encoded(written(checked_scalar(params[piece.name], place=place)), place=place), safe="")


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
