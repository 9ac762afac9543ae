"""Signals that end a command: what was done is kept, a sentence says so, and the exit code names the signal."""

import os
import signal
import sys

import pytest

from harmonium.cli.main import main
from harmonium.cli.signals import stop_in_order
from processes import start

ENDING = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
SENTENCE = "stopped; what was done is kept, and the same command goes on\n"
COMMAND = """
import atexit, signal, sys, time
from harmonium.cli import signals

def say(word):
    print(word, flush=True)

{lines}
def command():
{body}
    return 0
code = signals.stop_in_order(command, at_exit=True)
sys.exit(code)
"""


def command(body, lines=""):
    return COMMAND.format(body="\n".join(f"    {line}" for line in body.splitlines()), lines=lines)


def ended(process, *numbers):
    """Send signals, each when the process has said a word, and return how it ended and what it said."""
    for number in numbers:
        process.stdout.readline()
        process.send_signal(number)
    said, errors = process.communicate(timeout=20)
    return process.returncode, said, errors


@pytest.mark.parametrize(("number", "code"), ENDING.items())
def test_a_signal_lets_a_command_end_in_order(tmp_path, number, code):
    process = start(command("try:\n  say('begun'); time.sleep(60)\nfinally:\n  say('cleared up')"), tmp_path)
    assert ended(process, number) == (code, "cleared up\n", SENTENCE)


@pytest.mark.parametrize("second", ENDING)
def test_a_second_signal_ends_at_once_and_quietly(tmp_path, second):
    process = start(
        command("try:\n  say('begun'); time.sleep(60)\nfinally:\n  say('ending'); time.sleep(60)"), tmp_path
    )
    assert ended(process, signal.SIGTERM, second) == (143, "", SENTENCE)


@pytest.mark.parametrize(
    "body",
    [
        "try:\n  say('begun'); time.sleep(60)\nexcept BaseException:\n  time.sleep(60)",
        "class Thing:\n  def __del__(self):\n    say('begun'); time.sleep(60)\nThing()\ntime.sleep(60)",
    ],
    ids=["caught", "raised while an object is cleared up"],
)
def test_a_signal_that_is_lost_ends_the_command_all_the_same(tmp_path, body):
    process = start(command(body, "signals._SECONDS_TO_END = 0.2"), tmp_path)
    assert ended(process, signal.SIGTERM) == (143, "", SENTENCE)


def test_the_exit_code_is_the_same_where_python_runs_a_string(tmp_path):
    """As for every dataclass; it ends by SIGINT after a KeyboardInterrupt there, whoever catches it."""
    process = start(command("exec(\"say('begun'); time.sleep(60)\")"), tmp_path)
    assert ended(process, signal.SIGINT) == (130, "", SENTENCE)


def test_what_is_raised_after_a_signal_comes_from_it(tmp_path):
    """C code turns what it meets into its own error, as an import does."""
    body = (
        "try:\n  say('begun'); time.sleep(60)\nexcept BaseException as error:\n  raise ImportError('broken') from error"
    )
    assert ended(start(command(body), tmp_path), signal.SIGINT) == (130, "", SENTENCE)


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_after_the_command_changes_nothing(tmp_path, number):
    body = "atexit.register(lambda: (say('leaving'), time.sleep(60)))"
    assert ended(start(command(body), tmp_path), number) == (0, "", "")


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_while_python_takes_itself_apart_changes_nothing(tmp_path, number):
    clear_up = "def __del__(self, say=say, sleep=time.sleep):\n    say('leaving'); sleep(0.3)"
    lines = f"class Last:\n  {clear_up}\nsys.last = Last()"
    assert ended(start(command("pass", lines), tmp_path), number) == (0, "", "")


def test_what_a_process_was_started_to_ignore_it_ignores(tmp_path):
    lines = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    process = start(command("say('begun'); time.sleep(0.3)", lines), tmp_path)
    assert ended(process, signal.SIGHUP) == (0, "", "")


def test_signals_do_again_what_they_did_once_a_command_has_ended():
    before = {number: signal.getsignal(number) for number in ENDING}, sys.unraisablehook
    assert main(["data", "list"]) == 0
    assert stop_in_order(lambda: os.kill(os.getpid(), signal.SIGTERM) or 0) == 143
    assert ({number: signal.getsignal(number) for number in ENDING}, sys.unraisablehook) == before
