"""A child process whose output is kept in a file and can be waited upon, line by line."""

import ctypes
import os
import re
import signal
import subprocess
import threading
import time


class ProcessError(Exception):
    """The process ended, or did not say what was awaited in time."""


class Process:
    """Owns one child process; its stdout and stderr go to `log_path` and to wait_for_line()."""

    def __init__(self, argv, log_path, env=None, cwd=None, stdin=False):
        """stdin: it can be told something by write()."""
        self.log_path = log_path
        self._lines = []
        self._changed = threading.Condition()
        self._ended = False
        self._child = subprocess.Popen(
            [str(a) for a in argv], env=env, cwd=cwd, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=begin_child)
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self._child.pid

    def running(self):
        return self._child.poll() is None

    def lines(self):
        with self._changed:
            return list(self._lines)

    def wait_for_line(self, pattern, timeout=30.0, start=0):
        """Returns (match, position after it) of the first line from `start` on that matches."""
        expression = re.compile(pattern)
        deadline = time.monotonic() + timeout
        position = start
        with self._changed:
            while True:
                while position < len(self._lines):
                    match = expression.search(self._lines[position])
                    position += 1
                    if match:
                        return match, position
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    why = "ended" if self._ended else f"said nothing like it in {timeout:.0f} s"
                    tail = "\n".join(self._lines[-15:])
                    raise ProcessError(f"waiting for /{pattern}/: the process {why}:\n{tail}")
                self._changed.wait(left)

    def write(self, text):
        """To its standard input."""
        self._child.stdin.write(text.encode())
        self._child.stdin.flush()

    def signal(self, number):
        if self.running():
            self._child.send_signal(number)

    def wait(self, timeout=30.0):
        """Returns the exit code (negative: the signal that ended it)."""
        code = self._child.wait(timeout)
        self._reader.join(timeout)
        return code

    def stop(self, timeout=30.0):
        """SIGTERM, and SIGKILL to the whole process group if that does not end it in time."""
        if self.running():
            self._child.terminate()
            try:
                self._child.wait(timeout)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
        return self._child.returncode

    def kill(self):
        """SIGKILL to the process and to whatever it has started."""
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._child.wait(10)
        self._reader.join(10)

    def _drain(self):
        with open(self.log_path, "ab", buffering=0) as log:
            for raw in self._child.stdout:
                log.write(raw)
                with self._changed:
                    self._lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def begin_child():
    """Linux ends the child when the thread that started it ends: nothing is left behind by a test
    that was itself killed. A shell that runs tests in the background lets them ignore SIGINT; what they test does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
