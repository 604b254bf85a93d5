from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.running import Workplace


@pytest.fixture
def here(tmp_path: Path) -> Workplace:
    """A workplace of the test's own."""
    return Workplace(tmp_path)
