#!/usr/bin/env python3
"""gtest_cases.py NAME PROGRAM [ARGS...]: runs a GoogleTest program as part of a suite.

Prints what the program prints, with its verdicts turned into the PASS, FAIL and SKIP lines that
run_tests.py counts. A program that dies within a test fails that test.
"""

import re
import subprocess
import sys

RUN = re.compile(r"^\[ RUN      \] (\S+)")
END = re.compile(r"^\[(       OK |  FAILED  |  SKIPPED )\] ")


def convert(lines, name, out):
    """Converts the lines; returns the name of the test that never ended, and the number of failures."""
    current, failed, skip_reason, after_skip = None, 0, "", False
    for line in lines:
        line = line.rstrip("\n")
        run = RUN.match(line)
        end = END.match(line)
        if run:
            current, skip_reason, after_skip = run.group(1), "", False
        elif end and current:
            verdict = end.group(1).strip()
            if verdict == "OK":
                out(f"PASS {name}/{current}")
            elif verdict == "SKIPPED":
                out(f"SKIP {name}/{current}: {skip_reason or 'no reason given'}")
            else:
                failed += 1
                out(f"FAIL {name}/{current}")
            current = None
        else:
            if current and after_skip and line and not skip_reason:
                skip_reason = line
            if line.endswith(": Skipped"):
                after_skip = True
            out(line)
    return current, failed


def main():
    name, command = sys.argv[1], sys.argv[2:]
    process = subprocess.Popen(command + ["--gtest_color=no"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               errors="replace")
    unfinished, failed = convert(process.stdout, name, lambda text: print(text, flush=True))
    status = process.wait()
    if unfinished:
        print(f"FAIL {name}/{unfinished}: the program ended with status {status}")
    elif status != 0 and not failed:
        print(f"FAIL {name}: status {status} although every test passed")
    return 0 if status == 0 and not unfinished else 1


if __name__ == "__main__":
    sys.exit(main())
