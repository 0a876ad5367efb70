"""A disk that fails, is slow, stands still, or forgets its cache: nbdkit serves an image in memory, nbdfuse makes a
file of it, and a loop device makes a block device of that.

Needs root and Debian's packages nbdkit, libnbd-bin and fuse3. What is not closed ends with the process that
made it (its children are told to), but for the folder in /dev/shm."""

import os
import shutil
import signal
import subprocess

import ending
import marks
from cases import until
from process import Process
from volume import LoopDevice, MIB, VolumeError


def missing():
    """None, or why there are no such disks here."""
    tools = [tool for tool in ("nbdkit", "nbdfuse", "fusermount3") if not shutil.which(tool)]
    if tools:
        return f"{', '.join(tools)} not installed (nbdkit, libnbd-bin, fuse3)"
    return None if os.path.exists("/dev/fuse") else "there is no /dev/fuse"


class NbdDisk:
    """`path` is the block device. Use as a context manager."""

    def __init__(self, size=2048 * MIB, cache=False, write_delay_ms=0):
        """cache: the disk has a cache that is lost with the power; what is flushed is not."""
        self._folder = marks.SHM / marks.new_name()
        self._folder.mkdir()
        self._bad = self._folder / "bad"
        with open(self._folder / "image", "wb") as image:
            image.truncate(size)
        (self._folder / "disk").touch()
        self._cache, self._delay = cache, write_delay_ms
        self._server = self._fuse = self._loop = None
        try:
            self._start(cache)
        except BaseException:
            self.close()
            raise

    @property
    def path(self):
        return self._loop.path

    def _start(self, cache):
        filters, settings = ["error"], ["error-pwrite=EIO", "error-pwrite-rate=100%", f"error-pwrite-file={self._bad}"]
        if cache:
            filters.insert(0, "cache")
            settings.append("cache=writeback")
        if self._delay:
            filters.insert(0, "delay")  # before the cache, which takes a write at once
            settings.append(f"wdelay={self._delay}ms")
        socket = self._folder / "socket"
        socket.unlink(missing_ok=True)
        self._server = Process(["nbdkit", "--foreground", "--unix", socket, *(f"--filter={name}" for name in filters),
                                "file", self._folder / "image", *settings], self._folder / "nbdkit.log")
        until(socket.exists, "nbdkit serves")
        self._fuse = Process(["nbdfuse", self._folder / "disk", "--unix", socket], self._folder / "nbdfuse.log")
        until(lambda: os.path.ismount(self._folder / "disk"), "nbdfuse serves")
        self._loop = LoopDevice(backing=self._folder / "disk")

    def fail_writes(self):
        """From now on every write ends with EIO."""
        self._bad.touch()

    def heal(self):
        self._bad.unlink(missing_ok=True)

    def stand_still(self):
        """Nothing is answered any more, until go_on()."""
        self._server.signal(signal.SIGSTOP)

    def go_on(self):
        self._server.signal(signal.SIGCONT)

    def lose_power(self):
        """The cache is forgotten; nothing is answered but errors."""
        self._server.kill()

    def power_on(self):
        """Serves again what is on the image; `path` may change. Nobody may use it."""
        self._stop()
        self._start(self._cache)

    def _stop(self):
        if self._loop:
            self._loop.close()
            self._loop = None
        for process in (self._fuse, self._server):
            if process:
                process.signal(signal.SIGCONT)
                process.kill()
        # Fails where nothing is mounted: nbdfuse sees to it itself, when it has the time.
        subprocess.run(["umount", "--lazy", str(self._folder / "disk")], capture_output=True, check=False)

    def close(self):
        with ending.postponed():
            self._stop()
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


__all__ = ["NbdDisk", "VolumeError", "missing"]
