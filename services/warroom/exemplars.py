"""Exemplars, no more of them than a chart has room for: of all that are alike, the slowest."""

import json
import math
from collections.abc import Iterator
from typing import Any

SLICE_S = 300.0  # asked for at once: under load a megabyte or so
MOST_SLICES = 40
COLUMNS = 60  # of a chart in which two dots can be told apart

Exemplar = dict[str, Any]


def slices(start: float, end: float) -> Iterator[tuple[float, float]]:
    """The range in parts that can be asked for one after another."""
    length = max(SLICE_S, (end - start) / MOST_SLICES)
    count = max(1, math.ceil((end - start) / length))
    for number in range(count):
        yield start + number * length, min(end, start + (number + 1) * length)


class Thinned:
    """Of the exemplars from `start` to `end`, Unix times, the greatest of each bucket in each sixtieth of that time."""

    def __init__(self, start: float, end: float) -> None:
        self._start = start
        self._width = max(end - start, 1.0) / COLUMNS
        self._kept: dict[tuple[int, str], tuple[float, dict[str, str], Exemplar]] = {}

    def take(self, answer: bytes) -> None:
        """What Prometheus answered to query_exemplars."""
        for series in json.loads(answer)["data"]:
            labels = series["seriesLabels"]
            for one in series["exemplars"]:
                value = float(one["value"])
                place = int((one["timestamp"] - self._start) / self._width), labels.get("le", "")
                if place not in self._kept or self._kept[place][0] < value:
                    self._kept[place] = value, labels, one

    def answer(self) -> dict[str, Any]:
        """As Prometheus would write it, had there been no others."""
        data = [{"seriesLabels": labels, "exemplars": [one]} for _, labels, one in self._kept.values()]
        data.sort(key=lambda series: series["exemplars"][0]["timestamp"])
        return {"status": "success", "data": data}
