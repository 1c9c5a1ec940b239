"""Figures: what is drawn is what the data say, names are readable, and the same figure gives the same bytes."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle, StepPatch

from r2psim import plots
from r2psim.declarations.columns import BODY, GROUP, STAGES, STATE, TRIGGERS
from r2psim.plots import harm, network, ribbons, style
from r2psim.plots.harm import harm_over_time
from r2psim.plots.network import place_labels, stage_map
from r2psim.plots.ribbons import MOST, runs_of, stage_ribbons
from r2psim.plots.style import STAGE_COLOURS, STAGE_SHAPES, save
from r2psim.rules.draws import draws_of
from r2psim.rules.month import month
from r2psim.scenario.parameters import defaults
from r2psim.world.build import build
from r2psim.world.history import History
from r2psim.world.rows import copy_rows

FIGURES = (stage_ribbons, stage_map, harm_over_time)


def world_of(states: int, groups: int = 2, seed: int = 1, placed: bool = True):
    rng = np.random.default_rng(seed)
    made = {}
    side = int(np.ceil(np.sqrt(states)))
    for i in range(states):
        place = ((i % side + 0.5 + rng.uniform(-0.3, 0.3)) / side, (i // side + 0.5 + rng.uniform(-0.3, 0.3)) / side)
        values = {"population": float(np.exp(rng.normal(16, 1.2)))}
        values |= {"x": place[0], "y": place[1]} if placed else {}
        members = {
            f"g{j}": SimpleNamespace(name=f"People {i}.{j}", values={"share": 0.8 / groups}, status=None, kin=())
            for j in range(groups)
        }
        neighbours = [f"s{k}" for k in (i + 1, i + side) if k < states]
        made[f"s{i}"] = SimpleNamespace(
            name=f"Statename {i}", region="r", neighbours=neighbours, values=values, home={}, groups=members
        )
    return build(SimpleNamespace(states=made, bodies={}, forms={}, parameter_values=lambda policy: defaults()))


def series_of(months) -> SimpleNamespace:
    """Turn the rows of each month into series of columns."""
    return SimpleNamespace(
        state={name: np.array([rows.state[i] for rows in months]) for name, i in STATE.index.items()},
        group={name: np.array([rows.group[i] for rows in months]) for name, i in GROUP.index.items()},
        body={name: np.array([rows.body[i] for rows in months]) for name, i in BODY.index.items()},
    )


def history_of(world, stages: np.ndarray, seed: int = 1, harmed: bool = True) -> History:
    """Make a history whose groups are in these stages, shape (months + 1, groups), with random triggers and harm."""
    rng = np.random.default_rng(seed)
    series = series_of([world.rows] * len(stages))
    series.group["stage"] = stages.astype(float)
    starts = world.rows.first_group[:-1]
    series.state["stage"] = np.maximum.reduceat(series.group["stage"], starts, axis=1)
    if harmed:
        for kind in TRIGGERS:
            series.state[f"strike_{kind}"] = (rng.random(series.state["stage"].shape) < 0.04).astype(float)
        series.group["deaths_month"] = np.where(stages == 4, rng.integers(1, 900, stages.shape), 0.0)
        series.state["displaced_inside"] = np.cumsum(rng.integers(0, 5000, series.state["stage"].shape), axis=0) * 1.0
        series.state["gdp"] = series.state["gdp_potential"] * (1.0 - 0.3 * rng.random(series.state["gdp"].shape))
    return History(
        "test", "A test", "no-assistance", 7, 0, world, series.state, series.group, series.body, (), "0" * 64
    )


def wandering(months: int, groups: int, seed: int = 3) -> np.ndarray:
    """Give stages that rise and fall by one at random, shape (months + 1, groups)."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([-1, 0, 0, 0, 0, 1], size=(months + 1, groups))
    stages = np.zeros((months + 1, groups), dtype=int)
    for m in range(1, months + 1):
        stages[m] = np.clip(stages[m - 1] + steps[m], 0, 4)
    return stages


@pytest.fixture(scope="module")
def three() -> History:
    world = world_of(3)
    return history_of(world, wandering(60, 6))


@pytest.fixture(scope="module")
def twelve() -> History:
    world = world_of(12, 4)
    return history_of(world, wandering(120, 48))


@pytest.fixture(scope="module")
def many() -> History:
    world = world_of(190, 1)
    stages = wandering(24, 190)
    stages[:, 150:] = np.minimum(stages[:, 150:], 1)
    return history_of(world, stages)


@pytest.fixture(scope="module")
def calm() -> History:
    world = world_of(3)
    return history_of(world, np.zeros((61, 6)), harmed=False)


def gids(figure, start: str) -> dict:
    found = figure.findobj(lambda artist: str(artist.get_gid() or "").startswith(start))
    return {artist.get_gid().removeprefix(start): artist for artist in found}


def words(figure) -> list[str]:
    return [t.get_text() for t in shown_texts(figure)]


def shown_texts(figure) -> list:
    return [t for t in figure.findobj(mpl.text.Text) if t.get_visible() and t.get_text().strip()]


def boxes_of(figure) -> list[tuple[str, mpl.transforms.Bbox]]:
    """Give every text that is drawn with its box, pixels; ticks beyond the ends of their axis are not drawn."""
    figure.canvas.draw()
    beyond = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low <= tick.get_loc() <= high:
                    beyond |= {tick.label1, tick.label2}
    return [(t.get_text(), t.get_window_extent()) for t in shown_texts(figure) if t not in beyond]


def overlap(a, b, slack: float = 1.0) -> bool:
    return a.x0 < b.x1 - slack and b.x0 < a.x1 - slack and a.y0 < b.y1 - slack and b.y0 < a.y1 - slack


# ---------------------------------------------------------------- every figure


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize("world", ["three", "twelve", "many", "calm"])
def test_nothing_is_cut_off_and_no_text_covers_another(draw, world, request):
    figure = draw(request.getfixturevalue(world))
    boxes = boxes_of(figure)
    assert style.FOOTER in [text for text, _ in boxes]
    for text, box in boxes:
        assert box.x0 > 0 and box.y0 > 0, text
        assert box.x1 < figure.bbox.x1 and box.y1 < figure.bbox.y1, text
    for (first, a), (second, b) in itertools.combinations(boxes, 2):
        assert not overlap(a, b), f"{first!r} covers {second!r}"
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    edge = 20
    for strip in (pixels[:edge], pixels[-edge:], pixels[:, :edge], pixels[:, -edge:]):
        assert (strip == 255).all()


@pytest.mark.parametrize(
    ("draw", "suffix"),
    [
        (stage_ribbons, ".png"),
        (stage_map, ".png"),
        (harm_over_time, ".png"),
        (stage_map, ".svg"),
        (harm_over_time, ".pdf"),
    ],
)
def test_the_same_figure_gives_the_same_bytes(draw, suffix, three, tmp_path):
    figure = draw(three)
    first = save(figure, tmp_path / f"a{suffix}").read_bytes()
    assert save(figure, tmp_path / f"b{suffix}").read_bytes() == first
    assert save(draw(three), tmp_path / f"c{suffix}").read_bytes() == first
    for volatile in (b"Software", b"CreationDate", b"dc:date"):
        assert volatile not in first


def test_png_has_150_dots_an_inch(three, tmp_path):
    figure = stage_map(three)
    path = save(figure, str(tmp_path / "a.PNG"))
    height, width = mpl.image.imread(path, format="png").shape[:2]
    assert (width, height) == tuple(int(side * 150) for side in figure.get_size_inches())


def test_other_formats_are_refused(three, tmp_path):
    with pytest.raises(ValueError, match=r"a\.gif: a figure is written as one of \.png"):
        save(stage_map(three), tmp_path / "a.gif")


@pytest.mark.parametrize("draw", FIGURES)
def test_a_run_that_has_not_begun_is_drawn(draw, three):
    start = dataclasses.replace(
        three, state={k: v[:1] for k, v in three.state.items()}, group={k: v[:1] for k, v in three.group.items()}
    )
    assert boxes_of(draw(start))


@pytest.mark.parametrize("draw", FIGURES)
def test_names_with_signs_and_long_names_are_written_as_they_are_or_cut(draw):
    world = world_of(2)
    world.names["s0"] = "$x_1$ & Co"
    world.names["s0/g0"] = world.names["s1"] = "An endless name of a people " * 8
    figure = draw(history_of(world, wandering(24, 4)))
    for _, box in boxes_of(figure):
        assert box.x0 > 0 and box.x1 < figure.bbox.x1
    if draw is not harm_over_time:
        assert "$x_1$ & Co" in words(figure)
        assert any(text.endswith("…") for text in words(figure))


@pytest.mark.parametrize("draw", FIGURES)
def test_a_run_of_the_model_is_drawn(draw):
    world = world_of(3)
    p = defaults()
    months = [world.rows]
    for m in range(12):
        months.append(copy_rows(months[-1]))
        month(months[-1], p, draws_of(1, 0, m))
    series = series_of(months)
    run = History("test", "A test", "no-assistance", 1, 0, world, series.state, series.group, series.body, (), "0" * 64)
    assert "test, policy no-assistance, seed 1, run 0" in words(draw(run))


def test_pyplot_is_not_used():
    for module in (plots, harm, network, ribbons, style):
        assert "pyplot" not in Path(module.__file__).read_text().replace("without pyplot", "")


# ---------------------------------------------------------------- style


def test_lightness_falls_strictly_with_the_stage():
    light = [style.lightness(colour) for colour in STAGE_COLOURS]
    assert all(a - b > 10 for a, b in itertools.pairwise(light))


def test_hatching_keeps_the_order_of_lightness():
    page = style.new_figure(1.0, "Title")
    axes = page.axes(0.5, 0.5, 5.0, 1.0)
    axes.set(xlim=(0, 5), ylim=(0, 1))
    axes.set_axis_off()
    for stage, colour in enumerate(STAGE_COLOURS):
        patch = Rectangle((stage, 0), 1, 1, facecolor=colour)
        style.hatch(patch, stage)
        axes.add_patch(patch)
    page.figure.canvas.draw()
    pixels = np.asarray(page.figure.canvas.buffer_rgba())[..., :3].mean(axis=2)
    top = int(pixels.shape[0] - 1.4 * 150), int(pixels.shape[0] - 0.6 * 150)
    seen = [pixels[top[0] : top[1], int((0.6 + s) * 150) : int((1.4 + s) * 150)] for s in range(5)]
    means = [float(part.mean()) for part in seen]
    assert all(a - b > 15 for a, b in itertools.pairwise(means)), means
    assert [float(part.std()) > 3 for part in seen] == [False, False, False, True, True]


def test_stages_have_marks_of_their_own_without_colour():
    assert len(set(STAGE_SHAPES)) == len(STAGES)
    assert list(style.STAGE_THICKNESS) == sorted(set(style.STAGE_THICKNESS))
    assert set(style.TRIGGER_MARKS) == set(TRIGGERS)
    assert len({style.TRIGGER_MARKS[kind] for kind in TRIGGERS}) == len(TRIGGERS)
    assert style.stage_colours([4, 0]) == [STAGE_COLOURS[4], STAGE_COLOURS[0]]
    assert style.stage_marks(np.array([0.0, 3.0])) == [STAGE_SHAPES[0], STAGE_SHAPES[3]]


def test_long_lines_are_broken_and_long_words_cut():
    lines = style.wrap("several words that do not fit on a single line", 1.0, 8.0)
    assert len(lines) > 1
    assert all(style.text_width(line, 8.0) <= 1.0 for line in lines)
    assert " ".join(lines) == "several words that do not fit on a single line"
    assert style.wrap("x" * 400, 1.0, 8.0)[0].endswith("…")


# ---------------------------------------------------------------- ribbons


@pytest.mark.parametrize("name", ["three", "twelve"])
def test_every_group_has_a_ribbon_with_the_colours_of_its_stages(name, request):
    history = request.getfixturevalue(name)
    drawn = gids(stage_ribbons(history), "ribbon:")
    assert set(drawn) == set(history.world.groups)
    for g, group in enumerate(history.world.groups):
        ribbon = drawn[group]
        assert isinstance(ribbon, PolyCollection)
        stage = history.group["stage"][:, g]
        seen = np.full(len(stage), "", dtype=object)
        for path, fill in zip(ribbon.get_paths(), ribbon.get_facecolors(), strict=True):
            box = path.get_extents()
            first, after = round(box.x0 * 12), round(box.x1 * 12)
            seen[first:after] = to_hex(fill)
            assert box.height == pytest.approx(style.STAGE_THICKNESS[int(stage[first])])
        assert list(seen) == style.stage_colours(stage)


def test_only_imminent_risk_and_atrocity_are_hatched(twelve):
    drawn = gids(stage_ribbons(twelve), "hatch:")
    assert set(drawn) == {"3", "4"}
    for stage, hatched in drawn.items():
        months = sum(path.get_extents().width for path in hatched.get_paths()) * 12
        assert months == pytest.approx((twelve.group["stage"] == int(stage)).sum())
        assert hatched.get_hatch()


def test_triggers_are_marked_on_the_line_of_their_state_in_their_month(twelve):
    figure = stage_ribbons(twelve)
    axes = figure.axes[0]
    rows = {t.get_text(): t.xy[1] for t in axes.texts}
    lines = np.array([rows[twelve.world.names[s]] for s in twelve.world.states])
    drawn = gids(figure, "trigger:")
    for kind in TRIGGERS:
        struck = {(int(m), int(s)) for m, s in np.argwhere(twelve.state[f"strike_{kind}"] > 0)}
        x, y = drawn[kind].get_data()
        on = {(round(a * 12), int(np.abs(lines - b).argmin())) for a, b in zip(x, y, strict=True)}
        assert on == struck
        assert np.abs(lines[:, None] - np.asarray(y)).min(axis=0).max() < 0.7
    assert {style.plain(kind) for kind in TRIGGERS} <= set(words(figure))


def test_triggers_of_one_month_do_not_cover_one_another(three):
    state = dict(three.state)
    for kind in TRIGGERS:
        struck = np.zeros_like(state[f"strike_{kind}"])
        struck[12, 0] = kind in ("coup", "irregular_transition", "mass_protest")
        state[f"strike_{kind}"] = struck
    drawn = gids(stage_ribbons(dataclasses.replace(three, state=state)), "trigger:")
    heights = sorted(float(marks.get_ydata()[0]) for marks in drawn.values())
    assert len(heights) == 3
    assert np.diff(heights).min() * 0.19 * 72 > 4.0


def test_of_many_groups_the_highest_are_shown_and_the_subtitle_says_so(many):
    figure = stage_ribbons(many)
    drawn = gids(figure, "ribbon:")
    highest = dict(zip(many.world.groups, many.group["stage"].max(axis=0), strict=True))
    assert len(drawn) == MOST
    left_out = [stage for group, stage in highest.items() if group not in drawn]
    assert min(highest[g] for g in drawn) >= max(2, *left_out)
    rows = [drawn[g].get_paths()[0].get_extents().y0 for g in sorted(drawn, key=lambda g: -highest[g])]
    top = [highest[g] for g in sorted(drawn, key=lambda g: drawn[g].get_paths()[0].get_extents().y0)]
    assert len(set(rows)) > 1 and top == sorted(top, reverse=True)
    ever = sum(stage >= 2 for stage in highest.values())
    text = " ".join(words(figure))
    assert f"Of 190 groups, {ever} ever reached stage 2 (threat); shown are the 60" in text


def test_many_groups_of_which_few_reached_stage_two():
    world = world_of(70, 1)
    stages = np.zeros((25, 70), dtype=int)
    stages[5:9, [3, 60]] = 2
    figure = stage_ribbons(history_of(world, stages))
    assert set(gids(figure, "ribbon:")) == {"s3/g0", "s60/g0"}
    assert "Of 70 groups, 2 ever reached stage 2 (threat), the highest first." in " ".join(words(figure))


def test_many_groups_of_which_none_reached_stage_two():
    figure = stage_ribbons(history_of(world_of(70, 1), np.ones((25, 70), dtype=int)))
    assert not gids(figure, "ribbon:")
    assert "No group ever reached stage 2 (threat)." in words(figure)


def test_groups_can_be_chosen_and_unknown_ones_are_refused(many, three):
    assert set(gids(stage_ribbons(many, ["s5/g0", "s2/g0"]), "ribbon:")) == {"s5/g0", "s2/g0"}
    assert "My title" in words(stage_ribbons(three, title="My title"))
    with pytest.raises(ValueError, match="no group 's9/g9'"):
        stage_ribbons(three, ["s0/g0", "s9/g9"])


def test_titles_say_how_far_the_groups_came(three, calm):
    top = int(three.group["stage"].max())
    count = int((three.group["stage"].max(axis=0) == top).sum())
    assert any(t.startswith(f"{count} of 6 groups reached {STAGES[top]}") for t in words(stage_ribbons(three)))
    assert "Every group stayed stable for 5 years" in words(stage_ribbons(calm))


def test_runs_cover_the_series():
    stages = np.array([0, 1, 1, 4, 0, 0])
    assert runs_of(stages) == [(0, 1, 0), (1, 3, 1), (3, 4, 4), (4, 6, 0)]
    assert runs_of(np.array([2])) == [(0, 1, 2)]


# ---------------------------------------------------------------- map


def panel_nodes(axes) -> dict[tuple[float, float], int]:
    """Give place -> stage, as drawn."""
    nodes = {}
    for marks in axes.findobj(PathCollection):
        stage = int(marks.get_gid().removeprefix("stage:"))
        assert to_hex(marks.get_facecolors()[0]) == STAGE_COLOURS[stage]
        shape = mpl.markers.MarkerStyle(STAGE_SHAPES[stage])
        expected = shape.get_path().transformed(shape.get_transform())
        assert np.array_equal(marks.get_paths()[0].vertices, expected.vertices)
        for x, y in marks.get_offsets():
            nodes[(float(x), float(y))] = stage
    return nodes


@pytest.mark.parametrize("name", ["three", "twelve", "many"])
def test_nodes_have_the_shape_and_fill_of_the_stage_of_their_state(name, request):
    history = request.getfixturevalue(name)
    figure = stage_map(history)
    end = history.months
    place = network.places(history)
    for axes, at in zip(figure.axes, (0, end // 3, 2 * end // 3, end), strict=True):
        nodes = panel_nodes(axes)
        assert len(nodes) == len(history.world.states)
        # The panel stretches the declared places, so order along each axis is kept.
        drawn = sorted(nodes)
        by_x = [history.state["stage"][at][s] for s in np.argsort(place[:, 0])]
        assert [nodes[p] for p in drawn] == by_x
    assert "At the start" in words(figure)


def test_one_edge_for_each_pair_of_neighbours(twelve):
    start, neighbour = twelve.world.rows.neighbour_start, twelve.world.rows.neighbour
    pairs = {tuple(sorted((s, int(n)))) for s in range(12) for n in neighbour[start[s] : start[s + 1]]}
    for axes in stage_map(twelve).axes:
        (lines,) = axes.findobj(mpl.collections.LineCollection)
        assert len(lines.get_segments()) == len(pairs)


def test_larger_populations_have_larger_nodes(twelve):
    axes = stage_map(twelve, [0]).axes[0]
    (marks,) = axes.findobj(PathCollection)
    place = network.places(twelve)[:, 0]
    size = dict(zip(np.sort(place), marks.get_sizes()[np.argsort(marks.get_offsets()[:, 0])], strict=True))
    sizes = np.array([size[x] for x in place])
    population = twelve.state["population"][0]
    assert (np.diff(sizes[np.argsort(population)]) >= 0).all()
    assert sizes.max() > sizes.min()


@pytest.mark.parametrize(("states", "seed"), [(3, 1), (12, 2), (30, 3), (30, 4)])
def test_all_states_of_a_small_world_are_named_and_no_name_covers_anything(states, seed):
    world = world_of(states, 1, seed)
    history = history_of(world, wandering(24, states, seed))
    figure = stage_map(history)
    figure.canvas.draw()
    for axes in figure.axes:
        labels = {t.get_gid().removeprefix("label:"): t.get_window_extent() for t in axes.texts}
        assert set(labels) == set(world.states)
        for box in labels.values():
            assert axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1
            assert axes.bbox.y0 <= box.y0 and box.y1 <= axes.bbox.y1
        for a, b in itertools.combinations(labels.values(), 2):
            assert not overlap(a, b, 0.0)
        for marks in axes.findobj(PathCollection):
            for point, size in zip(marks.get_offsets(), marks.get_sizes(), strict=True):
                x, y = axes.transData.transform(point)
                reach = 0.4 * np.sqrt(size) * figure.dpi / 72
                node = mpl.transforms.Bbox([[x - reach, y - reach], [x + reach, y + reach]])
                assert not any(overlap(node, box) for box in labels.values())


def test_in_a_large_world_only_the_grave_states_are_named(many):
    end = many.months
    figure = stage_map(many, [0, end])
    start, last = figure.axes
    assert not start.texts
    named = {t.get_gid().removeprefix("label:") for t in last.texts}
    grave = {s for s, stage in zip(many.world.states, many.state["stage"][end], strict=True) if stage >= 3}
    assert named <= grave
    missing = len(grave) - len(named)
    note = f", {missing} without room for a name" if missing else ""
    assert f"{len(grave)} at stage 3 or 4{note}" in words(figure)
    assert len(named) > 0.7 * len(grave)


NODE = np.array([[95.0, 95.0, 105.0, 105.0]])
NO_LINES = np.zeros((0, 2, 2))


def labels_at(width: float, segments: np.ndarray = NO_LINES, names: int = 1, panel: float = 200.0) -> np.ndarray:
    return place_labels(np.array([[width, 8.0]] * names), np.zeros(names, int), NODE, segments, (panel, panel))


def test_names_that_find_no_room_are_left_out():
    assert not np.isnan(labels_at(30.0)).any()
    assert np.isnan(labels_at(230.0)).all()
    assert labels_at(30.0, names=0).shape == (0, 4)
    crowd = labels_at(90.0, names=60)
    kept = crowd[~np.isnan(crowd).any(axis=1)]
    assert 3 < len(kept) < 60
    for a, b in itertools.combinations(kept, 2):
        assert (a[:2] >= b[2:]).any() or (b[:2] >= a[2:]).any()


def test_names_keep_off_lines():
    left, _, right, top = labels_at(30.0)[0]
    assert top < 95 and left < 100 < right
    left, _, right, top = labels_at(30.0, np.array([[[100.0, 100.0], [100.0, 0.0]]]))[0]
    assert not (left < 100 < right and top < 100)


def test_states_without_places_stand_on_a_circle():
    world = world_of(5, placed=False)
    history = history_of(world, wandering(12, 10))
    place = network.places(history)
    assert np.allclose(np.hypot(*(place - 0.5).T), 0.5)
    assert len(panel_nodes(stage_map(history).axes[0])) == 5


@pytest.mark.parametrize(("months", "panels"), [(None, 4), ([0], 1), ([5, 60], 2), ([0, 1, 2, 3, 4], 5), ([7, 7], 1)])
def test_one_panel_a_moment(three, months, panels):
    assert len(stage_map(three, months).axes) == panels


@pytest.mark.parametrize("months", [[], [-1], [61]])
def test_months_outside_the_run_are_refused(three, months):
    with pytest.raises(ValueError, match="at least one of 0 to 60"):
        stage_map(three, months)


def test_the_title_of_the_map_counts_grave_states():
    stages = np.zeros((25, 6), dtype=int)
    stages[12, :4] = 3
    stages[24, 5] = 4
    title = network._title(history_of(world_of(3), stages), [0, 24])
    assert title == "States at imminent risk or atrocity: none of 3 at the start, up to 2 in between, 1 after 2 years"


# ---------------------------------------------------------------- harm


def test_series_of_harm_are_those_of_the_run(twelve):
    figure = harm_over_time(twelve)
    places = [gids(axes, "series") for axes in figure.axes[:5]]
    killed, displaced, lost = (places[i][""].get_data().values for i in (0, 3, 4))
    for place, of_kind in zip(
        places[1:3], (twelve.group["expelled_month"], twelve.state["war_crimes_month"]), strict=True
    ):
        drawn = place[""].get_data().values if place else 0.0
        assert np.array_equal(np.broadcast_to(drawn, len(of_kind)), of_kind.sum(axis=1))
    assert np.array_equal(killed, twelve.group["deaths_month"].sum(axis=1))
    present = (twelve.state["displaced_inside"] + twelve.state["displaced_abroad"]).sum(axis=1)
    assert np.array_equal(displaced, np.floor(present))
    share = 100 * (1 - twelve.state["gdp"].sum(axis=1) / twelve.state["gdp_potential"].sum(axis=1))
    assert np.allclose(lost, share)
    assert len({axes.get_xlim() for axes in figure.axes}) == 1


def test_entries_into_atrocity_are_marked(twelve):
    stage = twelve.group["stage"]
    entered = (stage[1:] == 4) & (stage[:-1] != 4)
    figure = harm_over_time(twelve)
    (marks,) = gids(figure, "entries").values()
    assert [round(x * 12 - 0.5) for x in marks.get_xdata()] == (np.flatnonzero(entered.any(axis=1)) + 1).tolist()
    assert f"▽ a group enters stage 4, atrocity ({int(entered.sum())} in all)" in words(figure)


def test_stacked_areas_add_up_to_the_states_at_each_stage(twelve):
    areas = gids(harm_over_time(twelve), "stage:")
    for stage in range(5):
        count = (twelve.state["stage"] == stage).sum(axis=1)
        if not count.any():
            assert str(stage) not in areas
            continue
        area = areas[str(stage)]
        assert isinstance(area, StepPatch)
        assert to_hex(area.get_facecolor()) == STAGE_COLOURS[stage]
        assert np.array_equal(area.get_data().values - area.get_data().baseline, count)


def test_a_run_in_which_nothing_happens_says_so(calm):
    figure = harm_over_time(calm)
    text = words(figure)
    assert "Nobody was killed in attacks on groups or displaced within 5 years" in text
    assert {"Nobody is killed.", "Nobody is expelled.", "Nobody is displaced.", "No GDP is lost."} <= set(text)
    assert not gids(figure, "series")
    assert not gids(figure, "entries")
    assert set(gids(figure, "stage:")) == {"0"}


def test_titles_of_harm():
    assert harm._title(0, 0, 12) == "Nobody was killed in attacks on groups or displaced within 1 year"
    assert harm._title(1, 0, 12) == "1 person was killed in attacks on groups within 1 year; nobody was displaced"
    assert harm._title(0, 2e6, 12).endswith("up to 2 million were displaced at a time")
