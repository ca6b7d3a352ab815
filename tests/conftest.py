"""For all tests: millwright comes before mujoco, so that it can choose how to render; nothing is timed."""

from hypothesis import settings

import millwright  # noqa: F401

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
