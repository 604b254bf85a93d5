"""Where a worker keeps its rows until the master holds them, and what killed workers left there.

A spool is named after its process. One whose process is gone was left by a kill: without rows it is removed, with rows
it stays for whoever misses them, and is mentioned once.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from scenarios.run_folder import RunFolder

_PREFIX = "slagate-worker-"
_MENTIONED = "mentioned"


def spool_prefix() -> str:
    """How the names of this process's own folders begin."""
    return f"{_PREFIX}{_present(os.getpid())}-"


def make_spool() -> Path:
    """A new folder of this process's own."""
    return Path(tempfile.mkdtemp(prefix=spool_prefix()))


def clear_spools() -> list[Path]:
    """Remove what killed workers of this user left without rows; gives the folders with rows, each only once."""
    left = []
    for spool in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if spool.stat().st_uid != os.getuid() or not _is_orphan(spool):
                continue
            if not _has_rows(RunFolder(spool)):
                shutil.rmtree(spool, ignore_errors=True)
            elif not (spool / _MENTIONED).exists():
                (spool / _MENTIONED).touch()
                left.append(spool)
        except OSError:  # gone meanwhile, or not ours to look into
            continue
    return sorted(left)


def _is_orphan(spool: Path) -> bool:
    """Whether the process that it is named after is gone."""
    owner = re.fullmatch(rf"{_PREFIX}(([0-9]+)-[0-9]+)-.*", spool.name)
    return owner is not None and owner[1] != _present(int(owner[2]))


def _has_rows(folder: RunFolder) -> bool:
    return any(
        path.stat().st_size for part in (folder.observations, folder.payments) for path in part.glob("*")
    )


def _present(pid: int) -> str:
    """A process by its number and the moment it started, so that a number given again is another process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return f"{pid}-{stat.rpartition(')')[2].split()[19]}"
