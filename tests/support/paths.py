"""Where things lie in the tree. Everything generated goes below build/interop."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
INTEROP = ROOT / "tests" / "interop"
WORK = pathlib.Path(os.environ.get("NARU_BUILD", ROOT / "build")) / "interop"


def naru_binary() -> pathlib.Path:
    """The binary under test: NARU_BIN, or the release build's."""
    return pathlib.Path(os.environ.get("NARU_BIN", ROOT / "build" / "release" / "bin" / "naru"))


def shim(name):
    """A library to preload into the broker, or None where there is none: not built, or for a sanitizer's build,
    which does not take any."""
    path = naru_binary().parent / f"libnaru_shim_{name}.so"
    return path if path.exists() and not is_sanitized() else None


def is_sanitized():
    """A sanitizer's build is under test: it has more time, and takes more memory."""
    return float(os.environ.get("NARU_TIME_FACTOR", "1")) != 1


def no_measure():
    """Why what the broker holds cannot be measured, or None."""
    return "a sanitizer's broker holds several times as much" if is_sanitized() else None


def peer() -> str:
    """Which broker the suites run against: "naru", or "rabbitmq" to prove the suites themselves."""
    return os.environ.get("NARU_PEER", "naru")


def shards() -> int:
    """How many shards Naru runs with in this run of a suite."""
    return int(os.environ.get("NARU_SHARDS", "1"))


def shard_counts() -> list:
    """The numbers of shards that suites run with."""
    if peer() == "rabbitmq":
        return [1]
    return [shards()] if "NARU_SHARDS" in os.environ else [1, 2]
