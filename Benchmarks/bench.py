# SPDX-License-Identifier: Apache-2.0
"""Measures mirrors side by side. Called by ci/bench, which says how."""

import argparse
import contextlib
import json
import shutil
import signal
import ssl
import statistics
import sys
import tempfile
from functools import cached_property
from pathlib import Path

import layers
import report
import tools
import values
from corpus import Corpus
from servers import Nginx, Registry, blob_bytes, by_class, certificate, digest_at
from wan import Link, WanProxy
from wan_rows import NAMES, WanRows


class Bench:
    """Servers, rounds and figures of one call."""

    def __init__(self, work: Path, memory: Path, cleanup: contextlib.ExitStack, arguments):
        self.work = work
        self.cleanup = cleanup
        self.memory = memory
        self.rounds = arguments.rounds
        self.tools = tools.found(work, arguments.binary)
        self.wan_program = tools.compiled("wan", work)
        self.figures: dict[str, dict[str, dict]] = {}
        self.wan_figures: dict[str, dict[str, dict]] = {}
        self.files: dict[str, dict[str, dict]] = {}
        self.corpus: dict = {}
        self.wan_corpus: dict = {}
        self._count = 0

    def registry(self, *, tls=None, storage=None) -> Registry:
        """A registry whose storage is in memory: no disk is measured, on either side."""
        self._count += 1
        name = f"registry-{self._count}"
        registry = Registry(self.work / name, storage or self.memory / name, tls=tls)
        self.cleanup.callback(registry.stop)
        return registry

    @cached_property
    def certificate(self) -> tuple[Path, Path]:
        """The certificate of all servers with TLS, and its key."""
        return certificate(self.work / "tls")

    def nginx_with_tls(self, port: int, *, is_http2: bool) -> Nginx:
        """An nginx in front of a registry, with TLS."""
        self._count += 1
        nginx = Nginx.with_tls(self.work / f"nginx-{self._count}", port, self.certificate, is_http2=is_http2)
        self.cleanup.callback(nginx.stop)
        return nginx

    def check(self, tool, corpus: Corpus, targets, trust=None, images=None) -> None:
        """A figure counts only when the work was done."""
        for target in targets:
            for image in images or corpus.images:
                name = f"mirror/{image.repository.split('/')[-1]}"
                if digest_at(target.port, name, image.tag, trust) != image.index[0]:
                    raise SystemExit(f"{tool.name} did not mirror {name}:{image.tag}")

    def once(self, tool, folder, corpus, route, source, targets) -> dict:
        for server in (source, *targets):
            server.mark()
        cost = tool.run(folder, corpus, route)
        read, written = source.requests(), [r for t in targets for r in t.requests()]
        return {"wall": cost.wall, "cpu": cost.cpu, "peakKiB": cost.peak_kib,
                "sourceRequests": len(read), "targetRequests": len(written),
                "sourceBytes": blob_bytes(read),
                "requests": {"source": dict(by_class(read)), "target": dict(by_class(written))}}

    def note(self, row: str, tool, sample: dict, figures=None) -> None:
        figures = self.figures if figures is None else figures
        figures.setdefault(row, {}).setdefault(tool.name, {"samples": []})[
            "samples"].append(sample)

    def first_and_again(self, name, corpus, source, chosen, *, again=True, rounds=None, tls=None):
        """Into an empty target, then with nothing to do; who goes first changes."""
        rounds = rounds or self.rounds
        trust = ssl.create_default_context(cafile=tls[0]) if tls else None
        for number in range(rounds):
            for tool in chosen if number % 2 == 0 else chosen[::-1]:
                print(f"{name}: round {number + 1} of {rounds}: {tool.name}", file=sys.stderr)
                target = self.registry(tls=tls)
                route = tools.Route(source.port, (target.port,), tls[0] if tls else None)
                folder = tools.fresh_folder(self.work)
                tool.prepare(folder, corpus, route)
                self.note(f"{name}: first", tool,
                          self.once(tool, folder, corpus, route, source, [target]))
                if tool.name != "curl":
                    self.check(tool, corpus, [target], trust)
                if again and tool.name != "floor":
                    self.note(f"{name}: again", tool,
                              self.once(tool, folder, corpus, route, source, [target]))
                target.stop()
                shutil.rmtree(target.storage)
                shutil.rmtree(folder)

    # Rows

    def nightly(self, scale: float) -> None:
        source = self.registry()
        corpus = Corpus.nightly(source.port, scale)
        self.corpus = {**corpus.extent, "scale": scale}
        print(f"{len(corpus.images)} images, {corpus.unique_blobs} blobs, "
              f"{corpus.unique_bytes / 1e6:.0f} MB", file=sys.stderr)
        self.first_and_again("nightly", corpus, source, list(self.tools.values()))
        self.two_targets(corpus, source)
        self.changed(corpus, source)
        source.stop()

    def two_targets(self, corpus, source) -> None:
        tool = self.tools["ocimirror"]
        targets = [self.registry() for _ in range(2)]
        route = tools.Route(source.port, tuple(t.port for t in targets))
        folder = tools.fresh_folder(self.work)
        tool.prepare(folder, corpus, route)
        print("two targets", file=sys.stderr)
        self.note("nightly, two targets: first", tool,
                  self.once(tool, folder, corpus, route, source, targets))
        self.check(tool, corpus, targets)
        for target in targets:
            target.stop()

    def changed(self, corpus, source) -> None:
        """One layer of both platforms of one image changed since the last run."""
        prepared = []
        for tool in [t for t in self.tools.values() if t.name not in ("floor", "ocimirror, content")]:
            target = self.registry()
            route = tools.Route(source.port, (target.port,))
            folder = tools.fresh_folder(self.work)
            tool.prepare(folder, corpus, route)
            tool.run(folder, corpus, route)
            prepared.append((tool, target, route, folder))
        corpus.change_one_layer()
        for tool, target, route, folder in prepared:
            print(f"one layer changed: {tool.name}", file=sys.stderr)
            self.note("nightly: one layer changed", tool,
                      self.once(tool, folder, corpus, route, source, [target]))
            self.check(tool, corpus, [target])
            target.stop()

    def distant(self, count: int) -> None:
        """Nothing to do for so many tags, both registries 50 ms away."""
        source, target = self.registry(), self.registry()
        corpus = Corpus.many(source.port, count)
        tool = self.tools["ocimirror"]
        ends = [WanProxy(self.wan_program, server.port, Link()) for server in (source, target)]
        route = tools.Route(ends[0].port, (ends[1].port,))
        folder = tools.fresh_folder(self.work)
        tool.prepare(folder, corpus, route)
        tool.run(folder, corpus, route)
        for end in ends:
            end.set_link(Link(milliseconds=50))
        for number in range(self.rounds):
            print(f"{count} tags, 50 ms away: round {number + 1}", file=sys.stderr)
            self.note(f"{count} tags, 50 ms away: again", tool,
                      self.once(tool, folder, corpus, route, source, [target]))
        for server in (*ends, source, target):
            server.stop()

    def growth(self) -> None:
        """Memory and time must not grow faster than the number of images."""
        for count in (100, 500):
            source = self.registry()
            corpus = Corpus.many(source.port, count)
            self.first_and_again(f"{count} small images", corpus, source,
                                 [self.tools["ocimirror"]], rounds=1, again=False)
            source.stop()

    def large(self, size: int) -> None:
        """One blob, over plain HTTP against the floor, and over TLS against curl."""
        source = self.registry()
        corpus = Corpus.single(source.port, size)
        ours, skopeo = self.tools["ocimirror"], self.tools["skopeo"]
        self.first_and_again("1 GB blob", corpus, source, [self.tools["floor"], ours, skopeo],
                             again=False)
        tls = self.certificate
        behind_tls = self.registry(tls=tls, storage=source.storage)
        self.first_and_again("1 GB blob, TLS", corpus, behind_tls,
                             [tools.Curl("curl"), ours, skopeo], again=False, tls=tls)
        behind_tls.stop()
        source.stop()

    def on_files(self, row: str, contenders, folder: Path, fresh=lambda: None, size=0) -> None:
        """Programs that read and write files alone, in turn; each must say that it went well.

        `size` is how many bytes each of them reads, where that is what counts."""
        said = self.work / "said"
        for number in range(self.rounds):
            print(f"{row}: round {number + 1} of {self.rounds}", file=sys.stderr)
            for name, command in contenders[:: 1 if number % 2 == 0 else -1]:
                fresh()
                cost = tools.measured(command, folder, said)
                if cost.status != 0:
                    raise SystemExit(f"{name} failed with {cost.status}:\n{said.read_text()[-2000:]}")
                self.files.setdefault(row, {}).setdefault(name, {"samples": []})["samples"].append(
                    {"wall": cost.wall, "cpu": cost.cpu, "peakKiB": cost.peak_kib,
                     "rate": size / cost.wall / 1e6})

    def scan(self, limit: int) -> None:
        """Real layers, two at once, validated to their last byte; gzip and tar read the same ones."""
        image = layers.halves(self.memory / "usr", limit)
        self.scan_image(f"scan: {image.size / 1e6:.0f} MB of gzip", image, " &", "gzip")

    def layer_kinds(self, limit: int, files: int, count: int) -> None:
        """One large layer of each compression, many small files, and many small layers."""
        for compression in layers.COMPRESSORS:
            image = layers.one(self.memory / compression, limit, compression)
            if image:
                self.scan_image(f"scan: one layer of {image.size / 1e6:.0f} MB, {compression}", image, ";", compression)
                shutil.rmtree(image.folder)
        self.scan_image(f"scan: {files:,} small files", layers.small_files(self.memory / "files", files), ";", "gzip")
        self.scan_image(f"scan: {count} layers of 1 kB", layers.many(self.memory / "layers", count), ";", "gzip")

    def scan_image(self, row: str, image, separator: str, compression: str) -> None:
        unpack = {"gzip": "gzip", "zstd": "zstd", "plain": "cat"}[compression]
        options = "" if compression == "plain" else " --decompress --stdout"
        listing = f"{separator} ".join(f"{unpack}{options} {layer} | tar --list" for layer in image.layers)
        script = image.folder / "rival.sh"
        script.write_text(f"{listing}{separator if separator == ' &' else ''}\nwait\n")
        self.on_files(row, [
            ("ocimirror", [self.tools["ocimirror"].program, "check", "--quiet", "--platform",
                           image.platform, image.reference]),
            (f"{unpack}, tar --list", ["bash", str(script)])], self.work, size=image.size)

    def pin(self, size: int) -> None:
        """Every image of one file, as the lock of the night says; yq puts one value into it."""
        folder = Path(tempfile.mkdtemp(dir=self.work))
        (folder / "images.lock.yaml").write_text(values.lock("tonight"))
        before, file = values.ValuesFile(1, "yesterday").text(size=size), folder / "values.yaml"
        program = self.tools["ocimirror"].program
        contenders = [("ocimirror", [program, "pin", "--quiet", file.name])]
        if program := shutil.which("yq"):
            contenders.append(("yq, one value", [
                program, "--in-place", "--yaml-roundtrip", ".part0.image.tag = \"1\"", file.name]))
        self.on_files(f"pin: {len(before) // 1000} kB, {before.count('image:')} images", contenders,
                      folder, lambda: file.write_text(before))

    def lint(self, files: int, lines: int, few: int) -> None:
        """Pinned files, of which nothing bad is to be said; a linter of YAML's style takes few."""
        folder = Path(tempfile.mkdtemp(dir=self.work))
        values.write(folder, files, lines)
        ours = [self.tools["ocimirror"].program, "lint", "--quiet"]
        self.on_files(f"lint: {files} files of {lines} lines", [("ocimirror", [*ours, "values"])],
                      folder)
        paths = [f"values/values-{number:03}.yaml" for number in range(few)]
        contenders = [("ocimirror", [*ours, *paths])]
        if program := shutil.which("yamllint"):
            contenders.append(("yamllint, for style", [program, "-d", "relaxed", *paths]))
        self.on_files(f"lint: {few} files of {lines} lines", contenders, folder)

    def medians(self) -> dict:
        for row in self.files.values():
            for tool in row.values():
                tool.update({key: statistics.median(s[key] for s in tool["samples"])
                             for key in ("wall", "cpu", "peakKiB", "rate")})
        for row in (*self.figures.values(), *self.wan_figures.values()):
            for tool in row.values():
                samples = tool["samples"]
                tool.update({key: statistics.median(s[key] for s in samples)
                             for key in samples[0] if key != "requests"})
                tool["requests"] = samples[-1]["requests"]
        return {"corpus": self.corpus, "rounds": self.rounds, "rows": self.figures,
                "wan": self.wan_figures, "wanCorpus": self.wan_corpus, "files": self.files}


DEFAULT_ROWS = ("nightly", "distant", "growth", "large", "scan", "layers", "pin", "lint")


def selected(rows: str) -> set[str]:
    """The selected rows; `all` and `wan` are groups."""
    wan = {f"wan-{name}" for name in NAMES}
    groups = {"all": {*DEFAULT_ROWS, *wan}, "wan": wan}
    names = {name for word in rows.split(",") for name in groups.get(word, {word})}
    if unknown := names - groups["all"]:
        raise SystemExit(f"ci/bench: unknown rows: {', '.join(sorted(unknown))}")
    return names


def terminate(*_) -> None:
    """Ends the servers and removes their files; another signal does not interrupt this."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def main() -> None:
    parser = argparse.ArgumentParser(prog="ci/bench")
    parser.add_argument("--scale", type=float, default=0.25)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", default=",".join(DEFAULT_ROWS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--binary", required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    rows = selected(arguments.rows)
    signal.signal(signal.SIGTERM, terminate)
    shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with (tempfile.TemporaryDirectory(prefix="ocimirror-bench.") as folder,
          tempfile.TemporaryDirectory(prefix="ocimirror-bench.", dir=shared) as memory,
          contextlib.ExitStack() as cleanup):
        bench = Bench(Path(folder), Path(memory), cleanup, arguments)
        if "nightly" in rows:
            bench.nightly(arguments.scale)
        if "distant" in rows:
            bench.distant(500)
        if "growth" in rows:
            bench.growth()
        if "large" in rows:
            bench.large(1 << 30)
        if names := [name for name in NAMES if f"wan-{name}" in rows]:
            WanRows(bench).run(names)
        if "scan" in rows:
            bench.scan(1 << 30)
        if "layers" in rows:
            bench.layer_kinds(500 << 20, 400_000, 400)
        if "pin" in rows:
            bench.pin(200_000)
        if "lint" in rows:
            bench.lint(500, 4000, 10)
        figures = bench.medians()
    text = report.text(figures)
    print(text)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    if arguments.write:
        arguments.write.write_text(report.markdown(figures))


main()
