# SPDX-License-Identifier: Apache-2.0
"""Figures as a table for a terminal and as Markdown."""

COLUMNS = ("run", "tool", "wall s", "CPU s", "peak MB", "source", "target", "MB read",
           "wall / floor", "wall / skopeo", "CPU / skopeo")
WAN_COLUMNS = ("run", "tool", "wall s", "CPU s", "peak MB", "source", "target", "MB read",
               "connections source", "connections target", "429", "bound s", "wall / bound")
FILE_COLUMNS = ("run", "tool", "wall s", "CPU s", "peak MB", "MB / s", "wall / rival")


WAN_TEXT = """\
Unless the row says otherwise, a proxy emulates links with a round trip time of 40 ms to the source and 30 ms to
the target, 8 MB/s per connection and 60 MB/s in all, in each direction, and two additional round trips for each
new connection. The column "429" counts these responses. The bound is the longest of: all blobs at the total rate,
the largest blob at the rate of a connection, and the required requests at the rate limit of the throttling
registry; plus five dependent round trips to each registry. skopeo and the rows with 10,000 images ran once."""
SEPARATE_TEXT = """\
Measured once each, separately from `ci/bench`, with similar images (418 blobs, 152 MB):"""
SEPARATE_COLUMNS = ("tool", "command", "wall s", "CPU s", "peak MB", "source", "target", "again: wall s")
SEPARATE = (("crane", "copy, 4 processes with 8 jobs", "13.7", "2.0", "273", "709", "2546", "4.23"),
            ("regsync", "once, parallel: 16", "47.3", "1.8", "263", "708", "1975", "0.61"),
            ("skopeo 1.22", "sync", "105", "2.1", "243", "675", "2996", "44.2"),
            ("skopeo 1.9", "sync", "180", "4.4", "152", "554", "2763", "60.6"))


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


def wan_rows(figures: dict):
    """Runs with emulated links, compared with their lower bound."""
    for run, by_tool in figures["wan"].items():
        for tool, sample in by_tool.items():
            bound = sample["lowerBound"]
            yield (run, tool, f"{sample['wall']:.2f}", f"{sample['cpu']:.2f}",
                   f"{sample['peakKiB'] * 1024 / 1e6:.0f}", f"{sample['sourceRequests']:.0f}",
                   f"{sample['targetRequests']:.0f}", f"{sample['sourceBytes'] / 1e6:.1f}",
                   f"{sample['sourceConnections']:.0f}", f"{sample['targetConnections']:.0f}",
                   f"{sample['rateLimited']:.0f}", f"{bound:.2f}" if bound else "",
                   f"{sample['wall'] / bound:.2f}" if bound else "")


def file_rows(figures: dict):
    """Runs on files alone; the rival is the other tool of the run, where there is one."""
    for run, by_tool in figures["files"].items():
        for tool, sample in by_tool.items():
            rival = ratio(sample, by_tool, "", "wall") if tool == "ocimirror" else ""
            yield (run, tool, f"{sample['wall']:.3f}", f"{sample['cpu']:.3f}",
                   f"{sample['peakKiB'] * 1024 / 1e6:.0f}",
                   f"{sample['rate']:.0f}" if sample["rate"] else "", rival)


def extent(corpus: dict) -> str:
    return (f"{corpus['images']} images of two platforms, {corpus['blobs']} blobs, "
            f"{corpus['bytes'] / 1e6:.1f} MB")


def title(figures: dict) -> str:
    corpus = figures.get("corpus")
    what = f"nightly: {extent(corpus)}; " if corpus else ""
    return (f"{what}medians of {figures['rounds']} rounds, "
            f"validation: config unless stated otherwise, referrers: none")


def requests(figures: dict):
    """Where the requests of each run go, a line for each tool."""
    for run, by_tool in (*figures["rows"].items(), *figures["wan"].items()):
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
        lines += ["", *table(COLUMNS, rows(figures))]
    if figures["wan"]:
        lines += ["", *table(WAN_COLUMNS, wan_rows(figures))]
    if figures["rows"] or figures["wan"]:
        lines += ["", *(f"{run}, {tool}, {side}: {what}" for run, tool, side, what
                        in requests(figures))]
    if figures["files"]:
        lines += ["", *table(FILE_COLUMNS, file_rows(figures))]
    return "\n".join(lines)


def markdown(figures: dict) -> str:
    lines = ["# Results", "", f"Written by `ci/bench --write`: {title(figures)}."]
    if figures["rows"]:
        lines += ["", *markdown_table(COLUMNS, rows(figures))]
    if figures["wan"]:
        lines += ["", "## Far registries", "", WAN_TEXT, "",
                  *([f"Nightly images: {extent(figures['wanCorpus'])}.", ""] if figures["wanCorpus"] else []),
                  *markdown_table(WAN_COLUMNS, wan_rows(figures)),
                  "", "### Measured elsewhere with the same link", "", SEPARATE_TEXT, "",
                  *markdown_table(SEPARATE_COLUMNS, SEPARATE)]
    if figures["rows"] or figures["wan"]:
        lines += ["", "## Requests", "", "| run | tool | side | requests |", "|---|---|---|---|",
                  *(f"| {run} | {tool} | {side} | {what} |" for run, tool, side, what
                    in requests(figures))]
    if figures["files"]:
        lines += ["", "## Files", "", *markdown_table(FILE_COLUMNS, file_rows(figures))]
    return "\n".join(lines) + "\n"
