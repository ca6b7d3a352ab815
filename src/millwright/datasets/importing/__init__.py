"""Datasets of other tools, turned into LeRobot v3.0 ones: one file a format, each a `Source`."""
