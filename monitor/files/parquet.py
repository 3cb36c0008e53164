"""Parquet files as rows: what this service exports, and data tools make."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from monitor.errors import SetupError
from monitor.files.interface import Opened, Row

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

MAGIC: Final = b"PAR1"
"""How a file begins, and ends."""

_ROWS: Final = 1_000
"""Read at a time: texts of 100,000 characters each stay below some hundred megabytes."""


def open_parquet(file: Path | BinaryIO, name: str) -> Opened:
    """Its rows in order; `file` must be seekable.

    Raises `SetupError` without the extra `parquet`, or where the file is broken or cannot be opened.
    """
    try:
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise SetupError(
            f"{name} is a Parquet file, and pyarrow, which reads these, is not installed: "
            "pip install 'brand-monitor[parquet]'"
        ) from error
    try:
        opened = pq.ParquetFile(file)
    except (OSError, ValueError) as error:  # ArrowInvalid is a ValueError
        raise SetupError(f"{name}: no whole Parquet file: {error}; copy or export it again") from error
    columns = tuple(str(column) for column in opened.schema_arrow.names)
    return Opened(form="parquet", encoding="parquet", columns=columns, rows=_rows(opened, name))


def _rows(opened: "ParquetFile", name: str) -> Iterator[Row]:
    number = 0
    batches = opened.iter_batches(batch_size=_ROWS)
    while True:
        try:
            batch = next(batches).to_pylist()
        except StopIteration:
            return
        except (OSError, ValueError) as error:
            raise SetupError(
                f"{name}: broken after row {number}: {error}; export it again"
            ) from error
        for cells in batch:
            number += 1
            yield Row(f"row {number}", {column: cell for column, cell in cells.items() if _says(cell)})


def _says(cell: Any) -> bool:
    return cell is not None and cell != "" and cell != []
