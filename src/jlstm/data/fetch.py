"""Finding the files of a data set on this machine, or downloading them.

``fetch`` looks in the directory that the environment variable ``JLSTM_DATA`` names,
then in the cache, and downloads what neither holds. Every file is checked against its
digest before it is used, wherever it lay.
"""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from jlstm.data.checksum import matches
from jlstm.data.registry import Dataset, RemoteFile, dataset


def fetch(name: str, *parts: str) -> dict[str, Path]:
    """Return the checked local file of each part of a data set, downloading if needed.

    Args:
        name: of the data set.
        *parts: which parts; none for all of them.

    Raises:
        ValueError: the name or a part is unknown, or a file is not the one that is
            wanted.
        ModuleNotFoundError: a download needs pooch, which is not installed.
        FileNotFoundError: ``JLSTM_DATA`` names no directory, or a file is neither there
            nor in the cache and cannot be downloaded.
    """
    wanted = dataset(name).only(parts) if parts else dataset(name)
    found = locate(wanted, data_directory(os.environ), cache_directory())
    return {part: path for part, (_, path) in found.items()}


def locate(
    data: Dataset, data_dir: Path | None, cache_dir: Path
) -> dict[str, tuple[RemoteFile, Path]]:
    """Return, for each part, which file of the table serves it and where it lies.

    Args:
        data: the data set.
        data_dir: looked in first; None to go to the cache at once.
        cache_dir: looked in second; downloads go there.

    Raises:
        ValueError, FileNotFoundError: as ``fetch``.
    """
    return {
        part: _locate_part(data.choices(part), data_dir, cache_dir)
        for part in data.parts
    }


def data_directory(environ: Mapping[str, str]) -> Path | None:
    """Return the directory that ``JLSTM_DATA`` names, or None if it is not set.

    Raises:
        FileNotFoundError: it is set, and no directory is there.

    Example:
        >>> data_directory({}) is None
        True
    """
    if not environ.get("JLSTM_DATA"):
        return None
    path = Path(environ["JLSTM_DATA"])
    if not path.is_dir():
        raise FileNotFoundError(
            f"JLSTM_DATA={path} is not a directory: correct or unset it."
        )
    return path


def cache_directory() -> Path:
    """Return the directory for downloads and token files; it need not exist yet.

    ``JLSTM_CACHE`` if set, else ``jlstm`` under ``XDG_CACHE_HOME`` or ``~/.cache``.
    """
    if os.environ.get("JLSTM_CACHE"):
        return Path(os.environ["JLSTM_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jlstm"


def _locate_part(
    choices: tuple[RemoteFile, ...], data_dir: Path | None, cache_dir: Path
) -> tuple[RemoteFile, Path]:
    """Return the first choice that lies in a directory, else download one."""
    for directory in (data_dir, cache_dir):
        for file in choices:
            if directory is not None and (path := directory / file.path).is_file():
                return file, _checked(file, path)
    file, url = next((file, file.url) for file in choices if file.url is not None)
    return file, _checked(file, _download(file, url, cache_dir))


def _checked(file: RemoteFile, path: Path) -> Path:
    """Return ``path`` if its bytes are those that the table wants."""
    if not matches(path, file.digest):
        raise ValueError(
            f"{path} is not the expected {file.path} ({path.stat().st_size} bytes, "
            f"wanted {file.size} with {file.digest}): remove it to download it again."
        )
    return path


def _download(file: RemoteFile, url: str, cache_dir: Path) -> Path:
    """Download one file into the cache, where it appears only when it is whole."""
    try:
        import pooch
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"Downloading {file.path} needs pooch: `pip install pooch`, or set "
            "JLSTM_DATA to a directory that holds it."
        ) from None
    archive = file.member is not None
    target = cache_dir / (Path("archives") / Path(url).name if archive else file.path)
    whole = file.digest.startswith("sha256:") and not archive
    sha256 = file.digest if whole else None
    try:
        pooch.retrieve(url, sha256, fname=target.name, path=target.parent)
    except OSError as error:
        raise FileNotFoundError(
            f"Cannot download {file.path} from {url} ({type(error).__name__}): go "
            "online, or set JLSTM_DATA to a directory that holds it."
        ) from error
    except ValueError:
        raise ValueError(
            f"{url} gave other bytes than the expected {file.path} ({file.digest}): "
            "try again, or set JLSTM_DATA to a directory that holds it."
        ) from None
    return target if file.member is None else _extract(target, file, cache_dir)


def _extract(archive: Path, file: RemoteFile, cache_dir: Path) -> Path:
    """Unpack one file of a zip archive; it takes its name only when it is whole."""
    assert file.member is not None  # the caller looked
    target = cache_dir / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(archive) as packed:
            half.write_bytes(packed.read(file.member))
    except (KeyError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{archive} is not a zip archive with {file.member} in it ({error}): "
            "remove it to download it again."
        ) from None
    return half.replace(target)
