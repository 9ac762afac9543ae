"""The time left: what is done is not counted, and what is left takes as long as what was done did."""

import io
import time

import pytest
from rich.console import Console

from harmonium.assignment import time_left
from harmonium.assignment.protocol import Assignment
from harmonium.assignment.time_left import TimeLeft, in_words, seconds_left, show_time_left
from harmonium.assignment.work import REPORT, list_work
from harmonium.seals import seal


def work_left(assignment):
    return sum(seconds * share() for seconds, share in list_work(assignment))


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when a test says so."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_of_finished_runs_nothing_is_left_and_of_none_all_is(runs):
    assignment = Assignment.of(runs)
    assert work_left(assignment) == 0
    (runs / "problem1").rename(runs / "elsewhere")
    left = work_left(assignment)
    (runs / "problem2").rename(runs / "elsewhere2")
    (runs / "problem3").rename(runs / "elsewhere3")
    assert 0 < left < work_left(assignment) == pytest.approx(sum(seconds for seconds, _ in list_work(assignment)))


@pytest.mark.parametrize(
    "missing",
    ["problem1/generative-3-seed0/metrics.json", "problem2/vae-chosen-seed0/tsne.npy", "problem2/judge/metrics.json",
     "problem2/conditional_vae-chosen-seed0/study.log", "problem3/other-methods-sigma1/wiener.json"],
)  # fmt: skip
def test_whatever_is_missing_is_work_left(runs, missing):
    (runs / missing).unlink()
    assert 0 < work_left(Assignment.of(runs)) < 10


def test_of_a_run_that_was_stopped_the_epochs_that_are_left_are_counted(runs):
    run = runs / "problem1/reconstruction-3-seed0"
    assignment = Assignment.of(runs)
    (run / "metrics.json").unlink()
    trained = work_left(assignment)
    header, *rows = (run / "history.csv").read_text().splitlines()
    (run / "history.csv").write_bytes(seal("\n".join([header, *rows[:1]]) + "\n"))
    assert len(rows) == 2
    assert work_left(assignment) == pytest.approx(trained * 3 / 2)  # of an epoch, and two of measuring


def test_half_the_speed_doubles_the_time_once_enough_was_seen():
    assert seconds_left(1000, 0, 0) == 1000  # nothing seen: as long as where it was timed
    assert seconds_left(1000, 1e6, 2e6) == pytest.approx(2000, rel=1e-3)
    assert seconds_left(1000, 1e6, 0.5e6) == pytest.approx(500, rel=1e-3)
    assert seconds_left(0, 500, 100) == 0


def test_it_falls_to_zero_while_the_report_is_made(runs, clock):
    left = TimeLeft(Assignment.of(runs))
    found = [left.look()]
    for _ in range(6):
        clock[0] += REPORT / 5
        found.append(left.look())
    shares, seconds = zip(*found, strict=True)
    assert seconds[0] == REPORT
    assert list(seconds) == sorted(seconds, reverse=True)
    assert (shares[-1], seconds[-1]) == (1, 0)


def test_it_is_that_of_the_speed_seen(runs, clock):
    assignment = Assignment.of(runs)
    for name in ("problem2", "problem3"):
        (runs / name).rename(runs / f"not-{name}")
    left = TimeLeft(assignment)
    _, before = left.look()
    clock[0] += 1e6  # a very slow machine
    (runs / "not-problem2").rename(runs / "problem2")
    _, after = left.look()
    still = work_left(assignment) + REPORT
    assert after == pytest.approx(seconds_left(still, before - still, 1e6))
    assert after > 100 * before


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "less than a minute left"), (59, "less than a minute left"), (61, "about 1 minute left"),
     (100, "about 2 minutes left"),
     (1250, "about 21 minutes left")],
)  # fmt: skip
def test_it_is_said_in_minutes(seconds, words):
    assert in_words(seconds) == words


def test_a_log_gets_a_line_when_what_is_left_has_changed(runs, monkeypatch):
    monkeypatch.setattr(time_left, "_SECONDS_PER_LOOK", 0.01)
    monkeypatch.setattr(time_left, "_LOOKS_PER_LINE", 1)
    log = io.StringIO()
    with show_time_left(Assignment.of(runs), Console(file=log)):
        time.sleep(0.2)
    assert log.getvalue() == "less than a minute left\n"


def test_a_damaged_file_is_left_to_whoever_needs_it(runs, monkeypatch):
    monkeypatch.setattr(time_left, "_SECONDS_PER_LOOK", 0.01)
    assignment = Assignment.of(runs)
    with show_time_left(assignment, Console(file=io.StringIO())):
        (runs / "problem2/judge/metrics.json").write_text("{")
        time.sleep(0.1)


def test_the_command_says_it_in_its_log(reproduced):
    assert " left\n" in reproduced.said
