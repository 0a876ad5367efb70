"""Processes that the bench starts, watches and stops. Nothing is killed that was not started here."""

import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import time


class BenchError(Exception):
    """A broker or the generator could not do its part; the text says what and where to look."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _raise_file_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def spawn(command, log_path, env=None, cwd=None):
    with open(log_path, "ab") as log:
        return subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log,
                                stderr=log, env=env, cwd=cwd, start_new_session=True,
                                preexec_fn=_raise_file_limit)


def stop(process, seconds=20):
    """SIGTERM, and SIGKILL if that does not help in time. Returns the exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def tail_of(path, lines=5):
    text = pathlib.Path(path).read_text(errors="replace").strip().splitlines()
    return "\n  ".join(text[-lines:])


def answers_amqp(port):
    """True when a client that sends the protocol header gets connection.start."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(b"AMQP\x00\x00\x09\x01")
            first = client.recv(11)
            return first[:3] == b"\x01\x00\x00" and first[7:11] == b"\x00\x0a\x00\x0a"
    except OSError:
        return False


def wait_until_accepting(process, port, log_path, seconds):
    """Asks every millisecond until the broker answers a client."""
    deadline = time.monotonic() + seconds
    while not answers_amqp(port):
        if process.poll() is not None:
            raise BenchError(f"{process.args[0]} ended with {process.returncode}:\n  {tail_of(log_path)}")
        if time.monotonic() > deadline:
            stop(process)
            raise BenchError(f"{process.args[0]} did not accept within {seconds} s:\n  {tail_of(log_path)}")
        time.sleep(0.001)


def descendant_named(pid, name):
    """The process `name` among `pid` and what descends from it, or None."""
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        try:
            root = pathlib.Path(f"/proc/{current}")
            if (root / "comm").read_text().strip() == name:
                return current
            for task in (root / "task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return None


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def free_bytes(directory):
    return shutil.disk_usage(directory).free


def tree_bytes(directory):
    """Bytes on disk of all files below a directory."""
    total = 0
    for path in pathlib.Path(directory).rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:  # the broker works on
            continue
    return total


def _busy_ticks():
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4]  # less idle and waiting for the disk


def busy_cpus(seconds):
    """How many CPUs' worth of work the whole machine did during the next `seconds`."""
    before = _busy_ticks()
    time.sleep(seconds)
    return (_busy_ticks() - before) / os.sysconf("SC_CLK_TCK") / seconds
