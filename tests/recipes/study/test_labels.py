"""A label says what it is named after, never crosses episodes, and waits where a clock would."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.recipes.study.labels import (
    LENGTH,
    PAUSES,
    Columns,
    Frames,
    choose_frames,
    insert_pauses,
    make_labels,
    solve_joints,
)
from millwright.robots.ur5e import SEED_JOINTS, make_chain

NUM = 40
CLOSE, RISE = 20, 26


def make_columns(num=NUM):
    """Heights fall from 0.3 to 0.01, stay, and rise; `plan` is marked by 1000 + frame, poses by the frame."""
    height = np.interp(np.arange(num), [0, CLOSE - 5, RISE - 1, num], [0.3, 0.01, 0.01, 0.2])
    pose = np.zeros((num, 7), np.float32)
    pose[:, 0], pose[:, 2] = np.arange(num), height
    state = np.full((num, 7), 0.032, np.float32)
    plan = np.zeros((num, LENGTH, 8), np.float32)
    plan[..., 0] = 1000 + np.arange(num)[:, None] + np.arange(LENGTH) / 100
    plan[..., 7] = np.where(np.arange(num) < CLOSE, 0.037, 0.0)[:, None]
    return Columns(plan, pose, state)


COLUMNS = make_columns()
FRAMES = Frames(np.arange(NUM), (30, 10))


@pytest.mark.parametrize(
    ("label", "first", "opening"),
    [
        ("plan", 1003.0, 0.037),
        ("plan-held", 1003.0, 0.032),
        ("commanded", 1003.0, 0.037),
        ("state", 3.0, 0.032),
        ("next-state", 4.0, 0.032),
        ("state-gripped", 3.0, 0.037),
    ],
)
def test_a_label_begins_with_what_it_is_named_after(label, first, opening):
    chunk = make_labels(COLUMNS, FRAMES, label)[3]
    assert chunk[0, 0] == pytest.approx(first)
    assert chunk[0, 7] == pytest.approx(opening)


def test_states_follow_each_other_and_hold_at_the_end_of_their_episode():
    labels = make_labels(COLUMNS, FRAMES, "state")
    assert labels[3, :, 0].tolist() == list(range(3, 3 + LENGTH))
    assert labels[27, :4, 0].tolist() == [27, 28, 29, 29]
    assert make_labels(COLUMNS, FRAMES, "next-state")[29, 0, 0] == 29


def test_a_label_of_states_never_tells_the_fingers_to_close_on_a_brick_and_that_of_commands_does():
    held = slice(CLOSE, 29)
    assert make_labels(COLUMNS, FRAMES, "state")[held, :, 7].min() == pytest.approx(0.032)
    assert make_labels(COLUMNS, FRAMES, "state-gripped")[held, 0, 7].max() == 0
    assert make_labels(COLUMNS, FRAMES, "commanded", shut_m=0.005)[held, 0, 7].max() == pytest.approx(0.005)


def test_who_is_driven_by_a_clock_waits_before_descending_closing_and_lifting():
    waited = insert_pauses(COLUMNS, np.arange(NUM))
    descend = int(np.argmax(COLUMNS.pose[:, 2] < 0.06))
    rising = int(np.argmax((COLUMNS.pose[:, 2] > 0.015) & (np.arange(NUM) > CLOSE)))
    repeats = dict(zip(*np.unique(waited, return_counts=True), strict=True))
    assert {frame: count - 1 for frame, count in repeats.items() if count > 1} == {
        descend - 1: PAUSES["descend"],
        CLOSE - 1: PAUSES["close"],
        rising - 1: PAUSES["lift"],
    }
    assert (np.diff(waited) >= 0).all()


def test_an_episode_without_a_grasp_is_left_as_it_is():
    frames = np.arange(CLOSE)
    assert insert_pauses(COLUMNS, frames) is frames


def test_chosen_frames_keep_their_episodes_apart():
    episodes = [np.arange(30), np.arange(30, 40)]
    plain, waiting = (choose_frames(COLUMNS, episodes, pauses) for pauses in (False, True))
    assert plain.numbers.tolist() == list(range(NUM))
    assert plain.lengths == (30, 10)
    assert waiting.lengths[0] == 30 + sum(PAUSES.values())
    assert len(waiting.numbers) == sum(waiting.lengths)


def test_joints_solved_for_a_chunk_put_the_hand_where_it_says():
    chain = make_chain()
    pose = chain.compute_pose(SEED_JOINTS)
    targets = np.zeros((1, LENGTH, 8), np.float32)
    targets[0, :, :3] = pose[:3, 3] + np.linspace(0, 0.1, LENGTH)[:, None] * [1, 0.5, -1]
    targets[0, :, 3:7] = [0, np.sqrt(0.5), -np.sqrt(0.5), 0]
    targets[0, :, 7] = 0.02
    state = np.append(SEED_JOINTS, 0.05)[None].astype(np.float32)
    solved = solve_joints(targets, state)[0]
    np.testing.assert_allclose(solved[:, 6], 0.02)
    reached = chain.compute_pose(solved[-1, :6])[:3, 3]
    np.testing.assert_allclose(reached, targets[0, -1, :3], atol=1e-4)
