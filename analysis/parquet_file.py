"""Observation files as Parquet, some ten thousand rows at a time; needs the extra `parquet` (pyarrow)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from scenarios.errors import DeclarationError, Problem

Texts = npt.NDArray[np.str_]

_EXTRA = "Parquet needs the extra `parquet`: pip install 'slagate[parquet]' (or use CSV)"


class ParquetSource:
    """A Parquet file to read: the names of its columns, and its rows in chunks of text.

    Raises DeclarationError where the extra is not installed or the file is no Parquet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._arrow = _pyarrow(path, "pyarrow")
        parquet = _pyarrow(path, "pyarrow.parquet")
        try:
            self._file = parquet.ParquetFile(path)
        except (OSError, self._arrow.ArrowException) as error:
            raise self._unreadable(error) from error

    def __enter__(self) -> ParquetSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def names(self) -> list[str]:
        """The columns, in the order of the file."""
        return list(self._file.schema_arrow.names)

    def chunks(self, names: Sequence[str], rows: int) -> Iterator[dict[str, Texts]]:
        """At most so many rows of these columns at a time, as text; a cell without a value is empty."""
        try:
            for batch in self._file.iter_batches(batch_size=rows, columns=list(names)):
                yield {name: self._texts(batch.column(name)) for name in names}
        except (OSError, self._arrow.ArrowException) as error:
            raise self._unreadable(error) from error

    def _texts(self, column: Any) -> Texts:
        texts = column.cast(self._arrow.string()).fill_null("").to_numpy(zero_copy_only=False)
        return np.asarray(texts, dtype=np.str_)

    def _unreadable(self, error: Exception) -> DeclarationError:
        reason = " ".join(str(error).split())
        return DeclarationError(
            str(self._path), [Problem(where="", message=f"cannot be read as Parquet: {reason}")]
        )


class ParquetTarget:
    """A Parquet file to write in chunks; texts are stored by dictionary, numbers as they are."""

    def __init__(self, path: Path, columns: Mapping[str, npt.DTypeLike | None]) -> None:
        """`columns`: the NumPy type of each, None for text. Raises DeclarationError without the extra."""
        self._arrow = _pyarrow(path, "pyarrow")
        parquet = _pyarrow(path, "pyarrow.parquet")
        text = self._arrow.dictionary(self._arrow.int32(), self._arrow.string())
        self._schema = self._arrow.schema(
            [
                (name, text if kind is None else self._arrow.from_numpy_dtype(np.dtype(kind)))
                for name, kind in columns.items()
            ]
        )
        self._writer = parquet.ParquetWriter(path, self._schema)

    def write(self, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        """Append one chunk of all columns."""
        arrays = [self._arrow.array(columns[field.name]).cast(field.type) for field in self._schema]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Write the file's footer."""
        self._writer.close()


def _pyarrow(path: Path, module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise DeclarationError(str(path), [Problem(where="", message=_EXTRA)]) from error
