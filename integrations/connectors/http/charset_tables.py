"""Where Python's tables of characters differ from the Encoding standard's, found with Chromium's TextDecoder.

Source: encoding.spec.whatwg.org, the indexes gb18030, big5 and jis0208, and the single-byte ones.
"""
# ruff: noqa: RUF001  (characters that look alike are what this is about)

from __future__ import annotations

from typing import Final

#: Windows has a control character where Python has none in its table.
C1: Final = range(0x80, 0xA0)
CHANGED_BYTES: Final = {"koi8-u": {0xAE: "ў", 0xBE: "Ў"}, "windows-1255": {0xCA: "\u05ba"}}
JIS_CHANGED: Final = str.maketrans("〜‖−¢£¬", "～∥－￠￡￢")
#: GB 18030 of 2022 has characters of their own for what was private use before.
GB18030_CHANGED: Final = str.maketrans(
    "\ue5e5\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7\u1e3f"
    "\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864",
    "\u3000\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u1e3f\ue7c7"
    "\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
)
BIG5_CHANGED: Final = str.maketrans("•､‾∼♁☉¥¢£", "‧﹑¯～⊕⊙￥￠￡")
#: In Big5 of the standard, and not in Python's `big5hkscs`: a code in hex, and the characters from there on.
_BIG5_RUNS: Final = """
877A㡵𡵓𣚞𦀡㻬 87A1𥣞㫵竼龗𤅡𨤍𣇪𠪊𣉞䌊蒄龖鐯䤰蘓墖靊鈘秐稲晠権袝瑌篅枂稬剏遆㓦珄𥶹瓆鿇垳䤯呌䄱𣚎堘
87C9穲𧭥讏䚮𦺈䆁𥶙箮𢒼鿈𢓁𢓉𢓌鿉蔄𣖻䂴鿊䓡𪷿拁灮鿋 8E69箸 8E6F簆 8E7E糎 8EAB緒 8EB4縝 8ECD者 8ED0耨 8F57菁
8F69蒨 8F6E萏 8FCB覦覩 8FFE起 906D都 907A銹 90DC靜 90F1響 91BF鼖 9244蔃 92AF兙兛兝兞 92C8鍮 92D1瑹 9447浧
94CA禛 95D9邗 9644靝 96ED瀞 96FC嬨 9B76爁 9B78矗 9B7B纇 9BC6駖 9BDE釔 9BEC惞 9BF6澶 9C42輶 9C53侻 9C62營
9C68鄄 9C6B鷰 9C77菏 9CBC尐秣 9CD0婧 9D57輋 9D5A筑 9DC4拐 9EA9恢 9EEF痹 9EFD汊 9F60鬮 9F66鼗 9FCB僭 9FD8弌
A063蠏 A077拎 A0D5瑨 A0DF煢 A0E4牐 A3E0␡€ C6CF廴 C6D3无 C6D5癶 C6D7隶 C6DE〃仝 FA5F倩 FA66偽 FABD包 FAC5卄
FAD5卿 FB48嘅 FBB8婷 FBF3幵 FBF9廐 FC4F彘 FC6C悤 FCB9撐 FCE2晴 FCF1杞 FDB7沜渝 FDBB港 FDF1煮 FE52猪 FE6F瑜
FEAA瓩 FEDD砉
"""


def big5_added() -> dict[bytes, str]:
    """Return the characters by their two bytes."""
    table = {bytes([0xA3, 0xC0 + number]): chr(0x2400 + number) for number in range(32)}
    for run in _BIG5_RUNS.split():
        code = int(run[:4], 16)
        for character in run[4:]:
            table[code.to_bytes(2, "big")] = character
            # Behind 7E the second byte goes on with A1.
            code += 0x23 if code & 0xFF == 0x7E else 1
    return table
