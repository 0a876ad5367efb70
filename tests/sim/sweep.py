#!/usr/bin/env python3
"""Runs many seeds of the simulation on all cores, and remembers how far it came: `./dev sim` is this program."""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = 25  # seeds of one process
BLOCK_BOUND_S = 600
SEED_BOUND_S = 120
COUNT = re.compile(r"^([a-z][-a-z_. ]*): (\d+)$")


class Sweep:
    """The sum of what the processes said."""

    def __init__(self):
        self.seeds = 0
        self.failures = []
        self.counts = collections.Counter()

    def never(self):
        """What is counted and never happened."""
        return [name for name, count in self.counts.items() if count == 0]

    def take(self, output, seeds):
        self.seeds += seeds
        for line in output.splitlines():
            if line.startswith("FAIL "):
                self.failures.append(line)
            elif match := COUNT.match(line):
                self.counts[match[1]] += int(match[2])


def run_process(binary, first, count, bound_s):
    """(how it ended otherwise than by itself, or None; what it printed; what it said beside that)."""
    command = [str(binary), "--from", str(first), "--seeds", str(count)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=bound_s)
    except subprocess.TimeoutExpired:
        return f"not done after {bound_s} s", "", ""
    if done.returncode in (0, 1):
        return None, done.stdout, ""
    if done.returncode > 0:
        return f"exit status {done.returncode}", done.stdout, done.stderr
    return f"ended by {signal.Signals(-done.returncode).name}", done.stdout, done.stderr


def run_seed(binary, seed):
    """One seed, whatever it does: its line says how to see it again."""
    end, output, said = run_process(binary, seed, 1, SEED_BOUND_S)
    named = f"FAIL seed {seed}:" in output  # by its own handler
    failure = "" if end is None or named else f"FAIL seed {seed}: {end}; reproduce: ./dev sim --seed {seed}"
    return "\n".join([output, failure, said])


def run_block(binary, first, count):
    """One process. When it does not come to its end, one for each seed: that names whoever is to blame."""
    end, output, _ = run_process(binary, first, count, BLOCK_BOUND_S)
    if end is None:
        return output
    alone = "\n".join(run_seed(binary, seed) for seed in range(first, first + count))
    if "FAIL seed " not in alone:
        alone += (f"\nFAIL seeds {first} to {first + count - 1}: {end}, and none of them alone; "
                  f"reproduce: {binary} --from {first} --seeds {count}")
    return alone


def sweep(binary, first, count, jobs, bound_s=None, on_block=lambda sweep, next_seed: None):
    """Runs the seeds in order of their numbers; stops early after `bound_s`."""
    result = Sweep()
    started = time.monotonic()
    blocks = [(at, min(BLOCK, first + count - at)) for at in range(first, first + count, BLOCK)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        while blocks:
            if bound_s is not None and time.monotonic() - started > bound_s:
                break
            wave, blocks = blocks[:4 * jobs], blocks[4 * jobs:]
            for (_, seeds), output in zip(wave, pool.map(lambda it: run_block(binary, *it), wave)):
                result.take(output, seeds)
            on_block(result, wave[-1][0] + wave[-1][1])
    return result


def main():
    parser = argparse.ArgumentParser(prog="./dev sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many (1000)")
    parser.add_argument("--from", dest="first", type=int,
                        help="the first; without it, the one behind the last that was run here")
    parser.add_argument("--seed", type=int, help="this one alone, and what it draws")
    parser.add_argument("--about", type=int, default=0, help="with --seed: what happens to a message")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/bin/naru_sim")
    options = parser.parse_args()
    if options.seed is not None:
        return subprocess.run([options.binary, "--about", str(options.about), "--seed",
                               str(options.seed)]).returncode

    place = ROOT / "build" / "sim-next-seed"
    known = json.loads(place.read_text()) if place.exists() else {"next": 1}
    first = options.first if options.first is not None else known["next"]
    shown = 0

    def on_block(result, next_seed):
        nonlocal shown
        place.write_text(json.dumps({"next": next_seed}))
        for line in result.failures[shown:]:
            print(line, flush=True)
        shown = len(result.failures)

    result = sweep(options.binary, first, options.seeds, options.jobs, on_block=on_block)
    for name, count in result.counts.items():
        print(f"{name}: {count}")
    if result.never():
        print("never happened: " + ", ".join(result.never()))
    print(f"seeds {first} to {first + result.seeds - 1}: {len(result.failures)} failed")
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
