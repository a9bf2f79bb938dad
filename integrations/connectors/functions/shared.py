"""The one pool that a process runs functions in, sized by configuration, and the one compiler."""

from __future__ import annotations

import threading

from integrations import conf
from integrations.connectors.functions.compiler import Compiler
from integrations.connectors.functions.isolation import Isolation
from integrations.connectors.functions.pool import FunctionPool
from integrations.errors import SandboxError

_lock = threading.Lock()
_pool: FunctionPool | None = None
_compiler: Compiler | None = None


def shared_pool() -> FunctionPool:
    """Return this process's pool, made when first asked for; its children start with the first call.

    Raises:
        SandboxError: `unavailable`, functions are switched off.
    """
    global _pool
    _check_enabled()
    with _lock:
        if _pool is None:
            _pool = FunctionPool(processes=conf.function_processes())
        return _pool


def shared_compiler() -> Compiler:
    """Return this process's compiler, made when first asked for; its child starts with the first source.

    Raises:
        SandboxError: `unavailable`, functions are switched off.
    """
    global _compiler
    _check_enabled()
    with _lock:
        if _compiler is None:
            _compiler = Compiler()
        return _compiler


def _check_enabled() -> None:
    if not conf.functions_enabled():
        raise SandboxError("functions are off (DUCTAPE_FUNCTIONS_ENABLED)", code="unavailable")


def sandbox_report() -> Isolation:
    """Return what keeps user code in on this system, as a child process found it.

    Raises:
        SandboxError: `unavailable`, functions are off or cannot be isolated; the message says what is missing.
    """
    return shared_pool().isolation()
