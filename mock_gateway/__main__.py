"""`python -m mock_gateway`: start one gateway process."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from mock_gateway.app import create_app
from mock_gateway.errors import SettingsError
from mock_gateway.gateway_profile import load_profile
from mock_gateway.ledger import LedgerSettings
from mock_gateway.serving import open_listener, serve
from mock_gateway.settings import Settings, load_credentials

_WRONG_SETTINGS = 2
_SEED_MAX = 2**63 - 1


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one message, without the usage text in front of it."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message} (see --help)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 after an orderly end, 2 when something about the settings is wrong."""
    try:
        options = _build_parser().parse_args(arguments)
        settings = Settings(
            profile=load_profile(options.profile),
            seed=options.seed,
            credentials=load_credentials(os.environ),
            ledger=LedgerSettings(path=options.ledger, synchronous=options.ledger_sync),
        )
        listener = open_listener(options.host, options.port)
        app = create_app(settings)
    except SettingsError as failure:
        print(f"mock_gateway: {failure}", file=sys.stderr)
        return _WRONG_SETTINGS
    serve(app, listener, exit_with_stdin=options.exit_with_stdin)
    return 0


def _build_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mock_gateway", description="A payment and eligibility gateway to rehearse against."
    )
    parser.add_argument(
        "--profile", default="steady", metavar="NAME_OR_PATH", help="shipped profile or TOML file (steady)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="loopback address (127.0.0.1)")
    parser.add_argument("--port", type=_whole(0, 65535), default=0, help="0 takes a free one (0)")
    parser.add_argument("--seed", type=_whole(0, _SEED_MAX), default=1, help="of all random draws (1)")
    parser.add_argument(
        "--ledger", type=Path, metavar="PATH", help="file to keep payments in (a temporary one, then removed)"
    )
    parser.add_argument(
        "--ledger-sync",
        choices=("NORMAL", "FULL"),
        default="NORMAL",
        help="NORMAL survives a killed process, FULL a power cut as well (NORMAL)",
    )
    parser.add_argument(
        "--exit-with-stdin", action="store_true", help="end at once when standard input ends: no orphans"
    )
    return parser


class _whole:  # noqa: N801 - reads as a type in add_argument
    """Reads a whole number within bounds."""

    def __init__(self, least: int, most: int) -> None:
        self._least, self._most = least, most

    def __call__(self, text: str) -> int:
        if (
            not (text.isascii() and text.isdigit())
            or len(text) > 20
            or not self._least <= int(text) <= self._most
        ):
            raise argparse.ArgumentTypeError(
                f"must be a whole number from {self._least} to {self._most} (got {text!r})"
            )
        return int(text)


if __name__ == "__main__":
    sys.exit(main())
