"""Instructions: each fits exactly one object, and what training says it never says later."""

import re
from itertools import chain, product

import numpy as np
import pytest

from millwright.core.errors import OptionError, PromptError, UnknownNameError
from millwright.envs.lift.instructions import (
    DOCUMENT,
    FORMS,
    HELD_OUT_PAIRS,
    PLACE_WORDS,
    TRAINED_PAIRS,
    write_instruction,
)
from millwright.envs.lift.words import ANY_NOUNS, COLOURS, SHAPES, Item, find_fitting, find_meant

LONE_CUBE = [Item("red", "cube", 0.5, 0.0)]
TWINS = [Item("red", "cube", 0.5, -0.1), Item("red", "cube", 0.5, 0.1), Item("blue", "ball", 0.6, 0.0)]


def draw_scene(seed):
    rng = np.random.default_rng(seed)
    pairs = [(colour, shape) for colour in COLOURS for shape in SHAPES]
    chosen = rng.choice(len(pairs), int(rng.integers(2, 5)), replace=False)
    return [Item(*pairs[index], *rng.uniform((0.4, -0.2), (0.7, 0.2))) for index in chosen]


def bare_words(sentence):
    return set(re.findall(r"[a-z]+", sentence.lower().replace("{what}", "")))


@pytest.mark.parametrize("split", ["train", "unseen"])
def test_an_instruction_fits_its_target_and_nothing_else(split):
    for seed in range(300):
        scene = draw_scene(seed)
        for target in range(len(scene)):
            said = write_instruction(scene, target, seed, split)
            assert find_fitting(scene, said) == (target,), said


def test_the_document_s_sentences_all_fit_its_one_cube():
    assert [find_fitting(LONE_CUBE, text) for text in DOCUMENT] == [(0,)] * 8


def test_places_are_said_as_the_camera_across_the_table_sees_them():
    scene = [Item("red", "cube", 0.5, -0.1), Item("blue", "cube", 0.6, 0.1)]
    assert find_fitting(scene, "lift the leftmost cube") == (0,)
    assert find_fitting(scene, "lift the thing on the right") == (1,)
    assert find_fitting(scene, "lift the cube closest to the robot") == (0,)
    assert find_fitting(scene, "lift the cube farthest from the robot") == (1,)


def test_a_place_that_two_objects_nearly_share_fits_both():
    scene = [Item("red", "cube", 0.5, 0.10), Item("blue", "ball", 0.5, 0.11)]
    assert find_fitting(scene, "lift the rightmost object") == (0, 1)


def test_a_place_counts_among_those_that_the_noun_fits():
    scene = [Item("red", "cube", 0.5, 0.0), Item("blue", "cube", 0.5, 0.1), Item("green", "ball", 0.5, 0.2)]
    assert find_fitting(scene, "lift the rightmost block") == (1,)


def test_words_that_fit_nothing_or_contradict_themselves_find_nothing():
    assert find_fitting(TWINS, "lift the green cube") == ()
    assert find_fitting(TWINS, "lift the red cube or the ball") == ()


def test_twins_are_told_apart_by_where_they_lie():
    for seed in range(20):
        assert find_fitting(TWINS, write_instruction(TWINS, 0, seed)) == (0,)
    with pytest.raises(OptionError, match="no words tell the red cube"):
        write_instruction([TWINS[0], TWINS[0]], 0, 0)


def test_training_says_nothing_of_a_shape_beside_a_colour_that_it_never_has():
    scene = [Item("green", "cube", 0.5, 0.0), Item("red", "ball", 0.5, 0.1)]
    said = {split: {write_instruction(scene, 1, seed, split) for seed in range(60)} for split in ("train", "unseen")}
    balls = {split: [text for text in texts if re.search("ball|sphere|orb", text)] for split, texts in said.items()}
    assert not balls["train"]
    assert balls["unseen"]
    assert any("red" in text for text in said["train"])
    only = [Item("green", "ball", 0.5, 0.0), Item("green", "cube", 0.5, 0.01)]  # where nothing else tells them apart
    assert re.search("ball|sphere|orb", write_instruction(only, 0, 0))


def test_all_ways_to_name_are_used_and_the_same_seed_says_the_same():
    scene = draw_scene(7)
    said = {write_instruction(scene, 0, seed) for seed in range(200)}
    assert len(said) > 40
    assert any("most" in text or "to the robot" in text for text in said)
    assert any(scene[0].colour in text for text in said)
    assert write_instruction(scene, 0, 3) == write_instruction(scene, 0, 3)


def test_unseen_sentences_share_no_verb_and_no_form_with_training():
    function_words = {"the", "and", "it", "up", "please", "from", "in", "is", "for", "to", "of", "above", "robot"}
    trained = set.union(*map(bare_words, FORMS["train"])) - function_words
    unseen = set.union(*map(bare_words, FORMS["unseen"])) - function_words
    assert not trained & unseen


def test_every_colour_and_every_shape_is_trained_and_the_held_out_pairs_are_not():
    assert not set(TRAINED_PAIRS) & set(HELD_OUT_PAIRS)
    assert {colour for colour, _ in TRAINED_PAIRS} == set(COLOURS)
    assert {shape for _, shape in TRAINED_PAIRS} == set(SHAPES)
    assert ("red", "cube") in TRAINED_PAIRS


def test_a_target_that_is_not_there_and_a_split_of_no_name_are_refused():
    with pytest.raises(OptionError, match="0 to 0"):
        write_instruction(LONE_CUBE, 1, 0)
    with pytest.raises(UnknownNameError, match="train"):
        write_instruction(LONE_CUBE, 0, 0, "trian")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("lift the pink cube", "nothing is ever pink"),
        ("the orange ball", "nothing is ever orange"),
        ("the red banana", "'banana' is no thing that is known here, these are: cube, block,"),
        ("can you take the red banana", "'banana' is no thing"),
        ("the leftmost red banana", "'banana' is no thing"),
        ("anything but the red cube", r"what is not to be lifted \('but'\) is not understood"),
        ("don’t take the ball", "what is not to be lifted"),
        ("everything except the ball", "'except'"),
        ("leftmost, no: rightmost thing", r"it names 2 places \(left, right\), and one thing is lifted"),
        ("the red one, or the blue one", r"it names 2 colours \(red, blue\)"),
        ("the ball on the cube", r"it names 2 shapes \(cube, ball\)"),
        ("the cube to the left of the ball", r"a place beside another thing \('left of the'\) is not understood"),
    ],
)
def test_words_that_are_not_understood_are_refused_rather_than_half_of_them_taken(said, why):
    table = [Item("red", "cube", 0.5, -0.1), Item("blue", "ball", 0.6, 0.1)]
    assert find_fitting(table, said) == ()
    with pytest.raises(PromptError, match=f"fits nothing here: .*{why}.*on the table: red cube, blue ball"):
        find_meant(table, said)


@pytest.mark.parametrize(
    "place",
    [
        "to the left of the ball", "on the right of the ball", "right of it", "left  of the blue ball",
        "on the left-hand side of the ball", "next to the ball", "beside the blue one", "close to the ball",
        "closest to the ball", "nearest the ball", "near the ball", "nearest to it", "behind the ball", "behind it",
        "in front of the ball", "between the ball and the robot", "between the two others", "opposite the ball",
        "farthest from the ball", "furthest away from the ball", "far away from the ball", "5 cm from the ball",
        "that touches the ball", "under the ball", "by the blue ball", "across from the ball", "closest to me",
        "with the ball on its left", "whose neighbour is the ball", "next to ball", "closest to the edge",
    ],
)  # fmt: skip
@pytest.mark.parametrize("noun", ["thing", "red cube", "closest thing", "one"])
def test_a_place_beside_another_thing_is_refused_rather_than_the_other_thing_lifted(noun, place):
    table = [Item("red", "cube", 0.5, -0.1), Item("blue", "ball", 0.6, 0.1)]
    said = f"lift the {noun} {place}"
    assert find_fitting(table, said) == ()
    with pytest.raises(PromptError, match=r"a place beside another thing .* is not understood, only leftmost"):
        find_meant(table, said)


@pytest.mark.parametrize("said", ["the second leftmost", "the closest thing to the ball", "the nearest block to us"])
def test_places_in_a_row_and_places_torn_apart_are_not_half_understood(said):
    with pytest.raises(PromptError, match="a place beside another thing"):
        find_meant([Item("red", "cube", 0.5, -0.1), Item("blue", "ball", 0.6, 0.1)], said)


def test_no_place_that_instructions_tell_is_taken_for_one_beside_another_thing():
    table = [Item("red", "cube", 0.7, -0.1), Item("blue", "cube", 0.5, 0.1)]
    table += [Item("red", "ball", 0.6, 0.0), Item("red", "cylinder", 0.6, 0.02)]
    nouns = [noun for kind in (*SHAPES.values(), ANY_NOUNS) for noun in kind]
    places = [(place, form) for place, forms in PLACE_WORDS.items() for form in forms]
    meant = {"left": 0, "right": 1, "near": 1, "far": 0}
    for sentence, (place, form), noun in product(chain(*FORMS.values()), places, nouns):
        said = sentence.format(what=form.format(noun=noun))
        shape = next((shape for shape, kind in SHAPES.items() if noun in kind), "cube")
        assert find_fitting(table, said) == {"cube": (meant[place],), "ball": (2,), "cylinder": (3,)}[shape], said


@pytest.mark.parametrize(
    "said",
    [
        "the red one", "lift red up", "red please", "red!", "the small red wooden block", "now the leftmost",
        "leftmost red", "the leftmost, on the left", "the nearest to you", "Red and high", "the cube in the air",
        "the cube on the left of the table", "the leftmost, and hold it by the middle", "the closest block to the arm",
        "the nearest red block to be lifted", "take the red cube between the fingers", "red, right above the table",
        "Can you lift the red cube?", "if you can: the red block", "can the robot take the red box",
    ],
)  # fmt: skip
def test_short_and_free_words_are_still_understood(said):
    assert find_meant([Item("red", "cube", 0.5, -0.1), Item("blue", "ball", 0.6, 0.1)], said) == 0


def test_what_is_typed_means_one_thing_or_the_answer_says_what_is_there():
    assert find_meant(TWINS, "the ball, please") == 2
    assert find_meant(TWINS, "lift the leftmost cube") == 0
    assert find_meant([*TWINS, Item("blue", "cylinder", 0.4, 0.0)], "can you lift the can") == 3
    assert find_meant([*TWINS, Item("red", "cylinder", 0.4, 0.0)], "can you lift the red can you see") == 3
    assert find_meant(LONE_CUBE, "up!") == 0
    for said, answer in {
        "lift the cube": "fits 2 things: red cube, red cube; say which by colour, shape or place",
        "lift the green thing": "'lift the green thing' fits nothing here; on the table: red cube, red cube, blue ball",
        "the ball on the cube": "fits nothing here",
        "hello there": "names nothing that could lie here; on the table: red cube, red cube, blue ball",
    }.items():
        with pytest.raises(PromptError, match=answer):
            find_meant(TWINS, said)
