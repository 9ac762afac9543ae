"""What a command prints of names, options and files is text: nothing of it reaches the terminal as a command."""

import io
import json
import logging
import os
import pty
import subprocess
import sys
import warnings

import numpy as np
import pytest
from rich.panel import Panel
from rich.progress import Progress, TextColumn
from rich.text import Text

from harmonium.cli.main import main
from harmonium.cli.terminal import Terminal, open_errors, say
from harmonium.exceptions import DamagedFileError
from harmonium.visible import visible
from hostile import NAMES

HIDDEN = "\x1b[31m\x1b]0;title\x07\u202eb\r\x9b2K\nerror: all is well\udcff"


def seen(text):
    """Whether a terminal would show every character of a text, which ends its own lines."""
    return all(line.isprintable() for line in text.split("\n"))


def paths(name):
    """A name that a file can have."""
    return name.replace("/", "").replace("\0", "")[:100] or "x"


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_is_printed_as_it_is_on_one_line(name, capsys):
    say(f"{name} is here")
    assert capsys.readouterr().out == f"{visible(name)} is here\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "{}"],
        ["evaluate", "{}", "--data", "{}"],
        ["report", "--run-dir", "{}"],
        ["report", "--to", "{}"],
        ["reproduce", "--data", "{}"],
        ["train", "{}"],
        ["train", "vae", "--data", "{}"],
        ["train", "vae", "--{}", "1"],
        ["train", "vae", "--data", "mnist", "--n-latent", "{}"],
        ["train", "vae", "--data", "mnist", "--likelihood", "{}"],
        ["train", "--config", "{}"],
        ["tune", "{}", "--data", "mnist"],
        ["tune", "vae", "--data", "{}"],
        ["data", "fetch", "{}"],
        ["{}"],
    ],
    ids=" ".join,
)
def test_a_command_that_fails_shows_what_it_was_given(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [HIDDEN, *map(paths, NAMES)]:
        assert main([argument.replace("{}", name) for argument in arguments]) in (1, 2)
        said = capsys.readouterr()
        assert seen(said.out + said.err)
        assert said.err.count("\nerror:") == 0
        assert "Traceback" not in said.err


def test_what_a_file_holds_is_shown_so_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.toml").write_text(f"model = {json.dumps(HIDDEN[:-1])}\n")
    assert main(["train", "--config", "c.toml", "--data", "mnist"]) in (1, 2)
    assert main(["train", "--config", "c.toml"]) == 1
    np.savez("own.npz", **{HIDDEN[:-1].replace("/", ""): np.zeros(3)})
    assert main(["train", "vae", "--data", "own.npz"]) == 1
    said = capsys.readouterr()
    assert seen(said.out + said.err)
    assert "\\x1b[31m" in said.err


def test_errors_warnings_and_what_is_logged_are_one_line_each(monkeypatch, capsys, tmp_path):
    def failing(*arguments, **options):
        logging.getLogger("harmonium").warning("passed over %s", HIDDEN)
        warnings.simplefilter("always")
        warnings.warn(HIDDEN, stacklevel=1)
        raise DamagedFileError(f"{HIDDEN} is damaged")

    monkeypatch.setattr("harmonium.cli.report.write_report", failing)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    assert main(["report"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert all(line.isprintable() for line in lines)
    # a log's line may be wrapped by its table, at its width
    assert [line.split()[0] for line in lines if line.startswith(("warning:", "error:"))] == ["warning:", "error:"]
    assert not any(line.startswith("error: all is well") for line in lines)


def test_panels_and_bars_show_no_commands_but_their_own():
    screen = io.StringIO()
    terminal = Terminal(file=screen, force_terminal=True, width=200)
    terminal.print(Panel(Text(HIDDEN), title=Text("\x1b[31m")))
    with Progress(TextColumn("{task.description}", markup=False), console=terminal) as progress:
        progress.add_task("\x1b]0;title\x07[bold]")
    shown = screen.getvalue()
    assert "\\x1b]0;title[b" in shown  # rich drops the bell itself, and cuts what an escape makes longer
    assert "\x1b[?25l" in shown  # the bar hides the cursor: rich's own commands pass
    for hidden in ("\x1b]", "\x07", "\u202e", "\x9b", "\udcff", "\x1b[31m\x1b"):
        assert hidden not in shown


def test_an_encoding_without_the_letters_of_a_name_stops_nothing(monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    open_errors()
    say("Größe")
    out.flush()
    assert out.buffer.getvalue() == b"Gr\\xf6\\xdfe\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a terminal of its own")
def test_a_name_that_is_not_utf8_is_shown_on_a_real_terminal(tmp_path):
    outer, inner = pty.openpty()
    name = os.fsencode(tmp_path) + b"/\xff\x1b[31m"
    command = [os.fsencode(sys.executable), b"-m", b"harmonium", b"evaluate", name]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=inner, stderr=inner, check=False)
    os.close(inner)
    said = os.read(outer, 100_000).decode()
    os.close(outer)
    assert done.returncode == 1
    assert "\\udcff\\x1b[31m" in said
    assert "\x1b[31m" not in said
