"""What the providers' service level agreements promise a payment that needs all of them at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.service import Service, Sla
from costmodel.billing.bill import weaker

HUNDRED = Decimal(100)  # percent
MINUTES_AN_HOUR = 60


@dataclass(frozen=True)
class SlaPart:
    """One service of the path and the monthly uptime it promises, in percent."""

    service: str
    percent: Decimal
    source: str
    basis: str


@dataclass(frozen=True)
class SlaSeries:
    """The product of the path's promises, in percent: a refund threshold, not a forecast.

    without_sla: services of the path that promise nothing; they make the product too high.
    """

    percent: Decimal
    parts: tuple[SlaPart, ...]
    basis: str | None
    without_sla: tuple[str, ...]

    def minutes_down(self, hours: Decimal) -> Decimal:
        """Minutes of so many hours that the promises leave without service."""
        return (1 - self.percent / HUNDRED) * hours * MINUTES_AN_HOUR


def sla_series(pipeline: Pipeline, services: Mapping[str, Service], *, without: Collection[str] = ()) -> SlaSeries:
    """The promises along the pipeline's serial path, leaving out `without`. KeyError for a service not there."""
    path = [name for name in pipeline.serial_path if name not in without]
    parts = [
        SlaPart(name, sla.monthly_uptime_percent, sla.source, sla.basis) for name, sla in _promises(path, services)
    ]
    product = HUNDRED
    for part in parts:
        product *= part.percent / HUNDRED
    promised = {part.service for part in parts}
    return SlaSeries(
        percent=product,
        parts=tuple(parts),
        basis=weaker(part.basis for part in parts) if parts else None,
        without_sla=tuple(name for name in path if name not in promised),
    )


def _promises(path: list[str], services: Mapping[str, Service]) -> list[tuple[str, Sla]]:
    """Each service's own agreement: the one that covers no special case, else its lowest."""
    found = []
    for name in path:
        plain = [sla for sla in services[name].sla if sla.covers is None] or list(services[name].sla)
        if plain:
            found.append((name, min(plain, key=lambda sla: sla.monthly_uptime_percent)))
    return found
