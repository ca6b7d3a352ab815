"""Judges: what counts as done, one file per kind of task."""

from millwright.judges.drive import DrivesLap
from millwright.judges.height_alone import HeightAlone
from millwright.judges.lift import SustainedLift
from millwright.judges.over_tray_alone import OverTrayAlone
from millwright.judges.place import PlacedInTray

__all__ = ["DrivesLap", "HeightAlone", "OverTrayAlone", "PlacedInTray", "SustainedLift"]
