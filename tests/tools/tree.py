"""What the checks of this folder share: the files of the tree, and how a check reports."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOT_OURS = {"build", "data", "node_modules", "__pycache__", ".git", ".cache", ".venv"}
CODE = (".h", ".cc")


def files(root, suffixes, folders=("",)):
    """Paths relative to `root` of the files below `folders` that end in one of `suffixes`, sorted."""
    found = []
    for folder in folders:
        for place, names, leaves in os.walk(root / folder):
            names[:] = sorted(name for name in names if name not in NOT_OURS)
            found += [pathlib.Path(place, leaf).relative_to(root) for leaf in leaves
                      if leaf.endswith(tuple(suffixes))]
    return sorted(found)


def report(case, problems):
    """Prints one case; returns whether it passed."""
    for problem in problems:
        print(f"  {problem}")
    if problems:
        plural = "s" if len(problems) > 1 else ""
        print(f"FAIL {case}: {len(problems)} problem{plural}")
    else:
        print(f"PASS {case}")
    return not problems


def run_cases(cases):
    """Runs functions that raise AssertionError when they fail, as the cases of a suite."""
    failed = 0
    for case in cases:
        name = case.__name__.replace("_", " ")
        try:
            case()
            print(f"PASS {name}")
        except AssertionError as error:
            failed += 1
            print(f"  {error}\nFAIL {name}")
    return 1 if failed else 0
