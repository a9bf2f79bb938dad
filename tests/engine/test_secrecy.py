from __future__ import annotations

from integrations.connectors.base import LogLine
from integrations.connectors.redaction import Redactor
from integrations.engine.secrecy import Secrecy, holds_redacted


def test_learned_texts_are_redacted_at_every_depth() -> None:
    secrecy = Secrecy(Redactor(["hunter22"]))
    secrecy.learn([{"data": {"tokens": ["tok-12345"], "expires": 3600, "kind": "abc"}}])

    assert secrecy.json({"a": ["tok-12345", "hunter22", "abc", 3600]}) == {
        "a": ["[redacted]", "[redacted]", "abc", 3600]
    }
    assert secrecy.text("Bearer tok-12345") == "Bearer [redacted]"
    assert secrecy.logs([LogLine("log", "tok-12345")]) == (LogLine("log", "[redacted]"),)


def test_words_of_token_responses_are_no_secrets() -> None:
    secrecy = Secrecy(Redactor([]))
    secrecy.learn([{"token_type": "Bearer", "status": "success", "access_token": "tok-12345"}])

    assert secrecy.text("success: Bearer tok-12345") == "success: Bearer [redacted]"


def test_token_that_holds_a_known_secret_goes_as_a_whole() -> None:
    secrecy = Secrecy(Redactor(["2222"]))
    secrecy.learn(["aaaa2222bbbb"])

    assert secrecy.text("token aaaa2222bbbb") == "token [redacted]"


def test_headers_with_credentials_are_hidden_whatever_they_hold() -> None:
    secrecy = Secrecy(Redactor([]))

    shown = secrecy.action_input({"headers": {"authorization": "x", "Cookie": "y", "X-Page": 1}, "body": {"a": 1}})

    assert shown == {"headers": {"authorization": "[redacted]", "Cookie": "[redacted]", "X-Page": 1}, "body": {"a": 1}}


def test_holds_redacted_looks_into_everything() -> None:
    assert holds_redacted({"a": [{"b": "Bearer [redacted]"}]})
    assert not holds_redacted({"a": [1, None, "text"]})
