# SPDX-License-Identifier: Apache-2.0
"""Rows with distant registries, a registry that limits requests, and 10,000 images."""

import shutil
import sys
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import tools
import wan
from corpus import Corpus
from servers import Nginx, certificate
from storage import StoredCorpus
from wan import Link, WanProxy

FAR_SOURCE = Link(milliseconds=40, connection_rate=8e6, total_rate=60e6, setup=2)
FAR_TARGET = replace(FAR_SOURCE, milliseconds=30)
FAR = (FAR_SOURCE, FAR_TARGET)
NEAR = Link()
DEPENDENT_ROUND_TRIPS = 5  # to each registry
SCALE = 0.095              # of the nightly corpus: about 154 MB
NAMES = ("far", "jobs", "skopeo", "near", "slow", "tags", "tls", "huge", "throttle", "many")


class Run:
    """A target registry, proxies to both registries, and the configuration of one tool."""

    def __init__(self, bench, program: str, tool, corpus: Corpus, source, links, add_tls=None):
        """`add_tls` starts a server with TLS in front of a registry."""
        self.bench, self.tool, self.corpus, self.source = bench, tool, corpus, source
        self.target = bench.registry()
        registries = (source, self.target)
        self.fronts = [add_tls(registry.port) for registry in registries] if add_tls else []
        self.proxies = [WanProxy(program, server.port, link)
                        for server, link in zip(self.fronts or registries, links)]
        self.route = tools.Route(self.proxies[0].port, (self.proxies[1].port,),
                                 bench.certificate[0] if add_tls else None)
        self.folder: Path = tools.fresh_folder(bench.work)

    def __enter__(self):
        self.prepare()
        return self

    def __exit__(self, *_):
        for server in (*self.proxies, *self.fronts, self.target):
            server.stop()
        shutil.rmtree(self.target.storage, ignore_errors=True)
        shutil.rmtree(self.folder)

    def prepare(self) -> None:
        """Writes the configuration of the tool for the current images."""
        self.tool.prepare(self.folder, self.corpus, self.route)

    def sync(self) -> None:
        """Runs the tool without measuring it."""
        self.tool.run(self.folder, self.corpus, self.route)

    def set_links(self, links) -> None:
        for proxy, link in zip(self.proxies, links):
            proxy.set_link(link)

    def measure(self, row: str, *, is_copied=False, minimum: float = 0, checked=None) -> dict:
        """Measures one run, and checks the target afterwards."""
        print(f"{row}: {self.tool.name}", file=sys.stderr)
        for proxy in self.proxies:
            proxy.new_connections()
        sample = self.bench.once(self.tool, self.folder, self.corpus, self.route, self.source, [self.target])
        for side, proxy in zip(("source", "target"), self.proxies):
            sample[f"{side}Connections"] = proxy.new_connections()
        sample["rateLimited"] = sum(status == 429 for _, _, status, _ in self.source.requests())
        sample["lowerBound"] = self.lower_bound(is_copied, minimum)
        self.bench.check(self.tool, self.corpus, [self.target], images=checked)
        self.bench.note(row, self.tool, sample, self.bench.wan_figures)
        return sample

    def lower_bound(self, is_copied: bool, minimum: float) -> float:
        """The seconds that the links require for the content and for dependent requests."""
        size, largest = (0, 0) if is_copied else (self.corpus.unique_bytes, self.corpus.largest_blob)
        links = [proxy.link for proxy in self.proxies]
        return (max(minimum, *(link.minimum_duration(size, largest) for link in links))
                + DEPENDENT_ROUND_TRIPS * sum(link.round_trip for link in links))


class WanRows:
    """The rows of the group `wan`; each is selected as `wan-NAME`."""

    def __init__(self, bench):
        self.bench = bench
        self.program = bench.wan_program
        self.ours = bench.tools["ocimirror"]

    def run(self, names) -> None:
        wan.verify(self.program)
        for name in names:
            getattr(self, name)()

    @cached_property
    def nightly(self):
        """A registry and its images, shared by most rows."""
        source = self.bench.registry()
        corpus = Corpus.nightly(source.port, SCALE)
        self.bench.wan_corpus = corpus.extent
        return source, corpus

    def new_run(self, tool, corpus, source, links, add_tls=None) -> Run:
        return Run(self.bench, self.program, tool, corpus, source, links, add_tls)

    def first(self, name, tool, links, *, again=False, rounds=None, add_tls=None) -> None:
        """Mirrors the nightly images to an empty target; `again` adds a run without changes."""
        source, corpus = self.nightly
        for _ in range(rounds or self.bench.rounds):
            with self.new_run(tool, corpus, source, links, add_tls) as run:
                run.measure(f"{name}: first")
                if again:
                    run.measure(f"{name}: again", is_copied=True)

    # Rows

    def far(self) -> None:
        self.first("far", self.ours, FAR, again=True)

    def jobs(self) -> None:
        for jobs in (8, 32):
            self.first("far", tools.OcimirrorWithJobs(self.ours.program, jobs), FAR, again=True)

    def skopeo(self) -> None:
        """One round, because it takes minutes."""
        self.first("far", self.bench.tools["skopeo"], FAR, rounds=1)

    def near(self) -> None:
        self.first("far source, near target", self.ours, (FAR_SOURCE, NEAR))
        self.first("near source, far target", self.ours, (NEAR, FAR_TARGET))

    def slow(self) -> None:
        self.first("low-bandwidth link, 10 MB/s in all", self.ours,
                   [replace(link, total_rate=10e6) for link in FAR])

    def tags(self, count: int = 500) -> None:
        source = self.bench.registry()
        corpus = Corpus.many(source.port, count)
        with self.new_run(self.ours, corpus, source, (NEAR, NEAR)) as run:
            run.sync()
            run.set_links(FAR)
            for _ in range(self.bench.rounds):
                run.measure(f"{count} tags, far: again", is_copied=True)
        source.stop()

    def tls(self) -> None:
        for is_http2 in (True, False):
            def add_tls(port: int) -> Nginx:
                return self.bench.nginx_with_tls(port, is_http2=is_http2)
            self.first(f"far, TLS with HTTP/{2 if is_http2 else 1.1}", self.ours, FAR, again=True, add_tls=add_tls)

    def huge(self, size: int = 100_000_000, rate: float = 20e6) -> None:
        source = self.bench.registry()
        corpus = Corpus.single(source.port, size)
        row = f"one layer of {size / 1e6:.0f} MB, far, {rate / 1e6:.0f} MB/s per connection: first"
        for _ in range(self.bench.rounds):
            with self.new_run(self.ours, corpus, source,
                              [replace(link, connection_rate=rate) for link in FAR]) as run:
                run.measure(row)
        source.stop()

    def throttle(self, rate: int = 40, burst: int = 10) -> None:
        registry, corpus = self.nightly
        required = corpus.unique_blobs + sum(1 + len(image.children) for image in corpus.images)
        for _ in range(self.bench.rounds):
            source = Nginx.rate_limited(self.bench.work / "limited", registry.port, rate, burst)
            self.bench.cleanup.callback(source.stop)
            with self.new_run(self.ours, corpus, source, FAR) as run:
                run.measure(f"throttling registry, {rate} requests/s: first",
                            minimum=(required - burst) / rate)
            source.stop()

    def many(self, unchanged: int = 9000, new: int = 1000) -> None:
        """One round, because it takes minutes."""
        source = self.bench.registry()
        corpus = StoredCorpus(source.port, source.storage)
        for number in range(unchanged // 100):
            image = corpus.add_small(f"many/app-{number}", "1.0", f"app {number}")
            for tag in range(1, 100):
                corpus.add_tag(image, f"1.{tag}")
        with self.new_run(self.ours, corpus, source, (NEAR, NEAR)) as run:
            run.measure(f"{unchanged:,} images: first", checked=corpus.images[-new:])
            for number in range(new):
                corpus.add_small(f"many/new-{number // 10}", f"1.{number % 10}", f"new {number}")
            run.prepare()
            run.measure(f"{unchanged + new:,} images: {new:,} new small ones", checked=corpus.images[-new:])
            run.measure(f"{unchanged + new:,} images: again", is_copied=True, checked=corpus.images[-new:])
        source.stop()
