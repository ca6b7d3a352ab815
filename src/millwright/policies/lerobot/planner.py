"""LeRobotPlanner: a policy of LeRobot's with its processors, as a planner; runs in LeRobot's own environment."""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from millwright.core.errors import BundleError, MissingExtraError, OptionError
from millwright.core.features import Feature, Observation
from millwright.core.manifest import Manifest
from millwright.core.planner import Chunk, Memory, Planner
from millwright.policies.lerobot.checkpoint import TASK, Checkpoint, describe_inputs

Actions = NDArray[np.float32]  # (length, dof)
PLAYS = ("chunk", "tick")
"""What is answered: all that the policy predicts, or the one action that LeRobot itself would play next."""
ACTIONS = ("action", "hand_motion", "hand_target")
"""Joint targets, or what the environment takes; changes of a hand's pose with a gripper's sign; poses of a hand."""


@dataclass(frozen=True)
class Serving:
    """How a checkpoint is served: what it cannot say itself.

    Args:
        rate_hz: actions a second that it was trained on.
        env: the environment whose robot it drives.
        rename: our name of a feature -> LeRobot's.
        action: what its actions are, one of `ACTIONS`.
        play: None: `chunk`, but `tick` of a policy that looks back.
    """

    rate_hz: float
    env: str
    rename: Mapping[str, str]
    action: str = ACTIONS[0]
    play: str | None = None


class LeRobotPlanner(Planner):
    """Plans with a policy of LeRobot's as LeRobot's own rollout does, but keeps nothing of any robot.

    Its memory of a robot is what LeRobot keeps in queues: the observations of the ticks before this one, as far as the
    policy looks back; and, when it plays `tick`, what is left of the robot's plan. It is to be asked at each tick then.

    What a policy draws at random is drawn from a seed that the robot's state gives: for one observation one plan,
    whoever else is planned for.

    Args:
        threads: torch threads of a call; the process's own setting is put back after it.

    Raises:
        BundleError: LeRobot cannot make the policy, or its weights do not fit.
        MissingExtraError: there is no LeRobot here.
        OptionError: a way to serve it that there is not.
    """

    def __init__(self, checkpoint: Checkpoint, serving: Serving, threads: int = 1) -> None:
        self.inputs = describe_inputs(checkpoint, serving.rename)
        self.action = Feature(serving.action, checkpoint.action)
        self.rate_hz, self.threads = serving.rate_hz, threads
        self.play = choose_play(checkpoint, serving)
        _check_serving(checkpoint, serving, self.play)
        self.digest = identify(checkpoint, serving)
        self._checkpoint = checkpoint
        self._theirs = {name: serving.rename.get(name, name) for name in self.inputs if name != TASK.name}
        self._policy, self._before, self._after = load_policy(checkpoint)
        self._drawn = describe_noise(self._policy.config)

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        """As `Planner.plan`.

        Raises:
            FeatureError: an observation is not what `inputs` declare.
            BundleError: LeRobot cannot plan from it.
        """
        for observation in observations:
            self.inputs.check(observation)
        windows = [self._look_back(*row) for row in zip(observations, memories, strict=True)]
        plans: list[Actions | None] = [memory.get("plan") if memory else None for memory in memories]
        asking = [row for row, plan in enumerate(plans) if plan is None]
        for row, plan in zip(asking, self._predict([windows[row] for row in asking]), strict=True):
            plans[row] = plan[: self._checkpoint.num_played] if self.play == "tick" else plan
        rows = [self._answer(window, plan) for window, plan in zip(windows, plans, strict=True) if plan is not None]
        return [chunk for chunk, _ in rows], [memory for _, memory in rows]

    def _look_back(self, observation: Observation, memory: Memory) -> tuple[Observation, ...]:
        """The policy's window, oldest first; at the start the first observation stands for those before it."""
        if memory is None:
            return (observation,) * self._checkpoint.num_seen
        return (*memory["seen"], observation)[-self._checkpoint.num_seen :]

    def _answer(self, window: tuple[Observation, ...], plan: Actions) -> tuple[Chunk, Memory]:
        if self.play == "chunk":
            memory = {"seen": window[1:]} if len(window) > 1 else None
            return Chunk(plan, self.rate_hz, digest=self.digest), memory
        left = plan[1:] if len(plan) > 1 else None
        return Chunk(plan[:1], self.rate_hz, digest=self.digest), {"seen": window[1:], "plan": left}

    def _predict(self, windows: Sequence[tuple[Observation, ...]]) -> list[Actions]:
        """Together, unless what is drawn cannot be told apart: then each alone."""
        groups = [[window] for window in windows] if self._drawn is None else [list(windows)] if windows else []
        threads = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            return [plan for group in groups for plan in self._call(group)]
        except Exception as error:  # LeRobot's policies raise all sorts of things
            told = f"{type(error).__name__}: {error}"
            raise BundleError(f"LeRobot's {self._checkpoint.kind} cannot plan from an observation: {told}") from error
        finally:
            torch.set_num_threads(threads)

    def _call(self, windows: Sequence[tuple[Observation, ...]]) -> list[Actions]:
        seeds = [self._find_seed(window[-1]) for window in windows]
        config = self._policy.config
        half = torch.autocast(config.device) if config.use_amp else contextlib.nullcontext()
        with torch.inference_mode(), torch.random.fork_rng(), half:
            torch.manual_seed(seeds[0])
            options = {"noise": draw_noise(self._drawn, seeds).to(config.device)} if self._drawn else {}
            batch = self._before(self._stack(windows))
            actions: Tensor = self._after(self._policy.predict_action_chunk(batch, **options))
        return list(actions.float().cpu().numpy())

    def _stack(self, windows: Sequence[tuple[Observation, ...]]) -> dict[str, Any]:
        """As LeRobot's `prepare_observation_for_inference`, of many: (batch, ...), windows (batch, seen, ...)."""
        batch: dict[str, Any] = {"task": [window[-1].get(TASK.name, "") for window in windows], "robot_type": ""}
        for ours, theirs in self._theirs.items():
            rows = np.stack([np.stack([seen[ours] for seen in window]) for window in windows])
            values = torch.from_numpy(rows if self._checkpoint.num_seen > 1 else rows[:, 0])
            if self.inputs[ours].is_image:
                values = (values.float() / 255).movedim(-1, -3).contiguous()
            batch[theirs] = values
        return batch

    def _find_seed(self, observation: Observation) -> int:
        """Of what is drawn for it: the crc32 of what it measures, or of its pictures where it measures nothing."""
        features = [self.inputs[name] for name in self._theirs]
        chosen = [feature for feature in features if not feature.is_image] or features
        return zlib.crc32(b"".join(np.ascontiguousarray(observation[feature.name]).tobytes() for feature in chosen))


def choose_play(checkpoint: Checkpoint, serving: Serving) -> str:
    """How it is played, one of `PLAYS`."""
    return serving.play or ("tick" if checkpoint.num_seen > 1 else "chunk")


def identify(checkpoint: Checkpoint, serving: Serving) -> str:
    """The digest of what is served: of its files, and of how."""
    told = json.dumps({**asdict(serving), "play": choose_play(checkpoint, serving)}, sort_keys=True)
    digests = {**checkpoint.digests, "serving": sha256(told.encode()).hexdigest()}
    return Manifest(digests, checkpoint.kind, serving.env, {}, "").id


def describe_noise(config: Any) -> tuple[int, ...] | None:
    """The shape of what a policy starts each plan from; () where it draws nothing, None where nobody knows."""
    if config.type == "act":
        return ()
    if config.type == "smolvla":
        return config.chunk_size, config.max_action_dim
    if config.type == "diffusion" and config.noise_scheduler_type == "DDIM":  # DDPM also draws on the way
        return config.horizon, *config.action_feature.shape
    return None


def draw_noise(shape: tuple[int, ...], seeds: Sequence[int]) -> Tensor:
    """(batch, *shape), each row from its own seed."""
    return torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


def load_policy(checkpoint: Checkpoint) -> tuple[Any, Any, Any]:
    """LeRobot's policy, and what it does before and after it.

    Raises:
        BundleError: LeRobot cannot make them, or the weights are not all the policy's.
        MissingExtraError: there is no LeRobot here.
    """
    try:
        from lerobot.configs import PreTrainedConfig
        from lerobot.policies import get_policy_class, make_pre_post_processors
    except ImportError as error:
        raise MissingExtraError(
            f"LeRobot 0.6 is not here ({error}): start this with the Python of LeRobot's own environment"
        ) from error
    folder = str(checkpoint.folder)
    try:
        config = PreTrainedConfig.from_pretrained(folder)
        if hasattr(config, "pretrained_backbone_weights"):
            config.pretrained_backbone_weights = None  # would be fetched, as a pickle, and overwritten at once
        policy = get_policy_class(config.type).from_pretrained(folder, config=config, strict=True)
        options = {
            "device_processor": {"device": config.device},
            "rename_observations_processor": {"rename_map": {}},  # names are config.json's, and --rename's
        }
        known = {name: option for name, option in options.items() if name in checkpoint.steps}
        before, after = make_pre_post_processors(config, folder, preprocessor_overrides=known)
    except Exception as error:  # whatever LeRobot, draccus and transformers raise
        told = f"{type(error).__name__}: {error}"
        raise BundleError(f"LeRobot cannot load {folder}: {told}") from error
    return policy.eval(), before, after


def _check_serving(checkpoint: Checkpoint, serving: Serving, play: str) -> None:
    if serving.action not in ACTIONS:
        raise OptionError(f"--action says what the policy's actions are: {', '.join(ACTIONS)}; got {serving.action}")
    if play not in PLAYS:
        raise OptionError(f"--play is {' or '.join(PLAYS)}; got {play}")
    if not serving.rate_hz > 0:
        raise OptionError(f"--control-hz is actions a second, above 0; got {serving.rate_hz:g}")
    if play == "tick" and checkpoint.ensembles:
        raise OptionError(
            f"{checkpoint.folder} averages its chunks (temporal_ensemble_coeff), which belongs to the robot: "
            "--play chunk, and --blend of `millwright evaluate`"
        )
