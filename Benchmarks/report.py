# SPDX-License-Identifier: Apache-2.0
"""Figures as a table for a terminal and as Markdown."""

COLUMNS = ("run", "tool", "wall s", "CPU s", "peak MB", "source", "target", "MB read",
           "wall / floor", "wall / skopeo", "CPU / skopeo")


def ratio(sample: dict, others: dict, prefix: str, key: str) -> str:
    for name, other in others.items():
        if name.startswith(prefix) and other is not sample and other[key] > 0:
            return f"{sample[key] / other[key]:.2f}"
    return ""


def rows(figures: dict):
    for run, by_tool in figures["rows"].items():
        for tool, sample in by_tool.items():
            yield (run, tool, f"{sample['wall']:.2f}", f"{sample['cpu']:.2f}",
                   f"{sample['peakKiB'] * 1024 / 1e6:.0f}", f"{sample['sourceRequests']:.0f}",
                   f"{sample['targetRequests']:.0f}", f"{sample['sourceBytes'] / 1e6:.1f}",
                   ratio(sample, by_tool, "floor", "wall"),
                   ratio(sample, by_tool, "skopeo", "wall"),
                   ratio(sample, by_tool, "skopeo", "cpu"))


def title(figures: dict) -> str:
    corpus = figures.get("corpus")
    what = (f"nightly: {corpus['images']} images of two platforms, {corpus['blobs']} blobs, "
            f"{corpus['bytes'] / 1e6:.1f} MB; " if corpus else "")
    return (f"{what}medians of {figures['rounds']} rounds, "
            f"proof: config unless said otherwise, referrers: none")


def requests(figures: dict):
    """Where the requests of each run go, a line for each tool."""
    for run, by_tool in figures["rows"].items():
        for tool, sample in by_tool.items():
            for side in ("source", "target"):
                counts = sorted(sample["requests"][side].items())
                yield run, tool, side, ", ".join(f"{n} {kind}" for kind, n in counts)


def text(figures: dict) -> str:
    table = [COLUMNS, *rows(figures)]
    widths = [max(len(row[i]) for row in table) for i in range(len(COLUMNS))]
    lines = [title(figures), ""]
    for row in table:
        cells = [cell.ljust(w) if i < 2 else cell.rjust(w)
                 for i, (cell, w) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    lines += ["", *(f"{run}, {tool}, {side}: {what}" for run, tool, side, what
                    in requests(figures))]
    return "\n".join(lines)


def markdown(figures: dict) -> str:
    lines = ["# Results", "", f"Written by `ci/bench --write`: {title(figures)}.", "",
             "| " + " | ".join(COLUMNS) + " |",
             "|" + "|".join("---" if i < 2 else "--:" for i in range(len(COLUMNS))) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows(figures)]
    lines += ["", "## Requests", "", "| run | tool | side | requests |", "|---|---|---|---|"]
    lines += [f"| {run} | {tool} | {side} | {what} |" for run, tool, side, what
              in requests(figures)]
    return "\n".join(lines) + "\n"
