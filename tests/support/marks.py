"""Names for what a test makes outside its own folder (images, mounts, control groups): absolute, its own, and
recognisable, so that a last check can tell that nothing is left."""

import itertools
import os
import pathlib
import subprocess

SHM = pathlib.Path("/dev/shm")
CGROUPS = pathlib.Path("/sys/fs/cgroup")
VARIABLE = "NARU_TEST_MARK"
_numbers = itertools.count(1)


def mark():
    """The beginning of all names of this test run; inherited by the programs it starts."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = f"naru-test-{os.getpid()}"
    return os.environ[VARIABLE]


def new_name():
    return f"{mark()}-{os.getpid()}-{next(_numbers)}"


def left_behind(of=None):
    """Everything with our mark, or with the mark `of`, that is still there, as a list of texts."""
    prefix = (of or mark()) + "-"
    found = [str(path) for path in SHM.glob(prefix + "*")]
    with open("/proc/self/mounts") as mounts:
        found += [f"mount {line.split()[1]}" for line in mounts if prefix in line]
    loops = subprocess.run(["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"],
                           capture_output=True, text=True, check=False).stdout
    found += [f"loop device {line}" for line in loops.splitlines() if prefix in line]
    for folder in [CGROUPS, *CGROUPS.glob("*/")]:
        found += [f"control group {path}" for path in folder.glob(prefix + "*")]
    return found
