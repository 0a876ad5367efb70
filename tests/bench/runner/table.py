"""From results to Markdown."""

import statistics


def median(values):
    return statistics.median(values) if values else None


def spread(values, show):
    """'median (least to greatest)'; of one value just that."""
    if not values:
        return "–"
    if len(values) == 1:
        return show(values[0])
    return f"{show(median(values))} ({show(min(values))} to {show(max(values))})"


def number(value):
    if value >= 1e6:
        return f"{value / 1e6:.2f} M"
    if value >= 1e4:
        return f"{value / 1e3:.0f} k"
    return f"{value:.0f}" if value >= 10 else f"{value:.2f}"


def floor_cell(row, floor):
    """One floor of a row: figure, bound, verdict."""
    values = row["figures"].get(floor.figure)
    bound = f"{'≥' if floor.at_least else '≤'} {floor.bound:g}"
    if not values:
        return ["not measured", f"{floor.text} {bound}", "–"]
    verdict = "reached" if floor.met(median(values)) else "**missed**"
    return [spread(values, number), f"{floor.text} {bound}", verdict]


def summary(rows):
    """One line for every floor of every row."""
    lines = ["| work | measured | floor | |", "|---|---|---|---|"]
    for row, floors in rows:
        title = row["title"]
        if row["failed"]:
            lines.append(f"| {title} | **failed**: {row['failed'].splitlines()[0]} | | |")
            continue
        for floor in floors:
            lines.append(f"| {title} | " + " | ".join(floor_cell(row, floor)) + " |")
            title = ""
    return lines


def load_line(title, name, runs):
    def figure(key):
        return [run[key] for run in runs]

    def latency(kind):
        low, high = (median(figure(f"{kind}_ms_{p}")) for p in ("p50", "p99"))
        return f"{number(low)} / {number(high)}" if high > 0 else "–"

    cells = [title, name, spread(figure("got_per_s"), number), latency("confirm"), latency("e2e"),
             spread(figure("broker_cpu_s_per_1m"), lambda v: f"{v:.2f}"),
             f"{median(figure('broker_rss_max_bytes')) / 2**20:.0f}"]
    lost = sum(run.get("missing", 0) + run.get("unconfirmed", 0) for run in runs)
    if lost:
        cells[2] += f" **{lost} missing**"
    return "| " + " | ".join(cells) + " |"


def loads(rows):
    """Everything that naru_load measured as a load."""
    lines = ["| work | broker | messages/s got | confirm p50 / p99 ms | end to end p50 / p99 ms | "
             "broker CPU s per 1M | RSS at most, MiB |", "|---|---|---|---|---|---|---|"]
    for row, _ in rows:
        title = row["title"]
        for name, runs in row["samples"].items():
            if runs and "got_per_s" in runs[0]:
                lines.append(load_line(title, name, runs))
                title = ""
    return lines if len(lines) > 2 else []


def conditions(rows):
    lines = []
    for row, _ in rows:
        text = "; ".join([row["how"], *row["conditions"]])
        others = {name: values for name, values in row["figures"].items()
                  if name not in {floor["figure"] for floor in row["floors"]}}
        if others:
            text += ". Besides: " + ", ".join(f"{name} {spread(values, number)}" for name, values in others.items())
        lines.append(f"* **{row['key']}**: {text}.")
    return lines


def render(results, rows):
    """`rows`: (a row's JSON, its floors), in order."""
    machine, run = results["machine"], results["run"]
    lines = [f"{machine['cpus']} × {machine['cpu']}, {machine['memory_gib']} GiB, Linux {machine['kernel']}, "
             f"{machine['file_system']}; Naru {results['revision']}; {results['when']}",
             f"{run['pairs']} pair{'s' if run['pairs'] > 1 else ''} of {run['seconds']:g} s"
             f"{', the first dropped' if run['first_dropped'] else ''}; median (least to greatest); "
             f"the generator shares the cores{'; quick: sizes are small, floors mean little' if run['quick'] else ''}.",
             ""]
    lines += summary(rows)
    details = loads(rows)
    if details:
        lines += [""] + details
    lines += [""] + conditions(rows)
    for note in results["notes"]:
        lines += ["", f"Not run: {note}."]
    return "\n".join(lines) + "\n"
