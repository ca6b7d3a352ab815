"""The report page: complete, self-contained, and it says what matters."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from millwright.evaluation.page import draw_films, draw_headline, draw_table
from millwright.evaluation.report import draw_page
from millwright.evaluation.result import EpisodeResult, Result

VOID = {"meta", "input", "br", "img", "path", "use", "image", "rect"}


def episode(seed: int, failure: str | None, **more: object) -> EpisodeResult:
    traces = {"times_s": (0.0, 0.1, 0.2), "distances_m": (0.3, 0.2, 0.1), "call_ms": (1.0, 2.0, 3.0)}
    metrics = {"steps": 3.0, "final_distance_m": 0.1} | ({} if failure else {"cycle_time_s": 0.2})
    about = {"prompt_at": (0.5, 0.5), "film": f"seed-{seed}.mp4", **more}
    return EpisodeResult(seed, failure is None, failure, f"pick {seed % 2}", metrics, **traces, **about)


def result(*failures: str | None, privileged: bool = False, **more: object) -> Result:
    rows = (episode(seed, failure, provenance={"privileged": privileged}) for seed, failure in enumerate(failures))
    about = {"env": "reach", "policy": "<b>flaky</b>", "command": "millwright evaluate reach --seeds 0:4", **more}
    return Result(range(len(failures)), tuple(rows), about)


class Tags(HTMLParser):
    """Collects tags and checks that they close."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.links, self.videos = [], [], 0

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("href", "src", "xlink:href")]
        self.videos += tag == "video"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    return tags


def test_the_headline_says_count_rate_and_interval():
    head = draw_headline(result(None, None, "miss", None))
    assert "75.0%" in head
    assert "<b>3 of 4</b> episodes succeeded" in head
    assert "95% interval 30.1% to 95.4%" in head


def test_nothing_is_fetched_from_elsewhere():
    page = draw_page(result(None, "miss"))
    assert all(link.startswith(("films/", "#")) for link in read(page).links)
    assert "@import" not in page


def test_failures_are_shown_by_class_seed_task_and_place():
    page = draw_page(result(None, "miss", "miss", "slip", None))
    assert re.search(r"miss</a>.*2 \(40\.0%; 95%: 11\.8% to 76\.9%\)", page, re.S)
    assert 'title="seed 3: slip"' in page
    tasks = re.findall(r'title="(pick \d)".*?(\d of \d)', page)
    assert tasks == [("pick 1", "2 of 2"), ("pick 0", "1 of 3")]
    assert page.count("Where the failures are") == 1


def test_without_failures_the_page_says_so():
    page = draw_page(result(None, None))
    assert "100%" in page
    assert "Where the failures are" not in page
    read(page)


def test_without_successes_the_page_still_stands():
    read(draw_page(result("miss", "timeout")))


def test_every_failure_and_a_dozen_successes_are_on_film():
    films = draw_films(result(*[None] * 20, *["miss"] * 5))
    assert read(films).videos == 12 + 5
    assert films.index("Films of the failures") < films.index("Films of successes")


def test_every_episode_is_in_the_table():
    table = draw_table(result(*[None] * 20, "miss"))
    assert len(re.findall(r'<tr id="seed-\d+"', table)) == 21


def test_a_privileged_policy_is_marked():
    assert "saw the truth" in draw_headline(result(None, privileged=True))
    assert "saw the truth" not in draw_headline(result(None))


def test_names_are_escaped_and_the_command_is_given():
    page = draw_page(result(None, machine={"cpu": "a <fast> one", "cores": 2}))
    assert "<b>flaky</b>" not in page
    assert "&lt;b&gt;flaky" in page
    assert "a &lt;fast&gt; one" in page
    assert "millwright evaluate reach --seeds 0:4" in page


def test_99_95_percent_is_not_called_100():
    rows = tuple(EpisodeResult(seed, seed > 0, None if seed else "miss", "", {}) for seed in range(3000))
    head = draw_headline(Result(range(3000), rows, {"env": "reach", "policy": "p"}))
    assert '<div class="rate">99.9%</div>' in head


def test_what_was_not_measured_is_left_out():
    rows = (EpisodeResult(0, True, None, "", {}),)
    page = draw_page(Result(range(1), rows, {"env": "reach", "policy": "p"}))
    assert "Distance over time" not in page
    assert "cycle time" not in page
    read(page)


def test_plots_take_their_colours_from_the_page():
    page = draw_page(result(None, "miss"))
    assert "currentColor" in page
    assert "#0a01" not in page
    assert "#0102" not in page
