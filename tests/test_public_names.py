"""What `import millwright` offers: few names, lazily, and the environments for gymnasium."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import gymnasium
import pytest

import millwright

NAMES = [
    "Episode",
    "Verdict",
    "__version__",
    "evaluate",
    "load_bundle",
    "make_env",
    "make_judge",
    "make_policy",
    "play",
    "run_episode",
]


def test_the_public_names_are_these() -> None:
    assert millwright.__all__ == NAMES
    assert dir(millwright) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(millwright, name)
    assert value.__doc__


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(AttributeError, match="run_episode"):
        millwright.run_epsiode  # noqa: B018


def test_importing_the_package_loads_neither_torch_nor_mujoco() -> None:
    code = "import sys, millwright; print({'torch', 'mujoco', 'pyarrow', 'fastapi'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_gymnasium_makes_the_brick_table_by_its_id() -> None:
    env = gymnasium.make("millwright/BrickTable-v0", disable_env_checker=True, image_size=32)
    observation, info = env.reset(seed=0)
    assert observation["observation.images.wrist"].shape == (32, 32, 3)
    assert "facts" in info
    env.close()


def test_the_version_is_that_of_the_installed_package() -> None:
    assert millwright.__version__ == importlib.metadata.version("millwright")
