#!/usr/bin/env python3
"""The runner must not call a broken suite good: each case runs a small suite through it."""

import contextlib
import io
import os
import pathlib
import sys
import tempfile
import time

import gtest_cases
import run_tests
import tree


def run_suite(script, bound_s=20):
    """The tally of a suite made of one shell script, and what the runner said."""
    said = []
    with tempfile.TemporaryDirectory(dir=run_tests.LOGS) as name:
        kept, run_tests.LOGS = run_tests.LOGS, pathlib.Path(name)
        try:
            suite = run_tests.Suite("probe", commands=[["sh", "-c", script]])
            tally = run_tests.run_commands(suite, os.environ.copy(), said.append, bound_s)
        finally:
            run_tests.LOGS = kept
    return str(tally), "\n".join(said)


def expect(script, tally, *words, **options):
    got, said = run_suite(script, **options)
    assert got == tally, f"expected {tally}, got {got}: {said}"
    for word in words:
        assert word in said, f"{word!r} is not in: {said}"


def each_case_counts_once():
    expect("echo PASS a; echo noise; echo PASS b; echo 'SKIP c: no such tool'",
           "2 passed, 0 failed, 1 skipped", "no such tool")


def a_failure_is_shown_with_what_came_before_it():
    expect("echo first; echo PASS a; echo the cause; echo 'FAIL b: differs'; exit 1",
           "1 passed, 1 failed, 0 skipped", "the cause", "FAIL probe: b: differs")
    assert "first" not in run_suite("echo first; echo PASS a; echo 'FAIL b'")[1]


def a_suite_that_dies_without_a_failure_fails():
    expect("echo PASS a; echo the reason; exit 3", "1 passed, 1 failed, 0 skipped",
           "exit status 3", "the reason")
    expect("echo PASS a; kill -SEGV $$", "1 passed, 1 failed, 0 skipped", "SIGSEGV")


def a_suite_without_a_case_fails():
    expect("true", "0 passed, 1 failed, 0 skipped", "no case")


def a_suite_that_hangs_is_killed():
    expect("echo PASS a; sleep 600", "1 passed, 1 failed, 0 skipped", "killed after", bound_s=0.5)


def a_child_left_behind_holds_nothing_up():
    started = time.monotonic()
    expect("echo PASS a; sleep 600 &", "1 passed, 0 failed, 0 skipped")
    assert time.monotonic() - started < 60


def the_last_line_may_lack_its_newline():
    expect("printf 'PASS a'", "1 passed, 0 failed, 0 skipped")


def convert(text):
    lines = []
    unfinished, failed = gtest_cases.convert(text.splitlines(), "core", lines.append)
    return [line for line in lines if line[:4] in ("PASS", "FAIL", "SKIP")], unfinished, failed


def gtest_verdicts_are_translated():
    verdicts, unfinished, failed = convert(
        "[ RUN      ] A.b\n[       OK ] A.b (0 ms)\n"
        "[ RUN      ] A.c\nx.cc:1: Failure\n[  FAILED  ] A.c (0 ms)\n"
        "[ RUN      ] A.d\nx.cc:2: Skipped\nneeds root\n\n[  SKIPPED ] A.d (0 ms)\n"
        "[  FAILED  ] A.c\n 1 FAILED TEST\n")
    assert verdicts == ["PASS core/A.b", "FAIL core/A.c", "SKIP core/A.d: needs root"], verdicts
    assert unfinished is None and failed == 1


def a_gtest_that_dies_is_the_one_that_ran():
    assert convert("[ RUN      ] A.b\nabort\n")[1] == "A.b"


def exit_status(*names):
    """What choosing suites of these names ends with; None when they are there."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            run_tests.choose(names)
    except SystemExit as end:
        assert names[-1] in said.getvalue(), said.getvalue()
        return end.code
    return None


def a_suite_that_is_not_there_is_a_usage_error():
    assert exit_status("unit", "asan/unit", "tsan/unit") is None
    assert exit_status("unit", "nonsense") == 2
    assert exit_status("tsan/nonsense") == 2


if __name__ == "__main__":
    run_tests.LOGS.mkdir(parents=True, exist_ok=True)
    sys.exit(tree.run_cases([
        each_case_counts_once,
        a_failure_is_shown_with_what_came_before_it,
        a_suite_that_dies_without_a_failure_fails,
        a_suite_without_a_case_fails,
        a_suite_that_hangs_is_killed,
        a_child_left_behind_holds_nothing_up,
        the_last_line_may_lack_its_newline,
        gtest_verdicts_are_translated,
        a_gtest_that_dies_is_the_one_that_ran,
        a_suite_that_is_not_there_is_a_usage_error,
    ]))
