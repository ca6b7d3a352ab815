"""Datasets on disk in the LeRobot v3.0 layout: record, read, judge again, validate."""

from millwright.datasets.batches import Batches
from millwright.datasets.dataset import Dataset
from millwright.datasets.findings import Finding
from millwright.datasets.metadata import EpisodeRow
from millwright.datasets.recorder import Recorded, record
from millwright.datasets.rejudging import judge_again, load_facts
from millwright.datasets.statistics import Statistics
from millwright.datasets.validation import validate
from millwright.datasets.windows import Windows

__all__ = [
    "Batches",
    "Dataset",
    "EpisodeRow",
    "Finding",
    "Recorded",
    "Statistics",
    "Windows",
    "judge_again",
    "load_facts",
    "record",
    "validate",
]
