"""What a robot's side counts is what was done, and Prometheus reads it on this machine alone."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import numpy as np
import prometheus_client
import pytest
from prometheus_client import CollectorRegistry

from millwright.cli.metrics import serve_metrics
from millwright.core.clock import TickClock
from millwright.core.errors import ActionError, OptionError, RemoteError, ServiceError
from millwright.core.planner import Chunk
from millwright.core.policy import Policy, Privileged
from millwright.serving.access import Access, Tls
from millwright.serving.command_loop import Halted
from millwright.serving.fallback import Fallback, Patience
from millwright.serving.limiter import Limiter
from millwright.serving.metered import Metered
from millwright.serving.metrics_page import MOST_CONNECTIONS, MetricsPage
from millwright.serving.robot_metrics import RobotMetrics
from tests.serving.arms import ENVELOPE, HZ, Saying, observe
from tests.serving.certificates import make_certificates

TOKEN = "a-token-that-is-long-enough"


class Planning(Policy):
    """A plan every second tick, of falling confidence; at ticks of `errors` it raises."""

    name = "planning"

    def __init__(self, errors=()):
        self.errors = errors

    def reset(self, seed):
        self.tick, self._plan = -1, None

    def act(self, observation):
        self.tick += 1
        if self.tick in self.errors:
            raise RemoteError("gone")
        if self.tick % 2 == 0:
            times = {"observed_at_s": self.tick / HZ, "expires_at_s": self.tick / HZ + 1}
            timings = {"network": 0.004}
            self._plan = Chunk(np.zeros((2, 3), np.float32), HZ, 0.9 - self.tick / 20, **times, timings=timings)
        return np.array([0, 0, 0.02], np.float32)

    @property
    def plan(self):
        return self._plan


def play(policy, ticks):
    policy.reset(1)
    for _ in range(ticks):
        policy.act(observe())
    return policy


def read(metrics, name, **labels):
    return metrics.registry.get_sample_value(f"millwright_robot_{name}", labels)


def test_metered_is_played_as_it_is_and_its_plans_are_told():
    metrics = RobotMetrics()
    metered, plain = play(Metered(Planning(), metrics, TickClock(HZ)), 6), play(Planning(), 6)
    assert (metered.name, metered.plan.observed_at_s) == (plain.name, plain.plan.observed_at_s)
    assert read(metrics, "ticks_total", driver="policy") == 6
    assert read(metrics, "act_seconds_count") == 6
    assert read(metrics, "chunk_age_seconds_count") == 6
    assert read(metrics, "chunk_age_seconds_sum") == pytest.approx(3 / HZ)  # each plan is played for two ticks
    assert read(metrics, "confidence_count") == 3
    assert read(metrics, "confidence_sum") == pytest.approx(0.9 + 0.8 + 0.7)
    assert read(metrics, "plan_stage_seconds_sum", stage="network") == pytest.approx(3 * 0.004)


def test_what_a_limiter_does_is_counted_with_its_reason_and_once():
    metrics = RobotMetrics()
    far, stop = np.array([9.0, 0, 0.02], np.float32), ActionError("no")
    policy = Metered(Limiter(Saying(far, far, stop), ENVELOPE, HZ), metrics, TickClock(HZ))
    play(play(policy, 5), 5)  # two episodes
    counted = policy.metrics()
    assert read(metrics, "interventions_total", what="stopped", why="refused") == 2
    assert read(metrics, "interventions_total", what="limited", why="position") == 2 * counted["limited_position"] > 0
    assert read(metrics, "interventions_total", what="stopped", why="force") == 0, "what may happen is told as 0"


def test_switches_and_who_drives_are_counted():
    metrics = RobotMetrics()
    patience = Patience(deadline_s=1.0, hold_s=2 / HZ, retry_s=2 / HZ, answers=1)
    fallback = Fallback(Planning(errors=(2, 3, 4)), Saying(np.zeros(3, np.float32)), TickClock(HZ), patience)
    play(Metered(fallback, metrics, TickClock(HZ)), 12)
    told = Counter(event.what for event in fallback.events)
    assert set(told) == {"held", "fell back", "came back"}
    assert read(metrics, "switches_total", to="hold", why="no_answer") == told["held"]
    assert read(metrics, "switches_total", to="fallback", why="no_answer") == fallback.metrics()["fallbacks"]
    assert read(metrics, "switches_total", to="policy", why="answered") == told["came back"]
    assert read(metrics, "ticks_total", driver="hold") == fallback.metrics()["hold_ticks"]
    assert read(metrics, "ticks_total", driver="fallback") == fallback.metrics()["fallback_ticks"]
    assert read(metrics, "policy_errors_total", kind="RemoteError") == 0


def test_an_error_that_nobody_falls_back_from_is_counted_and_passed_on():
    metrics = RobotMetrics()
    with pytest.raises(RemoteError):
        play(Metered(Planning(errors=(1,)), metrics, TickClock(HZ)), 3)
    assert read(metrics, "policy_errors_total", kind="RemoteError") == 1
    assert read(metrics, "ticks_total", driver="policy") == 1


def test_frames_that_pass_while_a_tick_goes_on_are_dropped_and_not_between_episodes():
    metrics, times = RobotMetrics(), iter([0.0, 0.0, 0.11, 0.2, 0.5, 0.5, 9.0, 9.0])
    metered = Metered(Planning(), metrics, TickClock(10), real_hz=10, now=lambda: next(times))
    play(play(metered, 3), 1)  # 0 -> 0.11: on time; 0.11 -> 0.5: three frames passed
    assert read(metrics, "frame_drops_total") == 3


def test_halts_of_the_command_loop_are_counted():
    metrics = RobotMetrics()
    metrics.count_halt(Halted("force", 0.0, 0.0))
    assert read(metrics, "halts_total", why="force") == 1
    assert read(metrics, "halts_total", why="heartbeat") == 0


def test_who_sees_the_truth_is_not_metered():
    class Expert(Saying, Privileged):
        def see(self, facts): ...

    with pytest.raises(OptionError, match="sees the truth"):
        Metered(Expert(), RobotMetrics(), TickClock(HZ))


def fetch(url, token=None, context=None):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def make_registry():
    registry = CollectorRegistry()
    prometheus_client.Counter("told", "Of a test.", registry=registry).inc()
    return registry


def test_the_page_tells_metrics_and_nothing_else():
    with MetricsPage(make_registry(), 0) as page:
        assert fetch(page.url)[0] == 200
        assert "told_total 1.0" in fetch(page.url)[1]
        assert fetch(page.url.removesuffix("/metrics"))[0] == 404
    with pytest.raises(urllib.error.URLError):
        fetch(page.url)


def test_connections_that_say_nothing_do_not_keep_others_out(monkeypatch):
    monkeypatch.setattr("millwright.serving.metrics_page._Handler.timeout", 0.2)
    with MetricsPage(make_registry(), 0) as page:
        port = int(page.url.removesuffix("/metrics").rpartition(":")[2])
        held = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(20)]
        for one in held:
            try:
                while one.recv(4096):
                    pass
            except ConnectionResetError:
                pass
            one.close()
        assert fetch(page.url)[0] == 200


def test_connections_that_never_finish_what_they_say_do_not_keep_others_out(monkeypatch):
    monkeypatch.setattr("millwright.serving.metrics_page.READ_S", 0.5)
    with MetricsPage(make_registry(), 0) as page:
        port = int(page.url.removesuffix("/metrics").rpartition(":")[2])
        held = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(MOST_CONNECTIONS)]
        told, until_s = 0, time.monotonic() + 20
        while told != 200 and time.monotonic() < until_s:
            for one in held:  # each says another byte long before it is silent for too long
                with contextlib.suppress(OSError):
                    one.send(b"G")
            with contextlib.suppress(OSError):
                told = fetch(page.url)[0]
            time.sleep(0.05)
        for one in held:
            one.close()
        assert told == 200


def test_other_machines_read_it_only_with_a_token_or_a_certificate():
    with pytest.raises(ServiceError, match="can be reached from other machines"):
        MetricsPage(make_registry(), 0, "0.0.0.0")
    access = Access({hashlib.sha256(TOKEN.encode()).digest(): "prometheus"})
    with MetricsPage(make_registry(), 0, "0.0.0.0", access) as page:
        assert fetch(page.url)[0] == 401
        assert fetch(page.url, TOKEN)[0] == 200


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
def test_with_mutual_tls_a_certificate_is_asked_for(tmp_path: Path):
    make_certificates(tmp_path)
    tls = Tls(tmp_path / "server.key", tmp_path / "server.pem", tmp_path / "ca.pem")
    with MetricsPage(make_registry(), 0, access=Access(tls=tls)) as page:
        known = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with pytest.raises((urllib.error.URLError, ssl.SSLError, ConnectionError)):
            fetch(page.url, context=known)
        known.load_cert_chain(tmp_path / "robot.pem", tmp_path / "robot.key")
        assert fetch(page.url, context=known)[0] == 200


def test_a_port_that_is_taken_says_which_option_gives_another():
    with (
        MetricsPage(make_registry(), 0) as page,
        pytest.raises(ServiceError, match=r"in use.*--metrics-port \d+"),
    ):
        MetricsPage(make_registry(), int(page.url.removesuffix("/metrics").rpartition(":")[2]))


def test_a_page_tells_of_one_robot_and_several_are_refused():
    with pytest.raises(OptionError, match="add --workers 1, not 2"), serve_metrics(0, workers=2):
        pass
    with serve_metrics(None, workers=2) as metrics:
        assert metrics is None
