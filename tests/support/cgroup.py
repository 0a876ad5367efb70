"""A control group of one's own with a limit on memory, of version 1 or 2. Needs root."""

import os
import re

import ending
import marks
from cases import until


def missing():
    """None, or why there is none to be had."""
    if os.geteuid() != 0:
        return "needs root for a control group"
    return None if parent() else "no memory controller that we may use"


def parent():
    """The folder that groups are made in, or None."""
    if (marks.CGROUPS / "memory" / "memory.limit_in_bytes").exists():
        return marks.CGROUPS / "memory"
    controllers = marks.CGROUPS / "cgroup.subtree_control"
    if controllers.exists() and "memory" in controllers.read_text().split():
        return marks.CGROUPS
    return None


class MemoryGroup:
    """Use as a context manager; `wrapper` is a command that puts the command behind it into the group."""

    def __init__(self, limit):
        self.path = parent() / marks.new_name()
        self.path.mkdir()
        first_version = (self.path / "memory.limit_in_bytes").exists()
        (self.path / ("memory.limit_in_bytes" if first_version else "memory.max")).write_text(str(limit))
        self._events = self.path / ("memory.oom_control" if first_version else "memory.events")
        self._peak = self.path / ("memory.max_usage_in_bytes" if first_version else "memory.peak")

    @property
    def wrapper(self):
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', self.path / "cgroup.procs"]

    @property
    def kills(self):
        """How many processes the kernel has killed for the limit."""
        return int(re.search(r"^oom_kill (\d+)", self._events.read_text(), re.M)[1])

    @property
    def peak(self):
        return int(self._peak.read_text()) if self._peak.exists() else 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        def removed():
            try:
                self.path.rmdir()
            except OSError:  # the last process of it is not quite gone
                return False
            return True
        with ending.postponed():
            until(removed, f"{self.path} is empty")
