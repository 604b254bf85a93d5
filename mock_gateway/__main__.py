"""`python -m mock_gateway`: start one gateway process."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from mock_gateway.app import create_app
from mock_gateway.errors import SettingsError
from mock_gateway.launch_settings import load_launch_settings
from mock_gateway.serving import open_listener, serve

_WRONG_SETTINGS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 after an orderly end, 2 when something about the settings is wrong."""
    try:
        launch = load_launch_settings(arguments, os.environ)
        settings = launch.build()
        listener = open_listener(launch.host, launch.port)
        app = create_app(settings)
    except SettingsError as failure:
        print(f"mock_gateway: {failure}", file=sys.stderr)
        return _WRONG_SETTINGS
    serve(app, listener, exit_with_stdin=launch.exit_with_stdin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
