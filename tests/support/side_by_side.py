"""Runs suites side by side, each an executable that prints PASS, FAIL or SKIP lines; the lines of one
case stay together, and what a suite says besides is shown when a case fails."""

import concurrent.futures
import os
import re
import signal
import subprocess
import threading

BOUND_S = 900
CASE = re.compile(r"^(PASS|FAIL|SKIP) [^/]+/")
printing = threading.Lock()


def run(jobs, at_once, bound_s=BOUND_S):
    """jobs: [(label, argv, extra environment)], those that take longest first; the label replaces the
    suite's name in its lines. Each may take `bound_s`. Returns an exit code."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        return 1 if any(list(pool.map(lambda job: run_one(*job, bound_s), jobs))) else 0


def run_one(label, argv, extra, bound_s):
    """Runs one suite; returns whether it failed."""
    process = subprocess.Popen([str(part) for part in argv], text=True, errors="replace",
                               env={**os.environ, **extra, "PYTHONUNBUFFERED": "1"},
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    watchdog = threading.Timer(bound_s, process.send_signal, [signal.SIGTERM])
    watchdog.start()
    context, failed = [], False
    for line in process.stdout:
        line = line.rstrip("\n")
        if not CASE.match(line):
            context = (context + [line])[-60:]
            continue
        failed |= line.startswith("FAIL")
        with printing:
            if line.startswith("FAIL"):
                print("\n".join(context))
            print(CASE.sub(rf"\1 {label}/", line), flush=True)
        context = []
    status = process.wait()
    watchdog.cancel()
    if status != 0 and not failed:
        with printing:
            print("\n".join(context))
            print(f"FAIL {label}/suite: exit status {status} without naming a failed case", flush=True)
    return status != 0 or failed
