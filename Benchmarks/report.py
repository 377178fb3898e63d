# SPDX-License-Identifier: Apache-2.0
"""Figures as a table for a terminal and as Markdown."""

COLUMNS = ("run", "tool", "wall s", "CPU s", "peak MB", "source", "target", "MB read",
           "wall / floor", "wall / skopeo", "CPU / skopeo")
FILE_COLUMNS = ("run", "tool", "wall s", "CPU s", "peak MB", "MB / s", "wall / rival")


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


def file_rows(figures: dict):
    """Runs on files alone; the rival is the other tool of the run, where there is one."""
    for run, by_tool in figures["files"].items():
        for tool, sample in by_tool.items():
            rival = ratio(sample, by_tool, "", "wall") if tool == "ocimirror" else ""
            yield (run, tool, f"{sample['wall']:.3f}", f"{sample['cpu']:.3f}",
                   f"{sample['peakKiB'] * 1024 / 1e6:.0f}",
                   f"{sample['rate']:.0f}" if sample["rate"] else "", rival)


def title(figures: dict) -> str:
    corpus = figures.get("corpus")
    what = (f"nightly: {corpus['images']} images of two platforms, {corpus['blobs']} blobs, "
            f"{corpus['bytes'] / 1e6:.1f} MB; " if corpus else "")
    return (f"{what}medians of {figures['rounds']} rounds, "
            f"validation: config unless said otherwise, referrers: none")


def requests(figures: dict):
    """Where the requests of each run go, a line for each tool."""
    for run, by_tool in figures["rows"].items():
        for tool, sample in by_tool.items():
            for side in ("source", "target"):
                counts = sorted(sample["requests"][side].items())
                yield run, tool, side, ", ".join(f"{n} {kind}" for kind, n in counts)


def table(columns, rows) -> list[str]:
    """For a terminal."""
    lines = [columns, *rows]
    widths = [max(len(row[i]) for row in lines) for i in range(len(columns))]
    return ["  ".join(cell.ljust(w) if i < 2 else cell.rjust(w)
                      for i, (cell, w) in enumerate(zip(row, widths))).rstrip() for row in lines]


def markdown_table(columns, rows) -> list[str]:
    return ["| " + " | ".join(columns) + " |",
            "|" + "|".join("---" if i < 2 else "--:" for i in range(len(columns))) + "|",
            *("| " + " | ".join(row) + " |" for row in rows)]


def text(figures: dict) -> str:
    lines = [title(figures)]
    if figures["rows"]:
        lines += ["", *table(COLUMNS, rows(figures)), "",
                  *(f"{run}, {tool}, {side}: {what}" for run, tool, side, what
                    in requests(figures))]
    if figures["files"]:
        lines += ["", *table(FILE_COLUMNS, file_rows(figures))]
    return "\n".join(lines)


def markdown(figures: dict) -> str:
    lines = ["# Results", "", f"Written by `ci/bench --write`: {title(figures)}."]
    if figures["rows"]:
        lines += ["", *markdown_table(COLUMNS, rows(figures)), "", "## Requests", "",
                  "| run | tool | side | requests |", "|---|---|---|---|",
                  *(f"| {run} | {tool} | {side} | {what} |" for run, tool, side, what
                    in requests(figures))]
    if figures["files"]:
        lines += ["", "## Files", "", *markdown_table(FILE_COLUMNS, file_rows(figures))]
    return "\n".join(lines) + "\n"
