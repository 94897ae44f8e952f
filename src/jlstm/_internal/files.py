"""Files that are there whole or not at all, also after a power cut."""

import errno
import os
from pathlib import Path


def write_atomically(path: Path, content: str | bytes) -> None:
    r"""Write a file by a rename: a kill leaves the old file or the new one.

    On return the content and the name are on the disk. If it fails, as on a full disk,
    the old file stays and nothing is left next to it.

    Args:
        path: where to; its folder exists.
        content: the whole file; text is written in UTF-8, line ends as they are.

    Raises:
        OSError: it cannot be written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.txt"
        >>> write_atomically(path, "to be\n")
        >>> path.read_text()
        'to be\n'
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Have the content of a file, or the names in a folder, reach the disk."""
    if os.name == "nt" and path.is_dir():  # Windows opens no folders
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot do it for a folder.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Have a folder, all folders in it and all their files reach the disk."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(parent, name))
        sync(Path(parent))
