"""Installs a requirements file into the environment whose Python runs this, the same on every machine.

The environment's own pip, of whatever version, installs one pinned and hashed `uv`, which installs the rest. What
happens to be on the machine changes nothing about what is installed: no `uv` on the path, no user site, and no setting
of pip or uv such as a prefix, a constraint or "no binary". Only where packages come from (index, mirror, proxy,
certificates, no index but a folder) is taken from the machine's settings, pip's included, which uv would not read.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: pip's settings that say where packages come from, with uv's variable for the same.
WHERE_FROM = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
#: Says that `find-links` is all there is; an option without a value, of pip and of uv.
NO_INDEX = "no-index"
_YES = {"y", "yes", "t", "true", "on", "1"}
#: Those that hold several values, separated by spaces; uv wants commas for the second.
_LISTS = {"extra-index-url": " ", "find-links": ",", "trusted-host": " "}
#: uv's own settings of that kind, which come before what is translated.
_UVS_OWN = {*WHERE_FROM.values(), "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_NATIVE_TLS", "UV_KEYRING_PROVIDER"}


def main(requirements: str) -> int:
    """Install the file; return an exit status."""
    settings = where_from(_pip("config", "list", environment={**os.environ, "PYTHONNOUSERSITE": "1"}).stdout)
    return install_uv(settings) or install(requirements, settings)


def where_from(listed: str) -> dict[str, str]:
    """Return what `pip config list` prints of `WHERE_FROM` and `NO_INDEX`; the environment's comes first."""
    found: dict[str, str] = {}
    order = ["global", "install", ":env:"]
    lines = (line.partition("=") for line in listed.splitlines())
    named = [(*name.rpartition(".")[::2], value) for name, equals, value in lines if equals]
    # Other sections are for other commands of pip.
    for_installing = [each for each in named if each[0] in order]
    for _section, key, value in sorted(for_installing, key=lambda each: order.index(each[0])):
        if key in WHERE_FROM:
            text = str(ast.literal_eval(value))
            found[key] = " ".join(filter(_is_there, text.split())) if key == "find-links" else text
        elif key == NO_INDEX:
            found[key] = "yes" if str(ast.literal_eval(value)).lower() in _YES else ""
    return {key: value for key, value in found.items() if value}


def install_uv(settings: Mapping[str, str]) -> int:
    """Install `uv` by pip, isolated from every setting but these."""
    options = [f"--{NO_INDEX}"] if NO_INDEX in settings else []
    for key, value in settings.items():
        if key == NO_INDEX:
            continue
        for each in value.split() if key in _LISTS else [value]:
            options += [f"--{key}", each]
    # A setting of /dev/null keeps pip from every configuration file.
    environment = {**_without(os.environ, "PIP_"), "PIP_CONFIG_FILE": os.devnull, "PYTHONNOUSERSITE": "1"}
    flags = ("--isolated", "install", "-qq", "--disable-pip-version-check", "--require-hashes", "--only-binary=:all:")
    done = _pip(*flags, *options, "-r", str(ROOT / "requirements-uv.txt"), environment=environment, shows=True)
    return done.returncode


def install(requirements: str, settings: Mapping[str, str]) -> int:
    """Install a requirements file by the environment's `uv`."""
    translated = {
        WHERE_FROM[key]: _LISTS.get(key, " ").join(value.split())
        for key, value in settings.items()
        if key in WHERE_FROM
    }
    kept = {key: value for key, value in os.environ.items() if key in _UVS_OWN}
    environment = {
        **_without(os.environ, "UV_"),
        **translated,
        **kept,
        "PYTHONNOUSERSITE": "1",
        # Hashes decide what is taken, so the first index that has a package need not be the one that has the version.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    uv = Path(sys.executable).parent / "uv"
    command = [str(uv), "pip", "install", "--no-config", "--quiet", "--require-hashes", "--only-binary", ":all:"]
    command += [f"--{NO_INDEX}"] if NO_INDEX in settings else []
    command += [] if _has_cache_folder() else ["--no-cache"]
    command += ["--python", sys.executable, "-r", requirements]
    return subprocess.run(command, env=environment, check=False).returncode


def _pip(*arguments: str, environment: Mapping[str, str], shows: bool = False) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", *arguments]
    return subprocess.run(command, env=environment, text=True, stdout=None if shows else subprocess.PIPE, check=False)


def _without(environment: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {key: value for key, value in environment.items() if not key.startswith(prefix)}


def _is_there(place: str) -> bool:
    """Return whether a place to find packages in is worth naming: pip passes over a missing folder, uv refuses it."""
    return "://" in place or Path(place).exists()


def _has_cache_folder() -> bool:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME") or "/") / ".cache")
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return os.access(existing, os.W_OK)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
