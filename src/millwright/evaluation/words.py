"""Names and values in words: `target_x_m` 0.42 is "target x 42.0 cm"."""

from __future__ import annotations

from typing import Any

UNITS = {
    "m": ("cm", 100.0, 1),
    "deg": ("°", 1.0, 0),
    "rad": ("rad", 1.0, 2),
    "s": ("s", 1.0, 1),
    "ms": ("ms", 1.0, 1),
    "n": ("N", 1.0, 1),
    "kg": ("kg", 1.0, 2),
}
"""Last part of a name -> (unit that is shown, factor, decimals)."""


def describe_name(name: str) -> str:
    """`target_x_m` without its unit: `target x`."""
    stem, _, unit = name.rpartition("_")
    return (stem if stem and unit in UNITS else name).replace("_", " ")


def describe_value(name: str, value: Any) -> str:
    """A value in the unit that its name ends in; booleans as yes and no, None as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    unit = name.rpartition("_")[2]
    if "_" not in name or unit not in UNITS:
        return f"{value:.4g}"
    shown, factor, decimals = UNITS[unit]
    rounded = round(factor * value, decimals) + 0.0  # without the sign of -0.0
    return f"{rounded:.{decimals}f}{'' if shown == '°' else ' '}{shown}"


def percent(rate: float) -> str:
    """Rounded to a tenth; 100% only if it is."""
    return "100%" if rate == 1 else f"{min(rate, 0.999):.1%}"


def describe_p(value: float) -> str:
    """A p-value with two digits, never 0."""
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"
