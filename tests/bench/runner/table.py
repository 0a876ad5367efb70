"""From single results to medians and a Markdown table."""

import statistics

from . import work


def median(values):
    return statistics.median(values) if values else None


def spread(values, show):
    """'median (least..greatest)'; of one value just that."""
    if not values:
        return "–"
    if len(values) == 1:
        return show(values[0])
    return f"{show(median(values))} ({show(min(values))}..{show(max(values))})"


def rate(value):
    return f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value / 1e3:.0f} k" if value >= 1e4 else f"{value:.0f}"


def ratio(value):
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def milliseconds(value):
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def figures(runs, name):
    return [run[name] for run in runs]


def pairwise(runs, others, name):
    """Ratio by ratio of the runs that were made one after the other."""
    return [a[name] / b[name] for a, b in zip(runs, others) if b[name] > 0]


def load_row(title, name, runs, ceiling, rabbitmq, confirms):
    rates = figures(runs, "got_per_s")
    to_ceiling = pairwise(runs, ceiling, "got_per_s") if runs is not ceiling else []
    to_rabbitmq = ""
    if rabbitmq and runs is not rabbitmq and runs:
        to_rabbitmq = ratio(median(rates) / rabbitmq[0]["got_per_s"])

    def latency(kind):
        if not runs:
            return "–"
        return " / ".join(milliseconds(median(figures(runs, f"{kind}_ms_{p}"))) for p in ("p50", "p99"))

    missing = sum(run["missing"] + run.get("unconfirmed", 0) for run in runs)
    cells = [title, name, spread(rates, rate), spread(to_ceiling, ratio), to_rabbitmq or "–",
             latency("confirm") if confirms else "–", latency("e2e"),
             spread(figures(runs, "broker_cpu_s_per_1m"), lambda v: f"{v:.2f}"),
             f"{median(figures(runs, 'broker_rss_bytes')) / 2**20:.0f}" if runs else "–"]
    if missing:
        cells[2] += f" **{missing} missing**"
    return "| " + " | ".join(cells) + " |"


def load_table(results):
    lines = ["| work | broker | messages/s | ÷ ceiling | ÷ RabbitMQ | confirm p50 / p99 ms | end to end p50 / p99 ms "
             "| broker CPU s per 1M | RSS MiB |",
             "|---|---|---|---|---|---|---|---|---|"]
    for load in work.AMQP_LOADS:
        runs = results["loads"].get(load.key)
        if not runs:
            continue
        title = load.title
        for name in ("Naru", "ceiling", "RabbitMQ"):
            if runs[name]:
                shown = f"RabbitMQ {results['rabbitmq_version']}" if name == "RabbitMQ" else name
                lines.append(load_row(title, shown, runs[name], runs["ceiling"], runs["RabbitMQ"],
                                      load.options["window"] > 0))
                title = ""
    return lines


def other_table(results):
    lines = ["| work | Naru | RabbitMQ |", "|---|---|---|"]
    start, idle = results["start_ms"], results["idle_bytes"]
    if start["Naru"] or start["RabbitMQ"]:
        lines.append("| start on an empty directory until a client is answered, ms | "
                     + " | ".join(spread(start[name], lambda v: f"{v:.0f}") for name in ("Naru", "RabbitMQ")) + " |")
    if idle["Naru"] or idle["RabbitMQ"]:
        lines.append(f"| RSS of {work.IDLE_CONNECTIONS} idle connections with a channel, KB each | "
                     + " | ".join(spread(idle[name], lambda v: f"{v / 1000:.1f}") for name in ("Naru", "RabbitMQ"))
                     + " |")
    return lines if len(lines) > 2 else []


def floor_lines(results):
    """Naru's medians beside the floors it must reach. Information: nothing fails here."""
    lines = []

    def add(what, value, bound, at_least):
        met = value >= bound if at_least else value <= bound
        sign = "≥" if at_least else "≤"
        lines.append(f"* {what}: {value:.2f}, floor {sign} {bound:g}{'' if met else ' **not reached**'}")

    for load in work.AMQP_LOADS:
        runs = results["loads"].get(load.key)
        if not runs or not runs["Naru"]:
            continue
        for name, bound in load.floors.items():
            if name != "ratio":
                add(f"{load.key}: {name}", median(figures(runs["Naru"], name)), bound, False)
            elif runs["ceiling"]:
                add(f"{load.key}: messages/s ÷ ceiling", median(pairwise(runs["Naru"], runs["ceiling"], "got_per_s")),
                    bound, True)
    if results["start_ms"]["Naru"]:
        add("start, ms", median(results["start_ms"]["Naru"]), work.START_FLOOR_MS, False)
    if results["idle_bytes"]["Naru"]:
        add("idle connection, bytes", median(results["idle_bytes"]["Naru"]), work.IDLE_FLOOR_BYTES, False)
    return lines


def render(results):
    machine = results["machine"]
    lines = [f"{machine['cpus']} × {machine['cpu']}, {machine['memory_gib']} GiB, Linux {machine['kernel']}, "
             f"{machine['file_system']}; Naru {results['revision']}; {results['when']}",
             f"{results['pairs']} pair{'s' if results['pairs'] > 1 else ''} of {results['seconds']:g} s"
             f"{', the first dropped' if results['dropped'] else ''}; median (least..greatest); "
             f"the generator shares the cores.", ""]
    lines += load_table(results)
    others = other_table(results)
    if others:
        lines += [""] + others
    floors = floor_lines(results)
    if floors:
        lines += [""] + floors
    for note in results["notes"]:
        lines += ["", f"Not run: {note}."]
    return "\n".join(lines) + "\n"
