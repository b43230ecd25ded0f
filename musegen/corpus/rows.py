"""An array on disk that grows row by row, and is numpy's own file when it is closed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray


class Rows:
    """A `.npy` file of int16 rows (N, width). Closed only where all went well, else of no use."""

    def __init__(self, path: Path, width: int) -> None:
        self._file, self._width, self._n = path.open("wb"), width, 0
        self._write_header()

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:
            self._file.seek(0)
            self._write_header()  # numpy leaves room in it for a number of rows that grows

    def append(self, rows: NDArray[np.int16]) -> int:
        """Add rows (n, width); gives the number of the first."""
        self._file.write(rows.astype("<i2", copy=False).tobytes())
        first, self._n = self._n, self._n + len(rows)
        return first

    def _write_header(self) -> None:
        about = {"descr": "<i2", "fortran_order": False, "shape": (self._n, self._width)}
        npy.write_array_header_1_0(self._file, about)
