"""For all tests: millwright comes before mujoco, so that it can choose how to render without a screen."""

import millwright  # noqa: F401
