"""How long the what-if panel takes for one step of each slider at the document's volume. Nothing is asserted of time."""

from __future__ import annotations

import statistics
import time

import pytest

from costmodel.reporting.panel import WhatIf

pytestmark = pytest.mark.bench
STEPS = 5


@pytest.fixture(scope="module")
def shown() -> WhatIf:
    panel = WhatIf("seed_aws", {}, None, None, "seed", "compiled")
    panel.shown()
    return panel


@pytest.mark.parametrize("name", ["payments", "ticket", "ach_share", "provisioned", "perimeter"])
def test_a_step_of_a_slider(shown: WhatIf, name: str) -> None:
    slider = getattr(shown, name)
    values = [value for _, value in slider.options]
    at = values.index(slider.value)
    steps = [values[(at + step) % len(values)] for step in range(1, STEPS + 1)]
    took = []
    for value in steps:
        began = time.process_time()
        slider.value = value
        took.append(1000 * (time.process_time() - began))
    slider.value = values[at]
    print(f"\n{name}: median {statistics.median(took):.0f} ms of CPU, {min(took):.0f} to {max(took):.0f}")
    assert shown.panel is not None
