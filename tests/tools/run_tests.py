#!/usr/bin/env python3
"""Runs the suites and sums them up: `./dev test` is this program.

A suite is a command that prints one line per case, and anything else besides:

    PASS name
    FAIL name: reason
    SKIP name: reason

Anything it prints between two such lines belongs to the second, and is shown when that one fails. A
suite that exits non-zero without a FAIL, that prints no case, or that outlives its bound counts as one
failed case. The suites are, in this order:

  * the checks of this folder: format, layers, tidy;
  * what CMake registered with add_test as KIND/NAME: one suite per KIND. GoogleTest programs are
    translated by gtest_cases.py;
  * every executable tests/KIND/run: also part of the suite KIND; a few kinds run with a build of their own;
  * the same of some kinds again, built by clang-19 with ASan and UBSan, as asan/KIND;
  * only when they are named, some with ThreadSanitizer, as tsan/KIND.

A suite gets NARU_BIN (the broker of its build), NARU_BUILD (the folder build/, for what it unpacks) and
NARU_TIME_FACTOR (how much more time than usual to allow).
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
LOGS = BUILD / "test-logs"
TOOLS = ROOT / "tests" / "tools"

CASE = re.compile(r"^(PASS|FAIL|SKIP) (\S.*?)\s*$")
EXCERPT_LINES = 60

CHECKS = {
    "format": ["format.py"],
    "layers": ["layers_test.py", "layers.py"],
    "tidy": ["tidy_test.py", "tidy.py"],
    "runner": ["run_tests_test.py"],
}
# Kinds are run in this order; a kind that is not named here comes before `interop`.
KINDS_FIRST = ["unit", "fuzz", "wire", "compat", "sim"]
KINDS_LAST = ["interop", "faults"]
# Kinds that are about a build other than the release's.
PRESETS = {"protocols": "no-protocol"}
NOT_SUITES = {"bench", "support", "tools"}
SANITIZED = ["unit", "fuzz", "wire", "compat", "sim"]
TSAN = ["unit", "admin", "faults"]  # where threads meet: on demand, by `./dev tsan`
BOUND_S = 1500


@dataclasses.dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclasses.dataclass
class Suite:
    name: str
    preset: str = ""  # the build it needs, or none
    commands: list = dataclasses.field(default_factory=list)


class Reader:
    """Turns a suite's output into a tally, and shows failures and skips as they come."""

    def __init__(self, suite, out):
        self.suite, self.out = suite, out
        self.tally = Tally()
        self.context = []

    def line(self, text):
        match = CASE.match(text)
        if not match:
            self.context.append(text)
            del self.context[:-EXCERPT_LINES]
            return
        verdict, name = match.groups()
        if verdict == "PASS":
            self.tally.passed += 1
        elif verdict == "SKIP":
            self.tally.skipped += 1
            self.out(f"  SKIP {self.suite}: {name}")
        else:
            self.fail(name)
        self.context.clear()

    def fail(self, name):
        self.tally.failed += 1
        for text in self.context:
            self.out(f"    | {text}")
        self.out(f"  FAIL {self.suite}: {name}")

    def finish(self, what, status, failed_before):
        """Judges the end of one command, whose first case came after `failed_before` failures."""
        if status != 0 and self.tally.failed == failed_before:
            self.fail(f"{what}: {status_text(status)} without naming a failed case")
        self.context.clear()


def status_text(status):
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"


def run_logged(command, env, log, on_line, bound_s):
    """Runs a command in a process group of its own; returns its status, or None when its time ran out.

    Output goes through the log file, not a pipe, so that a child left behind cannot hold us up.
    """
    with open(log, "ab") as sink, open(log, "rb") as source:
        source.seek(0, os.SEEK_END)
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=sink,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        deadline = time.monotonic() + bound_s
        pending = b""
        try:
            while True:
                status = process.poll()
                pending += source.read()
                *lines, pending = pending.split(b"\n")
                for line in lines:
                    on_line(line.decode("utf-8", "replace"))
                if status is not None or time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            if pending:
                on_line(pending.decode("utf-8", "replace"))
            return status
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


def run_commands(suite, env, out, bound_s=BOUND_S):
    log = LOGS / (suite.name.replace("/", "-") + ".log")
    log.write_bytes(b"")
    reader = Reader(suite.name, out)
    for command in suite.commands:
        failed_before = reader.tally.failed
        status = run_logged(command, env, log, reader.line, bound_s)
        what = pathlib.Path(command[-1] if command[0] == sys.executable else command[0]).name
        if status is None:
            reader.fail(f"{what}: killed after {bound_s} s")
        else:
            reader.finish(what, status, failed_before)
    tally = reader.tally
    if tally.passed + tally.failed + tally.skipped == 0:
        reader.fail("it printed no case at all")
    if tally.failed:
        out(f"  the whole log: {log.relative_to(ROOT)}")
    return tally


def ctest_commands(preset):
    """{kind: [command, ...]} of the tests that CMake registered in a build."""
    listing = subprocess.run(["ctest", "--test-dir", str(BUILD / preset), "--show-only=json-v1"],
                             capture_output=True, text=True, check=True).stdout
    kinds = {}
    for test in json.loads(listing)["tests"]:
        kind, _, name = test["name"].partition("/")
        command = test.get("command")
        if not command:
            command = ["sh", "-c", f"echo 'FAIL {name}: not built'"]
        elif is_gtest(command):
            command = [sys.executable, str(TOOLS / "gtest_cases.py"), name, *command]
        kinds.setdefault(kind, []).append(command)
    return kinds


def is_gtest(command):
    return "/bin/test/" in command[0]


def script_of(kind):
    script = ROOT / "tests" / kind / "run"
    return [str(script)] if os.access(script, os.X_OK) else None


class Builds:
    """Builds each preset once, when the first suite needs it; each build is one case."""

    def __init__(self, out, total):
        self.out, self.total, self.done = out, total, {}

    def get(self, preset):
        """Returns the build's commands by kind, or None when there is no such build."""
        if preset not in self.done:
            self.done[preset] = self.build(preset)
        return self.done[preset]

    def build(self, preset):
        name = f"build/{preset}"
        if preset not in ("release", *PRESETS.values()) and not shutil.which("clang++-19"):
            self.total.skipped += 1
            self.out(f"  SKIP {name}: clang-19 is missing and apt could not install it")
            return None
        self.out(f"{name} ...")
        started = time.monotonic()
        suite = Suite(name, commands=[[str(ROOT / "dev"), "build-preset", preset]])
        log = LOGS / f"build-{preset}.log"
        log.write_bytes(b"")
        reader = Reader(name, self.out)
        status = run_logged(suite.commands[0], os.environ.copy(), log, reader.line, 3600)
        if status == 0:
            self.total.passed += 1
            self.out(f"{name}: built ({time.monotonic() - started:.0f} s)")
            return ctest_commands(preset)
        self.total.failed += 1
        for text in reader.context:
            self.out(f"    | {text}")
        self.out(f"  FAIL {name}: see {log.relative_to(ROOT)}")
        return None


def kinds_in_tree():
    """The kinds that have a script, or a CMakeLists.txt that may register tests."""
    found = {"unit", "fuzz"}
    for folder in (ROOT / "tests").iterdir():
        if folder.is_dir() and ((folder / "run").exists() or (folder / "CMakeLists.txt").exists()):
            found.add(folder.name)
    found -= NOT_SUITES
    middle = sorted(found - set(KINDS_FIRST) - set(KINDS_LAST))
    return [kind for kind in KINDS_FIRST + middle + KINDS_LAST if kind in found]


def all_suites():
    kinds = kinds_in_tree()
    suites = [Suite(name) for name in CHECKS]
    suites += [Suite(kind, PRESETS.get(kind, "release")) for kind in kinds]
    suites += [Suite(f"asan/{kind}", "asan") for kind in kinds if kind in SANITIZED]
    return suites


def choose(names):
    """The suites called so; exits with status 2 when there is none of a name."""
    suites = all_suites()
    if not names:
        return suites
    suites += [Suite(f"tsan/{kind}", "tsan") for kind in kinds_in_tree() if kind in TSAN]
    chosen = []
    for name in names:
        found = [suite for suite in suites if suite.name == name or suite.preset == name
                 and name != "release"]
        if not found:
            known = " ".join(suite.name for suite in suites)
            print(f"no suite is called {name}; there are: {known}", file=sys.stderr)
            sys.exit(2)
        chosen += [suite for suite in found if suite not in chosen]
    return chosen


def environment(preset):
    env = os.environ.copy()
    env["NARU_BUILD"] = str(BUILD)
    env["PYTHONUNBUFFERED"] = "1"
    if preset:
        env["NARU_BIN"] = str(BUILD / preset / "bin" / "naru")
    env["NARU_TIME_FACTOR"] = "1" if preset in ("", "release", *PRESETS.values()) else "5"
    env["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=0"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1"
    env["TSAN_OPTIONS"] = "halt_on_error=1:second_deadlock_stack=1"  # a broker that races dies of it
    symbolizer = shutil.which("llvm-symbolizer-19")
    if symbolizer:
        env["ASAN_SYMBOLIZER_PATH"] = env["TSAN_SYMBOLIZER_PATH"] = symbolizer
    return env


def prepare(suite, builds, arguments):
    """Fills in the suite's commands; False when its build is missing."""
    kind = suite.name.rpartition("/")[2]
    if not suite.preset:
        suite.commands = [[sys.executable, str(TOOLS / tool)] for tool in CHECKS[kind]]
        return True
    by_kind = builds.get(suite.preset)
    if by_kind is None:
        return False
    suite.commands = list(by_kind.get(kind, []))
    script = script_of(kind)
    if script:
        suite.commands.append(script + arguments)
    return True


def main():
    parser = argparse.ArgumentParser(
        prog="./dev test", usage="./dev test [--list] [SUITE...] [-- ARGUMENTS]",
        description="Builds what the suites need, runs them, and ends with a line that counts the cases. "
        "The status is 0 when none failed, 1 when one did, 2 when there is no suite of a name.")
    parser.add_argument("suites", nargs="*", metavar="SUITE",
                        help="those to run; a whole build's by its name (asan); all when not said")
    parser.add_argument("--list", action="store_true", help="name the suites and stop")
    parser.epilog = "ARGUMENTS go to the suites' own scripts, tests/SUITE/run."
    own, separator, arguments = sys.argv[1:], "", []
    if "--" in own:
        cut = own.index("--")
        own, arguments = own[:cut], own[cut + 1:]
    options = parser.parse_args(own)
    if options.list:
        print("\n".join(suite.name for suite in all_suites()))
        return 0

    suites = choose(options.suites)
    LOGS.mkdir(parents=True, exist_ok=True)

    def out(text):
        print(text, flush=True)

    total = Tally()
    builds = Builds(out, total)
    for suite in suites:
        if not prepare(suite, builds, arguments):
            total.skipped += 1
            out(f"  SKIP {suite.name}: there is no {suite.preset} build")
            continue
        if not suite.commands:
            continue  # a kind that registered nothing in this build
        started = time.monotonic()
        tally = run_commands(suite, environment(suite.preset), out)
        total.add(tally)
        out(f"{suite.name}: {tally} ({time.monotonic() - started:.1f} s)")
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
