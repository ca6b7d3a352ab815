"""What may be chosen about the brick table."""

from __future__ import annotations

from dataclasses import dataclass

from millwright.core.errors import OptionError
from millwright.envs.brick_table.scene import TIMESTEP_S

CONTROL_HZ = 15
MAX_IMAGE_SIZE = 1024
PHYSICS_HZ = round(1 / TIMESTEP_S)


@dataclass(frozen=True)
class BrickTableOptions:
    """Options of `BrickTableEnv`, in groups: the task, the camera, pointing, troubles, perturbations.

    Args:
        hard: any yaw and free placement with 1 cm clearance, instead of the jittered grid.
        clutter: piles of bricks that touch, lean on each other and lie on others, instead of the grid; the target that
            is drawn lies on top or is free on one side at least (see `clutter.find_pickable`). Clicks come with the
            depth that a depth camera measures: how high what was clicked lies cannot be told otherwise.
        max_steps: ticks until the episode is truncated.
        control_hz: ticks a second; joint targets are reached within one.
        fisheye: 155-degree equidistant lens on the wrist instead of the 85-degree pinhole.
        image_size: height and width of the wrist image, pixels.
        depth: observe the depth of the wrist camera too, `observation.images.wrist_depth`: metres along the optical
            axis, without noise, 0 where there is nothing within 10 m.
        glow: the target is drawn in a colour that nothing else has: an upper bound for what pointing can achieve.
        tracked: give the true box at every tick instead of what follows from the click.
        restless: another click for every tick, drawn on the target as it lies at the start: for recordings.
        click_noise: drawn clicks miss the brick's centre by up to this share of its box; at 0 they hit its top.
        bump: knock the target away by 2 to 6 cm and up to 45 degrees while the hand comes down.
        miscalibrated: believe the wrist camera 1 to 2 cm and 1 to 3 degrees away from where it is.
        lighting: dusk to glare, warm to cold, the lamp on any side and as low as 30 degrees.
        texture: another table: plain, wood, checks or stone, of any pale or dull colour.
        camera_moved: the wrist camera sits 1 to 2 cm and 1 to 3 degrees away from where it is believed to be: not
            only the box is off, as with `miscalibrated`; the picture is another one.
        sensor_noise: the wrist image is blurred, off in colour, noisy and comes as a JPEG of quality 20 to 60.
        twins: one to three other bricks have the target's colour. Judged as ever: the one that was clicked.
        sizes: three bricks of four are blocks 24 to 33 mm wide, 34 to 64 mm long and 18 to 28 mm high: for recordings.
        shapes: blocks that are narrower, wider, longer, flatter or higher than those, round bars, and cylinders that
            stand: nobody trains on them.
        randomise: each of these but `sizes` and `shapes` in three episodes of four: for recordings.
        tray: beside the bricks stands a tray to put them into; joints keep to a limit of their acceleration too.
        underway: with a tray, begin as in the middle of clearing the table: up to eleven bricks lie in the tray, and
            the arm is where it put the last one (in seven scenes of ten) or at home.

    Raises:
        OptionError: an option is out of its range, or two cannot be had together.
    """

    hard: bool = False
    clutter: bool = False
    max_steps: int = 120
    control_hz: int = CONTROL_HZ
    fisheye: bool = False
    image_size: int = 128
    depth: bool = False
    glow: bool = False
    tracked: bool = False
    restless: bool = False
    click_noise: float = 0.0
    bump: bool = False
    miscalibrated: bool = False
    lighting: bool = False
    texture: bool = False
    camera_moved: bool = False
    sensor_noise: bool = False
    twins: bool = False
    sizes: bool = False
    shapes: bool = False
    randomise: bool = False
    tray: bool = False
    underway: bool = False

    def __post_init__(self) -> None:
        if not 16 <= self.image_size <= MAX_IMAGE_SIZE or self.max_steps < 1:
            needed = f"image_size must be 16 to {MAX_IMAGE_SIZE} pixels and max_steps at least 1"
            raise OptionError(f"{needed}, got {self.image_size} and {self.max_steps}")
        if self.control_hz < 1 or PHYSICS_HZ % self.control_hz:
            rates = ", ".join(str(hz) for hz in range(5, 61) if PHYSICS_HZ % hz == 0)
            raise OptionError(
                f"control_hz must divide the {PHYSICS_HZ} Hz of the physics, as {rates} do; got {self.control_hz}"
            )
        if not 0 <= self.click_noise <= 0.5:
            raise OptionError(f"click_noise is a share of the brick's box, 0 to 0.5; got {self.click_noise}")
        if self.tracked and self.restless:
            raise OptionError("tracked gives the true box at every tick, restless a click's: choose one")
        if self.sizes and self.shapes:
            raise OptionError("sizes are what policies train on, shapes what they never trained on: choose one")
        if self.glow and (self.twins or self.randomise):
            raise OptionError("glow gives the target a colour that nothing else has, twins share it: choose one")
        if self.clutter and (self.hard or self.bump or self.sizes or self.shapes):
            raise OptionError(
                "clutter piles ordinary bricks up in its own way: it goes without hard, bump, sizes and shapes"
            )
        if self.tray and (self.bump or self.sizes or self.shapes or self.clutter):
            raise OptionError("the slots of a tray are for ordinary bricks: no bump, sizes, shapes or clutter")
        if self.underway and not self.tray:
            raise OptionError("underway means that some bricks are in the tray: give tray too")
