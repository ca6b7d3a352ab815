"""Session: the control thread. It owns environment, policy and judge and plays episodes in real time."""

from __future__ import annotations

import logging
import queue
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from millwright.core.episode import Episode, Step
from millwright.core.errors import MillwrightError, RemoteError, ServiceError, choose
from millwright.core.features import Features
from millwright.core.judging import Judge
from millwright.core.loop import make_episode, play
from millwright.core.policy import Policy, Privileged
from millwright.dashboard.commands import Answer, Choose, Clear, Close, Command, Dream, Run, Shuffle, Stop
from millwright.dashboard.kinds import find_kind
from millwright.dashboard.latency import Latency
from millwright.dashboard.newest import Newest
from millwright.dashboard.schedule import Schedule
from millwright.dashboard.snapshot import FAILED, FINISHED, LOADING, READY, RUNNING, Outcome, Snapshot, Tally
from millwright.dashboard.stage import Cast, Stage, Watched
from millwright.dashboard.waiting import Waiting
from millwright.policies.arrow_keys import HeldKeys

log = logging.getLogger(__name__)
GLANCE_S = 0.6
"""How long the end of a pick stays on show when the next one waits."""


AT_REST: dict[str, Any] = {
    "step": 0, "time_s": 0.0, "newest_step": None, "target": None, "task": "", "box": None, "distance_m": None,
    "opening_m": None, "gauges": {},
}  # fmt: skip
"""What a snapshot says while nothing runs."""


class Session:
    """Plays a stage's episodes on command and publishes a snapshot of every instant.

    Where the stage goes on, a pick leaves the scene as it is, and what is pointed at meanwhile waits in a queue.

    Args:
        stage: what is played.
        policy: the first to drive; the stage's first when None.
        seed: of the first scene.
        seeds: `Shuffle` draws from these; the default are scenes that no training and no published figure uses.
        hold_s: how long the end of an episode stays on show.
        keep: called in the control thread with every judged episode; then whoever opened the session, and no browser,
            chooses scenes and who drives.
    """

    def __init__(
        self,
        stage: Stage,
        policy: str | None = None,
        seed: int = 5000,
        seeds: range = range(5000, 10000),
        hold_s: float = 3.0,
        keep: Callable[[Episode], None] | None = None,
    ) -> None:
        self._stage, self._seeds, self._hold_s = stage, seeds, hold_s
        self._kind, self.keep = find_kind(stage), keep
        self._first_policy = next(iter(stage.policies)) if policy is None else policy
        choose("policy", self._first_policy, stage.policies)
        self.snapshots = Newest(Snapshot(seed=seed))
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._loaded: dict[str, Policy] = {}
        self._waiting = Waiting()
        self._closing = False
        self._cast: Future[Cast] = Future()
        self._thread = threading.Thread(target=self._main, name="control", daemon=True)
        self._env: Watched
        self._judge: Judge

    @property
    def bundles(self) -> Mapping[str, Path]:
        """Folders of those policies that are bundles."""
        return self._stage.bundles

    @property
    def keys(self) -> HeldKeys | None:
        """That a person may drive with."""
        return None if self._stage.drive is None else self._stage.drive.keys

    @property
    def server(self) -> str | None:
        """Address of the server that one of the policies asks."""
        return self._stage.server

    def start(self) -> Cast:
        """Build the environment and show the first scene.

        Raises:
            ServiceError: the environment, its judge or the first scene could not be made.
        """
        self._thread.start()
        try:
            return self._cast.result()
        except Exception as error:  # a factory may fail in any way; who opens the session is told which
            raise ServiceError(f"the scene cannot be built: {error}") from error

    def submit(self, command: Command) -> Future[Answer]:
        """Hand a command to the control thread; never waits. The answer comes within a tick."""
        phase = self.snapshots.value.phase
        if phase in (LOADING, FAILED):
            command.refuse(self.snapshots.value.message)
        else:
            self._commands.put(command)
        return command.answer

    def close(self) -> None:
        """Stop what is running and end the control thread."""
        self._commands.put(Close())
        self._thread.join(timeout=30)

    # ---- the control thread -------------------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            self._env = Watched(self._stage.env_factory())
            self._judge = self._stage.judge_factory()
            self._schedule = Schedule(self._env.metadata["control_hz"])
            self._show_start(self.snapshots.value.seed)
            self._cast.set_result(self._make_cast())
        except Exception as error:  # noqa: BLE001 - whatever a factory raises is told to whoever called start()
            self._cast.set_exception(error)
            return
        self._load(self._first_policy)
        try:
            while not self._closing:
                self._serve_idle()
        except Exception as error:  # a scene that cannot even be put back: nothing can be driven any more
            log.exception("the scene broke")
            self.snapshots.put(replace(self.snapshots.value, phase=FAILED, message=f"the scene broke: {error}"))
        for policy in self._loaded.values():
            policy.close()
        self._env.close()

    def _make_cast(self) -> Cast:
        bare, stage, kind = self._bare, self._stage, self._kind
        hz = float(self._env.metadata["control_hz"])
        features = Features(*bare.features.values(), bare.action) if hasattr(bare, "features") else Features()
        return Cast(
            stage.title, tuple(stage.policies), hz, kind.make_viewer(bare), features, stage.goes_on, stage.by_words,
            stage.drive is not None, kind.traced.to_json(), stage.drive.dreams.names if stage.drive else (),
        )  # fmt: skip

    def _serve_idle(self) -> None:
        """Take one command, or go on when the end of an episode was on show long enough."""
        finished = self.snapshots.value.phase == FINISHED
        hold_s = min(GLANCE_S, self._hold_s) if self._waiting.names else self._hold_s
        try:
            command = self._commands.get(timeout=hold_s if finished or self._waiting.names else None)
        except queue.Empty:
            self._go_on()
            return
        match command:
            case Run() if self._waiting.names:
                self._queue_up(command)
            case Run():
                self._run(command, finished)
            case Clear():
                self._clear(command)
            case Shuffle():
                seed = random.choice(self._seeds) if command.seed is None else command.seed
                self._show_start(seed)
                self._publish(note=self.snapshots.value.note if command.note is None else command.note)
                command.accept(f"scene {seed}")
            case Choose():
                self._choose(command)
            case Dream():
                self._dream(command)
            case Stop() if self._waiting.names:
                self._empty_queue()
                command.accept("nothing waits any more")
            case Stop():
                command.refuse("nothing is running")
            case Close():
                self._closing = True

    def _go_on(self) -> None:
        """The next that waits; without one, the scene as the next pick is to find it."""
        if self._waiting.names:
            self._run(Run(self._waiting.take().prompt), finished=False)
        else:
            self._rest()

    def _rest(self, message: str = "") -> None:
        """Ready for the next pick: from the start of the scene, or from where the last one ended."""
        if self._stage.goes_on:
            self._publish(phase=READY, **AT_REST)
        else:
            self._show_start(self.snapshots.value.seed)
        self._publish(message=message)

    def _clear(self, command: Command) -> None:
        """Let all that is left wait for its turn."""
        if not self._stage.goes_on:
            command.refuse("there is nothing to put things into here")
            return
        self._waiting.fill(self._bare.list_remaining())
        self._publish(queue=self._waiting.names)
        if self._waiting.names:
            command.accept(f"{len(self._waiting.names)} to go")
        else:
            command.refuse("nothing is left on the table")

    def _empty_queue(self) -> None:
        self._waiting.empty()
        self._publish(queue=())

    @property
    def _bare(self) -> Any:
        """The environment without wrappers."""
        return self._env.unwrapped

    def _choose(self, command: Choose) -> None:
        try:
            choose("policy", command.policy, self._stage.policies)
        except MillwrightError as error:
            command.refuse(str(error))
            return
        command.accept(f"policy {command.policy}")
        self._load(command.policy)

    def _dream(self, command: Dream) -> None:
        """Choose whose world model dreams beside drives, and how; while one runs, how alone."""
        try:
            self._publish(dream=self._kind.dream(command))
        except MillwrightError as error:
            command.refuse(str(error))
            return
        command.accept(f"{command.of or 'nothing'} dreams" if command.of is not None else "")

    def _load(self, name: str) -> None:
        """Make `name` the driver; a failure is shown and leaves no driver."""
        before = self.snapshots.value
        again = name == before.policy  # its server has gone, and may come back: it stays chosen
        if name not in self._loaded:
            self._publish(phase=LOADING, message=f"loading {name} …", policy=name)
            try:
                self._loaded[name] = self._stage.policies[name]()
            except Exception as error:  # a factory may fail in any way: the page says how, the session lives on
                log.exception("policy %s could not be loaded", name)
                self._publish(
                    phase=before.phase, message=f"{name} could not be loaded: {error}", policy=name if again else ""
                )
                return
        privileged = isinstance(self._loaded[name], Privileged)
        latency = before.latency if again else Latency()
        self._publish(phase=before.phase, message="", policy=name, privileged=privileged, latency=latency)

    def _show_start(self, seed: int) -> None:
        self._env.reset(seed=seed)
        self._waiting.empty()
        scene = self.snapshots.value.scene + 1
        seen = self._env.observation
        shown = {"seed": seed, "scene": scene, "start": seen, **self._kind.look_around(self._bare, seen)}
        self._publish(phase=READY, message="", queue=(), **shown, **AT_REST)

    def _run(self, run: Run, finished: bool) -> None:
        now = self.snapshots.value
        if now.policy and now.policy not in self._loaded:
            self._load(now.policy)
        if now.policy not in self._loaded:
            run.refuse(self.snapshots.value.message or "choose a policy first")
        elif finished and "click" in run.options and not self._stage.goes_on:
            self._show_start(now.seed)
            run.refuse("the scene was put back; click again")
        elif "instruction" in run.options and not self._stage.by_words:
            run.refuse("here things are asked for by a click or a name, not in words")
        elif run.scene not in (None, now.scene):
            run.refuse("the picture was changing; click again")
        else:
            self._play(run, self._loaded[now.policy])

    def _play(self, run: Run, policy: Policy) -> None:
        """One episode with everything that may end it: the judge, Stop, a refused prompt, an error."""
        message, now = "", self.snapshots.value
        try:
            policy = self._kind.watch(policy, now.policy)
            steps = list(self._follow(self._steps(run, policy)))
            if not self._stopped:
                if self.keep is not None:
                    self.keep(make_episode(tuple(steps), policy, self._judge, now.seed, self._stage.provenance))
                self._judged(policy)
                return
            message = "stopped; not counted"
            self._empty_queue()
        except Exception as error:  # from policy or environment: the page says it, the next episode may go well
            message = str(error) if isinstance(error, MillwrightError) else f"{type(error).__name__}: {error}"
            if isinstance(error, RemoteError):  # whoever answers there next is connected to anew, also if it is another
                self._loaded.pop(self.snapshots.value.policy).close()
            if run.answer.done():
                log.exception("the episode broke off")
                self._empty_queue()
                message = f"the episode broke off: {message}"
            else:
                run.refuse(message)
        finally:
            self._env.on_reset = lambda: None
        self._rest(message)

    def _steps(self, run: Run, policy: Policy) -> Iterator[Step]:
        now = self.snapshots.value
        self._env.on_reset = lambda: self._begin(run)
        options = {**run.options, "continue": True} if self._stage.goes_on else dict(run.options)
        if "instruction" in options:
            options["target"] = self._bare.find_meant(options["instruction"])
        return play(self._env, policy, self._judge, now.seed, options=options)

    def _begin(self, run: Run) -> None:
        """The environment took the prompt: answer at once, before the policy has thought."""
        target = self._kind.name_target(self._env.facts, self.snapshots.value.scenery)
        task = str(self._env.observation.get("task", ""))
        begun = {"episode": self.snapshots.value.episode + 1, "target": target, "task": task}
        self._publish(
            phase=RUNNING, message="", verdict=None, trace=(), dream_trace=(), queue=self._waiting.names, **begun
        )
        run.accept("driving" if self._stage.drive else f"picking {target}", target)
        self._schedule.start()

    def _follow(self, steps: Iterator[Step]) -> Iterator[Step]:
        """Play in real time, to the end or until it is stopped."""
        self._stopped = False
        for step in steps:
            followed, told = self._kind.follow(step, self.snapshots.value)
            self._publish(
                step=step.index + 1,
                time_s=step.time_s,
                verdict=self.snapshots.value.scenery.rename(step.verdict, getattr(step.facts, "names", ())),
                newest_step=step,
                trace=(*self.snapshots.value.trace, (step.time_s, followed)),
                pace=self._schedule.pace,
                latency=self.snapshots.value.latency.follow(step),
                **told,
            )
            yield step
            self._stopped = self._stopped_while_waiting()
            if self._stopped:
                return
            self._schedule.tick()

    def _stopped_while_waiting(self) -> bool:
        """Wait for the next tick, answering commands meanwhile."""
        while True:
            try:
                command = self._commands.get(timeout=self._schedule.left_s)
            except queue.Empty:
                return False
            match command:
                case Stop() | Close():
                    self._closing = isinstance(command, Close)
                    command.accept("stopped")
                    return True
                case Run() if self._stage.goes_on:
                    self._queue_up(command)
                case Clear() if self._stage.goes_on:
                    self._clear(command)
                case Dream(of=None):
                    self._dream(command)
                case _:
                    command.refuse("busy: press Stop first")

    def _queue_up(self, run: Run) -> None:
        """Let it wait until the running pick is over."""
        try:
            name = self._bare.find_target(run.options)
        except MillwrightError as error:
            run.refuse(str(error))
            return
        if name == self.snapshots.value.target or not self._waiting.add(name, run.options):
            run.refuse(f"{name} has its turn already")
            return
        self._publish(queue=self._waiting.names)
        run.accept(f"{name} waits", name)

    def _judged(self, policy: Policy) -> None:
        now = self.snapshots.value
        assert now.verdict is not None
        assert now.target is not None
        privileged = isinstance(policy, Privileged)
        outcome = Outcome(now.policy, privileged, now.target, now.task, now.seed, now.step, now.time_s, now.verdict)
        tally = now.tallies.get(now.policy, Tally()).add(now.verdict.success, privileged)
        self._publish(phase=FINISHED, outcome=outcome, tallies={**now.tallies, now.policy: tally})

    def _publish(self, **changes: Any) -> None:
        """The next snapshot: the last with these changes and what the environment shows now."""
        now = replace(self.snapshots.value, **changes)
        if now.phase in (RUNNING, FINISHED):
            now = replace(now, **self._kind.tell(self._env.observation, self._env.facts))
        positions = self._kind.locate(self._env.facts, now.scenery)
        self.snapshots.put(replace(now, state=self._bare.scene_state(), positions=positions))
