"""Solvers taking turns: a round is one turn of each, so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import importlib
import json
import pkgutil
import select
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from types import ModuleType

import solvers
from setting import HERE, OWN_PYTHON, PEERS_PYTHON, environment, progress
from tasks import Task

_PATIENCE = 900  # seconds


class SolverFailedError(Exception):
    """The solver cannot go on; the message is the reason."""


class Worker:
    """A solver's process."""

    def __init__(self, solver: ModuleType) -> None:
        self.name = solver.__name__.removeprefix("solvers.")
        python = PEERS_PYTHON if solver.IS_PEER else OWN_PYTHON
        if not Path(python).exists():
            raise SolverFailedError("the environment .venv-peers is not there; `make bench` makes it")
        self._process = subprocess.Popen(
            [python, str(HERE / "worker.py"), self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(),
        )

    def ask(self, **request: object) -> dict[str, float]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        try:
            stdin.write(json.dumps(request) + "\n")
            stdin.flush()
            ready, _, _ = select.select([stdout], [], [], _PATIENCE)
            line = stdout.readline() if ready else None
        except BrokenPipeError:
            line = ""
        if line is None:
            raise SolverFailedError(f"no answer within {_PATIENCE} s")
        if not line:
            raise SolverFailedError(f"its process ended with code {self._process.wait()}")
        answer: dict[str, float] = json.loads(line)
        if "failed" in answer:
            raise SolverFailedError(answer["failed"])
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass
class Result:
    """A solver's outcome of a task: seconds an epoch of every round, or why there are none.

    Where a solver says how long its epochs themselves took, that is `in_epochs`.
    """

    solver: str
    label: str
    note: str
    is_peer: bool
    seconds: list[float] = field(default_factory=list)
    in_epochs: list[float] = field(default_factory=list)
    quality: float | None = None
    failure: str | None = None

    def ratio_to(self, other: Result | None) -> float | None:
        """Return the median over rounds of the ratio within a round."""
        if other is None or not self.seconds or not other.seconds:
            return None
        return median(a / b for a, b in zip(self.seconds, other.seconds, strict=True))


class Contest:
    """Keeps every solver's process from one task to the next."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self._workers: dict[str, Worker] = {}

    def __enter__(self) -> Contest:
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in self._workers.values():
            worker.close()

    def run(self, task: Task, n_rounds: int | None = None, only: tuple[str, ...] = ()) -> list[Result]:
        """Let all solvers of a kind, or those named, train for the task's epochs; the floor comes first."""
        entrants = [solver for solver in find_solvers() if task.kind in solver.KINDS and enters(solver, task, only)]
        results = [
            Result(solver.__name__.removeprefix("solvers."), solver.LABEL, solver.NOTE, solver.IS_PEER)
            for solver in entrants
        ]
        n_rounds = n_rounds or task.n_epochs
        for turn in range(-1, n_rounds):  # the first is a warm-up: compilation, page faults
            for solver, result in zip(entrants, results, strict=True):
                if result.failure is None:
                    self._take_turn(task, solver, result, is_warm_up=turn < 0, is_first=turn == 0)
            progress(f"  {task.name}: {'warmed up' if turn < 0 else f'round {turn + 1} of {n_rounds}'}")
        for result in results:
            if result.failure is None:
                try:
                    result.quality = self._workers[result.solver].ask(do="measure", folder=self.folder).get("quality")
                except SolverFailedError as reason:
                    result.failure = str(reason)
        return results

    def _take_turn(self, task: Task, solver: ModuleType, result: Result, *, is_warm_up: bool, is_first: bool) -> None:
        epochs = task.n_epochs if solver.EPOCHS_A_TURN == "all" and not is_warm_up else 1
        try:
            if result.solver not in self._workers:
                self._workers[result.solver] = Worker(solver)
            worker = self._workers[result.solver]
            if is_warm_up or is_first or solver.EPOCHS_A_TURN == "all":
                worker.ask(do="start", task=asdict(task), folder=self.folder)
            answer = worker.ask(do="train", epochs=epochs)
            if not is_warm_up:
                result.seconds.append(answer["seconds"])
                if "in_epochs" in answer:
                    result.in_epochs.append(answer["in_epochs"])
        except SolverFailedError as reason:
            result.failure = str(reason)
            result.seconds.clear()
            progress(f"  {result.label} is left out: {reason}")


def enters(solver: ModuleType, task: Task, only: tuple[str, ...]) -> bool:
    name = solver.__name__.removeprefix("solvers.")
    return name in only if only else task.negative_phase in getattr(solver, "PHASES", (task.negative_phase,))


def find_solvers() -> list[ModuleType]:
    """Return every file of solvers/, the floor first, then harmonium, then the peers."""
    found = [importlib.import_module(f"solvers.{module.name}") for module in pkgutil.iter_modules(solvers.__path__)]
    return sorted(found, key=lambda solver: (solver.ORDER, solver.LABEL))
