"""The script that writes tables of results knows every kind of summary that recipes write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import results_table
from tables import randomise
from tables.honesty import make_honesty
from tables.ladder import make_ladder, plot_ladder
from tables.randomise import make_gain

from millwright.evaluation.clearing import Pick, summarise

MACHINE = {"machine": {"cores": 2, "cpu": "a processor"}}


def make_table(folder: Path, **files: dict[str, Any]) -> list[str]:
    for name, values in files.items():
        (folder / f"{name.replace('_', '-')}.json").write_text(json.dumps(values))
    lines: list[str] = results_table.make_table(folder).splitlines()
    return lines


def make_clearing(**more: Any) -> dict[str, Any]:
    limits = {"max_joint_speed_rad_s": 2.5, "max_joint_acceleration_rad_s2": 5.0, "cycle_time_s": 3.5}
    good, bad = Pick("red", True, None, 3.0, limits, {}), Pick("red", False, "dropped", 3.0, {}, {})
    scenes = {seed: [good, bad if seed == 5 else good] for seed in range(5, 15)}
    return {"seeds": "5:15", "policy": "brick-clear", **summarise(scenes, 2), "provenance": MACHINE, **more}


def test_summary_of_clearing_has_a_row_of_picks_and_of_tables(tmp_path: Path) -> None:
    summary = {"recipe": "brick-clear", "fields": {"seed": 1}, "result": make_clearing()}
    lines = make_table(tmp_path, brick_clear=summary, brick_clear_expert=make_clearing(policy="expert"))
    (row,) = [line for line in lines if "training seed 1" in line]
    assert "[`brick-clear`, training seed 1](results/brick-clear.json) | 5:15 | 19/20 = 95.0%" in row
    assert "| 9/10 = 90.0% (" in row
    assert "| 3.50 s | 2.50 rad/s, 5.00 rad/s^2 | 1 dropped |" in row
    assert any(line.startswith("| [`expert`](results/brick-clear-expert.json)") for line in lines)
    assert lines[-1] == "Measured on: 2 cores of a processor."


def test_summary_of_dagger_has_a_row_for_each_arm_beside_the_others(tmp_path: Path) -> None:
    arms = {"clean": 150, "dagger": 180}
    counted = {"episodes": 200, "interval": [0.7, 0.9]}
    results = {
        arm: {**counted, "successes": won, "rate": won / 200, "failures": {"miss": 200 - won}}
        for arm, won in arms.items()
    }
    comparison = {"a": "clean", "b": "dagger", "difference": 0.15, "p_corrected": 0.003}
    summary = {"recipe": "brick-dagger", "fields": {"seeds": "5000:5200"}, "results": results, "provenance": MACHINE}
    lines = make_table(tmp_path, brick_dagger={**summary, "comparisons": [comparison]})
    assert "| `clean` | 150/200 = 75.0% | 70.0% to 90.0% | 50 miss | -15.0 points to `dagger` (p = 0.003) |" in lines
    assert "| `dagger` | 180/200 = 90.0% | 70.0% to 90.0% | 20 miss | +15.0 points to `clean` (p = 0.003) |" in lines


def test_each_battery_names_its_environment_and_its_counter_examples(tmp_path: Path) -> None:
    def make_battery(env: str, example: str, **more: str) -> dict[str, Any]:
        rows = [
            {"policy": policy, "start": start, "successes": won, "episodes": 5, "fooled": {example: 4}}
            for policy, start, won in (("expert", "", 5), ("hover", "", 0), ("nothing", "in-air", 0))
        ]
        return {"env": env, "counter_examples": [example], "rows": rows, "provenance": MACHINE, **more}

    lines = make_table(
        tmp_path,
        brick_gamers=make_battery("brick-table", "height-alone"),
        brick_gamers_clear=make_battery("brick-clear", "over-tray-alone", variant=""),
        brick_gamers_clutter=make_battery("brick-table", "height-alone", variant="clutter"),
    )
    heads = [line for line in lines if line.startswith("| who tries")]
    assert heads == [
        "| who tries to be called successful | successes | 95% interval | by height alone |",
        "| who tries to be called successful, `brick-clear` | successes | 95% interval | by over tray alone |",
        "| who tries to be called successful, `clutter` | successes | 95% interval | by height alone |",
    ]
    assert "| [cheats](results/brick-gamers-clear.json) | 0/5 | 0.0% to 43.4% | 4/5 |" in lines


def test_summary_of_a_ladder_has_a_row_for_each_rung_with_its_share_of_the_bytes(tmp_path: Path) -> None:
    counted = {"episodes": 200, "interval": [0.9, 1.0], "image_size": 128}
    av1 = {"codec": "av1", "scale": 1.0}
    ladder = [
        {"rung": "as-recorded", "encoding": None, "video_bytes_an_episode": 200e3, "successes": 198, "rate": 0.99},
        {"rung": "av1", "encoding": av1, "video_bytes_an_episode": 20e3, "successes": 190, "rate": 0.95},
    ]
    assert "Not measured" in make_ladder(tmp_path)
    assert plot_ladder(tmp_path) is None
    summary = {"fields": {"seeds": "5:205"}, "ladder": [{**row, **counted} for row in ladder], "provenance": MACHINE}
    (tmp_path / "brick-compression.json").write_text(json.dumps(summary))
    lines = make_ladder(tmp_path).splitlines()
    assert lines[2] == "| `as-recorded` | 128 | 200.0 | 100% | 198/200 = 99.0% | 90.0% to 100.0% |"
    assert lines[3] == "| `av1` | 128 | 20.0 | 10% | 190/200 = 95.0% | 90.0% to 100.0% |"
    assert "Scenes 5:205" in lines[-1]
    drawn = plot_ladder(tmp_path)
    assert "as recorded" in drawn
    assert "AV1" in drawn


def test_the_gain_of_randomised_recordings_is_told_with_its_interval(tmp_path: Path) -> None:
    assert "Not measured" in make_gain(tmp_path)
    for name, won in zip(randomise.FILES, (100, 180), strict=True):
        row = {"condition": "lighting", "about": "other light", "seeds": "5:205", "episodes": 200}
        failed = {"failures": {"miss": 200 - won}}
        suite = {"fields": {"seeds": "5:205"}, "perturbations": [{**row, "successes": won, **failed}]}
        (tmp_path / name).write_text(json.dumps(suite))
    lines = make_gain(tmp_path).splitlines()
    assert lines[2].startswith("| other light | 100/200 | 180/200 | +40.0 points (+31.")
    assert lines[2].endswith("e-19 | 100 miss |")
    assert "Scenes 5:205" in lines[-1]


def test_every_judges_count_stands_beside_the_stages_that_episodes_came_to(tmp_path):
    assert "Not measured" in make_honesty(tmp_path)
    row = {
        "policy": "nothing",
        "episodes": 200,
        "successes": {"judge": 0, "height-alone": 1, "height-from-floor": 200},
        "intervals": {"judge": [0, 0.0188]},
        "stages": {"closes": 2, "lifts": 3},
    }
    fields = {"seeds": "5000:5200", "env": "lift", "policy": "lift"}
    (tmp_path / "lift-true-success.json").write_text(json.dumps({"rows": [row], "fields": fields}))
    lines = make_honesty(tmp_path).splitlines()
    assert lines[0].startswith("| who | success by the report's | success by its repair | success by ours |")
    assert lines[2] == "| `nothing` | 200/200 | 1/200 | 0/200 | 0.0% to 1.9% | 2 | 3 |"
    assert "Scenes 5000:5200" in lines[-1]


def test_who_is_told_in_words_stands_above_those_that_lack_something(tmp_path: Path) -> None:
    def make_choice(control: str, won: int) -> dict[str, Any]:
        counted = {"successes": won, "interval": [0.1, 0.9]}
        result = {
            **counted, "episodes": 200, "failures": {"wrong_object": 3},
            "metrics": {"wrong_object_interval": [0, 0.04]},
            "in_turn": {**counted, "trials": 300}, "held_out_pairs": {**counted, "episodes": 100},
            "provenance": MACHINE,
        }  # fmt: skip
        fields = {"control": control, "samples": 800_000, "seeds": "5000:5200"}
        return {"recipe": "lift-choice", "fields": fields, "result": result}

    lines = make_table(tmp_path, lift_choice_mute=make_choice("mute", 60), lift_choice=make_choice("", 99))
    listens, mute = [line for line in lines if "800,000 samples" in line]
    assert "| 5000:5200 | 99/200 = 49.5% (10.0% to 90.0%) | 3/200 (0.0% to 4.0%) | 99/300 = 33.0% (" in listens
    assert mute.startswith("| [trained and played without words, 800,000 samples](results/lift-choice-mute.json)")


def test_drivers_that_differ_by_their_training_seed_have_one_row_and_each_track_counts_once(tmp_path: Path) -> None:
    def make_drive(policy: str, *returns: float) -> dict[str, Any]:
        verdicts = [{"seed": 17 + row, "metrics": {"return": value}} for row, value in enumerate(returns)]
        won = sum(value >= 900 for value in returns)
        counted = {"successes": won, "failures": {"slow": len(returns) - won}, "seeds": "17:19"}
        return {"env": "car-racing", "policy": policy, "verdicts": verdicts, **counted, "provenance": MACHINE}

    results = {"dream_driving_seed_0": make_drive("a", 900, 800), "dream_driving_seed_1": make_drive("b", 920, 820)}
    lines = make_table(tmp_path, **results, dream_driving_no_grass_25k=make_drive("c", 100, 300))
    (row,) = [line for line in lines if "at most 50,000" in line]
    assert (
        "| 17:19 | 860.0 | [850](results/dream-driving-seed-0.json), [870](results/dream-driving-seed-1.json) |" in row
    )
    assert "| 810.0 to 910.0 | 58.9 | 800 | 2/4 | 2 slow |" in row
    (control,) = [line for line in lines if "no-grass" in line]
    assert "| 200.0 |  | 100.0 to 300.0 | 141.4 | 100 | 0/2 | 2 slow |" in control
    assert not any("succeeded" in line for line in lines)
