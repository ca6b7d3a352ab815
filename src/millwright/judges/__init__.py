"""Judges: what counts as done, one file per kind of task."""

from millwright.judges.lift import SustainedLift

__all__ = ["SustainedLift"]
