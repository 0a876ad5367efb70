"""What the brokers are given to do."""

import dataclasses
import json
import subprocess

from . import process


@dataclasses.dataclass(frozen=True)
class Load:
    """One row of the table: options of naru_load, and what Naru must at least reach."""

    key: str
    title: str
    options: dict
    logs: bool  # the ceiling makes messages durable
    floors: dict  # name of a figure -> bound


AMQP_LOADS = [
    Load("small", "100 B persistent, confirm window 1000, prefetch 500, ack every 50",
         {"size": 100, "window": 1000, "prefetch": 500, "ack-every": 50, "persistent": 1}, True,
         {"ratio": 0.25, "broker_cpu_s_per_1m": 2.0, "confirm_ms_p99": 5.0}),
    Load("medium", "1 KiB persistent, confirm window 10,000, prefetch 500, ack every 50",
         {"size": 1024, "window": 10000, "prefetch": 500, "ack-every": 50, "persistent": 1}, True,
         {"ratio": 0.25}),
    Load("transient", "16 B transient, no confirm, auto-ack",
         {"size": 16, "window": 0, "ack-every": 0, "persistent": 0}, False,
         {"ratio": 0.25, "broker_cpu_s_per_1m": 1.0}),
]
START_FLOOR_MS = 200
IDLE_FLOOR_BYTES = 12_000
IDLE_CONNECTIONS = 1000


def run_generator(binary, broker, options, seconds):
    command = [str(binary), "--port", str(broker.port), "--pid", str(broker.pid)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise process.BenchError(f"{broker.name}: the generator did not end within {seconds:.0f} s") from None
    if done.returncode != 0:
        raise process.BenchError(f"{broker.name}: {done.stderr.strip()}\n  {process.tail_of(broker.log_path)}")
    return json.loads(done.stdout)


def measure_load(binary, broker, load, shape, seconds, warm_up):
    """Runs one load; `shape` adds to or replaces options of the load, e.g. the number of queues."""
    options = load.options | shape | {"seconds": seconds, "warm-up": warm_up}
    result = run_generator(binary, broker, options, seconds + warm_up + 120)
    # All that was accepted must have come back: a rate of lost messages is no rate.
    result["missing"] = result["sent"] - result["refused"] - result["got"]
    if load.options["window"] > 0:
        result["unconfirmed"] = result["sent"] - result["refused"] - result["confirmed"]
    return result


def measure_idle(binary, broker):
    return run_generator(binary, broker, {"idle": IDLE_CONNECTIONS}, 180)
