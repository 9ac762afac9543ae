"""Figures over seeds."""

import pytest

from harmonium.assignment.over_seeds import over_seeds


def test_several_runs_give_a_mean_and_a_sample_standard_deviation():
    assert over_seeds([{"a": 1, "b": 2.0}, {"a": 4, "b": 2.0}]) == {
        "a": 2.5,
        "a_sd": pytest.approx(4.5**0.5),
        "b": 2,
        "b_sd": 0,
    }


def test_one_run_stays_as_it_is_without_a_deviation():
    row = {"a": 1.5, "b": None, "table": {"c": 2}}
    assert over_seeds([row]) == row


def test_tables_inside_are_gone_into_and_none_stays_none():
    rows = [{"x": None, "table": {"y": value, "inner": {"z": None, "w": -value}}} for value in (1.0, 3.0)]
    sd = pytest.approx(2**0.5)
    inner = {"z": None, "w": -2, "w_sd": sd}
    assert over_seeds(rows) == {"x": None, "table": {"y": 2, "y_sd": sd, "inner": inner}}
