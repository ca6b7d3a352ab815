"""Each cell differs from its anchor in the one thing that it is named after; all networks are of one size."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from millwright.core.errors import UnknownNameError
from millwright.nets.routing import ROUTINGS
from millwright.recipes.study.cells import ANCHORS, CELLS, DECIDING, find_cells
from millwright.recipes.study.labels import LABELS
from millwright.recipes.study.setup import MENDED, Recording
from millwright.recipes.study.training import ACTIONS, PARAMETERS, list_boxes, make_cell_network, make_inputs

COUPLED = {
    "reference--base-frame": {"actions", "posture"},  # who predicts places has to know where it is
    "reference--joints": {"actions", "posture"},
    "reference--raw-token": {"routing", "whitened"},  # beside reference--token
    "reference--clean-50": {"recording", "episodes"},  # with reference--clean and reference--50 a square
    "mended--crop": {"routing", "straight_box"},  # a crop around the wrong place would show nothing
    "mended--gating": {"routing", "straight_box"},
    "mended--true-overlay": {"routing", "straight_box"},
    "mended--pinhole": {"recording", "straight_box"},  # a pinhole's box is straight
    "mended--perturbed-plan": {"recording", "label", "pauses"},  # who is pushed does not stand still
    "mended--replanning": {"execute", "blend"},
    "mended--diffusion": {"network", "execute"},
    "plateau--crop": {"routing", "straight_box"},
    "reference--whole-chunks": {"execute", "blend"},
    "reference--act-unjittered": {"network", "jitter"},  # beside reference--act: what it lacks there
    "reference--act-posture": {"network", "posture"},
}


@pytest.mark.parametrize("name", [name for name, cell in CELLS.items() if cell.anchor and cell.suspect != "together"])
def test_a_cell_differs_from_its_anchor_in_one_thing(name: str) -> None:
    cell = CELLS[name]
    before, after = (asdict(setup) for setup in (ANCHORS[cell.anchor], cell.setup))
    changed = {field for field in before if before[field] != after[field]}
    assert changed == COUPLED.get(name, changed)
    assert len(changed) == 1 or name in COUPLED
    recordings = [asdict(setup.recording) for setup in (ANCHORS[cell.anchor], cell.setup)]
    assert sum(recordings[0][field] != recordings[1][field] for field in recordings[0]) <= 1


def test_the_ladder_leads_from_the_mended_recipe_to_all_but_the_reference() -> None:
    rungs = [asdict(cell.setup) for cell in CELLS.values() if cell.suspect == "together" and cell.anchor == "mended"]
    reference = asdict(ANCHORS["reference"])
    left = [sum(rung[field] != reference[field] for field in reference) for rung in (asdict(MENDED), *rungs)]
    assert left == sorted(left, reverse=True)
    assert {field for field in reference if rungs[-1][field] != reference[field]} == {
        "shut_m", "recording", "episodes", "posture", "jitter",
    }  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
def test_all_networks_have_as_many_parameters_and_read_what_their_pipeline_makes(name: str) -> None:
    setup = CELLS[name].setup
    network = make_cell_network(setup, 0)
    assert sum(parameter.numel() for parameter in network.parameters()) == pytest.approx(PARAMETERS, rel=0.1)
    made = {value for processor in make_inputs(setup) for value in (getattr(processor, "to", ""),)}
    assert set(network.inputs) - {"region"} <= made


def test_every_routing_label_and_representation_is_in_a_cell() -> None:
    setups = [cell.setup for cell in CELLS.values()]
    assert {setup.routing for setup in setups} == set(ROUTINGS) - {"recall"}
    assert {setup.label for setup in setups} == set(LABELS)
    assert {setup.actions for setup in setups} == set(ACTIONS)


def test_claims_rest_on_cells_that_there_are_and_on_all_anchors() -> None:
    assert set(CELLS) >= DECIDING
    assert {name for name, cell in CELLS.items() if cell.deciding} == DECIDING | set(ANCHORS)


def test_cells_are_found_by_names_and_patterns_in_the_order_of_the_table() -> None:
    assert [cell.name for cell in find_cells("mended, reference")] == ["reference", "mended"]
    assert {cell.anchor for cell in find_cells("plateau--*")} == {"plateau"}
    assert len(find_cells("")) == len(CELLS)
    with pytest.raises(UnknownNameError, match=r"no cell refrence; cells: reference, plateau"):
        find_cells("refrence")


def test_what_is_recorded_in_one_way_has_one_folder_and_is_played_on_the_grid() -> None:
    recordings = {cell.setup.recording for cell in CELLS.values()}
    assert len({recording.name for recording in recordings}) == len(recordings)
    hard = Recording(hard=True, control_hz=24)
    assert hard.env_options["hard"]
    assert hard.env_options["restless"]
    assert hard.env_options["max_steps"] == 192
    assert hard.played_options == {"control_hz": 24, "max_steps": 240}
    assert Recording(tracked=True).played_options["tracked"]


def test_a_box_is_normalised_where_it_comes_as_numbers_and_not_in_the_report_s_recipe() -> None:
    assert list_boxes(ANCHORS["plateau"]) == list_boxes(ANCHORS["plateau-diffusion"]) == ()
    assert list_boxes(ANCHORS["mended"]) == list_boxes(CELLS["reference--token"].setup) == ("box",)
    assert list_boxes(ANCHORS["reference"]) == list_boxes(CELLS["mended--overlay"].setup) == ()
