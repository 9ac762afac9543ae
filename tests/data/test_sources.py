from __future__ import annotations

import gzip
import hashlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pooch
import pytest

from harmonium.data import sources
from harmonium.data.registry import FILES, DatasetSpec
from harmonium.exceptions import DatasetUnavailableError

CONTENT = {name: f"the content of {name}".encode() for names in FILES.values() for name in names}
TRAIN = FILES["train"]
IMAGES, LABELS = TRAIN
FOLDERS = ("root/Tiny/raw", "data/Tiny/raw", "system", "cache/tiny")
REAL_SOURCES = sources._remote_sources
PLACES = [f"{folder}/{IMAGES}{suffix}" for folder in FOLDERS for suffix in ("", ".gz")]


@pytest.fixture
def spec(tmp_path, monkeypatch) -> DatasetSpec:
    """A data set of our own, on a machine that has no file of it and no network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARMONIUM_DATA", raising=False)
    monkeypatch.setenv("HARMONIUM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "_remote_sources", lambda spec: iter(()))
    return DatasetSpec(
        name="tiny",
        title="Tiny",
        sha256={name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()},
        class_names=("no", "yes"),
        image_shape=(2, 2),
        torchvision_folder="Tiny",
        system_folder=str(tmp_path / "system"),
        mirrors=(),
    )


Answer = Callable[[str], bytes]


class Remotes:
    """Stand-ins for mirrors and package managers; each answers a file's name with bytes or an error."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.answers: dict[str, Answer] = {}

    def __call__(self, spec: DatasetSpec):
        for source, answer in self.answers.items():
            yield source, self._getter(source, answer)

    def _getter(self, source: str, answer: Answer):
        def get(names: Sequence[str], folder: Path) -> dict[str, bytes]:
            assert folder.is_dir()
            self.asked.append((source, tuple(names)))
            return {name: answer(name) for name in names}

        return get


@pytest.fixture
def remotes(spec, monkeypatch) -> Remotes:
    remotes = Remotes()
    monkeypatch.setattr(sources, "_remote_sources", remotes)
    return remotes


def right(name: str) -> bytes:
    return CONTENT[name]


def right_but_gzipped(name: str) -> bytes:
    return gzip.compress(CONTENT[name])


def wrong(name: str) -> bytes:
    return CONTENT[name] + b"!"


def wrong_labels(name: str) -> bytes:
    return wrong(name) if name == LABELS else right(name)


def cut_short(name: str) -> bytes:
    return right_but_gzipped(name)[:-9]


def absent(name: str) -> bytes:
    raise KeyError(name)


def unreachable(name: str) -> bytes:
    raise ConnectionError("no route\n  to host")


def put(place: str | Path, content: bytes | None = None) -> Path:
    """Put a file where the machine looks for it; gzipped where its name says so."""
    path = Path(place).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    content = CONTENT[path.name.removesuffix(".gz")] if content is None else content
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def cached_files() -> set[str]:
    return {path.name for path in Path("cache").rglob("*") if path.is_file()}


@pytest.mark.parametrize("first", range(len(PLACES)), ids=PLACES)
def test_a_file_is_taken_from_the_first_place_that_has_it(spec, first: int) -> None:
    paths = [put(place) for place in PLACES[first:]]
    path, content = sources.find_file(spec, IMAGES, Path("root"))
    assert path.absolute() == paths[0]
    assert content == CONTENT[IMAGES]


def test_a_file_that_is_nowhere_is_not_found(spec) -> None:
    assert sources.find_file(spec, IMAGES, Path("root")) is None


def test_the_environment_names_the_root_when_no_root_is_given(spec, monkeypatch) -> None:
    expected = put(f"elsewhere/Tiny/raw/{IMAGES}")
    put(f"data/Tiny/raw/{IMAGES}")
    monkeypatch.setenv("HARMONIUM_DATA", str(Path("elsewhere").absolute()))
    assert sources.find_file(spec, IMAGES) == (expected, CONTENT[IMAGES])


def test_a_root_that_is_given_stands_in_for_the_one_of_the_environment(spec, monkeypatch) -> None:
    monkeypatch.setenv("HARMONIUM_DATA", "elsewhere")
    given, default = sources.torchvision_folders(spec, Path("root"))
    assert (given, default) == (Path("root/Tiny/raw"), Path("data/Tiny/raw"))


@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_the_cache_is_the_users_own_unless_the_environment_names_one(spec, monkeypatch, value) -> None:
    assert sources.cache_folder(spec) == Path("cache/tiny").absolute()
    if value is None:
        monkeypatch.delenv("HARMONIUM_CACHE")
    else:
        monkeypatch.setenv("HARMONIUM_CACHE", value)
    assert sources.cache_folder(spec) == Path(pooch.os_cache("harmonium")) / "tiny"


def test_nobody_is_asked_for_files_that_are_on_the_machine(spec, remotes) -> None:
    remotes.answers = {"mirror": right}
    put(f"system/{IMAGES}.gz")
    put(f"cache/tiny/{LABELS}")
    assert sources.obtain_files(spec, TRAIN) == {name: CONTENT[name] for name in TRAIN}
    assert remotes.asked == []


@pytest.mark.parametrize("place", PLACES)
def test_a_damaged_file_is_passed_over_with_a_warning_that_names_it(spec, caplog, place: str) -> None:
    damaged = put(place, b"something else")
    assert sources.find_file(spec, IMAGES, Path("root")) is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert damaged.name in record.getMessage()


def test_a_gzip_file_cut_short_is_passed_over_for_the_next_place(spec, caplog) -> None:
    damaged = put(f"system/{IMAGES}.gz")
    damaged.write_bytes(damaged.read_bytes()[:-9])
    whole = put(f"cache/tiny/{IMAGES}")
    assert sources.find_file(spec, IMAGES) == (whole, CONTENT[IMAGES])
    assert str(damaged) in caplog.text


def test_a_damaged_cache_is_healed_by_fetching(spec, remotes) -> None:
    remotes.answers = {"mirror": right}
    damaged = put(f"cache/tiny/{IMAGES}", b"something else")
    put(f"cache/tiny/{LABELS}")
    assert sources.obtain_files(spec, TRAIN)[IMAGES] == CONTENT[IMAGES]
    assert damaged.read_bytes() == CONTENT[IMAGES]
    sources.obtain_files(spec, TRAIN)
    assert len(remotes.asked) == 1


@pytest.mark.parametrize("answer", [right, right_but_gzipped])
def test_what_was_fetched_is_kept_in_the_cache_decompressed_and_never_fetched_again(spec, remotes, answer) -> None:
    remotes.answers = {"mirror": answer}
    for _ in range(2):
        for names in FILES.values():
            assert sources.obtain_files(spec, names) == {name: CONTENT[name] for name in names}
    assert remotes.asked == [("mirror", tuple(CONTENT))]
    assert {name: Path("cache/tiny", name).read_bytes() for name in cached_files()} == CONTENT


def test_a_wanted_file_that_is_on_the_machine_is_not_fetched(spec, remotes) -> None:
    remotes.answers = {"mirror": right}
    put(f"system/{IMAGES}")
    sources.obtain_files(spec, TRAIN)
    ((_, names),) = remotes.asked
    assert IMAGES not in names
    assert LABELS in names


@pytest.mark.parametrize("failing", [wrong, wrong_labels, cut_short, absent, unreachable])
def test_a_source_that_fails_or_gives_wrong_content_is_refused_and_the_next_is_asked(spec, remotes, failing) -> None:
    remotes.answers = {"bad": failing, "good": right, "never": right}
    assert sources.obtain_files(spec, TRAIN) == {name: CONTENT[name] for name in TRAIN}
    assert [source for source, _ in remotes.asked] == ["bad", "good"]


@pytest.mark.parametrize("failing", [wrong, wrong_labels, cut_short, absent, unreachable])
def test_nothing_is_written_to_the_cache_when_the_content_is_wrong(spec, remotes, failing) -> None:
    remotes.answers = {"bad": failing}
    with pytest.raises(DatasetUnavailableError):
        sources.obtain_files(spec, TRAIN)
    assert cached_files() == set()


def test_without_any_source_one_sentence_says_what_failed_and_what_to_put_where(spec, remotes) -> None:
    remotes.answers = {"http://mirror/": unreachable, "apt-get": wrong}
    with pytest.raises(DatasetUnavailableError) as caught:
        sources.obtain_files(spec, TRAIN, Path("root"))
    message = str(caught.value)
    assert message.startswith("tiny cannot be fetched (http://mirror/: ConnectionError; apt-get: DamagedFileError)")
    for expected in (*TRAIN, "plain or .gz", "root/Tiny/raw", str(Path("cache/tiny").absolute())):
        assert expected in message
    assert "\n" not in message


def test_following_the_sentence_makes_the_data_set_available(spec) -> None:
    with pytest.raises(DatasetUnavailableError, match=r"into data/Tiny/raw or"):
        sources.obtain_files(spec, TRAIN)
    put(f"data/Tiny/raw/{IMAGES}.gz")
    put(f"data/Tiny/raw/{LABELS}")
    assert sources.obtain_files(spec, TRAIN) == {name: CONTENT[name] for name in TRAIN}


def test_a_file_the_user_already_has_is_not_asked_for_in_the_sentence(spec) -> None:
    put(f"system/{IMAGES}")
    with pytest.raises(DatasetUnavailableError) as caught:
        sources.obtain_files(spec, TRAIN)
    assert IMAGES not in str(caught.value)
    assert LABELS in str(caught.value)


class TestTheRealSources:
    """Those of `_remote_sources`, without their network."""

    @pytest.fixture
    def packaged(self, spec, monkeypatch) -> DatasetSpec:
        monkeypatch.setattr(sources, "_remote_sources", REAL_SOURCES)
        return replace(spec, debian_package="dataset-tiny", npm_package="tiny-data@1.0.0")

    def test_mirrors_come_before_package_managers(self, packaged) -> None:
        spec = replace(packaged, mirrors=("http://one/", "http://two/"))
        found = [source for source, _ in sources._remote_sources(spec)]
        assert found == ["http://one/", "http://two/", "apt-get", "npm"]

    def test_a_data_set_without_packages_has_only_mirrors(self, packaged) -> None:
        spec = replace(packaged, mirrors=("http://one/",), debian_package=None, npm_package=None)
        assert [source for source, _ in sources._remote_sources(spec)] == ["http://one/"]

    def test_a_machine_without_package_managers_gives_the_sentence_too(self, packaged, monkeypatch) -> None:
        monkeypatch.setenv("PATH", str(Path("no programs here").absolute()))
        with pytest.raises(DatasetUnavailableError, match=r"\(apt-get: FileNotFoundError; npm: FileNotFoundError\)"):
            sources.obtain_files(packaged, TRAIN)

    def test_files_are_found_anywhere_in_an_unpacked_package_plain_or_gzipped(self, packaged) -> None:
        put(f"content/usr/share/tiny/{IMAGES}.gz")
        put(f"content/package/{LABELS}")
        found = sources._collect(Path("content"), TRAIN)
        assert gzip.decompress(found[IMAGES]) == CONTENT[IMAGES]
        assert found[LABELS] == CONTENT[LABELS]

    def test_a_program_that_fails_gives_the_end_of_what_it_said(self, packaged, tmp_path, monkeypatch) -> None:
        program = tmp_path / "bin" / "npm"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\necho E404 not found >&2\nexit 1\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=":")
        with pytest.raises(RuntimeError, match="npm failed: E404 not found"):
            sources._run(["npm", "pack"], tmp_path)

    def test_a_mirror_that_does_not_answer_is_given_up_soon(self, packaged, monkeypatch, caplog) -> None:
        hung = threading.Event()

        def hang(*arguments, **options):
            hung.wait(60)

        monkeypatch.setattr(pooch.HTTPDownloader, "__call__", hang)
        monkeypatch.setattr(sources, "_SECONDS_TO_ANSWER", 0.05)
        spec = replace(packaged, mirrors=("http://one/", "http://two/"), debian_package=None, npm_package=None)
        with pytest.raises(DatasetUnavailableError, match=r"\(http://one/: TimeoutError; http://two/: TimeoutError\)"):
            sources.obtain_files(spec, TRAIN)
        hung.set()
        asked = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        assert asked == [f"tiny is not on this machine: asking http://{name}/" for name in ("one", "two")]


EIGHT_AT_ONCE = """
import sys
from harmonium.data import sources
from harmonium.data.registry import DatasetSpec

names = sys.argv[2:]
content = {name: name.encode() * 100_000 for name in names}
spec = DatasetSpec("tiny", "Tiny", eval(sys.argv[1]), (), (2, 2), "Tiny", "nowhere", ())
get = lambda wanted, folder: {name: content[name] for name in wanted}
sources._remote_sources = lambda spec: iter([("mirror", get)])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(8):
    (sources.cache_folder(spec) / names[0]).unlink(missing_ok=True)
    assert sources.obtain_files(spec, names) == content
"""


def test_eight_processes_that_fetch_at_once_leave_one_good_copy(tmp_path) -> None:
    content = {name: name.encode() * 100_000 for name in TRAIN}
    sha256 = {name: hashlib.sha256(value).hexdigest() for name, value in content.items()}
    environment = os.environ | {"HARMONIUM_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", EIGHT_AT_ONCE, repr(sha256), *TRAIN]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen(command, env=environment, cwd=tmp_path, text=True, **pipes) for _ in range(8)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    folder = tmp_path / "cache" / "tiny"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == content
