from __future__ import annotations

import base64
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from ductape_site import environment

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(range(32, 64))).decode()


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> environment.Environment:
    for name in ("THING", "THING_FILE"):
        monkeypatch.delenv(name, raising=False)
    return environment.Environment()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("true", True),
        ("YES", True),
        (" on ", True),
        ("1", True),
        ("false", False),
        ("No", False),
        ("off", False),
        ("0", False),
    ],
)
def test_boolean_known_word_is_read(
    env: environment.Environment, monkeypatch: pytest.MonkeyPatch, word: str, expected: bool
) -> None:
    monkeypatch.setenv("THING", word)

    assert env.boolean("THING", default=not expected) is expected


@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_boolean_missing_or_empty_is_the_default(
    env: environment.Environment, monkeypatch: pytest.MonkeyPatch, value: str | None, default: bool
) -> None:
    if value is not None:
        monkeypatch.setenv("THING", value)

    assert env.boolean("THING", default=default) is default


@pytest.mark.parametrize("word", ["x", "tru", "2", "-1", "none", "y", "enabled"])
def test_boolean_unknown_word_is_refused_with_what_is_accepted(
    env: environment.Environment, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("THING", word)

    with pytest.raises(
        ImproperlyConfigured, match=r"THING is .* Set it to one of: true, yes, on, 1, false, no, off, 0"
    ):
        env.boolean("THING", default=True)


@pytest.mark.parametrize("word", ["x", "-1", "0", "1.5", "²"])
def test_whole_number_bad_value_is_refused(
    env: environment.Environment, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("THING", word)

    with pytest.raises(ImproperlyConfigured, match="THING"):
        env.whole_number("THING", default=3, minimum=1)


def test_whole_number_given_wins_over_the_default(
    env: environment.Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert env.whole_number("THING", default=3, minimum=1) == 3

    monkeypatch.setenv("THING", "8")

    assert env.whole_number("THING", default=3, minimum=1) == 8


@pytest.mark.parametrize("value", [None, "", " \n"])
def test_required_missing_says_what_to_set(
    env: environment.Environment, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv("THING", value)

    with pytest.raises(ImproperlyConfigured, match=r"Set THING \(or THING_FILE.*\) to a nice word\."):
        env.required("THING", to_set="a nice word")


def test_required_file_variant_wins_and_loses_its_newline(
    env: environment.Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from the file\n")
    monkeypatch.setenv("THING", "from the environment")
    monkeypatch.setenv("THING_FILE", str(secret))

    assert env.required("THING", to_set="anything") == "from the file"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xfa"])
def test_file_variant_unreadable_names_the_variable(
    env: environment.Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("THING_FILE", str(path))

    with pytest.raises(ImproperlyConfigured, match="THING_FILE names a file that cannot be read"):
        env.text("THING")


def test_load_env_file_completes_but_does_not_override(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("THING=from the file\nOTHER_THING=from the file\n")
    monkeypatch.delenv("DUCTAPE_ENV_FILE")
    monkeypatch.setenv("THING", "from the environment")
    # Set and deleted, so that monkeypatch removes at the end what loading sets.
    monkeypatch.setenv("OTHER_THING", "")
    monkeypatch.delenv("OTHER_THING")

    env = environment.load(tmp_path)

    assert env.text("THING") == "from the environment"
    assert env.text("OTHER_THING") == "from the file"


def test_load_empty_env_file_setting_reads_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("THING=from the file\n")
    monkeypatch.setenv("DUCTAPE_ENV_FILE", "")

    assert environment.load(tmp_path).text("THING") == ""


def test_encryption_keys_keep_their_order() -> None:
    keys = environment.parse_encryption_keys(f"new:{KEY}, old:{OTHER_KEY.rstrip('=')}")

    assert list(keys.items()) == [("new", bytes(range(32))), ("old", bytes(range(32, 64)))]


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f":{KEY}",
        "k1:",
        "k1:short",
        f"k1:{KEY}AAAA",
        f"k 1:{KEY}",
        "k1:" + "!" * 43,
        f"k1:{KEY},k1:{OTHER_KEY}",
    ],
)
def test_encryption_keys_malformed_are_refused_without_repeating_them(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"DUCTAPE_ENCRYPTION_KEYS: entry \d") as caught:
        environment.parse_encryption_keys(text)

    assert KEY not in str(caught.value)


@given(st.text())
def test_encryption_keys_any_text_is_read_or_refused(text: str) -> None:
    try:
        keys = environment.parse_encryption_keys(text)
    except ImproperlyConfigured:
        return
    assert all(len(key) == 32 for key in keys.values())


def test_egress_entries_are_kept_as_written() -> None:
    assert environment.egress_entries(["localhost:8765", "10.0.0.0/8"]) == ("localhost:8765", "10.0.0.0/8")


@pytest.mark.parametrize("word", ["http://localhost:8765", "local host"])
def test_egress_entries_url_is_refused(word: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DUCTAPE_EGRESS_ALLOW"):
        environment.egress_entries([word])


@pytest.mark.parametrize(("word", "expected"), [("", "database"), ("database", "database"), (" Celery ", "celery")])
def test_one_of_reads_a_choice_and_takes_the_first_without(
    env: environment.Environment, monkeypatch: pytest.MonkeyPatch, word: str, expected: str
) -> None:
    monkeypatch.setenv("THING", word)

    assert env.one_of("THING", choices=("database", "celery")) == expected


def test_one_of_unknown_word_names_the_choices(env: environment.Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "kafka")

    with pytest.raises(ImproperlyConfigured, match=r"THING is 'kafka'\. Set it to one of: database, celery\."):
        env.one_of("THING", choices=("database", "celery"))


@pytest.mark.parametrize(
    "url", ["amqp://host//", "amqps://u:p@host/vhost", "redis://host/0", "rediss://:p@host:6380/1"]
)
def test_broker_url_of_rabbitmq_or_redis_is_kept(url: str) -> None:
    assert environment.checked_broker_url(url) == url


@pytest.mark.parametrize("url", ["memory://", "sqs://hush@host", "redis:hush", "hush"])
def test_broker_url_of_anything_else_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="CELERY_BROKER_URL names no broker") as refused:
        environment.checked_broker_url(url)

    assert "hush" not in str(refused.value)
