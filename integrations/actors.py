"""On whose behalf an operation runs, and what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from integrations.errors import PermissionRefused

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class System:
    """Whoever runs the server: commands, the scheduler, the demo. May do everything and is nobody's user row."""

    pk = None
    is_superuser = True
    is_authenticated = True
    is_active = True

    def has_perm(self, _perm: str) -> bool:
        return True

    def __str__(self) -> str:
        return "system"


SYSTEM = System()
Actor: TypeAlias = "User | System"


def user_of(by: Actor) -> User | None:
    """Return the user row to write down as who did it."""
    return None if isinstance(by, System) else by


def require(by: Actor, codename: str, *, to: str) -> None:
    """Do nothing when `by` has the permission `integrations.<codename>`.

    Raises:
        PermissionRefused: naming what was wanted (`to`) and the permission that is missing.
    """
    if not (by.is_active and by.has_perm(f"integrations.{codename}")):
        raise PermissionRefused(f'you may not {to}; ask an administrator for the permission "{codename}"')
