"""Serve the orders API until it is told to stop: `python -m examples.orders_api --port 8765`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from types import FrameType

from examples import orders_api
from examples.orders_api.server import OrdersServer
from examples.orders_api.shop import Settings


def main() -> int:
    """Print where it listens once it does; return after SIGTERM or SIGINT."""
    arguments = _parser().parse_args()
    settings = Settings(
        username=arguments.username,
        password=arguments.password,
        token_lifetime_seconds=arguments.token_lifetime,
        payment_failures=arguments.payment_failures,
    )
    server = OrdersServer((arguments.host, arguments.port), settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    print(f"listening on {server.url}", flush=True)
    try:
        server.serve_forever()
    finally:
        server.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    default = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m examples.orders_api",
        description=orders_api.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free one")
    parser.add_argument("--token-lifetime", type=float, default=default.token_lifetime_seconds, metavar="SECONDS")
    parser.add_argument("--payment-failures", type=int, default=default.payment_failures, metavar="TIMES")
    parser.add_argument("--username", default=os.environ.get("ORDERS_API_USERNAME", default.username))
    parser.add_argument("--password", default=os.environ.get("ORDERS_API_PASSWORD", default.password))
    return parser


def _exit(_number: int, _frame: FrameType | None) -> None:
    # Not `server.shutdown()`: it waits for `serve_forever`, which is what was just interrupted.
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
