#!/usr/bin/env python3
"""Shows that every mutant is caught: `./dev mutants` is this program. Each is tried first with what the file
`caught` names, a seed of the simulation or a case of the unit test; then with seeds from 1 on."""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
MUTANT_BOUND_S = 1200


def known_catches():
    """{mutant: the seed that is known to catch it, or the unit test's case that does}, of the file `caught`."""
    lines = (HERE / "caught").read_text().splitlines()
    words = [it.split() for it in lines if it and not it.startswith("#")]
    return {name: int(what) if what.isdigit() else what for name, what in words}


def mutants(binary):
    listing = subprocess.run([binary, "--list"], capture_output=True, text=True, check=True).stdout
    return [tuple(line.split("\t")) for line in listing.splitlines()]


def hunt(binary, name, first, seeds):
    """(seed, who noticed), or None when none of the seeds does. The program has looked that nobody notices
    anything in that seed without the mutant."""
    done = subprocess.run([binary, name, str(first), str(seeds)], capture_output=True, text=True,
                          timeout=MUTANT_BOUND_S)
    sys.stderr.write(done.stderr)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{name}: exit status {done.returncode}")
    if done.returncode == 1:
        return None
    seed, who = done.stdout.strip().split("\t")
    return int(seed), who


def unit_test(binary, case):
    """As hunt(). The case lets the mutant live itself, and another one shows that nobody notices anything without."""
    done = subprocess.run([binary, f"--gtest_filter={case}:Mutants.WithoutAMutationTheCheckerIsContent"],
                          capture_output=True, text=True, timeout=MUTANT_BOUND_S)
    passed = done.returncode == 0 and "[  PASSED  ] 2 tests." in done.stdout
    return (case, "the suite unit/mutants") if passed else None


def catch(binary, unit_binary, name, seeds):
    """(seed or case, who noticed), or None: what is known first, then the seeds from 1 on."""
    known = known_catches().get(name)
    if isinstance(known, int):
        caught = hunt(binary, name, known, 1)
    else:
        caught = unit_test(unit_binary, known) if known else None
    if known is not None and caught is None:
        print(f"{name}: not by {known}, which the file `caught` names", file=sys.stderr)
    return caught or hunt(binary, name, 1, seeds)


def main():
    parser = argparse.ArgumentParser(prog="./dev mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="MUTANT", help="these; all when not said")
    parser.add_argument("--seeds", type=int, default=500,
                        help="try so many seeds for each that is not caught as the file says (500)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin",
                        help="where naru_sim_mutants and test/unit_mutants are")
    options = parser.parse_args()
    binary, unit_binary = options.bin / "naru_sim_mutants", options.bin / "test/unit_mutants"
    everyone = mutants(binary)
    if unknown := set(options.names) - {name for name, _ in everyone}:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    chosen = [it for it in everyone if not options.names or it[0] in options.names]
    alive = 0
    print("| mutant | what it does wrong | caught by | in seed or case |\n|---|---|---|---|")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda it: catch(binary, unit_binary, it[0], options.seeds), chosen)
        for (name, what), caught in zip(chosen, results):
            alive += caught is None
            where, who = caught or (f"not in {options.seeds}", "nobody")
            print(f"| {name} | {what} | {who} | {where} |", flush=True)
    print(f"{len(chosen) - alive} of {len(chosen)} caught")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
