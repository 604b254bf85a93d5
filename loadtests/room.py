"""Making the folder that the rows go to, and seeing beforehand that they will fit."""

from __future__ import annotations

import shutil

from scenarios.errors import RunFolderError
from scenarios.observation import OBSERVATION, PAYMENT_RECORD
from scenarios.run_folder import RunFolder

_ROOM_FOR_THE_REST = 16 * 1024 * 1024


def make_room(folder: RunFolder, transactions: int) -> None:
    """Make the run folder for so many transactions. Raises RunFolderError."""
    folder.create()
    rows = transactions * (OBSERVATION.itemsize + PAYMENT_RECORD.itemsize)
    free = shutil.disk_usage(folder.path).free
    if free < rows + _ROOM_FOR_THE_REST:
        raise RunFolderError(
            f"run folder {folder.path}: {free // 2**20} MiB free, the recording may take "
            f"{(rows + _ROOM_FOR_THE_REST) // 2**20} MiB; nothing was sent"
        )
