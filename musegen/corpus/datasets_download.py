"""Fetching the files of a data set, and holding them to their checksums.

What was fetched stays in the user's cache. Where no checksum is published, the one of the first
copy is kept beside it (`.sha256`), and every later copy is held to that.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from musegen.disk import write_whole
from musegen.errors import CorpusError

from .datasets_recipe import Download, Recipe
from .library import cache_folder
from .reading import Progress
from .survey import file_digest

Tell = Callable[[str], None]

_CHUNK_BYTES = 1 << 16
_TIMEOUT_SECONDS = 30


def originals_folder(recipe: Recipe) -> Path:
    """Where the files of a data set are kept as they were fetched."""
    return cache_folder() / "originals" / recipe.name


def missing(recipe: Recipe) -> list[Download]:
    """The files that are still to be fetched."""
    folder = originals_folder(recipe)
    return [download for download in recipe.downloads if not _is_sound(download, folder)]


def fetch(recipe: Recipe, progress: Progress | None = None, tell: Tell = lambda _: None) -> Path:
    """Fetch the files of a data set that are not here yet.

    Args:
        recipe: of the data set.
        progress: told how many bytes of how many have come.
        tell: given a sentence on each checksum that is kept.

    Returns:
        The folder that they are in.

    Raises:
        CorpusError: one cannot be had, is cut short, or is not the file it should be.
    """
    folder, wanted = originals_folder(recipe), missing(recipe)
    total = sum(download.bytes or 0 for download in wanted)
    come = 0
    for download in wanted:
        counter = _Counter(come, total, progress)
        _fetch(download, folder, counter)
        come += (folder / download.file).stat().st_size
        if download.sha256 is None and not _kept(folder / download.file).is_file():
            tell(f"{download.file}: SHA-256 {_keep(folder / download.file)}, kept for next time.")
    return folder


def differing(recipe: Recipe, copy: Path) -> Iterator[str]:
    """A sentence for each file of somebody's copy that has not its known checksum.

    Args:
        recipe: of the data set.
        copy: one of its files, or a folder that holds them.
    """
    for download in recipe.downloads:
        name = Path(download.file).name
        known = _checksum(download, originals_folder(recipe))
        held = [copy] if copy.name == name else [copy / download.file, copy / name]
        path = next((path for path in held if path.is_file()), None)
        if path and known and file_digest(path) != known:
            yield f"{path} is not the copy that this data set is made from: its SHA-256 differs."


class _Counter:
    """The bytes of a download, counted by pooch, told among those of all."""

    def __init__(self, come: int, total: int, progress: Progress | None) -> None:
        self.total = 0  # of this file; pooch puts in what the server says
        self._before = come
        self._all = total
        self._come = 0
        self._progress = progress

    def update(self, n_bytes: int) -> None:
        self._come += n_bytes
        if self._progress:
            total = max(self._all, self._before + self.total)
            self._progress(min(self._before + self._come, total), total)

    def reset(self) -> None:
        self._come = 0

    def close(self) -> None:
        """A part of what pooch asks for; nothing is open."""


def _fetch(download: Download, folder: Path, counter: _Counter) -> None:
    """Fetch one file, whole and sound, or leave none."""
    import pooch
    from requests.exceptions import RequestException

    known = _checksum(download, folder)
    pooch.get_logger().setLevel("WARNING")  # it would say in its own words what we say in ours
    try:
        pooch.retrieve(
            download.url,
            known and f"sha256:{known}",
            fname=download.file,
            path=folder,
            downloader=pooch.HTTPDownloader(
                progressbar=counter, chunk_size=_CHUNK_BYTES, timeout=_TIMEOUT_SECONDS
            ),
        )
    except RequestException as error:
        if error.response is not None:
            error.response.close()  # which pooch leaves open
        raise _failure(download, f"cannot be fetched: {_reason(error)}") from error
    except ValueError as error:
        raise _mismatch(download, folder) from error
    if fault := _fault(download, folder / download.file):
        (folder / download.file).unlink()
        raise _failure(download, fault)


def _fault(download: Download, path: Path) -> str:
    """What shows, without a checksum, that a file has not come whole."""
    size = path.stat().st_size
    if download.bytes not in (None, size):
        return f"has come with {size:,} bytes, not {download.bytes:,}"
    if path.suffix == ".zip" and not zipfile.is_zipfile(path):
        return "is no whole zip archive"
    return ""


def _failure(download: Download, what: str) -> CorpusError:
    name = Path(download.file).name
    hint = f"Try again later, or give `musegen datasets get` a copy of {name} with --source."
    return CorpusError(what, file=download.url, hint=hint)


def _mismatch(download: Download, folder: Path) -> CorpusError:
    if download.sha256:
        return _failure(download, "has not the checksum that it should have; it was thrown away")
    kept = _kept(folder / download.file)
    return CorpusError(
        "has not the checksum of the copy fetched first; it was thrown away",
        file=download.url,
        hint=f"If you trust the new one, delete {kept} and try again.",
    )


def _reason(error: Exception) -> str:
    from requests.exceptions import ChunkedEncodingError, ConnectionError, HTTPError, Timeout

    if isinstance(error, HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code} ({error.response.reason})"
    if isinstance(error, Timeout):
        return f"the server has not answered for {_TIMEOUT_SECONDS} seconds"
    if isinstance(error, ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, ConnectionError):
        return "there is no connection to the server"
    return str(error)


def _is_sound(download: Download, folder: Path) -> bool:
    path, known = folder / download.file, _checksum(download, folder)
    return path.is_file() and known is not None and file_digest(path) == known


def _checksum(download: Download, folder: Path) -> str | None:
    """The published checksum, or else the one kept of the first copy."""
    kept = _kept(folder / download.file)
    if download.sha256 or not kept.is_file():
        return download.sha256
    return kept.read_text(encoding="utf-8").split()[0]


def _kept(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _keep(path: Path) -> str:
    """Write a file's checksum beside it, as sha256sum does; gives it."""
    digest = file_digest(path)
    write_whole(_kept(path), f"{digest}  {path.name}\n".encode(), force=True)
    return digest
