"""A suite is a list of cases; each prints one line: PASS, FAIL or SKIP suite/case[: reason]."""

import os
import signal
import sys
import time
import traceback

import broker
import ending
import paths


class Skip(Exception):
    """Raised by a case that cannot be run here; the text is the reason."""


class CaseTimeout(Exception):
    """A case did not end within its bound."""


class Suite:
    """Collects cases in the order of their definition and runs them one after the other. The program that makes
    one ends cleanly by SIGTERM, whether it runs cases or only reports()."""

    def __init__(self, name):
        ending.by_exception()
        self.name = name
        self._cases = []
        self.counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}

    def case(self, function=None, *, seconds=30, differs=None):
        """Registers a case. `differs` says why the reference peer (3.10) is not asked:
        what it does differently from the release whose behaviour Naru follows (4.2)."""
        def register(f):
            self._cases.append((f, seconds, differs))
            return f
        return register(function) if function else register

    def report(self, verdict, case, text=""):
        """Prints one verdict; used directly by suites that translate another test runner's output."""
        self.counts[verdict] += 1
        line = f"{verdict} {self.name}/{case}"
        print(f"{line}: {text}" if text else line, flush=True)

    def skip_all(self, reason):
        self.report("SKIP", "all", reason)
        return 0

    def run(self, argument_of_case, only=()):
        """Runs the cases, each with what argument_of_case() returns; a context manager is entered."""
        for function, seconds, differs in self._cases:
            if only and not any(word in function.__name__ for word in only):
                continue
            if differs and paths.peer() == "rabbitmq":
                self.report("SKIP", function.__name__, f"the peer differs: {differs}")
                continue
            self._run_one(function, seconds, argument_of_case)
        return self.exit_code()

    def exit_code(self):
        return 1 if self.counts["FAIL"] else 0

    def _run_one(self, function, seconds, argument_of_case):
        started = time.monotonic()
        try:
            with time_limit(seconds):
                with argument_of_case() as argument:
                    function(argument)
        except Skip as skip:
            self.report("SKIP", function.__name__, str(skip))
        except Exception as error:  # a failed check, a client's exception, the time limit
            traceback.print_exc(file=sys.stderr)
            self.report("FAIL", function.__name__, summary(error))
        else:
            self.report("PASS", function.__name__)
        if os.environ.get("NARU_TEST_TIMES"):
            print(f"  {time.monotonic() - started:6.2f} s {function.__name__}", file=sys.stderr)


class time_limit:
    """Bounds a case: after `seconds` CaseTimeout is raised in the main thread, and again while
    the cleaning up hangs, too."""

    def __init__(self, seconds):
        self.seconds = seconds * float(os.environ.get("NARU_TIME_FACTOR", "1"))

    def __enter__(self):
        def expired(_number, _frame):
            raise CaseTimeout(f"not done after {self.seconds} s")
        self._previous = signal.signal(signal.SIGALRM, expired)
        signal.setitimer(signal.ITIMER_REAL, self.seconds, 5)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._previous)


def summary(error):
    """One line that says what failed, and in which line of the test."""
    frames = traceback.extract_tb(error.__traceback__)
    here = [f for f in frames if "/tests/" in f.filename and "/support/" not in f.filename]
    where = f" ({os.path.basename(here[-1].filename)}:{here[-1].lineno})" if here else ""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text[:400] + where


def check(condition, text="check failed"):
    if not condition:
        raise AssertionError(text)


def equal(actual, expected, what="value"):
    if actual != expected:
        raise AssertionError(f"{what}: got {actual!r}, expected {expected!r}")


def until(condition, what, seconds=20):
    """Asks again and again, for so long at most, until it holds: for what another process does in its own time."""
    deadline = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < deadline, f"not in time: {what}")
        time.sleep(0.02)


def main(suite, make_argument, **broker_options):
    """The body of a suite's executable: one private broker, all cases (or those named), exit code."""
    reason = broker.available()
    if reason:
        return suite.skip_all(reason)
    with broker.start(**broker_options) as server:
        return suite.run(lambda: make_argument(server), sys.argv[1:])
