"""What the table of data sets is made of: a file to find, and a set of them."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class RemoteFile:
    """One file of a data set.

    Args:
        part: the part of the data set that the file holds, such as ``"train"``.
        path: where it lies under the data directory and the cache.
        url: where it is downloaded from; None if it can only be given.
        digest: what its bytes, or what is packed in it, must be; see
            ``jlstm.data.checksum.matches``.
        size: bytes; of what is packed in it where the digest is of that.
        note: what to say next to a number measured on this file.
        member: which file of the zip archive at ``url`` it is; None if the address
            gives the file itself.
    """

    part: str
    path: str
    url: str | None
    digest: str
    size: int
    note: str = ""
    member: str | None = None


@dataclass(frozen=True)
class Dataset:
    """A data set: its files and what a card must say about it.

    Args:
        name: the name for ``fetch``.
        files: the files; of several for one part the first that is there is used.
        licence: the terms as the source states them.
        citation: what to cite.
    """

    name: str
    files: tuple[RemoteFile, ...]
    licence: str
    citation: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts, each once."""
        return tuple(dict.fromkeys(file.part for file in self.files))

    def choices(self, part: str) -> tuple[RemoteFile, ...]:
        """The files that may serve as ``part``, the preferred one first."""
        return tuple(file for file in self.files if file.part == part)

    def only(self, parts: tuple[str, ...]) -> "Dataset":
        """Return the data set with some of its parts.

        Raises:
            ValueError: it has no such part.
        """
        if unknown := [part for part in parts if part not in self.parts]:
            raise ValueError(
                f"{self.name} has no part {unknown[0]!r}: choose from "
                f"{', '.join(self.parts)}."
            )
        return replace(self, files=tuple(f for f in self.files if f.part in parts))


def gzipped(
    part: str, path: str, url: str, sha256: str, size: int, member: str | None = None
) -> tuple[RemoteFile, RemoteFile]:
    """Return the two rows of a file that is downloaded plain and may lie gzipped.

    Args:
        part: as in ``RemoteFile``.
        path: of the plain file; the other one ends in ``.gz``.
        url: where the plain file comes from.
        sha256: of the plain file.
        size: bytes of the plain file.
        member: as in ``RemoteFile``.
    """
    return (
        RemoteFile(part, path, url, f"sha256:{sha256}", size, member=member),
        RemoteFile(part, path + ".gz", None, f"gunzip-sha256:{sha256}", size),
    )
