"""Connects as Django's own backend does; Django finds the class by this module's name."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import PoolTimeout

#: How long a server may take to answer when it is asked why the pool has no connection.
_PROBE_SECONDS = 2
#: How often a full pool is waited for, as long as the server answers.
_TRIES = 5


class DatabaseWrapper(base.DatabaseWrapper):
    """Tells a server that cannot be reached from a pool whose connections are all in use."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection of the pool.

        Raises:
            OperationalError: with the server's own reason, such as "connection refused".
            PoolTimeout: the server answers, and all connections stay in use.
        """
        for _ in range(_TRIES - 1):
            try:
                return super().get_new_connection(conn_params)
            except PoolTimeout:
                psycopg.connect(**conn_params | {"connect_timeout": _PROBE_SECONDS}).close()
        return super().get_new_connection(conn_params)
