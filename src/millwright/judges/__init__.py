"""Judges: what counts as done, one file per kind of task."""

from millwright.judges.height_alone import HeightAlone
from millwright.judges.lift import SustainedLift

__all__ = ["HeightAlone", "SustainedLift"]
