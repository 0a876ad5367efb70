"""A network of one's own, for clients' tests that insist on port 5672 or on the address ::1; or mounts
of one's own, for a disk that can be filled.

Needs either root or unprivileged user namespaces (which Debian allows); otherwise nothing changes.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys

MARK = "NARU_TEST_NAMESPACE"


def enter():
    """Runs the calling program again in a network namespace whose only interface is the loopback.

    Returns True inside the namespace and False where there is none to be had."""
    inside = _enter("--net")
    if inside:
        raise_loopback()
    return inside


def enter_mounts():
    """Runs the calling program again in a namespace where small_disk() can mount; otherwise as above."""
    return _enter("--mount")


def small_disk(path, size):
    """Makes the folder `path` a disk of `size` bytes that exists in this namespace only."""
    path.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(path)], check=True)


def release(path):
    """Takes a small disk away, with all that is on it."""
    subprocess.run(["umount", str(path)], check=True)


def _enter(kind):
    if os.environ.get(MARK) == kind:
        return True
    command = ["unshare", kind] if os.geteuid() == 0 else ["unshare", "--map-root-user", kind]
    try:
        possible = subprocess.run([*command, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        possible = False
    if possible:
        os.environ[MARK] = kind
        os.execvp(command[0], [*command, sys.executable, *sys.argv])
    return False


def raise_loopback():
    """`ip link set lo up`, without needing the tool."""
    get_flags, set_flags, up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = fcntl.ioctl(any_socket, get_flags, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", request)[1]
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", flags | up))
