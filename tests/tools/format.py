#!/usr/bin/env python3
"""Checks that every C++ file is as clang-format-19 writes it; --fix rewrites them."""

import shutil
import subprocess
import sys

import tree

FORMATTER = "clang-format-19"


def main():
    sources = [str(path) for path in tree.files(tree.ROOT, tree.CODE)]
    if not shutil.which(FORMATTER):
        print(f"SKIP format: {FORMATTER} is missing and apt could not install it")
        return 0
    if "--fix" in sys.argv[1:]:
        return subprocess.run([FORMATTER, "-i", *sources], cwd=tree.ROOT).returncode
    run = subprocess.run([FORMATTER, "--dry-run", "--Werror", *sources], cwd=tree.ROOT,
                         capture_output=True, text=True)
    wrong = sorted({line.split(":")[0] for line in run.stderr.splitlines() if ": error:" in line})
    if run.returncode != 0 and not wrong:
        wrong = run.stderr.splitlines()
    problems = [f"{path} is not formatted; ./dev fmt mends it" for path in wrong]
    return 0 if tree.report("format", problems) else 1


if __name__ == "__main__":
    sys.exit(main())
