# SPDX-License-Identifier: Apache-2.0
"""Rows for registries that are far away, throttle, or hold very many images."""

import shutil
import sys
from dataclasses import replace
from functools import cached_property

import tools
from corpus import Corpus
from link import Link, Wan, examine
from servers import Throttle
from storage import StoredCorpus

FAR_SOURCE = Link(milliseconds=40, connection_rate=8e6, total_rate=60e6, setup=2)
FAR_TARGET = replace(FAR_SOURCE, milliseconds=30)
NEAR = Link()
ROUND_TRIPS = 10  # that depend on each other: half of them to the source, half to the target
SCALE = 0.095     # of the nightly corpus: about 154 MB
ROWS = ("far", "jobs", "skopeo", "near", "slow", "tags", "huge", "throttle", "many")


def bound(corpus: Corpus, source: Link, target: Link, *, is_there=False, requests=0, rate=0) -> float:
    """The seconds that no mirror can do without, as far as links and the source's limit go."""
    size, largest = (0, 0) if is_there else (corpus.unique_bytes, corpus.largest_blob)
    transfer = max(source.transfer(size, largest), target.transfer(size, largest),
                   requests / rate if rate else 0)
    return transfer + ROUND_TRIPS / 2 * (source.round_trip + target.round_trip)


class FarRows:
    """The rows of the group `wan`, each of which can be selected as `wan-NAME`."""

    def __init__(self, bench):
        self.bench = bench
        self.program = bench.wan
        self.ours = bench.tools["ocimirror"]
        examine(self.program)

    def run(self, names) -> None:
        """The selected rows, in the order of `ROWS`."""
        for name in ROWS:
            if name in names:
                getattr(self, name)()

    @cached_property
    def nightly(self):
        """A registry, and the images in it."""
        source = self.bench.registry()
        corpus = Corpus.nightly(source.port, SCALE)
        self.bench.far_corpus = corpus.extent
        return source, corpus

    def once(self, row, tool, folder, corpus, route, source, target, lines, **limits) -> None:
        """One measured run; `lines` lead to source and target."""
        print(f"{row}: {tool.name}", file=sys.stderr)
        for line in lines:
            line.passed()
        sample = self.bench.once(tool, folder, corpus, route, source, [target])
        for side, line in zip(("source", "target"), lines):
            sample[f"{side}Connections"] = line.passed().connections
        sample["rejected"] = 0
        sample["bound"] = bound(corpus, *(line.link for line in lines), **limits)
        self.bench.note(row, tool, sample, self.bench.far)

    def mirror(self, name, tool, corpus, source, ends, *, again=False, rounds=None) -> None:
        """Into an empty target, and again if that is asked for."""
        for _ in range(rounds or self.bench.rounds):
            target = self.bench.registry()
            lines = [Wan(self.program, server.port, end) for server, end in zip((source, target), ends)]
            route = tools.Route(lines[0].port, (lines[1].port,))
            folder = tools.fresh_folder(self.bench.work)
            tool.prepare(folder, corpus, route)
            self.once(f"{name}: first", tool, folder, corpus, route, source, target, lines)
            self.bench.check(tool, corpus, [target])
            if again:
                self.once(f"{name}: again", tool, folder, corpus, route, source, target, lines,
                          is_there=True)
            for server in (*lines, target):
                server.stop()
            shutil.rmtree(target.storage)
            shutil.rmtree(folder)

    # Rows

    def far(self) -> None:
        source, corpus = self.nightly
        self.mirror("far", self.ours, corpus, source, (FAR_SOURCE, FAR_TARGET), again=True)

    def jobs(self) -> None:
        source, corpus = self.nightly
        for jobs in (8, 32):
            tool = tools.Jobs(self.ours.program, jobs)
            self.mirror("far", tool, corpus, source, (FAR_SOURCE, FAR_TARGET), again=True)

    def skopeo(self) -> None:
        """Once, as it takes minutes."""
        source, corpus = self.nightly
        self.mirror("far", self.bench.tools["skopeo"], corpus, source, (FAR_SOURCE, FAR_TARGET),
                    rounds=1)

    def near(self) -> None:
        source, corpus = self.nightly
        self.mirror("far source, near target", self.ours, corpus, source, (FAR_SOURCE, NEAR))
        self.mirror("near source, far target", self.ours, corpus, source, (NEAR, FAR_TARGET))

    def slow(self) -> None:
        source, corpus = self.nightly
        ends = (replace(FAR_SOURCE, total_rate=10e6), replace(FAR_TARGET, total_rate=10e6))
        self.mirror("low-bandwidth link, 10 MB/s in all", self.ours, corpus, source, ends)

    def tags(self, count: int = 500) -> None:
        source, target = self.bench.registry(), self.bench.registry()
        corpus = Corpus.many(source.port, count)
        lines = [Wan(self.program, server.port, NEAR) for server in (source, target)]
        route = tools.Route(lines[0].port, (lines[1].port,))
        folder = tools.fresh_folder(self.bench.work)
        self.ours.prepare(folder, corpus, route)
        self.ours.run(folder, corpus, route)
        for line, link in zip(lines, (FAR_SOURCE, FAR_TARGET)):
            line.set(link)
        for _ in range(self.bench.rounds):
            self.once(f"{count} tags, far: again", self.ours, folder, corpus, route, source, target,
                      lines, is_there=True)
        for server in (*lines, source, target):
            server.stop()

    def huge(self, size: int = 100_000_000, rate: float = 20e6) -> None:
        source = self.bench.registry()
        corpus = Corpus.single(source.port, size)
        ends = (replace(FAR_SOURCE, connection_rate=rate), replace(FAR_TARGET, connection_rate=rate))
        self.mirror(f"one layer of {size / 1e6:.0f} MB, far, {rate / 1e6:.0f} MB/s per connection",
                    self.ours, corpus, source, ends)
        source.stop()

    def throttle(self, rate: int = 40) -> None:
        """All requests to the source above the rate are rejected; everything has to arrive nevertheless."""
        source, corpus = self.nightly
        row = f"throttling registry, {rate} requests/s: first"
        for _ in range(self.bench.rounds):
            target = self.bench.registry()
            gate = Throttle(self.bench.work / "throttle", source.port, rate)
            lines = [Wan(self.program, gate.port, FAR_SOURCE), Wan(self.program, target.port, FAR_TARGET)]
            route = tools.Route(lines[0].port, (lines[1].port,))
            folder = tools.fresh_folder(self.bench.work)
            self.ours.prepare(folder, corpus, route)
            self.once(row, self.ours, folder, corpus, route, source, target, lines, rate=rate,
                      requests=corpus.unique_blobs + sum(1 + len(i.children) for i in corpus.images))
            self.bench.far[row][self.ours.name]["samples"][-1]["rejected"] = gate.rejected()
            self.bench.check(self.ours, corpus, [target])
            for server in (*lines, gate, target):
                server.stop()
            shutil.rmtree(target.storage)

    def many(self, unchanged: int = 9000, new: int = 1000) -> None:
        """A mirror of very many images, a part of which is new; nothing is far."""
        source, target = self.bench.registry(), self.bench.registry()
        corpus = StoredCorpus(source.port, source.storage)
        for number in range(0, unchanged, 100):
            image = corpus.small(f"many/app-{number // 100}", "1.0", f"app {number}")
            for tag in range(1, 100):
                corpus.retag(image, f"1.{tag}")
        lines = [Wan(self.program, server.port, NEAR) for server in (source, target)]
        route = tools.Route(lines[0].port, (lines[1].port,))
        folder = tools.fresh_folder(self.bench.work)
        for row in (f"{unchanged:,} images: first",
                    f"{unchanged + new:,} images: {new:,} new small ones",
                    f"{unchanged + new:,} images: again"):
            if row.endswith("ones"):
                for number in range(new):
                    corpus.small(f"many/new-{number // 10}", f"1.{number % 10}", f"new {number}")
            self.ours.prepare(folder, corpus, route)
            self.once(row, self.ours, folder, corpus, route, source, target, lines)
            self.bench.check(self.ours, corpus, [target], images=corpus.images[-new:])
        for server in (*lines, source, target):
            server.stop()
