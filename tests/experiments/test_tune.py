"""Searching for parameters: what is chosen, what goes on, what fails, and what is never looked at."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages.journal import JournalFileSymlinkLock
from optuna.trial import TrialState
from rich.console import Console

from harmonium.data.datasets import load_dataset
from harmonium.estimators.fitting import prepare
from harmonium.exceptions import DamagedFileError, HarmoniumError, InvalidInputError
from harmonium.experiments import processes
from harmonium.experiments import trial as trial_module
from harmonium.experiments import tune as tune_module
from harmonium.experiments import tuning as tuning_module
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.processes import KilledProcessError
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.search_spaces import SearchSpace, search_space
from harmonium.experiments.study import open_study
from harmonium.experiments.train import train
from harmonium.experiments.tune import search, tune
from harmonium.experiments.tuning import Tuning
from harmonium.families.registry import family_names, find_family

RATES = FloatDistribution(1e-4, 1e-2, log=True)
SPACE = SearchSpace(
    {"hidden_sizes": (8,), "likelihood": "calibrated-gaussian"},
    {"n_latent": IntDistribution(1, 4), "learning_rate": RATES},
)
CONSOLE = Console(quiet=True)


@pytest.fixture
def tuning(images_file):
    return Tuning("conditional-vae", str(images_file), SPACE, n_epochs=2)


@pytest.fixture
def run(tmp_path):
    return RunDirectory(tmp_path / "run")


@pytest.fixture
def trials_run(monkeypatch):
    """Let trials run in this process, one after another and without figures; their names as they are begun."""
    names = []

    def run_here(jobs, console, **options):
        for name, job in jobs.items():
            names.append(name)
            job()

    monkeypatch.setattr(tune_module, "run_jobs", run_here)
    monkeypatch.setattr(tune_module, "_draw", lambda run: None)
    return names


def with_rates(tuning, *rates, **fixed):
    space = SearchSpace(SPACE.fixed | {"n_latent": 2} | fixed, {"learning_rate": CategoricalDistribution(rates)})
    return replace(tuning, space=space)


def drawn_and_found(run):
    return [(t["parameters"], t["losses_by_epoch"], t["state"]) for t in run.study()["trials"]]


def test_the_lowest_validation_loss_is_chosen(tuning, run, trials_run):
    chosen = search(tuning, run, CONSOLE, n_trials=4)
    losses = {trial["validation_loss"]: trial["parameters"] for trial in run.study()["trials"]}
    assert len(losses) == 4
    assert chosen == losses[min(losses)]
    assert sum(run.study()["importances"].values()) == pytest.approx(1)


@pytest.mark.parametrize("model", [name for name in family_names() if find_family(name).spaces])
def test_every_family_that_declares_a_space_is_tuned_in_it(images_file, run, trials_run, model):
    space = search_space(model, load_dataset(images_file, "train"))
    tuning = Tuning(model, str(images_file), space, n_epochs=1)
    chosen = tune(tuning, run, CONSOLE, n_trials=2, n_final_epochs=1)
    assert set(chosen) == set(space.tuned)
    assert [trial["state"] for trial in run.study()["trials"]] == ["complete"] * 2
    assert run.load_estimator().get_params().items() >= space.parameters(chosen).items()


def test_the_chosen_setting_is_trained_on_the_whole_training_set(tuning, run, trials_run, tmp_path):
    chosen = tune(tuning, run, CONSOLE, n_trials=2, n_final_epochs=2)
    whole = RunDirectory(tmp_path / "whole")
    train(TrainConfig.resolve(tuning.model, tuning.data, 0, n_epochs=2, **SPACE.parameters(chosen)), whole)
    assert "validation_loss" not in run.history()[-1]
    weights, expected = (each.load_estimator().module_.state_dict() for each in (run, whole))
    assert all(torch.equal(weights[name], expected[name]) for name in expected)


def test_a_second_call_runs_no_trial_and_trains_nothing(tuning, run, trials_run):
    epochs = []
    options = {"n_trials": 3, "n_final_epochs": 2, "callbacks": [lambda trainer: epochs.append(trainer.epoch)]}
    first = tune(tuning, run, CONSOLE, **options)
    assert tune(tuning, run, CONSOLE, **options) == first
    assert len(trials_run) == 3
    assert epochs == [1, 2]


def test_more_trials_go_on_from_the_first_ones_as_if_the_search_had_not_stopped(tuning, run, trials_run, tmp_path):
    search(tuning, run, CONSOLE, n_trials=5)
    search(tuning, run, CONSOLE, n_trials=12)  # past the first ten, which alone are drawn without a look at the others
    at_once = RunDirectory(tmp_path / "at once")
    search(tuning, at_once, CONSOLE, n_trials=12)
    assert drawn_and_found(run) == drawn_and_found(at_once)
    assert len(trials_run) == 24


def test_another_seed_gives_other_trials(tuning, run, trials_run, tmp_path):
    other = RunDirectory(tmp_path / "other")
    search(tuning, run, CONSOLE, n_trials=2)
    search(replace(tuning, seed=1), other, CONSOLE, n_trials=2)
    assert not {t["validation_loss"] for t in run.study()["trials"]} & {
        t["validation_loss"] for t in other.study()["trials"]
    }


def test_the_test_split_has_no_say(tuning, run, trials_run, images_file, tmp_path):
    arrays = dict(np.load(images_file))
    without = tmp_path / "without.npz"
    np.savez(without, X_train=arrays["X_train"], y_train=arrays["y_train"], X_test=np.full((3, 2, 2), np.nan))
    search(tuning, run, CONSOLE, n_trials=2)
    other = RunDirectory(tmp_path / "other")
    search(replace(tuning, data=str(without)), other, CONSOLE, n_trials=2)
    assert drawn_and_found(run) == drawn_and_found(other)


def test_a_trial_trains_on_so_many_rows_and_is_measured_on_as_many_as_without_a_limit(tuning):
    for n_samples, n_trained in ((None, 240), (90, 90), (1000, 240)):
        config, data = replace(tuning, n_samples=n_samples).trial({"n_latent": 2, "learning_rate": 1e-3})
        estimator = config.make_estimator()
        batches = prepare(estimator, data.X, data.labels).batches.epoch(torch.Generator())
        assert sum(len(rows) for rows, _ in batches) == pytest.approx(n_trained, abs=2)
        assert len(data.X) - n_trained == pytest.approx(60, abs=2)


@pytest.mark.parametrize("rate", [1e30, 1e6])  # parameters that are no longer finite; a loss that is not
def test_a_diverging_setting_is_marked_failed_with_its_reason_and_the_search_goes_on(tuning, run, trials_run, rate):
    chosen = search(with_rates(tuning, 1e-3, rate), run, CONSOLE, n_trials=6)
    trials = run.study()["trials"]
    assert len(trials) == 6
    assert {(t["parameters"]["learning_rate"], t["state"]) for t in trials} == {(1e-3, "complete"), (rate, "fail")}
    assert chosen == {"learning_rate": 1e-3}
    reasons = {t["reason"] for t in trials if t["state"] == "fail"}
    assert len(reasons) == 1
    assert reasons.pop()


def test_a_search_of_failures_alone_says_the_last_reason(tuning, run, trials_run):
    with pytest.raises(HarmoniumError, match=r"none of 3 trials came to its end; .*training diverged in epoch 1"):
        search(with_rates(tuning, 1e30), run, CONSOLE, n_trials=3)
    assert len(trials_run) == 3


def test_a_setting_that_is_plainly_worse_is_cut_short(tuning, run):
    tuning = with_rates(tuning, 1e-2, 1e-7)
    study = open_study(run.path, tuning.setting())
    for rate in (1e-2,) * 5 + (1e-7,):
        study.enqueue_trial({"learning_rate": rate})
    for index in range(6):
        trial_module.run_trial(tuning, run.path, index)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 5 + [TrialState.PRUNED]
    assert [len(trial.intermediate_values) for trial in study.trials] == [2] * 5 + [1]
    assert tune_module.count_ended(study) == 6


def test_a_trial_that_was_left_running_is_marked_failed_and_another_takes_its_place(tuning, run, trials_run):
    open_study(run.path, tuning.setting()).ask(dict(SPACE.tuned))
    search(tuning, run, CONSOLE, n_trials=3)
    trials = run.study()["trials"]
    assert [(trial["state"], trial["reason"]) for trial in trials] == [("fail", None)] + [("complete", None)] * 3


def test_a_search_stopped_within_a_trial_equals_one_that_was_not(tuning, run, trials_run, tmp_path, monkeypatch):
    """Past the first ten settings the sampler learns from those before: all of them must come back in order."""
    search(tuning, run, CONSOLE, n_trials=13)
    stopped = RunDirectory(tmp_path / "stopped")
    whole, begun = trial_module._validation_loss, []

    def interrupted(tuning, trial):
        begun.append(trial.number)
        if len(begun) == 3:
            raise KeyboardInterrupt
        return whole(tuning, trial)

    monkeypatch.setattr(trial_module, "_validation_loss", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search(tuning, stopped, CONSOLE, n_trials=13)
    search(tuning, stopped, CONSOLE, n_trials=13)
    assert [row for row in drawn_and_found(stopped) if row[2] != "fail"] == drawn_and_found(run)


def test_more_trials_than_a_trained_choice_was_made_from_are_refused(tuning, run, trials_run):
    tune(tuning, run, CONSOLE, n_trials=2, n_final_epochs=1)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.suffix != ".log" and path.is_file()}
    with pytest.raises(InvalidInputError, match="more trials than its 2 need another run directory"):
        tune(tuning, run, CONSOLE, n_trials=3, n_final_epochs=1)
    assert before == {path: path.read_bytes() for path in before}


def test_a_run_that_was_not_searched_for_is_left_alone(tuning, run, trials_run):
    train(tuning.config({"n_latent": 1, "learning_rate": 1e-3}, n_epochs=1), run)
    with pytest.raises(InvalidInputError, match="holds a run that was not searched for"):
        search(tuning, run, CONSOLE, n_trials=1)
    assert not (run.path / "study.log").exists()


def test_a_journal_damaged_in_its_middle_is_said_in_one_sentence(tuning, run, trials_run):
    search(tuning, run, CONSOLE, n_trials=2)
    whole = (run.path / "study.log").read_bytes()
    (run.path / "study.log").write_bytes(whole[:20] + whole[30:])
    with pytest.raises(DamagedFileError, match=r"study.log is not the journal of a search: line 1 is not JSON"):
        search(tuning, run, CONSOLE, n_trials=3)


@pytest.mark.parametrize("damage", [lambda text: text[:-20], lambda text: text + b"\xff"])
def test_a_journal_whose_last_line_was_cut_short_goes_on(tuning, run, trials_run, damage):
    search(tuning, run, CONSOLE, n_trials=2)
    (run.path / "study.log").write_bytes(damage((run.path / "study.log").read_bytes()))
    search(tuning, run, CONSOLE, n_trials=3)
    assert sum(trial["state"] != "fail" for trial in run.study()["trials"]) == 3


@pytest.mark.parametrize("text", ['{"a": 1}', '{"setting": '])
def test_a_damaged_summary_is_made_again_from_the_journal(tuning, run, trials_run, text):
    search(tuning, run, CONSOLE, n_trials=2)
    before = run.study()
    (run.path / "study.json").write_text(text)
    search(tuning, run, CONSOLE, n_trials=2)
    assert run.study() == before


def test_the_lock_of_a_folder_named_from_here_leads_to_its_journal(tuning, tmp_path, monkeypatch):
    """A killed process leaves it behind, and only one that leads somewhere is ever found to be old."""
    monkeypatch.chdir(tmp_path)
    leads_somewhere = []

    class Watched(JournalFileSymlinkLock):
        def release(self):
            leads_somewhere.append(Path("named/study.log.lock").exists())
            super().release()

    monkeypatch.setattr("optuna.storages.journal._file.JournalFileSymlinkLock", Watched)
    open_study(Path("named"), tuning.setting())
    assert leads_somewhere and all(leads_somewhere)


def test_a_lock_that_a_killed_process_left_on_the_journal_is_not_waited_for(tuning, run, trials_run, monkeypatch):
    search(tuning, run, CONSOLE, n_trials=1)
    left = [run.path / "study.log.lock", run.path / "study.log.lock1f.rename"]
    for path in left:
        path.symlink_to((run.path / "study.log").resolve())
    monkeypatch.setattr("optuna.storages.journal._file.time.sleep", lambda seconds: pytest.fail("waited"))
    search(tuning, run, CONSOLE, n_trials=2)
    assert not any(path.is_symlink() for path in left)


def test_processes_that_are_killed_one_after_another_end_the_search(tuning, run, monkeypatch):
    calls = []

    def die(jobs, console, **options):
        calls.append(list(jobs))
        raise KilledProcessError("a process was killed")

    monkeypatch.setattr(tune_module, "run_jobs", die)
    with pytest.raises(KilledProcessError):
        search(tuning, run, CONSOLE, n_trials=2)
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seed": 1}, "seed = 0, not 1"),
        ({"n_epochs": 3}, "n_epochs = 2, not 3"),
        ({"model": "vae"}, "model = 'conditional-vae', not 'vae'"),
        ({"space": SearchSpace(SPACE.fixed, {"learning_rate": RATES})}, "space = "),
    ],
)
def test_a_folder_of_another_search_is_refused_by_name(tuning, run, trials_run, change, sentence):
    search(tuning, run, CONSOLE, n_trials=1)
    with pytest.raises(InvalidInputError, match=f"holds a search with {sentence}.*; choose another run directory"):
        search(replace(tuning, **change), run, CONSOLE, n_trials=2)
    assert len(trials_run) == 1


def test_data_that_changed_under_a_search_are_refused(tuning, run, trials_run, images_file):
    search(tuning, run, CONSOLE, n_trials=1)
    arrays = dict(np.load(images_file))
    np.savez(images_file, **(arrays | {"X_train": arrays["X_train"][::-1]}))
    tuning_module._load.cache_clear()  # as in another process
    with pytest.raises(InvalidInputError, match="holds a search with data_sha256 = "):
        search(tuning, run, CONSOLE, n_trials=2)


@pytest.mark.parametrize("name", ["n_epochs", "validation_fraction", "random_state", "data"])
def test_a_parameter_that_the_search_itself_sets_is_refused(name):
    with pytest.raises(InvalidInputError, match=f"{name} is set by the search itself"):
        SearchSpace(SPACE.fixed | {name: 1}, SPACE.tuned)


def test_a_setting_that_cannot_be_is_said_before_a_process_is_started(tuning, run, trials_run):
    space = SearchSpace(SPACE.fixed | {"likelihood": "poisson"}, SPACE.tuned)
    with pytest.raises(InvalidInputError, match=r"likelihood must be one of .*; got 'poisson'"):
        search(replace(tuning, space=space), run, CONSOLE, n_trials=1)
    assert trials_run == []
    assert not run.path.exists()


def test_workers_side_by_side_lose_no_trial_and_draw_different_ones(tuning, run):
    search(tuning, run, CONSOLE, n_trials=6, n_workers=2)
    trials = run.study()["trials"]
    assert [trial["number"] for trial in trials] == list(range(6))
    assert {trial["state"] for trial in trials} <= {"complete", "pruned"}
    assert len({trial["parameters"]["learning_rate"] for trial in trials}) == 6


def test_a_worker_that_is_killed_costs_its_trial_alone(tuning, run, monkeypatch):
    count, killed = tune_module.count_ended, []

    def kill_the_first(study):
        if not killed and study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            time.sleep(0.1)  # in its first epoch, which takes longer
            killed.append(multiprocessing.active_children()[0].pid)
            os.kill(killed[0], signal.SIGKILL)
        return count(study)

    monkeypatch.setattr(tune_module, "count_ended", kill_the_first)
    monkeypatch.setattr(processes, "_SECONDS_PER_LOOK", 0.05)
    slow = SearchSpace(SPACE.fixed | {"batch_size": 1}, SPACE.tuned)
    search(replace(tuning, space=slow), run, CONSOLE, n_trials=2, n_workers=1)
    assert killed
    assert [(t["state"], t["reason"]) for t in run.study()["trials"]] == [("fail", None)] + [("complete", None)] * 2
