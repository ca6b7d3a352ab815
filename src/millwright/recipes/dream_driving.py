"""dream-driving: a controller that learns in dreams of a road, from few real steps, and drives the real one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from millwright.catalog import Player, make_env, make_policy
from millwright.core.errors import BudgetError, OptionError, TrainingError, choose
from millwright.core.features import Features
from millwright.core.policy import Policy
from millwright.core.step_ledger import StepLedger, open_ledger
from millwright.evaluation.result import Result
from millwright.evaluation.suite import evaluate, parse_seeds
from millwright.policies.bundle import Bundle, load_bundle
from millwright.policies.confidence import Calibration
from millwright.policies.driving import NoisyDriver, RandomDriver
from millwright.policies.driving_pipeline import IMAGE, STATE, make_pipeline
from millwright.policies.folder import load_manifest
from millwright.policies.latent_controller import VAES, WORLDS, LatentController
from millwright.policies.networks import make_network
from millwright.processors.pipeline import Pipeline
from millwright.recipes.cards import save_card
from millwright.recipes.demonstrated import TRAINING_SEEDS
from millwright.recipes.dream_controls import CONTROLS, TAUGHT, WORTHLESS
from millwright.recipes.dream_drives import OPENING_TICKS, drive_track, need_network
from millwright.recipes.recipe import Recipe, StageClock, claim_folder, write_json
from millwright.training.calibration import calibrate
from millwright.training.drives import Drive, load_drives, save_drives
from millwright.training.ema import average_weights
from millwright.training.rounds_of_dreams import DreamingConfig, clone, learn_round
from millwright.training.truth import check_dreams
from millwright.world_models.world_model import RecurrentWorld

TRACKS = {"scratch": "random", "seeded": "rule-perturbed"}
"""Who drives before anything was learned."""
CODES = {"ego-motion": "pixels", "residual-gru": "light", "mdn-rnn": "light"}
"""What makes a picture's code for each world."""
DREAMING: Mapping[str, DreamingConfig] = {
    "ego-motion": DreamingConfig(world_samples=40_000, sequence=9, world_batch=256, world_lr=1.5e-3),
    "residual-gru": DreamingConfig(),
    "mdn-rnn": DreamingConfig(),
}
"""How long a round's trainings are, but for what the fields say."""
UNSTEADY = (0.0, 1.0, 0.5)
"""How unsteady the hand of a learned driver is in its drives, in turn."""
LEAST_0 = ("milestone", "swerving", "disagreement", "temperature")
"""Fields that may be 0."""
SCENES_A_SEED = 1000
"""Tracks of each training seed's drives."""


@dataclass(frozen=True)
class DreamDriving(Recipe):
    """Drive a little, learn a world model, learn to drive in its dreams, drive with that, and again.

    Args:
        track: scratch (the first drives are random) or seeded (a rule's, with noise); never mixed.
        learner: imagination (an actor-critic, by gradients) or evolution (CMA-ES, 867 numbers).
        control: what is taken away: memoryless, untrained (memory), unshaped (the dream's reward is tiles alone),
            no-grass, no-speed, no-effort (one of its priors), learned-odometry, unmirrored, free-throttle (of the
            random drives); or, without any dream, cloned (of the rule) or dagger (the rule labels what the learner
            visits).
        world: ego-motion, residual-gru or mdn-rnn; empty: the first for imagination, the second for evolution.
        members: world models that dream together.
        cap: real steps, raw ones, in all: those beyond it are refused.
        first_steps: of them, before anything was learned.
        rounds: of driving with what was learned.
        milestone: the last controller made with at most so many steps is evaluated too; 0, or no fewer than cap: none.
        idle_ticks: a drive that reaches no tile for so long is over.
        updates: of the controller, a round.
        swerving: what a change of the steering costs in dreams: with 0.3 drivers are steadier and cut corners more.
        disagreement: what it costs in dreams where the members disagree.
        temperature: of the dreams; it says something of mdn-rnn, which draws.
        generations: of evolution, a round.
        population: candidates of a generation.
        horizon: steps of a candidate's dream.
        diagonal: evolution learns a variance of each number and no correlations.
        seed: training seed: tracks, first weights, order, noise.
        seeds: tracks to evaluate on, A:B; tune on 5000 to 9999, 10000 and up are for published figures.
        workers: processes that evaluate.
    """

    name: ClassVar[str] = "dream-driving"
    about: ClassVar[str] = "drive a little, learn a model of the world, learn to drive in its dreams, and drive"

    dreaming: ClassVar[Mapping[str, DreamingConfig]] = DREAMING

    track: str = "scratch"
    learner: str = "imagination"
    control: str = ""
    world: str = ""
    members: int = 1
    cap: int = 50_000
    first_steps: int = 4_000
    rounds: int = 15
    milestone: int = 25_000
    idle_ticks: int = 10
    updates: int = 400
    swerving: float = 0.0
    disagreement: float = 0.0
    temperature: float = 1.0
    generations: int = 100
    population: int = 64
    horizon: int = 60
    diagonal: bool = False
    seed: int = 0
    seeds: str = "5000:5020"
    workers: int = 1

    def run(self, out: Path) -> dict[str, Any]:
        """As `Recipe.run`: `out` gets round-*/, steps.txt, a bundle of the recipe's name, report/ and summary.json.

        Raises:
            RecipeError: `out` was begun with other fields.
            OptionError: fields that make no sense, or tracks that are not to be trained on.
            UnknownNameError: no such track, learner or control.
            BudgetError: steps.txt is none of this cap, or counts fewer steps than were taken.
            TrainingError: there was nothing to learn from.
        """
        seeds = parse_seeds(self.seeds)
        self.refuse()
        claim_folder(self, out)
        ledger = open_ledger(out / "steps.txt", self.cap)
        self.refuse_lost_steps(out, ledger)
        clock = StageClock(out / "stages.json")
        drives: list[Drive] = []
        for number in range(self.num_rounds):
            folder = out / f"round-{number}"
            folder.mkdir(exist_ok=True)
            with clock.stage(f"drive {number}"):
                driven = self.drive(number, folder, out, ledger)
            if number and self.control not in TAUGHT:
                self.check(number, driven, out)
            drives += driven
            with clock.stage(f"dream {number}"):
                self.learn(number, drives, out, self.cap - ledger.left)
        taken = dict(ledger.count())
        ledger.close()
        summary: dict[str, Any] = {"recipe": self.name, "fields": asdict(self), "real_steps": taken}
        early = self.count_early(out)
        if early:
            bundle = out / f"at-{self.milestone}" / self.name
            steps = self.finish(early, out, bundle, clock)
            with clock.stage("evaluate milestone"):
                result = self.evaluate(bundle, seeds, out / f"report-{self.milestone}")
            summary["milestone"] = {"real_steps": steps, "result": summarise(result)}
            taken["evaluation"] += count_evaluated(result)
        bundle = out / self.name
        self.finish(self.num_rounds, out, bundle, clock)
        with clock.stage("evaluate"):
            result = self.evaluate(bundle, seeds, out / "report")
        summary["result"] = summarise(result)
        taken["evaluation"] += count_evaluated(result)
        summary["seconds"] = clock.seconds
        write_json(out / "summary.json", summary)
        save_card(bundle, [out / "report/result.json"])
        return summary

    def evaluate(self, bundle: Path, seeds: range, report: Path) -> Result:
        """Drive with a bundle on each of the tracks."""
        command = f"millwright evaluate car-racing --policy {bundle} --seeds {seeds.start}:{seeds.stop}"
        player = Player("car-racing", {}, str(bundle))
        return evaluate(player, seeds, self.workers, report, claim=player.describe(), command=command)

    def refuse_lost_steps(self, out: Path, ledger: StepLedger) -> None:
        """A ledger that lost lines would let a run take more than its cap; errors as `run`."""
        bundles = [self.find_bundle(out, number) for number in range(self.num_rounds)]
        taken = [load_manifest(each).lineage["real_steps"] for each in bundles if (each / "manifest.json").is_file()]
        counted = self.cap - ledger.left
        if counted < max(taken, default=0):
            raise BudgetError(
                f"{ledger.path} counts {counted} real steps, but {max(taken)} were taken for what {out} holds; "
                "put back the file as it was, or give another --out"
            )

    def count_early(self, out: Path) -> int:
        """Rounds, but for the last, that took at most `milestone` steps; none where the result itself is that early."""
        if self.milestone >= self.cap:
            return 0
        bundles = [self.find_bundle(out, number) for number in range(self.num_rounds - 1)]
        return sum(load_manifest(bundle).lineage["real_steps"] <= self.milestone for bundle in bundles)

    def refuse(self) -> None:
        """Fields that make no sense are an error before anything is done; errors as `run`."""
        choose("track", self.track, TRACKS)
        choose("learner", self.learner, {"imagination": 0, "evolution": 0})
        if self.control:
            choose("control", self.control, {name: 0 for name in CONTROLS if name})
        choose("world", self.kind, CODES)
        if self.learner == "evolution" and self.kind == "ego-motion":
            raise OptionError("evolution is of 867 numbers, (32 + 256) x 3 + 3: use --world residual-gru or mdn-rnn")
        if self.control in ("untrained", "learned-odometry") and (self.control == "untrained") == (
            self.kind == "ego-motion"
        ):
            other = "ego-motion" if self.control == "learned-odometry" else "residual-gru or mdn-rnn"
            raise OptionError(f"{self.kind} has nothing that {self.control!r} would take away: use --world {other}")
        if self.control == "free-throttle" and self.track != "scratch":
            raise OptionError("free-throttle is of random drives, and seeded has none: use --track scratch")
        counts = ("cap", "first_steps", "rounds", "members", "idle_ticks", "updates")
        if min(vars(self)[name] for name in counts) < 1 or not all(vars(self)[name] >= 0 for name in LEAST_0):
            told = ", ".join(name.replace("_", "-") for name in counts)
            raise OptionError(f"{told} must be at least 1, {', '.join(LEAST_0)} 0")
        if self.disagreement and self.members == 1:
            raise OptionError("one world model never disagrees: use --members 3, or --disagreement 0")
        if self.first_steps >= self.cap and self.control != "cloned":
            raise OptionError(f"--first-steps must be fewer than --cap, got {self.first_steps} of {self.cap}")
        self.make_dreaming()
        if not 0 <= SCENES_A_SEED * self.seed <= TRAINING_SEEDS - SCENES_A_SEED:
            most = TRAINING_SEEDS // SCENES_A_SEED - 1
            raise OptionError(
                f"--seed is 0 to {most}: each has {SCENES_A_SEED} tracks of 0:{TRAINING_SEEDS} of its own"
            )

    @property
    def kind(self) -> str:
        """Of the world."""
        return self.world or ("residual-gru" if self.learner == "evolution" else "ego-motion")

    @property
    def first_driver(self) -> str:
        """Who drives before anything was learned."""
        return TRACKS["seeded" if self.control in TAUGHT else self.track]

    @property
    def num_rounds(self) -> int:
        """Of learning; cloning is one."""
        return 1 if self.control == "cloned" else self.rounds + 1

    # ---------------------------------------------------------------- driving

    def drive(self, number: int, folder: Path, out: Path, ledger: StepLedger) -> list[Drive]:
        """The drives of a round, driven once and kept."""
        file = folder / "drives.npz"
        if not file.is_file():
            save_drives(list(self._drive(number, out, ledger)), file)
        return load_drives(file)

    def _drive(self, number: int, out: Path, ledger: StepLedger) -> Iterator[Drive]:
        first = self.cap if self.control == "cloned" else self.first_steps
        wanted = first if number == 0 else (self.cap - self.first_steps) // self.rounds
        options = {"ledger": str(ledger.path), "purpose": "training"}
        envs = [make_env("car-racing", start=start, **options) for start in ("random", "grid")]
        labeller = make_policy("car-racing", "rule") if self.control in TAUGHT else None
        rng = np.random.default_rng((self.seed, number))
        begun = ledger.left
        try:
            for index in range(SCENES_A_SEED):
                if begun - ledger.left >= wanted or not ledger.left:
                    return
                env = envs[index % 2 if number else 0]
                track = SCENES_A_SEED * self.seed + int(rng.integers(SCENES_A_SEED))
                driver = self._choose_driver(number, index, out, env.metadata["control_hz"])
                drive = drive_track(env, driver, track, self.pipeline, self.idle_ticks, labeller)
                if drive is not None:
                    yield drive
        finally:
            for env in envs:
                env.close()

    def _choose_driver(self, number: int, index: int, out: Path, control_hz: float) -> Policy:
        if number:
            driver = make_policy("car-racing", str(self.find_bundle(out, number - 1)))
            return NoisyDriver(driver, control_hz, UNSTEADY[index % len(UNSTEADY)])
        if self.control == "free-throttle":
            return RandomDriver(control_hz, usual_throttle=0.0)
        return make_policy("car-racing", self.first_driver)

    # ---------------------------------------------------------------- learning

    def find_bundle(self, out: Path, number: int) -> Path:
        """Where the bundle of a round is."""
        return out / f"round-{number}" / self.name

    def finish(self, rounds: int, out: Path, bundle: Path, clock: StageClock) -> int:
        """Save what so many rounds come to, and return the real steps that they took.

        That is the last one's bundle with the mean of the later half's controllers, each of which overshoots in its
        own way (as of iterates: Polyak and Juditsky 1992, and of networks: Izmailov et al. 2018). Where a memory is
        learned, every round's controller reads another one, and the last counts alone.
        """
        last = load_bundle(self.find_bundle(out, rounds - 1))
        alone = issubclass(WORLDS[self.kind], RecurrentWorld)
        counted = range(rounds - 1 if alone else rounds // 2, rounds)
        learned = [need_network(load_bundle(self.find_bundle(out, number))).controller for number in counted]
        need_network(last).controller.load_state_dict(average_weights(learned))
        made = {
            "averaged": list(counted),
            "recorded": self.list_recorded(rounds, out),
            "cpu_seconds": round(sum(clock.cpu_seconds[f"dream {number}"] for number in range(rounds)), 1),
        }
        calibration = self.calibrate(rounds, out, need_network(last))
        replace(last, lineage={**last.lineage, **made}, calibration=calibration).save(bundle)
        return int(last.lineage["real_steps"])

    def calibrate(self, rounds: int, out: Path, network: LatentController) -> Calibration | None:
        """What the later half's drives were like, each round's to the driver of the round before.

        None where no world was learned, or nothing was driven with it.
        """
        later = range(max(1, rounds // 2), 0 if self.control in TAUGHT else rounds)
        drivers = (need_network(load_bundle(self.find_bundle(out, number - 1))) for number in later)
        drives = (load_drives(out / f"round-{number}" / "drives.npz") for number in later)
        return calibrate(network, zip(drivers, drives, strict=True))

    def list_recorded(self, rounds: int, out: Path) -> list[dict[str, Any]]:
        """Of the drives of so many rounds who drove, from where, and how many there were."""
        counts = [len(load_drives(out / f"round-{number}" / "drives.npz")) for number in range(rounds)]
        first = {"policy": self.first_driver, "env_options": {"start": "random"}, "episodes": counts[0]}
        later = {"policy": f"{self.name}, its hand unsteady or not", "env_options": {}, "episodes": sum(counts[1:])}
        return [first, later] if later["episodes"] else [first]

    def learn(self, number: int, drives: Sequence[Drive], out: Path, real_steps: int) -> None:
        """Make a round's bundle from all drives up to it, starting from what the round before had learned."""
        bundle, folder = self.find_bundle(out, number), out / f"round-{number}"
        if (bundle / "manifest.json").is_file():
            return
        if not drives:
            raise TrainingError(
                f"{real_steps} real steps made no drive of {OPENING_TICKS + 3} ticks, of which the first "
                f"{OPENING_TICKS} are left out; give a larger --cap and another --out"
            )
        network = need_network(load_bundle(self.find_bundle(out, number - 1))) if number else self._make_network()
        if self.control in TAUGHT:
            told = {"loss": clone(network, drives, self.make_dreaming(), folder / "clone", self.seed)}
        else:
            before = out / f"round-{number - 1}" if number else None
            told = learn_round(
                network, drives, self.make_dreaming(), folder, number=number, seed=self.seed, before=before
            )
        write_json(folder / "told.json", told)
        steps = sum(len(drive) for drive in drives)
        lineage = {"recipe": self.name, "fields": asdict(self), "round": number, "real_steps": real_steps}
        lineage |= {"ticks": steps, **told}
        self._make_bundle(network, lineage).save(bundle)

    def check(self, number: int, driven: Sequence[Drive], out: Path) -> None:
        """Write what the last round's dreams are worth beside these drives, which they did not learn from."""
        network = need_network(load_bundle(self.find_bundle(out, number - 1)))
        try:
            told = check_dreams(network, driven)
        except TrainingError as error:  # first drives end soon, and the last rounds may find the cap taken
            told = {"refused": str(error)}
        write_json(out / f"round-{number}" / "truth.json", told)

    def make_dreaming(self) -> DreamingConfig:
        """How a round learns."""
        config = self.dreaming[self.kind]
        costs: dict[str, Any] = {"swerving": self.swerving, "disagreement": self.disagreement}
        costs |= dict.fromkeys(WORTHLESS.get(self.control, ()), 0.0)
        wide: dict[str, Any] = {
            "generations": self.generations,
            "population": self.population,
            "diagonal": self.diagonal,
        }
        return replace(
            config,
            mirrored=self.control != "unmirrored",
            reward=replace(config.reward, **costs),
            imagination=replace(config.imagination, updates=self.updates, temperature=self.temperature),
            evolution=replace(config.evolution, **wide),
            horizon=self.horizon,
        )

    def _make_network(self) -> LatentController:
        widths = {"widths": ()} if self.learner == "evolution" else {}
        parts = {"vae": CODES[self.kind], "world": self.kind, "members": self.members}
        sizes = {**parts, **widths, **CONTROLS[self.control]}
        network = make_network("latent-controller", sizes, self.seed)
        assert isinstance(network, LatentController)
        return network

    def _make_bundle(self, network: LatentController, lineage: Mapping[str, Any]) -> Bundle:
        env = make_env("car-racing")
        features, action, rate_hz = env.unwrapped.features, env.unwrapped.action, env.metadata["control_hz"]
        env.close()
        inputs = Features(features[IMAGE], features[STATE])
        return Bundle(network, self.pipeline, inputs, action, rate_hz, "car-racing", "drive", lineage=dict(lineage))

    @property
    def pipeline(self) -> Pipeline:
        """For what makes codes of pictures."""
        return make_pipeline(VAES[CODES[self.kind]].size)


def summarise(result: Result) -> dict[str, Any]:
    """All of a result but its verdicts."""
    return {key: value for key, value in result.to_json().items() if key != "verdicts"}


def count_evaluated(result: Result) -> int:
    """Real steps that an evaluation took; a reset is one, as on the ledger."""
    return int(sum(result.values("raw_steps"))) + len(result.episodes)
