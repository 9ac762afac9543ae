"""Signals that end a command: the first lets it end in order, a second ends it at once."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import FrameType

# Ctrl-C; `kill`, or the time limit of a batch system; a terminal that is closed
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_SECONDS_TO_END = 10.0
_SENTENCE = "stopped; what was done is kept, and the same command goes on\n"
_received = 0


class _Stopped(KeyboardInterrupt):
    # of a plain KeyboardInterrupt that passes through `exec`, Python ends by SIGINT, although it was caught
    pass


def is_stopped() -> bool:
    """Say whether a signal has ended the command: what is raised after it may come from it."""
    return _received != 0


def stop_in_order(command: Callable[[], int], *, at_exit: bool = False) -> int:
    """Run a command to its end or to the first signal, which raises `KeyboardInterrupt` in it.

    After a signal the command has ten seconds to end, and a second signal ends it at once. A signal that this process
    was started to ignore (by ``nohup``, say) is ignored.

    Parameters
    ----------
    command : callable
        Returns an exit code.
    at_exit : bool
        The process ends after the command, and a signal that comes in between changes nothing; by default signals do
        again what they did before.

    Returns
    -------
    int
        The command's exit code, or 128 and the signal's number: 130 after Ctrl-C, 143 after SIGTERM.
    """
    global _received
    if threading.current_thread() is not threading.main_thread():  # Python lets no other answer signals
        return command()
    before = {number: signal.getsignal(number) for number in _ENDING}
    answered = [number for number in _ENDING if before[number] not in (signal.SIG_IGN, None)]
    _received, show_lost = 0, sys.unraisablehook
    late = threading.Timer(_SECONDS_TO_END, _end)
    late.daemon = True

    def stop(number: int, frame: FrameType | None) -> None:
        global _received
        _received = number
        _answer(answered, _end)
        late.start()
        raise _Stopped

    # an exception that is raised while Python clears up an object goes no further
    sys.unraisablehook = lambda lost: _end() if lost.exc_type is _Stopped else show_lost(lost)
    if at_exit:  # registered first, it is called last; after it Python takes itself apart
        atexit.register(_answer, answered, signal.SIG_IGN)
    _answer(answered, stop)
    code = 1
    try:
        code = command()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):  # raised in the code itself, it is Ctrl-C too
            _received = _received or signal.SIGINT
        if not is_stopped():
            raise
    finally:
        if is_stopped():
            code = 128 + _received
            with suppress(OSError, ValueError):  # the terminal may be closed
                sys.stderr.write(_SENTENCE)
                sys.stderr.flush()
        late.cancel()
        if at_exit:
            _answer(answered, lambda number, frame: os._exit(code))
        else:
            sys.unraisablehook = show_lost
            for number in answered:
                signal.signal(number, before[number])
    return code


def _answer(numbers: Iterable[int], handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for number in numbers:
        signal.signal(number, handler)


def _end(*_: object) -> None:
    with suppress(OSError):
        os.write(2, _SENTENCE.encode())  # what it interrupts may be printing
    os._exit(128 + _received)
