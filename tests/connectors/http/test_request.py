from __future__ import annotations

import pytest

from integrations.connectors.egress import InvalidRequest
from integrations.connectors.http.request import build_request
from integrations.types import Json

BASE = "https://api.example.com/v1"


def test_build_request_puts_every_part_in_its_place() -> None:
    request = build_request(
        base_url=BASE,
        method="POST",
        resource="/orders/:id",
        params={"id": "a/b"},
        query={"dry": True},
        headers={"X-Count": 2, "X-Tag": ["a", "b"], "X-None": None},
        body={"item": "tea"},
        allowed_hosts=("api.example.com",),
        secret_headers=["X-Tag"],
    )

    assert (request.method, request.url) == ("POST", f"{BASE}/orders/a%2Fb?dry=true")
    assert request.headers == (
        ("X-Count", "2"),
        ("X-Tag", "a"),
        ("X-Tag", "b"),
        ("Content-Type", "application/json"),
    )
    assert request.body == b'{"item":"tea"}'
    assert request.allowed_hosts == ("api.example.com",)
    assert request.secret_headers == {"x-tag"}


@pytest.mark.parametrize(
    ("method", "body", "content"),
    [
        ("GET", None, None),
        ("POST", None, None),
        ("GET", {}, None),
        ("delete", {}, None),
        ("POST", {}, b"{}"),
        ("GET", {"a": 1}, b'{"a":1}'),
        ("PUT", 0, b"0"),
        ("PUT", "", b'""'),
    ],
)
def test_build_request_sends_a_body_where_there_is_one(method: str, body: Json, content: bytes | None) -> None:
    request = build_request(base_url=BASE, method=method, resource="/x", body=body)

    assert request.body == content


def test_build_request_own_content_type_wins() -> None:
    request = build_request(
        base_url=BASE, method="POST", resource="", headers={"content-type": "application/vnd.x+json"}, body=[]
    )

    assert request.headers == (("content-type", "application/vnd.x+json"),)


def test_build_request_multipart_keeps_its_boundary() -> None:
    request = build_request(
        base_url=BASE,
        method="POST",
        resource="",
        request_type="multipart",
        headers={"Content-Type": "multipart/form-data"},
        body={"a": 1},
    )

    (name, value), *others = request.headers
    assert not others
    assert name == "Content-Type"
    assert value.partition("boundary=")[2].encode() in (request.body or b"")


def test_build_request_nested_header_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="headers/X-A: a nested value"):
        build_request(base_url=BASE, method="GET", resource="", headers={"X-A": {"b": 1}})


def test_build_request_shown_leaves_secrets_out() -> None:
    request = build_request(
        base_url=BASE, method="POST", resource="/hunter22", headers={"Authorization": "hunter22"}, body="hunter22"
    )

    assert "hunter22" not in repr(request)
