from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.connectors.egress import ProtocolFailed, ResponseTooLarge
from integrations.connectors.egress.decompression import Body


def _gzipped(data: bytes) -> bytes:
    """Without the time that is in every gzip header: test processes must name their tests alike."""
    return gzip.compress(data, mtime=0)


def raw_deflate(content: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


#: By what the header says, then by how it is written.
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": _gzipped,
    "x-gzip": _gzipped,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "identity, gzip": _gzipped,
    "deflate, identity": raw_deflate,
}


def read(encoding: str, content: bytes, *, chunk_bytes: int = 7, max_bytes: int = 10_000) -> bytes:
    body = Body(encoding=encoding, max_bytes=max_bytes)
    for start in range(0, len(content), chunk_bytes):
        body.add(content[start : start + chunk_bytes])
    return body.finish()


@given(encoding=st.sampled_from(sorted(ENCODERS)), content=st.binary(max_size=500), chunk_bytes=st.integers(1, 600))
def test_body_in_any_chunks_comes_out_whole(encoding: str, content: bytes, chunk_bytes: int) -> None:
    assert read(encoding, ENCODERS[encoding](content), chunk_bytes=chunk_bytes) == content


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("GZIP ", _gzipped(b"hello")),
        ("deflate", raw_deflate(b"hello")),
        ("gzip", _gzipped(b"hel") + _gzipped(b"lo")),
        ("identity", b"hello"),
    ],
)
def test_body_unusual_but_proper_is_read(encoding: str, content: bytes) -> None:
    assert read(encoding, content) == b"hello"


@pytest.mark.parametrize("encode", [raw_deflate, zlib.compress])
@pytest.mark.parametrize("sizes", [(1, 1, 500), (0, 1, 500), (1, 0, 0, 1, 500), (0, 0, 2, 500), (2, 500)])
def test_body_in_deflate_of_either_kind_may_begin_with_a_byte(
    encode: Callable[[bytes], bytes], sizes: tuple[int, ...]
) -> None:
    content, body = encode(b"hello" * 9), Body(encoding="deflate", max_bytes=1_000)
    for size in sizes:
        body.add(content[:size])
        content = content[size:]

    assert body.finish() == b"hello" * 9


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_body_bomb_stops_at_the_limit(encoding: str) -> None:
    bomb = ENCODERS[encoding](bytes(50_000_000))
    body = Body(encoding=encoding, max_bytes=10_000)

    with pytest.raises(ResponseTooLarge):
        body.add(bomb)

    assert len(body._plain) <= 10_001


def test_body_exactly_at_the_limit_is_let_in() -> None:
    assert len(read("gzip", _gzipped(bytes(10_000)))) == 10_000


def test_body_endless_input_without_output_stops_at_the_limit() -> None:
    empty_member = _gzipped(b"")

    with pytest.raises(ResponseTooLarge):
        read("gzip", empty_member * 1_000, chunk_bytes=1_000)


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gzip", b"not gzip at all"),
        ("gzip", _gzipped(b"hello")[:-3]),
        ("deflate", zlib.compress(b"hello" * 50)[:-6]),
        ("deflate", raw_deflate(b"hello")[:1]),
        ("utf-8", b"hello"),
        ("deflate", zlib.compress(b"hello") + b"more"),
        ("br", b"anything"),
        ("gzip, gzip", _gzipped(_gzipped(b"hello"))),
    ],
)
def test_body_not_what_it_claims_is_a_protocol_failure(encoding: str, content: bytes) -> None:
    with pytest.raises(ProtocolFailed):
        read(encoding, content)


def test_body_without_content_is_empty_whatever_it_claims() -> None:
    assert read("br", b"") == b""


def test_stream_of_thousands_of_empty_members_is_refused_early() -> None:
    members = gzip.compress(b"") * 2_000

    with pytest.raises(ProtocolFailed, match="goes on behind its end"):
        read("gzip", members, chunk_bytes=len(members), max_bytes=1_000_000)


def test_stream_of_many_members_is_read() -> None:
    assert read("gzip", gzip.compress(b"ab") * 900, chunk_bytes=1_000, max_bytes=1_000_000) == b"ab" * 900
