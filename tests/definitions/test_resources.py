from __future__ import annotations

import pytest

from integrations.definitions.resources import parse_resource, unfilled


@pytest.mark.parametrize(
    ("resource", "names"),
    [
        ("/v1/orders/:id", ["id"]),
        ("/v1/orders/{id}/items/{item-id}", ["id", "item-id"]),
        (":a/{b}{c}/:a", ["a", "b", "c"]),
        ("/v1/jobs/{id}:cancel", ["id"]),
        ("/v1/jobs:run", []),
        ("/{}/{a/b}", []),
        ("/s?q={term}&x=1", ["term"]),
        ("/orders/:id/lines/{line}", ["id", "line"]),
        ("/a/:id/:id?next=:none", ["id"]),
        ("/orders", []),
        ("/:id?{key}={value}&at=12:30", ["id", "key", "value"]),
        ("?q={term}", ["term"]),
        ("/s?q={a}#{b}", ["a"]),
    ],
)
def test_names_of_a_resource(resource: str, names: list[str]) -> None:
    assert list(parse_resource(resource).names) == names


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ("/a/{}", "a brace is part of no placeholder"),
        ("/a/{b/c}", "a brace is part of no placeholder"),
        ("/a/{{id}}", "a brace is part of no placeholder"),
        ("/a/{id", "a brace is part of no placeholder"),
        ("/s?q={a=b}", "a brace is part of no placeholder"),
        ('/s?filter={"a":{x}}', "a brace is part of no placeholder"),
        ("/a#b", "what follows a # is never sent"),
        ("/a#{id}", "what follows a # is never sent"),
        ("/orders/$Input{id}", "$Input{…} is not read here"),
        ("/orders?key=$Secret{key}", "$Secret{…} is not read here"),
        ("/orders/<id>", "<id> is no placeholder"),
    ],
)
def test_what_only_looks_filled_is_a_problem(resource: str, message: str) -> None:
    assert [said for said, _ in unfilled(resource)] == [message]


@pytest.mark.parametrize(
    "resource", ["", "/", "/a/:b/{c}?d={e}&f=:g", "/v1/jobs/{id}:cancel", "/a b/ä/c%2Fd", "/x;v=1/(a)/$count?$filter=1"]
)
def test_what_is_sent_as_it_stands_is_none(resource: str) -> None:
    assert list(unfilled(resource)) == []
