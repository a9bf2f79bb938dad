"""What is taken from a machine's settings for installing; .ci/bare installs for real."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts.loading import load

install = load("_install")


def test_environment_comes_before_the_section_for_installing_and_that_before_the_global_one() -> None:
    listed = "\n".join(
        [
            ":env:.index-url='https://env.example/simple'",
            "global.index-url='https://global.example/simple'",
            "install.index-url='https://install.example/simple'",
            "install.proxy='http://proxy.example:3128'",
            "global.proxy='http://other.example'",
        ]
    )

    assert install.where_from(listed) == {
        "index-url": "https://env.example/simple",
        "proxy": "http://proxy.example:3128",
    }


def test_only_where_packages_come_from_is_taken() -> None:
    listed = "global.user='true'\nglobal.constraint='/etc/c.txt'\nglobal.no-binary=':all:'\ninstall.target='/opt'\n"

    assert install.where_from(listed + "global.cert='/etc/ca.pem'\n") == {"cert": "/etc/ca.pem"}


def test_settings_for_other_commands_of_pip_are_left_out() -> None:
    assert install.where_from("download.index-url='https://other.example/simple'\nwheel.proxy='http://p'\n") == {}


@pytest.mark.parametrize(("written", "found"), [("true", {"no-index": "yes"}), ("1", {"no-index": "yes"}), ("no", {})])
def test_having_no_index_but_a_folder_is_taken(written: str, found: dict[str, str]) -> None:
    assert install.where_from(f":env:.no-index='{written}'\n") == found


def test_folder_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    listed = f"global.find-links='{tmp_path} /not/there https://wheels.example/'"

    assert install.where_from(listed) == {"find-links": f"{tmp_path} https://wheels.example/"}


def test_pip_of_this_machine_lists_its_settings_in_that_form(tmp_path: Path) -> None:
    """Against pip itself, so that a version that writes them otherwise is noticed."""
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://one.example/simple\ntrusted-host =\n  a\n  b\n")
    environment = {**os.environ, "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "PIP_PROXY": "http://two.example"}

    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, env=environment, text=True, capture_output=True, check=True).stdout

    found = install.where_from(listed)
    assert (found["index-url"], found["proxy"]) == ("https://one.example/simple", "http://two.example")
    assert found["trusted-host"].split() == ["a", "b"]


@pytest.mark.parametrize(
    "key", sorted({*install.WHERE_FROM, install.NO_INDEX} - {"default-timeout"})
)  # an alias that pip hides
def test_every_setting_is_an_option_of_pip(key: str) -> None:
    shown = subprocess.run([sys.executable, "-m", "pip", "help", "install"], text=True, capture_output=True, check=True)

    assert f"--{key}" in shown.stdout
