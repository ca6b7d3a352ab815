"""The verb that writes bundles for other runtimes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from millwright.cli.arguments import (
    CORES,
    BundleName,
    Given,
    OptionalPath,
    OptionalSeeds,
    check_folder,
    say,
)
from millwright.core.errors import OptionError, choose

Target = Annotated[str, arg(metavar="onnx|triton")]
FIRST_SEED = 5000
"""Where the usual trial begins: scenes for tuning."""


def export(
    bundle: BundleName,
    to: Target = "onnx",
    out: OptionalPath = None,
    int8: bool = False,
    margin: float = 0.02,
    episodes: int = 500,
    seeds: OptionalSeeds = None,
    workers: int = CORES,
    untried: bool = False,
    keep_refused: bool = False,
    *,
    call: Given,
) -> None:
    """Write a bundle for ONNX Runtime: observations in, actions out, without torch. It is a bundle too.

    It is kept only if it plans the same and, played in its environment, succeeds no less often than the original, by
    a test with a margin. Options of the environment may follow as --env.NAME VALUE.

    Args:
        bundle: the path of a bundle, or the name of a shipped one; with --to triton, of an export.
        to: onnx, or triton: a model repository around an export that was accepted.
        out: folder; without it one here, named after bundle and target.
        int8: try eight bits too; they are taken only if they are faster and no worse either.
        margin: difference of success rates that would not matter.
        episodes: played by each, from seed 5000 on.
        seeds: play these instead.
        workers: processes.
        untried: write it without playing; `serve` takes it only with --unaccepted.
        keep_refused: write it, in single precision, also if it was refused; `serve` takes it only with --unaccepted.
    """
    from millwright.catalog import need_bundle

    write = choose("target", to, {"onnx": True, "triton": False})
    folder = need_bundle(bundle)
    target = out or Path(f"{folder.resolve().name}-{to}")
    check_folder("--out", target)
    if not write:
        unheard = {
            "--int8": int8, "--seeds": seeds, "--untried": untried, "--keep-refused": keep_refused,
            "--env.NAME": call.env_options,
        }  # fmt: skip
        if said := [option for option, given in unheard.items() if given]:
            raise OptionError(f"{', '.join(said)}: --to triton takes an export as it is; say so with --to onnx")
        from millwright.serving.triton import write_repository

        say(f"wrote {write_repository(folder, target)}")
        return
    needless = {"--env.NAME": call.env_options, "--seeds": seeds, "--keep-refused": keep_refused}
    if untried and (said := [option for option, given in needless.items() if given]):
        raise OptionError(f"{', '.join(said)}: for a trial, and --untried has none; leave one or the other out")
    from millwright.policies.folder import load_manifest
    from millwright.recipes.exporting import Trial, export_bundle

    if episodes < 1:
        raise OptionError(f"--episodes is 1 or more, got {episodes}")
    options = {**load_manifest(folder).env_options, **call.env_options}
    trial = Trial(seeds or range(FIRST_SEED, FIRST_SEED + episodes), margin, workers, options)
    export_bundle(folder, target, None if untried else trial, int8=int8, keep=keep_refused, say=say)
    say(f"wrote {target}")
