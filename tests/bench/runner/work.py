"""Giving the brokers something to do: calls of naru_load."""

import json
import subprocess

from . import process


def run_generator(bench, broker, options, seconds):
    """One call of naru_load; `seconds` bounds it. Returns what it reported."""
    command = [str(bench.load_binary), "--port", str(broker.port), "--pid", str(broker.pid)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise process.BenchError(f"{broker.name}: the generator did not end within {seconds:.0f} s") from None
    if done.returncode != 0:
        raise process.BenchError(f"{broker.name}: {done.stderr.strip()}\n  {process.tail_of(broker.log_path)}")
    return json.loads(done.stdout)


def measure_load(bench, broker, options, seconds=None):
    """Runs a load for the bench's time, or for `seconds`, and checks that everything came back."""
    seconds = seconds or bench.seconds
    options = options | bench.load_options | {"seconds": seconds, "warm-up": bench.warm_up}
    result = run_generator(bench, broker, options, seconds + bench.warm_up + 120)
    # All that was accepted must have come back: a rate of lost messages is no rate.
    copies = options.get("queues", 1) if options.get("fanout") else 1
    result["missing"] = copies * (result["sent"] - result["refused"]) - result["got"]
    if options["window"] > 0:
        result["unconfirmed"] = result["sent"] - result["refused"] - result["confirmed"]
    return result
