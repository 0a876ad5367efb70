"""A disk of one's own that can lose power: ext4 on a loop device over a file in memory.

Needs root, loop devices and a mount namespace (namespace.enter_mounts()); everything is gone when the
process ends, however it ends: the mount lives in the namespace, the loop device detaches itself when
nobody holds it, and the file of the image has no name."""

import contextlib
import errno
import fcntl
import os
import pathlib
import struct
import subprocess

import ending
import marks

MIB = 1 << 20
EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2


class VolumeError(Exception):
    """A step of the procedure itself failed: the test says nothing about the broker."""


def missing():
    """None, or why there are no volumes here."""
    if os.geteuid() != 0:
        return "needs root for a loop device"
    try:
        with LoopDevice(MIB):
            pass
    except (VolumeError, FileNotFoundError) as error:
        return f"no loop device to be had: {error}"
    return None


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise VolumeError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


class LoopDevice:
    """A loop device over a new file in memory, or over the file `backing`."""

    def __init__(self, size=0, backing=None):
        image = backing
        if image is None:
            image = marks.SHM / marks.new_name()
        with ending.postponed():
            if backing is None:
                with open(image, "wb") as file:
                    file.truncate(size)
            try:
                self.path = run("losetup", "--find", "--show", image)
            finally:
                if backing is None:
                    image.unlink()
            self._held = os.open(self.path, os.O_RDONLY)
            run("losetup", "--detach", self.path)  # as soon as nobody holds it

    def close(self):
        os.close(self._held)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Volume:
    """A file system at `path`, made anew. Use as a context manager."""

    def __init__(self, path, size=2048 * MIB, device=None):
        """device: a loop device of its own, or what else has a path and can be closed."""
        self.path = path
        self._device = device or LoopDevice(size)
        path.mkdir(parents=True, exist_ok=True)
        try:
            run("mkfs.ext4", "-q", "-F", "-m", "0", self._device.path)
            self.mount()
        except BaseException:
            self._device.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with ending.postponed():
            with contextlib.suppress(VolumeError):
                self.unmount()
            self._device.close()

    def mount(self):
        """A rare commit of the file system's own log (300 s): what was not synced stays unsynced. An error makes it
        read-only, as distributions have it."""
        run("mount", "-o", "commit=300,errors=remount-ro", self._device.path, self.path)
        os.chmod(self.path, 0o700)

    def unmount(self):
        run("umount", self.path)

    def lose_power(self):
        """Nothing reaches the disk from here on: neither what is cached nor the file system's log."""
        directory = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(directory, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        except OSError as error:
            if error.errno in (errno.ENOTTY, errno.EOPNOTSUPP, errno.EPERM):
                raise VolumeError("this file system cannot be shut down") from error
            raise
        finally:
            os.close(directory)

    def power_on(self):
        """Mounts it again, as a boot does; nobody may use it any more."""
        self.unmount()
        if hasattr(self._device, "power_on"):
            self._device.power_on()
        # 0: clean, 1: mended (the log was replayed); more would be our procedure's fault, not the broker's.
        checked = subprocess.run(["e2fsck", "-p", "-f", self._device.path], capture_output=True, text=True)
        if checked.returncode > 1:
            raise VolumeError(f"e2fsck: {checked.stdout}{checked.stderr}")
        self.mount()

    def become_read_only(self):
        """An error of the file system's own, as a bad block of its structures causes one."""
        trigger = pathlib.Path("/sys/fs/ext4", pathlib.Path(self._device.path).name, "trigger_fs_error")
        if not trigger.exists():
            raise VolumeError(f"there is no {trigger}")
        trigger.write_text("naru's tests")
