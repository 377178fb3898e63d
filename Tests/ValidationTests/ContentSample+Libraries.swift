// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport

extension ContentSample {
    private static let missing = ["error entrypoint-missing"]
    private static let likelyMissing = ["warning entrypoint-missing"]
    private static let foreign = ["error content-mismatch", "note foreign-executables"]
    private static let likelyForeign = ["warning content-mismatch", "note foreign-executables"]

    private static func app(
        _ libraries: String..., loader: String = Sample.glibc, runPath: String? = nil,
        older: String? = nil
    ) -> TarEntry {
        var file = ELFFile.arm64.loaded(by: loader)
        file.libraries = libraries
        file.runPath = runPath
        file.olderRunPath = older
        return Sample.file("opt/bin/app", file)
    }

    private static func library(
        _ path: String, _ machine: ELFFile = .arm64, _ needed: String..., name: String? = nil,
        older: String? = nil
    ) -> TarEntry {
        var file = machine.library
        file.libraries = needed
        file.name = name
        file.olderRunPath = older
        return Sample.file(path, file)
    }

    private static func sample(
        _ name: String, _ entries: [TarEntry], environment: [String] = ["PATH=/bin"],
        loader: String = Sample.glibc, volumes: [String] = [], expected: [String] = []
    ) -> ContentSample {
        var sample = ContentSample(
            name: name, layers: [Sample.base(loader: loader), entries],
            entrypoint: ["/opt/bin/app"],
            environment: environment, expected: expected)
        sample.volumes = volumes
        return sample
    }

    /// Returns a cache of glibc's loader.
    private static func cache(_ paths: [(String, String)], withOldFormat: Bool = false) -> TarEntry
    {
        func number(_ value: Int) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        var strings: [UInt8] = []
        var entries: [UInt8] = []
        for (name, path) in paths {
            let start = 48 + 24 * paths.count + strings.count
            entries += number(0x303) + number(start) + number(start + name.utf8.count + 1)
            entries += [UInt8](repeating: 0, count: 12)
            strings += Array(name.utf8) + [0] + Array(path.utf8) + [0]
        }
        let cache =
            Array("glibc-ld.so.cache1.1".utf8) + number(paths.count) + number(strings.count)
            + [UInt8](repeating: 0, count: 20) + entries + strings
        let old =
            Array("ld.so-1.7.0\0".utf8) + number(1) + [UInt8](repeating: 0, count: 12)
            + [UInt8](repeating: 0, count: 4)
        return .file("etc/ld.so.cache", (withOldFormat ? old : []) + cache, mode: 0o644)
    }

    /// Libraries of programs that are started.
    static let libraries: [ContentSample] = [
        sample("a library in a default directory", [app("libc.so.6")]),
        sample("a missing library", [app("libc.so.6", "libssl.so.3")], expected: missing),
        sample(
            "a foreign library", [app("libssl.so.3"), library("usr/lib/libssl.so.3", .amd64)],
            expected: foreign),
        sample(
            "a foreign library before a matching one",
            [
                app("libssl.so.3"), library("lib64/libssl.so.3", .amd64),
                library("usr/lib64/libssl.so.3"),
            ], expected: ["note foreign-executables"]),
        sample(
            "a missing library of a library",
            [app("liba.so"), library("usr/lib/liba.so", .arm64, "libb.so")], expected: missing),
        sample(
            "libraries that require each other",
            [
                app("liba.so"), library("usr/lib/liba.so", .arm64, "libb.so"),
                library("usr/lib/libb.so", .arm64, "liba.so"),
            ]),
        sample(
            "a directory for several CPU architectures",
            [app("libssl.so.3"), library("usr/lib/aarch64-linux-gnu/libssl.so.3")]),
        sample(
            "the directory of another CPU architecture",
            [app("libssl.so.3"), library("usr/lib/x86_64-linux-gnu/libssl.so.3")],
            expected: missing),
        sample(
            "a run path from the directory of the program",
            [app("liba.so", runPath: "$ORIGIN/../lib"), library("opt/lib/liba.so")]),
        sample(
            "a run path with braces, after a directory that is missing",
            [app("liba.so", runPath: "/none:${ORIGIN}/lib"), library("opt/bin/lib/liba.so")]),
        sample(
            "a run path is not inherited",
            [
                app("liba.so", runPath: "/opt/lib"), library("opt/lib/liba.so", .arm64, "libb.so"),
                library("opt/lib/libb.so"),
            ], expected: missing),
        sample(
            "an older run path is inherited",
            [
                app("liba.so", older: "/opt/lib"), library("opt/lib/liba.so", .arm64, "libb.so"),
                library("opt/lib/libb.so"),
            ]),
        sample(
            "a newer run path replaces the older one",
            [app("liba.so", runPath: "/none", older: "/opt/lib"), library("opt/lib/liba.so")],
            expected: missing),
        sample(
            "a library by the name that another one has",
            [
                app("liba.so.1", "libb.so"), library("usr/lib/liba.so.1", name: "libb.so"),
            ]),
        sample("a library by its path", [app("/opt/x/liba.so"), library("opt/x/liba.so")]),
        sample("a missing library by its path", [app("/opt/x/liba.so")], expected: missing),
        sample("the loader as a library", [app("ld-linux-aarch64.so.1")]),
        sample(
            "LD_LIBRARY_PATH", [app("liba.so"), library("srv/liba.so")],
            environment: ["LD_LIBRARY_PATH=/srv"]),
        sample(
            "LD_LIBRARY_PATH without the library", [app("liba.so")],
            environment: ["LD_LIBRARY_PATH=/srv"], expected: likelyMissing),
        sample(
            "a foreign library with LD_LIBRARY_PATH",
            [app("liba.so"), library("srv/liba.so", .amd64)],
            environment: ["LD_LIBRARY_PATH=/srv"], expected: likelyForeign),
        sample(
            "a volume over the run path", [app("liba.so", runPath: "/data/lib")],
            volumes: ["/data"], expected: likelyMissing),
        sample("another volume", [app("liba.so")], volumes: ["/data"], expected: missing),
        sample("a library that runtimes mount", [app("libcuda.so.1")], expected: likelyMissing),
        sample(
            "a library of the cache",
            [
                app("liba.so"), library("opt/lib/liba.so"),
                cache([("liba.so", "/opt/lib/liba.so")]),
            ]),
        sample(
            "a library of a cache in both formats",
            [
                app("liba.so"), library("opt/lib/liba.so"),
                cache(
                    [("libz.so", "/none/libz.so"), ("liba.so", "/opt/lib/liba.so")],
                    withOldFormat: true),
            ]),
        sample(
            "a library that the cache lacks",
            [
                app("liba.so"), library("opt/lib/liba.so"), cache([]),
                .file("etc/ld.so.conf.d/opt.conf", "# ours\n/opt/lib\n", mode: 0o644),
            ], expected: likelyMissing),
        sample(
            "an old entry of the cache",
            [app("liba.so"), cache([("liba.so", "/opt/lib/liba.so")])],
            expected: missing),
        sample(
            "musl provides its own libraries",
            [app("libc.musl-aarch64.so.1", "libpthread.so.0", loader: Sample.musl)],
            loader: Sample.musl),
        sample(
            "a missing library with musl", [app("libssl.so.3", loader: Sample.musl)],
            loader: Sample.musl, expected: missing),
        sample(
            "a library of musl's path",
            [
                app("liba.so", loader: Sample.musl), library("srv/lib/liba.so"),
                .file("etc/ld-musl-aarch64.path", "/lib\n/srv/lib\n", mode: 0o644),
            ], loader: Sample.musl),
        sample(
            "musl inherits a run path",
            [
                app("liba.so", loader: Sample.musl, runPath: "/opt/lib"),
                library("opt/lib/liba.so", .arm64, "libb.so"), library("opt/lib/libb.so"),
            ], loader: Sample.musl),
        ContentSample(
            name: "the libraries of an interpreter",
            layers: [
                Sample.base(),
                [
                    .file("run", "#!/usr/bin/python3\n"),
                    Sample.file(
                        "usr/bin/python3",
                        .arm64.loaded(by: Sample.glibc).needing("libpython3.so.1")),
                ],
            ], entrypoint: ["/run"], expected: missing),
        ContentSample(
            name: "a sysroot beside a static program",
            layers: [
                [
                    Sample.file("app"), library("sysroot/lib/libc.so.6", .amd64),
                    library("sysroot/lib/liba.so", .amd64, "libmissing.so"),
                ]
            ], entrypoint: ["/app"], expected: ["note foreign-executables"]),
    ]
}
