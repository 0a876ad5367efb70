#!/usr/bin/env python3
"""Shows that the simulation catches every mutant: `./dev mutants` is this program."""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
MUTANT_BOUND_S = 1200


def known_seeds():
    """{mutant: the seed that is known to catch it, or None when a unit test does}, of the file `caught`."""
    lines = (HERE / "caught").read_text().splitlines()
    words = [it.split() for it in lines if it and not it.startswith("#")]
    return {name: None if seed == "unit" else int(seed) for name, seed in words}


def mutants(binary):
    listing = subprocess.run([binary, "--list"], capture_output=True, text=True, check=True).stdout
    return [tuple(line.split("\t")) for line in listing.splitlines()]


def hunt(binary, name, first, seeds):
    """(seed, who noticed), or None when none of the seeds does."""
    done = subprocess.run([binary, name, str(first), str(seeds)], capture_output=True, text=True,
                          timeout=MUTANT_BOUND_S)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{name}: exit status {done.returncode}: {done.stderr}")
    if done.returncode == 1:
        return None
    seed, who = done.stdout.strip().split("\t")
    return int(seed), who


def main():
    parser = argparse.ArgumentParser(prog="./dev mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="MUTANT", help="these; all when not said")
    parser.add_argument("--seeds", type=int, default=500, help="try so many seeds for each (500)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once")
    parser.add_argument("--binary", type=pathlib.Path,
                        default=ROOT / "build/release/bin/naru_sim_mutants")
    options = parser.parse_args()
    chosen = [it for it in mutants(options.binary) if not options.names or it[0] in options.names]
    alive = 0
    print("| mutant | what it does wrong | caught by | seeds needed |\n|---|---|---|---|")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda it: hunt(options.binary, it[0], 1, options.seeds), chosen)
        for (name, what), caught in zip(chosen, results):
            alive += caught is None
            seed, who = caught or (f"not in {options.seeds}", "nobody")
            print(f"| {name} | {what} | {who} | {seed} |", flush=True)
    print(f"{len(chosen) - alive} of {len(chosen)} caught")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
