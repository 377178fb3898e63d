# SPDX-License-Identifier: Apache-2.0
"""Figures as a table for a terminal and as Markdown."""

COLUMNS = ("run", "tool", "wall s", "CPU s", "peak MB", "source", "target", "MB read",
           "wall / floor", "wall / skopeo", "CPU / skopeo")
FAR_COLUMNS = ("run", "tool", "wall s", "CPU s", "peak MB", "source", "target", "MB read",
               "connections source", "connections target", "rejected", "bound s", "wall / bound")
FILE_COLUMNS = ("run", "tool", "wall s", "CPU s", "peak MB", "MB / s", "wall / rival")


FAR_TEXT = """\
The source is 40 ms away (round trip), the target 30 ms; a connection has 8 MB/s in each direction, all
connections to a registry together 60 MB/s; a new connection costs two more round trips. Rows say what differs.
"Rejected" counts responses with status 429. The bound is the largest of: all bytes at the total rate, the
largest blob at the rate of a connection, and for the throttling registry one request per blob and manifest at
its rate; plus ten round trips, half of them to each side. skopeo ran once."""
ELSEWHERE_TEXT = """\
Once each and not by `ci/bench`, with images of the same kind (418 blobs, 152 MB):"""
ELSEWHERE_COLUMNS = ("tool", "call", "wall s", "CPU s", "peak MB", "source", "target", "again s")
ELSEWHERE = (("crane", "copy, 4 processes of 8 jobs", "13.7", "2.0", "273", "709", "2546", "4.23"),
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


def far_rows(figures: dict):
    """Runs over links, beside the least that the link takes."""
    for run, by_tool in figures["far"].items():
        for tool, sample in by_tool.items():
            yield (run, tool, f"{sample['wall']:.2f}", f"{sample['cpu']:.2f}",
                   f"{sample['peakKiB'] * 1024 / 1e6:.0f}", f"{sample['sourceRequests']:.0f}",
                   f"{sample['targetRequests']:.0f}", f"{sample['sourceBytes'] / 1e6:.1f}",
                   f"{sample['sourceConnections']:.0f}", f"{sample['targetConnections']:.0f}",
                   f"{sample['rejected']:.0f}",
                   *((f"{sample['bound']:.2f}", f"{sample['wall'] / sample['bound']:.2f}")
                     if sample["bound"] else ("", "")))


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
            f"validation: config unless said otherwise, referrers: none")


def requests(figures: dict):
    """Where the requests of each run go, a line for each tool."""
    for run, by_tool in (*figures["rows"].items(), *figures["far"].items()):
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
    if figures["far"]:
        lines += ["", *table(FAR_COLUMNS, far_rows(figures))]
    if figures["rows"] or figures["far"]:
        lines += ["", *(f"{run}, {tool}, {side}: {what}" for run, tool, side, what
                        in requests(figures))]
    if figures["files"]:
        lines += ["", *table(FILE_COLUMNS, file_rows(figures))]
    return "\n".join(lines)


def markdown(figures: dict) -> str:
    lines = ["# Results", "", f"Written by `ci/bench --write`: {title(figures)}."]
    if figures["rows"]:
        lines += ["", *markdown_table(COLUMNS, rows(figures))]
    if figures["far"]:
        lines += ["", "## Far registries", "", FAR_TEXT,
                  *([f"Unless said otherwise: {extent(figures['farCorpus'])}."] if figures["farCorpus"] else []),
                  "", *markdown_table(FAR_COLUMNS, far_rows(figures)),
                  "", "### Measured elsewhere with the same link", "", ELSEWHERE_TEXT, "",
                  *markdown_table(ELSEWHERE_COLUMNS, ELSEWHERE)]
    if figures["rows"] or figures["far"]:
        lines += ["", "## Requests", "", "| run | tool | side | requests |", "|---|---|---|---|",
                  *(f"| {run} | {tool} | {side} | {what} |" for run, tool, side, what
                    in requests(figures))]
    if figures["files"]:
        lines += ["", "## Files", "", *markdown_table(FILE_COLUMNS, file_rows(figures))]
    return "\n".join(lines) + "\n"
