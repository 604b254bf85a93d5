"""Cells: rows counted by several small numbers at once, as places in a shape."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Cells = npt.NDArray[Any]
Counts = npt.NDArray[np.int64]


def cells_of(major: npt.NDArray[Any], minor: npt.NDArray[Any], shape: tuple[int, int]) -> Cells:
    """Places in a shape, in numbers of 16 bits where they fit."""
    cells: Cells = major.astype(np.uint16 if shape[0] * shape[1] <= 1 << 16 else np.int64)
    np.multiply(cells, cells.dtype.type(shape[1]), out=cells)
    np.add(cells, minor, out=cells)
    return cells


def counted(cells: npt.NDArray[Any], shape: tuple[int, ...]) -> Counts:
    """How often each cell of a shape occurs."""
    return np.bincount(cells, minlength=prod(shape)).reshape(shape)
