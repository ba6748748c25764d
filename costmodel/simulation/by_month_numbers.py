"""The numbers of a plan laid out that differ from month to month: where they stand, and what they are in each month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.simulation.kernel_months import scale_laws
from costmodel.simulation.tables import LawByMonth, LawTable

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ByMonthNumbers:
    """The numbers of an array that differ from month to month: their places, and (months, places) what they are."""

    places: IntArray
    values: IntArray

    def put(self, array: IntArray, month: int) -> None:
        """Those of one month, into the array."""
        if len(self.places):
            array.reshape(-1)[self.places] = self.values[month]


def parted(numbers: Sequence[Any], columns: int = 1) -> tuple[IntArray, ByMonthNumbers]:
    """Numbers as an array, and those of them that differ from month to month; the first month's stand in the array."""
    flat = [number for row in numbers for number in row] if columns > 1 else list(numbers)
    kinds = set(map(type, flat))
    drawn = [at for at, number in enumerate(flat) if isinstance(number, np.ndarray)] if np.ndarray in kinds else []
    values = np.array([flat[place] for place in drawn], np.int64).T
    for place in drawn:
        flat[place] = flat[place][0]
    array = np.array(flat, np.int64)
    return (array.reshape(-1, columns) if columns > 1 else array), ByMonthNumbers(np.array(drawn, np.int64), values)


class LawsByMonth:
    """The laws that have another scale in each month: their rows, what stands there unscaled, and the scales."""

    def __init__(self, laws: Sequence[LawTable], arrays: IntArray) -> None:
        found = [(row, law) for row, law in enumerate(laws) if isinstance(law, LawByMonth)]
        self.rows = np.array([row for row, _ in found], np.int64)
        self.unscaled = arrays[self.rows]
        self.factors = np.array([law.factors for _, law in found], np.float64).T.copy()

    def put(self, arrays: IntArray, month: int) -> None:
        """Those of one month, among all laws."""
        if len(self.rows):
            scale_laws(arrays, self.rows, self.unscaled, self.factors[month])
