from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.connectors.egress import InvalidRequest
from integrations.connectors.egress.targets import parse_target
from integrations.connectors.http.urls import build_url, fill_path
from integrations.definitions.resources import parse_resource
from integrations.types import Json

BASE = "https://api.example.com"


@pytest.mark.parametrize(
    ("base_url", "resource", "url"),
    [
        (BASE, "/v1/orders", f"{BASE}/v1/orders"),
        (f"{BASE}/", "v1/orders", f"{BASE}/v1/orders"),
        (f"{BASE}/api/v2/", "/orders/", f"{BASE}/api/v2/orders/"),
        (f"{BASE}/api", "", f"{BASE}/api"),
        (f"{BASE}/api?key=1#top", "/orders?sort=id#x", f"{BASE}/api/orders?key=1&sort=id"),
        (BASE, "/a b/ä/c%2Fd", f"{BASE}/a%20b/%C3%A4/c%2Fd"),
    ],
)
def test_build_url_joins_base_and_resource(base_url: str, resource: str, url: str) -> None:
    assert build_url(base_url=base_url, resource=resource, params={}, query={}) == url


@pytest.mark.parametrize("resource", ["https://evil.example.org/", "//evil.example.org/x", "file:///etc/passwd"])
def test_build_url_resource_that_is_a_url_is_refused(resource: str) -> None:
    with pytest.raises(InvalidRequest, match="resource"):
        build_url(base_url=BASE, resource=resource, params={}, query={})


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"a": "x y&z=1"}, "a=x%20y%26z%3D1"),
        ({"a": ["1", 2, None, True]}, "a=1&a=2&a=true"),
        ({"a": None, "b": False, "c": 0, "d": ""}, "b=false&c=0&d="),
        ({"a": []}, ""),
        ({"filter[status]": "ä+"}, "filter[status]=%C3%A4%2B"),
        ({"a": 1.5, "b": 1e22}, "a=1.5&b=1e%2B22"),
    ],
)
def test_build_url_query_values_are_written(query: dict[str, Json], text: str) -> None:
    url = build_url(base_url=BASE, resource="/x", params={}, query=query)

    assert url.partition("?")[2] == text


@pytest.mark.parametrize("value", [{"status": "paid"}, [{"a": 1}], [[1]]])
def test_build_url_nested_query_value_is_refused_with_a_hint(value: Json) -> None:
    with pytest.raises(InvalidRequest, match=r'query/filter: .*"filter\[status\]"'):
        build_url(base_url=BASE, resource="/x", params={}, query={"filter": value})


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        (7, "7"),
        (0, "0"),
        (False, "false"),
        ("a/b", "a%2Fb"),
        ("../x", "..%2Fx"),
        ("a?b#c", "a%3Fb%23c"),
        ("%2e%2e", "%252e%252e"),
        ("ä \\", "%C3%A4%20%5C"),
        ("...", "..."),
        ("{id}", "%7Bid%7D"),
        (":id", "%3Aid"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/:id", "/v1/{id}"])
def test_fill_path_value_stays_in_its_segment(path: str, value: Json, segment: str) -> None:
    assert fill_path(parse_resource(path), {"id": value}) == f"/v1/{segment}"


@pytest.mark.parametrize(
    ("path", "params", "message"),
    [
        ("/:a/{b}/{c}", {"b": 1, "c": None}, 'no value for "a", "c"'),
        ("/:a", {"a": ""}, "params/a: the value is empty"),
        ("/:a", {"a": "."}, "leads elsewhere"),
        ("/:a", {"a": ".."}, "leads elsewhere"),
        ("/{a}{b}", {"a": ".", "b": "."}, "leads elsewhere"),
        ("/../:a", {"a": "x"}, "leads elsewhere"),
        ("/:a", {"a": {"b": 1}}, "params/a: a nested value"),
        ("/:a", {"a": [1]}, "params/a: a nested value"),
        ("/:a", {"a": "\ud800"}, "surrogate"),
    ],
)
def test_fill_path_unusable_value_is_refused_with_its_place(path: str, params: dict[str, Json], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        fill_path(parse_resource(path), params)


@pytest.mark.parametrize(
    ("resource", "params", "sent"),
    [
        ("/s?q={term}&x=1", {"term": "a b"}, "/s?q=a%20b&x=1"),
        ("/s?q={term}&next=:none", {"term": "a&b=c"}, "/s?q=a%26b%3Dc&next=:none"),
        ("/s?{name}={value}", {"name": "a=b", "value": "#"}, "/s?a%3Db=%23"),
        ("/s?q=from:{user}+{word}", {"user": "ä", "word": 7}, "/s?q=from:%C3%A4+7"),
        ("/{id}?id={id}", {"id": "a/b"}, "/a%2Fb?id=a%2Fb"),
        ("?q={term}", {"term": "x"}, "?q=x"),
        ("/s?q={term}", {"term": ""}, "/s?q="),
        ("/s?at=12:30&sort=a:b", {}, "/s?at=12:30&sort=a:b"),
        ("/s?q={term}&y={term}", {"term": False}, "/s?q=false&y=false"),
    ],
)
def test_build_url_query_of_the_resource_is_filled(resource: str, params: dict[str, Json], sent: str) -> None:
    assert build_url(base_url=BASE, resource=resource, params=params, query={}) == BASE + sent


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, 'no value for "term"'),
        ({"term": None}, 'no value for "term"'),
        ({"term": ["a"]}, "params/term: a nested value"),
        ({"term": {"a": 1}}, "params/term: a nested value"),
    ],
)
def test_build_url_query_of_the_resource_without_a_value_is_refused(params: dict[str, Json], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        build_url(base_url=BASE, resource="/s?q={term}", params=params, query={})


@given(st.text())
def test_build_url_any_text_comes_back_from_its_own_place_in_the_query(value: str) -> None:
    url = build_url(base_url=BASE, resource="/s?a=1&q={term}&b=2", params={"term": value}, query={})

    sent = parse_target(url).path.decode()
    assert dict(parse_qsl(urlsplit(sent).query, keep_blank_values=True)) == {"a": "1", "q": value, "b": "2"}


@given(st.text(min_size=1))
def test_fill_path_any_text_comes_back_from_its_own_segment(value: str) -> None:
    try:
        url = build_url(base_url=BASE, resource="/v1/:id/end", params={"id": value}, query={})
    except InvalidRequest:
        assert value in {".", ".."}
        return
    sent = parse_target(url).path.decode()
    assert [unquote(segment) for segment in sent.split("/")] == ["", "v1", value, "end"]


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_build_url_any_query_reads_back(query: dict[str, Json]) -> None:
    url = build_url(base_url=BASE, resource="/x", params={}, query=query)

    sent = parse_target(url).path.decode()
    assert dict(parse_qsl(urlsplit(sent).query, keep_blank_values=True)) == query
