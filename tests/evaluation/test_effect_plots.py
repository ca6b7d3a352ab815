"""A forest plot shows what is believed in colour, and its text can be searched."""

from __future__ import annotations

from millwright.evaluation.effect_plots import BETTER, WORSE, Effect, Point, plot_against, plot_effects

WORSENS = Effect("token", -0.4, -0.5, -0.3, True)
MAYBE = Effect("mask", -0.1, -0.2, 0.05, False)


def test_only_what_is_believed_has_a_colour() -> None:
    assert WORSE in plot_effects([("reference", [WORSENS, MAYBE])])
    plain = plot_effects([("reference", [MAYBE])])
    assert WORSE not in plain
    assert BETTER not in plain
    assert BETTER in plot_effects([("plateau", [Effect("crop", 0.4, 0.3, 0.5, True)])])


def test_groups_without_effects_take_no_panel_and_labels_are_text() -> None:
    plot = plot_effects([("reference", [WORSENS]), ("nothing yet", [])])
    assert ">token<" in plot
    assert "nothing yet" not in plot


def test_each_group_of_dots_is_in_the_legend() -> None:
    plot = plot_against([Point(1, 0.5, "one"), Point(100, 1.0, "other")], "mm", "success", logarithmic=True)
    assert ">one<" in plot
    assert ">other<" in plot
    assert plot == plot_against([Point(1, 0.5, "one"), Point(100, 1.0, "other")], "mm", "success", logarithmic=True)
