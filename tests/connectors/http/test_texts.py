# ruff: noqa: RUF001  (characters that look alike are what this is about)
from __future__ import annotations

import codecs

import pytest

from integrations.connectors.http.texts import decode_json, decode_text

XML = '<?xml version="1.0" encoding="{}"?><a>é</a>'


@pytest.mark.parametrize(
    ("label", "body", "text"),
    [
        ("iso-8859-1", b"caf\xe9 \x80", "café €"),
        ("us-ascii", b"caf\xe9", "café"),
        ("latin1", b"\x93x\x94", "“x”"),
        ("windows-1252", b"\x81\x8d", "\x81\x8d"),
        ("windows-1251", "Заказ".encode("cp1251"), "Заказ"),
        ("koi8-u", b"\xae\xbe", "ўЎ"),
        ("Shift_JIS", "①髙﨑〜".replace("〜", "～").encode("cp932"), "①髙﨑～"),
        ("windows-31j", "㈱山﨑".encode("cp932"), "㈱山﨑"),
        ("x-sjis", "テスト".encode("cp932"), "テスト"),
        ("ms_kanji", b"\x81\x60", "～"),
        ("gb2312", "镕堃€".encode("gb18030"), "镕堃€"),
        ("x-gbk", b"\x80", "€"),
        ("gbk", b"\xa6\xd9\x80\x80a", "︐€€a"),
        ("gb18030", b"\xa8\xbc\x81\x35\xf4\x37", "ḿ\ue7c7"),
        ("euc-kr", "똠방각하".encode("cp949"), "똠방각하"),
        ("ks_c_5601-1987", "한국".encode("cp949"), "한국"),
        ("big5", b"\xa3\xe1\xa1\x45", "€‧"),
        ("big5-hkscs", b"\x87\xbe\xf9\xd6\x88\x62", "㓦碁Ê̄"),
        ("euc-jp", b"\xad\xa1\xad\xa2\xa1\xc1", "①②～"),
        ("x-euc-jp", "日本".encode("euc_jp"), "日本"),
        ("iso-2022-jp", b"\x1b$B\x2d\x21\x1b(I1\x1b(J\\~\x1b(B\\", "①ｱ¥‾\\"),
        ("utf-16", "é".encode("utf-16-le"), "é"),
        ("utf-32", "é".encode("utf-32"), "é"),
        ("cp437", b"\x82", "é"),
        ("UTF8", "é".encode(), "é"),
        (" utf-8 ", "é".encode(), "é"),
        ("no-such-charset", "é".encode(), "é"),
        ("zlib", b"x", "x"),
        ("punycode", b"bcher-kva", "bcher-kva"),
        ("", "é".encode(), "é"),
    ],
)
def test_text_is_decoded_by_the_labels_of_the_encoding_standard(label: str, body: bytes, text: str) -> None:
    assert decode_text(body, media_type="text/plain", label=label) == text


@pytest.mark.parametrize(
    ("label", "body"),
    [
        ("", b"caf\xe9"),
        ("utf-8", b"\xed\xa0\x80"),
        ("utf-8", b"\xc0\xaf"),
        ("shift_jis", b"\x82"),
        ("shift_jis", b"\xfd"),
        ("shift_jis", b"\xa0"),
        ("euc-jp", b"\xad\xfe"),
        ("euc-kr", b"\xff"),
        ("big5", b"\x80"),
        ("gbk", b"\xff"),
        ("windows-1253", b"\xff"),
        ("iso-2022-jp", b"\x1b$Bx"),
        ("iso-2022-jp", b"\x0e"),
        ("iso-2022-jp", b"\x1b"),
        ("iso-2022-kr", b"x"),
        ("utf-16", b"abc"),
        ("utf-16", b"\x00\xd8"),
        ("", b"a\0b"),
    ],
)
def test_text_that_is_none_is_none(label: str, body: bytes) -> None:
    assert decode_text(body, media_type="text/plain", label=label) is None


@pytest.mark.parametrize("media_type", ["text/plain", "text/csv", "application/xml", "text/html", "text/css"])
@pytest.mark.parametrize("label", ["", "utf-8", "iso-8859-1", "shift_jis"])
@pytest.mark.parametrize(
    ("mark", "name"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_byte_order_mark_decides_and_is_no_part_of_the_text(
    media_type: str, label: str, mark: bytes, name: str
) -> None:
    assert decode_text(mark + "a;é".encode(name), media_type=media_type, label=label) == "a;é"


@pytest.mark.parametrize("media_type", ["text/xml", "application/xml", "application/atom+xml", "application/soap+xml"])
@pytest.mark.parametrize("name", ["ISO-8859-1", "windows-1252", "UTF-8", "Shift_JIS", "gb2312", "utf-16"])
def test_xml_without_a_label_is_in_the_charset_that_it_declares(media_type: str, name: str) -> None:
    text = XML.format(name).replace("é", "ア" if name in ("Shift_JIS", "gb2312") else "é")
    codec = {"Shift_JIS": "cp932", "gb2312": "gb18030", "utf-16": "utf-8"}.get(name, name)

    assert decode_text(text.encode(codec), media_type=media_type, label="") == text


def test_xml_label_comes_before_its_declaration() -> None:
    text = XML.format("UTF-8")

    assert decode_text(text.encode("latin-1"), media_type="text/xml", label="iso-8859-1") == text


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_xml_in_utf_16_without_a_mark_is_seen(codec: str) -> None:
    text = XML.format("UTF-16")

    assert decode_text(text.encode(codec), media_type="application/xml", label="") == text


@pytest.mark.parametrize(
    "head",
    [
        "<meta charset=iso-8859-1>",
        '<META http-equiv="Content-Type" content="text/html; charset=iso-8859-1">',
        "<!-- <meta charset=utf-8> --><meta name=x><meta charset = 'iso-8859-1' />",
    ],
)
def test_html_without_a_label_is_in_the_charset_of_its_meta(head: str) -> None:
    text = f"<html><head>{head}</head><p>é"

    assert decode_text(text.encode("latin-1"), media_type="text/html", label="") == text


def test_css_is_in_the_charset_that_it_names() -> None:
    text = '@charset "iso-8859-1"; a::after { content: "é" }'

    assert decode_text(text.encode("latin-1"), media_type="text/css", label="") == text


@pytest.mark.parametrize("label", ["", "utf-8", "iso-8859-1", "us-ascii", "shift_jis", "utf-16", "gbk", "nonsense"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_json_is_what_its_first_bytes_say_whatever_its_label(label: str, codec: str) -> None:
    assert decode_json('{"name": "José ①"}'.encode(codec), label=label) == '{"name": "José ①"}'


@pytest.mark.parametrize(
    ("label", "body", "text"),
    [
        ("iso-8859-1", b'"Jos\xe9"', '"José"'),
        ("shift_jis", '"テスト"'.encode("cp932"), '"テスト"'),
        ("", b'"Jos\xe9"', None),
        ("utf-8", b'"Jos\xe9"', None),
        ("euc-kr", b'"\xff"', None),
        ("nonsense", b'"Jos\xe9"', None),
    ],
)
def test_json_that_is_not_utf_8_is_what_its_label_says(label: str, body: bytes, text: str | None) -> None:
    assert decode_json(body, label=label) == text
