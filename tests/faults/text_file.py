"""A real text of the wanted size, made of what every Debian machine has: package lists, manual pages,
documentation, headers and source files. It differs from machine to machine and is kept below build/."""

import bz2
import fcntl
import gzip
import itertools
import lzma
import os
import pathlib

import paths

FOLDERS = ["/var/lib/apt/lists", "/usr/share/man", "/usr/share/doc", "/usr/include", "/usr/lib/python3",
           "/usr/share/perl", "/usr/lib/go", str(paths.ROOT / "src")]
OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
FILE_BYTES_MAX = 60 << 20


def text_of(size):
    """Returns the path of a text of at least `size` bytes; made at the first call."""
    folder = paths.WORK.parent / "text"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"text-{size}"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            part = path.with_suffix(".part")
            write(part, size)
            part.rename(path)
    return path


def write(path, size):
    written = 0
    with open(path, "wb") as out:
        for repetition in itertools.count(1):
            for source in files():
                content = read(source)
                if b"\0" in content[:4096]:
                    continue  # not a text
                out.write(content[:size - written])
                written += len(content[:size - written])
                if written >= size:
                    return
            if not written:
                raise RuntimeError("this machine has no text to read")
            if repetition == 1:
                print(f"only {written >> 20} MiB of text here: it is repeated")


def files():
    for folder in FOLDERS:
        for parent, children, names in os.walk(folder):
            children.sort()
            for name in sorted(names):
                path = pathlib.Path(parent, name)
                if path.is_file() and not path.is_symlink():
                    yield path


def read(path):
    try:
        opener = OPENERS.get(path.suffix, open)
        with opener(path, "rb") as file:
            return file.read(FILE_BYTES_MAX)
    except (OSError, EOFError, lzma.LZMAError):
        return b""
