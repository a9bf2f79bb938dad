from __future__ import annotations

import hashlib
import time

import pytest

from integrations.connectors.http.charsets import decoder_of

#: What Chromium 156 makes of every byte and, where there are such, of every two bytes; 16 digits of the SHA-256.
CHROMIUM = {
    "big5": "0da39e6c8771fac1",
    "euc-jp": "949d9f0363be62c8",
    "euc-kr": "5c062f06565f3e7e",
    "gb18030": "af8270a43ab080d7",
    "gbk": "af8270a43ab080d7",
    "ibm866": "30971603ed3d3a0b",
    "iso-8859-10": "a33f539de9c78a1a",
    "iso-8859-13": "a6eadf080a408a73",
    "iso-8859-14": "a3e485516a73986c",
    "iso-8859-15": "366bb1c2d08aef52",
    "iso-8859-16": "79edb66d1da94333",
    "iso-8859-2": "02089cb953057473",
    "iso-8859-3": "dd5298dfb73389bc",
    "iso-8859-4": "c8125d4b05269577",
    "iso-8859-5": "ad602483104550f6",
    "iso-8859-6": "71bd83bd39866c33",
    "iso-8859-7": "eb298b9f520f7909",
    "iso-8859-8": "05013c8da9779b14",
    "iso-8859-8-i": "05013c8da9779b14",
    "koi8-r": "8d9eedb20f1eab53",
    "koi8-u": "7320bf9d7a4b38a5",
    "macintosh": "3b3880b7387725a1",
    "shift_jis": "1ed864c36fd71002",
    "windows-1250": "61681d9352e76e99",
    "windows-1251": "3127c954261ea854",
    "windows-1252": "00e76f3968a6a331",
    "windows-1253": "f742dac56d6ed645",
    "windows-1254": "dad1612d5db3337e",
    "windows-1255": "29af71285fd1b3e0",
    "windows-1256": "4583240a57fe8df0",
    "windows-1257": "1a04bcda6d88bc11",
    "windows-1258": "a507aa9342f630b2",
    "windows-874": "d52c9c9d2095410a",
    "x-mac-cyrillic": "119e01a0bb3c6ece",
    "x-user-defined": "3355b03506c37133",
}
OF_TWO_BYTES = {"big5", "euc-jp", "euc-kr", "gb18030", "gbk", "shift_jis"}
#: U+2215 and U+FE68, for which Python has the same characters as at A1FE and A240.
LEFT_OUT = {b"\xa2\x41", b"\xa2\x42"}


def decoded(name: str, body: bytes) -> str | None:
    decode = decoder_of(name)
    assert decode is not None
    try:
        return decode(body)
    except UnicodeDecodeError:
        return None


@pytest.mark.parametrize("name", CHROMIUM)
def test_every_character_is_that_of_the_encoding_standard(name: str) -> None:
    pairs = (
        ([bytes([lead, trail]) for lead in range(0x80, 256) for trail in range(256)]) if name in OF_TWO_BYTES else []
    )
    digest = hashlib.sha256()

    for body in [*(bytes([byte]) for byte in range(256)), *pairs]:
        text = None if name == "big5" and body in LEFT_OUT else decoded(name, body)
        digest.update(b"\xff" if text is None else text.encode() + b"\xfe")

    assert digest.hexdigest()[:16] == CHROMIUM[name]


def test_iso_2022_jp_has_the_table_of_euc_jp() -> None:
    pairs = [bytes([lead, trail]) for lead in range(0x21, 0x7F) for trail in range(0x21, 0x7F)]

    for pair in pairs:
        assert decoded("iso-2022-jp", b"\x1b$B" + pair + b"\x1b(B") == decoded("euc-jp", bytes(b | 0x80 for b in pair))


@pytest.mark.parametrize(
    ("name", "unit"),
    [("gbk", b"\x80a"), ("big5", b"\xa3\xe1"), ("euc-jp", b"\xad\xa1a"), ("iso-2022-jp", b"\x1b(I1\x1b(B")],
)
def test_what_python_does_not_know_takes_time_by_its_length(name: str, unit: bytes) -> None:
    started = time.process_time()
    decoded(name, unit * 100_000)

    assert time.process_time() - started < 2
