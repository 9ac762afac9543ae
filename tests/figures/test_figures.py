"""Figures of a search and of a latent space show what they are given."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from harmonium.figures.image_grids import plot_images
from harmonium.figures.latent_space import plot_classes
from harmonium.figures.style import label, style
from harmonium.figures.tuning import plot_importances, plot_tuning_history
from harmonium.report.display import to_svg
from harmonium.visible import visible
from hostile import NAMES


@pytest.fixture
def ax():
    return Figure().subplots()


def trial(number, state, losses, best=None):
    return {"number": number, "state": state, "losses_by_epoch": losses, "validation_loss": best}


def test_every_trial_of_a_search_is_drawn_in_its_state(ax):
    trials = [
        trial(0, "complete", [5.0, 3.0], 3.0),
        trial(1, "pruned", [7.0]),
        trial(2, "fail", []),
        trial(3, "complete", [4.0, 4.5], 4.0),
        trial(4, "complete", [2.0, 1.0], 1.0),
    ]
    plot_tuning_history(ax, trials)
    drawn = {points.get_label(): points.get_offsets().tolist() for points in ax.collections}
    assert drawn["complete"] == [[0, 3], [3, 4.5], [4, 1]]
    assert drawn["pruned"] == [[1, 7]]
    assert [x for x, _ in drawn["failed"]] == [2]
    low, high = ax.get_ylim()
    assert low <= drawn["failed"][0][1] <= high
    assert ax.lines[0].get_ydata().tolist() == [3, 3, 1]
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {*drawn, "best so far"}


def test_a_search_of_failures_alone_can_be_drawn(ax):
    plot_tuning_history(ax, [trial(0, "fail", []), trial(1, "fail", [])])
    assert [len(points.get_offsets()) for points in ax.collections if points.get_label() == "failed"] == [2]


@pytest.mark.parametrize("importances", [{}, {"n_latent": 0.7, "batch_size": 0.1, "learning_rate": 0.2}])
def test_importances_are_bars_the_largest_on_top(ax, importances):
    plot_importances(ax, importances)
    ax.figure.draw_without_rendering()
    assert [bar.get_width() for bar in ax.patches] == sorted(importances.values())
    if importances:
        assert [label.get_text() for label in ax.get_yticklabels()] == ["batch size", "learning rate", "n latent"]


def test_ten_classes_are_drawn_each_in_a_colour_of_its_own_and_named_at_its_median(ax):
    generator = np.random.default_rng(0)
    classes = np.repeat(np.arange(10), 30)
    points = generator.normal(size=(300, 2)) + 10 * classes[:, None]
    plot_classes(ax, points, classes, [f"class {k}" for k in range(10)], n_per_class=20)
    assert len({tuple(drawn.get_facecolor()[0]) for drawn in ax.collections}) == 10
    for k, (drawn, name) in enumerate(zip(ax.collections, ax.texts, strict=True)):
        assert np.array_equal(drawn.get_offsets(), points[classes == k][:20])
        assert name.get_text() == drawn.get_label() == f"class {k}"
        assert name.xy == pytest.approx(np.median(points[classes == k], axis=0))


def test_of_seventy_classes_no_two_share_colour_and_marker(ax):
    classes = np.repeat(np.arange(70), 2)
    plot_classes(ax, np.stack([classes, classes % 2], axis=1), classes, [str(k) for k in range(70)])
    looks = {(tuple(c.get_facecolor()[0]), c.get_paths()[0].vertices.tobytes()) for c in ax.collections}
    assert len(looks) == 70


def test_a_name_in_a_figure_is_no_formula_and_all_of_it_is_seen():
    with style():
        figure = Figure()
        classes, grid = figure.subplots(2)
        points = np.arange(2.0 * len(NAMES)).reshape(-1, 2)
        plot_classes(classes, points, np.arange(len(NAMES)), NAMES)
        plot_images(grid, np.zeros((len(NAMES), 4)), (2, 2), n_columns=1, row_labels=NAMES)
        classes.legend()
        named = [text.get_text() for text in classes.get_legend().get_texts()]
        written = [tick.get_text() for tick in grid.get_yticklabels()]
    whole = [visible(name) for name in NAMES if name]  # a legend has no place for no name
    assert all(len(name) <= 40 for name in named)
    assert all(name.startswith(shown.rstrip("…")) for name, shown in zip(whole, named, strict=True))
    assert [name for name in written if name] == named
    svg = to_svg(figure)
    assert "<script" not in svg
    assert "onerror=alert(1)>" not in svg


def test_a_name_is_cut_where_it_is_long_and_stays_in_the_legend_where_it_begins_with_an_underscore():
    assert label("_a") == " _a"
    assert label(np.str_("Ankle boot")) == "Ankle boot"
    assert label("x" * 10**6) == f"{'x' * 39}…"
