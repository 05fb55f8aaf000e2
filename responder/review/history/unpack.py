"""What is in archives and compressed files, by their first bytes, within bounds on memory."""

import bz2
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

LARGEST: Final = 256 * 1024 * 1024  # bytes that one file's contents may come to
DEEPEST: Final = 3  # archives in archives
_PIECE: Final = 4 * 1024 * 1024

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_STREAMS: Final[dict[bytes, tuple[str, Callable[[], Any]]]] = {
    b"\x1f\x8b\x08": ("gzip", lambda: zlib.decompressobj(31)),
    **{b"BZh%d1AY&SY" % level: ("bzip2", bz2.BZ2Decompressor) for level in range(1, 10)},
    b"\xfd7zXZ\0": ("xz", lzma.LZMADecompressor),
}
_UNKNOWN: Final = {b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar"}
MAGIC: Final = (*_ZIP, *_STREAMS, *_UNKNOWN)
LONGEST_MAGIC: Final = max(map(len, MAGIC))


@dataclass(frozen=True, repr=False)
class Unpacked:
    """`way` leads to it: `inner.zip!/config.env`, or `gzip` where the content has no name."""

    way: str
    data: bytes


@dataclass(frozen=True)
class Unopened:
    why: str


def packed(data: bytes | memoryview) -> bool:
    return bytes(data[:LONGEST_MAGIC]).startswith(MAGIC)


def unpack(data: bytes, way: str = "", deep: int = 0) -> Iterator[Unpacked | Unopened]:
    """Everything within, archives in archives too; what cannot be opened is told."""
    if not packed(data):
        return
    name = way or "it"
    if deep == DEEPEST:
        yield Unopened(f"{name}: archives in archives, {DEEPEST} deep")
        return
    for part in _parts(data, way):
        yield part
        if isinstance(part, Unpacked):
            yield from unpack(part.data, part.way, deep + 1)


def _parts(data: bytes, way: str) -> Iterator[Unpacked | Unopened]:
    if data.startswith(_ZIP):
        yield from _members(data, way)
        return
    for magic, name in _UNKNOWN.items():
        if data.startswith(magic):
            yield Unopened(_why(way, f"{name} is not opened"))
    for magic, (name, start) in _STREAMS.items():
        if data.startswith(magic):
            yield from _stream(data, _into(way, name), start)


def _members(data: bytes, way: str) -> Iterator[Unpacked | Unopened]:
    left = LARGEST
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                here = _into(way, member.filename)
                if member.filename.endswith("/"):  # `is_dir` fails where there is no name
                    continue
                if member.flag_bits & 1:
                    yield Unopened(f"{here} is encrypted")
                    continue
                try:
                    with archive.open(member) as file:
                        content = file.read(left + 1)
                except (
                    zipfile.BadZipFile,
                    zlib.error,
                    lzma.LZMAError,
                    OSError,
                    EOFError,
                    NotImplementedError,
                ):
                    yield Unopened(f"{here} is damaged, or packed in a way that is not known here")
                    continue
                yield Unpacked(here, content)
                left -= len(content)
                if left < 0:
                    yield Unopened(_why(way, f"more than {LARGEST >> 20} MB within"))
                    return
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        yield Unopened(_why(way, "a damaged zip"))


def _stream(data: bytes, way: str, start: Callable[[], Any]) -> Iterator[Unpacked | Unopened]:
    """Several streams one after the other are one file; of a damaged one, what comes before the damage."""
    content = bytearray()
    trouble, rest = "", data
    while rest and not trouble:
        stream = start()
        try:
            after = _drain(stream, rest, content)
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
            if rest is data:
                trouble = "damaged"
            break  # what follows a good stream is often padding
        if len(content) > LARGEST:
            trouble = f"more than {LARGEST >> 20} MB within"
        elif not stream.eof:
            trouble = "cut short"
        rest = after
    if content:
        yield Unpacked(way, bytes(content))
    if trouble:
        yield Unopened(f"{way}: {trouble}")


def _drain(stream: Any, data: bytes, content: bytearray) -> bytes:  # noqa: ANN401  # three alike, without a common type
    """Fill `content` from one stream; gives what follows it."""
    content += stream.decompress(data, _PIECE)
    while not stream.eof and len(content) <= LARGEST:
        left = getattr(stream, "unconsumed_tail", b"")
        if not left and getattr(stream, "needs_input", True):
            break
        content += stream.decompress(left, _PIECE)
    return bytes(stream.unused_data)


def _into(way: str, name: str) -> str:
    return f"{way}!/{name}" if way else name


def _why(way: str, what: str) -> str:
    return f"{way}: {what}" if way else what
