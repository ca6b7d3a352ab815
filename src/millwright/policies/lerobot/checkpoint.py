"""Checkpoint: the folder in which LeRobot keeps a policy, read without LeRobot, before anything of it is run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
from safetensors import SafetensorError

from millwright.core.errors import BundleError, OptionError
from millwright.core.features import Feature, Features
from millwright.core.manifest import compute_digest

CONFIG, WEIGHTS = "config.json", "model.safetensors"
PREPROCESSOR, POSTPROCESSOR = "policy_preprocessor.json", "policy_postprocessor.json"
PICKLES = (".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth")
WORDLESS = ("act", "diffusion", "gaussian_actor", "tdmpc", "vqbet")
"""Policies of LeRobot's that read no instruction; the others do."""
TASK = Feature("task", (1,), dtype="string")
MADE_UP = "observation.images.empty_camera_"
"""SmolVLA declares cameras that nobody has, and fills them in itself."""
IDENTITY = "IDENTITY"


@dataclass(frozen=True)
class Checkpoint:
    """What a folder says of its policy."""

    folder: Path
    kind: str
    """As LeRobot registers it: `act`, `smolvla`."""
    inputs: Mapping[str, tuple[str, tuple[int, ...]]]
    """LeRobot's name of a feature -> its type (`VISUAL`, `STATE`, `ENV`) and shape, of pictures channels first."""
    action: tuple[int, ...]
    num_seen: int
    """Observations that it looks at: the newest, and those of the ticks before it."""
    num_played: int
    """Actions of each chunk that LeRobot itself plays."""
    ensembles: bool
    """LeRobot averages its chunks where they overlap."""
    steps: tuple[str, ...]
    """Of what is done to an observation before it, as LeRobot registers them."""
    digests: Mapping[str, str]
    """Name of a file -> sha256."""

    @property
    def reads(self) -> bool:
        """It is told in words what to do."""
        return self.kind not in WORDLESS


def load_checkpoint(path: Path | str) -> Checkpoint:
    """Read a folder that LeRobot's `save_pretrained` wrote, or a training of it.

    Raises:
        BundleError: a file is missing or broken, is or may be a pickle, or would run code of its own; or LeRobot would
            pass values on without the statistics that they are to be normalised with.
    """
    folder = Path(path)
    _find_files(folder)
    _refuse_pickles(folder)
    config = _read_json(folder / CONFIG)
    steps = {name: _read_steps(folder, name) for name in (PREPROCESSOR, POSTPROCESSOR)}
    for named in _walk_strings([config, steps]):
        if named and os.path.isdir(named):  # a vision-language model or its tokeniser, beside the checkpoint
            _refuse_pickles(Path(named))
    if config.get("use_peft"):
        raise BundleError(f"{folder} holds an adapter (PEFT) and no whole policy: merge it into its base and save that")
    names = [CONFIG, WEIGHTS, PREPROCESSOR, POSTPROCESSOR, *_check_steps(folder, steps)]
    try:
        found = {
            name: (row["type"], tuple(row["shape"]))
            for name, row in config["input_features"].items()
            if not name.startswith(MADE_UP)
        }
        return Checkpoint(
            folder, config["type"], found, tuple(config["output_features"]["action"]["shape"]),
            _count(config, "n_obs_steps"), _count(config, "n_action_steps"),
            config.get("temporal_ensemble_coeff") is not None,
            tuple(row["registry_name"] for row in steps[PREPROCESSOR]),
            {name: compute_digest(folder / name) for name in names},
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{folder / CONFIG} is not LeRobot's: {error!r} is missing or of another type") from error


def describe_inputs(checkpoint: Checkpoint, rename: Mapping[str, str]) -> Features:
    """What an observation must hold, in our terms: pictures with the channels last, words as `task`.

    Args:
        rename: our name of a feature -> LeRobot's; the others keep theirs.

    Raises:
        OptionError: `rename` names a feature that the policy has not, or two names become one.
        BundleError: the policy sees something that no robot of ours shows.
    """
    strange = [name for name in rename.values() if name not in checkpoint.inputs]
    if strange or len(set(rename.values())) < len(rename):
        told = " ".join(f"{ours}={theirs}" for ours, theirs in rename.items())
        known = ", ".join(checkpoint.inputs)
        raise OptionError(f"--rename {told}: THEIRS is a feature of the policy's, each once; its features: {known}")
    ours = {theirs: name for name, theirs in rename.items()}
    names = [ours.get(name, name) for name in checkpoint.inputs]
    if len(set(names)) < len(names):
        raise OptionError(f"--rename gives two features of the policy one name: {', '.join(names)}")
    seen = [
        _describe_input(name, *described) for name, described in zip(names, checkpoint.inputs.values(), strict=True)
    ]
    return Features(*seen, *((TASK,) if checkpoint.reads else ()))


def _describe_input(name: str, kind: str, shape: tuple[int, ...]) -> Feature:
    if kind == "VISUAL" and len(shape) == 3 and shape[0] == 3:
        return Feature(name, (*shape[1:], 3), "uint8")
    if kind in ("STATE", "ENV"):
        return Feature(name, shape)
    raise BundleError(f"{name}: no robot here shows {kind} of shape {shape}: pictures (3, height, width) and states do")


def _count(config: Mapping[str, Any], name: str) -> int:
    value = config.get(name, 1)
    if not isinstance(value, int) or value < 1:
        raise TypeError(f"{name}={value!r}")
    return value


def _find_files(folder: Path) -> None:
    if not folder.is_dir():
        raise BundleError(
            f"no checkpoint at {folder}: a folder is meant that LeRobot's save_pretrained wrote; of one on the hub "
            "`hf download REPO --local-dir DIR` makes a folder"
        )
    missing = [name for name in (CONFIG, WEIGHTS, PREPROCESSOR, POSTPROCESSOR) if not (folder / name).is_file()]
    if not missing:
        return
    if (folder / "pretrained_model" / CONFIG).is_file():
        raise BundleError(f"{folder} is a step of a training; its policy is in {folder / 'pretrained_model'}")
    _refuse_pickles(folder)
    advice = ""
    if set(missing) <= {PREPROCESSOR, POSTPROCESSOR}:
        advice = "; LeRobot's lerobot.processor.migrate_policy_normalization writes them for a checkpoint of old"
    raise BundleError(f"{folder} is no checkpoint of LeRobot 0.6's: {', '.join(missing)} missing{advice}")


def _refuse_pickles(folder: Path) -> None:
    found = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.suffix.lower() in PICKLES)
    if found:
        raise BundleError(
            f"{folder} holds {', '.join(found[:3])}: such files may be pickles, which run what is in them when they "
            "are read; only safetensors are read here. Save the policy with save_pretrained, or remove them"
        )


def _read_json(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{file} is no JSON: {error}") from error
    if not isinstance(values, dict):
        raise BundleError(f"{file} is not LeRobot's: a JSON object is meant")
    return values


def _read_steps(folder: Path, name: str) -> list[dict[str, Any]]:
    steps = _read_json(folder / name).get("steps")
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise BundleError(f"{folder / name} is not LeRobot's: it has no list of steps")
    return steps


def _walk_strings(values: Any) -> Iterator[str]:
    if isinstance(values, str):
        yield values
    elif isinstance(values, Mapping):
        yield from _walk_strings(list(values.values()))
    elif isinstance(values, list):
        for value in values:
            yield from _walk_strings(value)


def _check_steps(folder: Path, steps: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    """The steps' own files."""
    files = []
    for pipeline, rows in steps.items():
        for step in rows:
            name, config = step.get("registry_name"), step.get("config", {})
            if not isinstance(name, str) or not isinstance(config, dict):
                raise BundleError(
                    f"{folder / pipeline}: a step is a class by its path ({step.get('class')}), which would import and "
                    "call whatever the file names; only steps in LeRobot's registry are taken"
                )
            if config.get("trust_remote_code"):
                raise BundleError(f"{folder / pipeline}: {name} runs code from the hub (trust_remote_code)")
            file = step.get("state_file")
            if file is not None:
                files.append(_check_state(folder, file))
            if name in ("normalizer_processor", "unnormalizer_processor"):
                keys = _list_keys(folder / file) if file else ()
                try:
                    _check_statistics(folder, name, config, keys)
                except (KeyError, TypeError, AttributeError) as error:
                    raise BundleError(f"{folder / pipeline}: {name} is not LeRobot's: {error!r}") from error
    return files


def _check_state(folder: Path, file: Any) -> str:
    if not isinstance(file, str) or Path(file).name != file or not (folder / file).is_file():
        raise BundleError(f"{folder}: a step's file {file} is missing, or not in the folder")
    return file


def _list_keys(file: Path) -> list[str]:
    try:
        with safetensors.safe_open(file, framework="numpy") as tensors:
            return list(tensors.keys())
    except SafetensorError as error:
        raise BundleError(f"{file} is no safetensors file: {error}") from error


def _check_statistics(folder: Path, step: str, config: Mapping[str, Any], keys: Iterable[str]) -> None:
    """LeRobot's normaliser passes on as it is what it has no statistics of."""
    known = {key.rpartition(".")[0] for key in keys}
    modes, only = config.get("norm_map", {}), config.get("normalize_observation_keys")
    acts = step == "unnormalizer_processor"
    bare = [
        name
        for name, feature in config.get("features", {}).items()
        if (feature["type"] == "ACTION") == acts
        and modes.get(feature["type"], IDENTITY) != IDENTITY
        and name not in known
        and not name.startswith(MADE_UP)
        and (only is None or acts or name in only)
    ]
    if bare:
        raise BundleError(
            f"{folder}: {step} has no statistics of {', '.join(bare)}, and would pass it on as it is; save the policy "
            "with the processors that its training made"
        )
