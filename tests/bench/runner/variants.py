"""The same work with other numbers: each round runs every variant once, and a ratio is of two runs of one round."""

import json
import shutil
import subprocess

from . import process, table, work
from .bench import BIN

STORAGE = BIN / "naru_storage_bench"
# Entries as lanes make them: a few small ones in a turn, a whole window of 100 B messages, bodies in bulk.
STORAGE_LOADS = (("1 KiB entries, 64 KiB uncommitted", 1024, 128, 64),
                 ("64 KiB entries, 256 KiB uncommitted", 65536, 2048, 256),
                 ("64 KiB entries, 4 MiB uncommitted", 65536, 4096, 4096))
FRAME_KIB, IN_FLIGHT = 256, 4
STORAGE_VARIANTS = ([("default: 4 in flight, frames of 256 KiB", IN_FLIGHT, FRAME_KIB)]
                    + [(f"{count} in flight", count, FRAME_KIB) for count in (1, 2, 8)]
                    + [(f"frames of {kib} KiB", IN_FLIGHT, kib) for kib in (64, 512, 1024)])


def rounds(bench, variants, measure, say):
    """variants: names; measure(name) -> figures. Returns {name: [figures of each round kept]}."""
    kept_runs = {name: [] for name in variants}
    for kept in bench.pairs():
        for name in variants:
            result = measure(name)
            bench.say(f"  {name}: {say(result)}{'' if kept else '  (dropped)'}")
            if kept:
                kept_runs[name].append(result)
    return kept_runs


def render(runs, columns):
    """A table with one line for each variant. columns: (title, figure, whether its ratio to the first is shown)."""
    titles = []
    for title, _, with_ratio in columns:
        titles += [title, "÷ first"] if with_ratio else [title]
    lines = ["| variant | " + " | ".join(titles) + " |", "|---" * (len(titles) + 1) + "|"]
    first = next(iter(runs.values()))
    for name, results in runs.items():
        cells = [name]
        for _, figure, with_ratio in columns:
            cells.append(table.spread([result[figure] for result in results], table.number))
            if with_ratio:
                ratios = [a[figure] / b[figure] for a, b in zip(results, first) if b[figure] > 0]
                cells.append(table.spread(ratios, lambda value: f"{value:.2f}") if results is not first else "")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def storage(bench):
    """The log alone: how many writes in flight, how large a frame."""
    text = ""
    for title, entry_bytes, total_mib, window_kib in STORAGE_LOADS:
        bench.say(title)
        numbers = {name: (in_flight, frame) for name, in_flight, frame in STORAGE_VARIANTS}

        def measure(name):
            directory = bench.directory / "storage"
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            in_flight, frame = numbers[name]
            command = [STORAGE, directory, entry_bytes, bench.size(total_mib, total_mib // 8), window_kib, in_flight, frame]
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300,
                                  check=False)
            if done.returncode != 0:
                raise process.BenchError(done.stderr.strip() or f"naru_storage_bench ended with {done.returncode}")
            return json.loads(done.stdout)

        runs = rounds(bench, list(numbers), measure,
                      lambda r: f"{r['mb_per_s']:.0f} MB/s, commit p99 {r['commit_ms_p99']:.2f} ms")
        text += f"{title}:\n\n" + render(runs, (("MB/s", "mb_per_s", True), ("commit p50 ms", "commit_ms_p50", False),
                                                ("commit p99 ms", "commit_ms_p99", True),
                                                ("CPU s per 1M entries", "cpu_s_per_1m", False))) + "\n"
    return text


def compare(bench, row, key, values):
    """A row's load with each value of one setting of the broker."""
    settings = {f"{key} = {value}": f"{key}={value}" for value in values.split(",")}

    def measure(name):
        with bench.naru([settings[name]]) as broker:
            return work.measure_load(bench, broker, row.options)

    runs = rounds(bench, list(settings), measure,
                  lambda r: f"{r['got_per_s']:.0f}/s, confirm p99 {r['confirm_ms_p99']:.2f} ms")
    for results in runs.values():
        for result in results:
            result["rss_mib"] = result["broker_rss_max_bytes"] / 2**20
    return f"{row.title}:\n\n" + render(runs, (
        ("messages/s", "got_per_s", True), ("confirm p50 ms", "confirm_ms_p50", False),
        ("confirm p99 ms", "confirm_ms_p99", True), ("CPU s per 1M", "broker_cpu_s_per_1m", False),
        ("RSS at most, MiB", "rss_mib", False)))
