#!/usr/bin/env python3
"""A seed that takes its process along, or hangs, is named as any other that fails: with the line that shows it again."""

import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
import sweep

# What naru_sim says of its seeds, and of some of them nothing any more.
PROGRAM = """#!/usr/bin/env python3
import os, signal, sys
first, count, failed = int(sys.argv[2]), int(sys.argv[4]), 0
for seed in range(first, first + count):
    if seed == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    if seed == 5:
        signal.pause()
    if seed == 8:
        print(f"FAIL seed {seed}: a check of the broker failed; reproduce: ./dev sim --seed {seed}", flush=True)
        os.abort()
    if seed == 9:
        failed = 1
        print(f"FAIL seed {seed}: order is kept: it was not; reproduce: ./dev sim --seed {seed}")
    if seed == 40 and count > 1:
        sys.exit(3)
rare = 1 if first <= 26 < first + count else 0
print(f"{count} seeds, {failed} failed\\nsteps: {count}\\nrare path: {rare}\\nno path any more: 0")
sys.exit(failed)
"""


def swept(first, count):
    with tempfile.TemporaryDirectory() as name:
        program = pathlib.Path(name) / "naru_sim"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        return sweep.sweep(program, first, count, 1)


def main():
    sweep.SEED_BOUND_S = 10  # one of them never ends

    result = swept(1, 30)
    expected = ["FAIL seed 3: ended by SIGSEGV; reproduce: ./dev sim --seed 3",
                "FAIL seed 5: not done after 10 s; reproduce: ./dev sim --seed 5",
                "FAIL seed 8: a check of the broker failed; reproduce: ./dev sim --seed 8",
                "FAIL seed 9: order is kept: it was not; reproduce: ./dev sim --seed 9"]
    assert result.failures == expected, result.failures
    assert result.seeds == 30 and result.counts["steps"] == 27, result.counts  # the others were run
    assert result.never() == ["no path any more"], result.counts

    result = swept(40, 2)
    assert len(result.failures) == 1, result.failures
    assert result.failures[0].startswith("FAIL seeds 40 to 41: exit status 3, and none of them alone"), result.failures


main()
