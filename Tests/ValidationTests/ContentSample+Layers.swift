// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport

extension ContentSample {
    private static let mismatch = ["error content-mismatch"]
    private static let missing = ["error entrypoint-missing"]
    private static let notChecked = ["warning not-checked"]
    /// Runtimes that use overlayfs cannot create hard links to files of lower layers.
    private static let broken = ["warning layer-broken"]

    /// Whiteouts and links: the root file system of the container decides.
    static let rootFileSystems: [ContentSample] = [
        .init(
            name: "a matching program replaced by a foreign one",
            layers: [[Sample.file("app")], [Sample.file("app", .amd64)]], entrypoint: ["/app"],
            expected: mismatch),
        .init(
            name: "a foreign program replaced by a matching one",
            layers: [[Sample.file("app", .amd64)], [Sample.file("app")]], entrypoint: ["/app"]),
        .init(
            name: "a program with a whiteout",
            layers: [[Sample.file("bin/app")], [.whiteout("bin/app")]],
            entrypoint: ["/bin/app"], expected: missing),
        .init(
            name: "a directory with a whiteout",
            layers: [[Sample.file("opt/a/app")], [.whiteout("opt")]],
            entrypoint: ["/opt/a/app"], expected: missing),
        .init(
            name: "a whiteout and the file again in one layer",
            layers: [
                [Sample.file("app", .amd64)], [.whiteout("app"), Sample.file("app")],
            ], entrypoint: ["/app"]),
        .init(
            name: "a file and then its whiteout in one layer",
            layers: [[Sample.file("app"), .whiteout("app")]], entrypoint: ["/app"],
            expected: missing + broken),
        .init(
            name: "an opaque directory",
            layers: [[Sample.file("opt/app")], [.file("opt/.wh..wh..opq", "")]],
            entrypoint: ["/opt/app"], expected: missing),
        .init(
            name: "an opaque directory with a new program",
            layers: [
                [Sample.file("opt/app", .amd64)],
                [.file("opt/.wh..wh..opq", ""), Sample.file("opt/app")],
            ], entrypoint: ["/opt/app"]),
        .init(
            name: "a whiteout of another name",
            layers: [[Sample.file("bin/app")], [.whiteout("bin/ap"), .whiteout("b")]],
            entrypoint: ["/bin/app"]),
        .init(
            name: "a program through a symbolic link",
            layers: [[Sample.file("opt/app-1"), .symbolicLink("app", to: "opt/app-1")]],
            entrypoint: ["/app"]),
        .init(
            name: "a symbolic link changed to a foreign program",
            layers: [
                [
                    Sample.file("opt/1"), Sample.file("opt/2", .amd64),
                    .symbolicLink("app", to: "/opt/1"),
                ],
                [.symbolicLink("app", to: "../../opt/2")],
            ], entrypoint: ["/app"], expected: mismatch),
        .init(
            name: "a dangling symbolic link", layers: [[.symbolicLink("app", to: "opt/app")]],
            entrypoint: ["/app"], expected: missing),
        .init(
            name: "a cycle of symbolic links",
            layers: [[.symbolicLink("a", to: "b"), .symbolicLink("b", to: "a")]],
            entrypoint: ["/a"], expected: missing),
        .init(
            name: "forty symbolic links",
            layers: [
                (1...40).map { .symbolicLink("l\($0)", to: "l\($0 - 1)") }
                    + [Sample.file("l0")]
            ], entrypoint: ["/l40"]),
        .init(
            name: "forty-one symbolic links",
            layers: [
                (1...41).map { .symbolicLink("l\($0)", to: "l\($0 - 1)") }
                    + [Sample.file("l0")]
            ], entrypoint: ["/l41"], expected: missing),
        .init(
            name: "a hard link to a program of the same layer",
            layers: [[Sample.file("a"), .hardLink("app", to: "a")]], entrypoint: ["/app"]),
        .init(
            name: "a hard link keeps the program when its other name is replaced",
            layers: [
                [Sample.file("a", .amd64), .hardLink("app", to: "a")], [Sample.file("a")],
            ], entrypoint: ["/app"], expected: mismatch),
        .init(
            name: "a hard link to a program of a layer below",
            layers: [[Sample.file("a", .amd64)], [.hardLink("app", to: "a")]],
            entrypoint: ["/app"], expected: mismatch + broken),
        .init(
            name: "a hard link to itself",
            layers: [[Sample.file("x")], [.hardLink("x", to: "x"), .hardLink("p", to: "x")]],
            entrypoint: ["/p"], expected: ["error layer-broken"]),
        .init(
            name: "hard links to each other, and to a program of a layer below",
            layers: [
                [Sample.file("b", .amd64)], [.hardLink("a", to: "b"), .hardLink("b", to: "a")],
            ], entrypoint: ["/b"], expected: mismatch + broken),
        .init(
            name: "hard links to each other, without a target",
            layers: [[.hardLink("a", to: "b"), .hardLink("b", to: "a")]], entrypoint: ["/a"],
            expected: ["error layer-broken"] + missing),
        .init(
            name: "a hard link to a later entry of its layer",
            layers: [[.hardLink("app", to: "a"), Sample.file("a")]], entrypoint: ["/app"],
            expected: ["error layer-broken"] + missing),
        .init(
            name: "a hard link to a symbolic link of a layer below",
            layers: [
                [Sample.file("opt/1"), .symbolicLink("a", to: "opt/1")],
                [.hardLink("app", to: "a")], [.hardLink("c", to: "app")],
            ], entrypoint: ["/c"], expected: broken + broken),
        .init(
            name: "a cycle of a hard link and a symbolic link",
            layers: [[.symbolicLink("a", to: "b")], [.hardLink("b", to: "a")]],
            entrypoint: ["/b"], expected: missing + broken),
        .init(
            name: "a merged usr",
            layers: [Sample.base(), [Sample.file("usr/bin/app")]], entrypoint: ["/bin/app"]),
        .init(
            name: "a layer that writes below a link of its base image",
            layers: [Sample.base(), [Sample.file("bin/app")]], entrypoint: ["/bin/app"]),
        .init(
            name: "a file replaces a directory",
            layers: [[Sample.file("opt/app")], [.file("opt", "data", mode: 0o644)]],
            entrypoint: ["/opt/app"], expected: missing),
        .init(
            name: "a directory replaces a file",
            layers: [[Sample.file("app")], [.folder("app")]], entrypoint: ["/app"],
            expected: missing),
        .init(
            name: "paths that begin with a dot",
            layers: [[Sample.file("./opt/../opt//app")]], entrypoint: ["/opt/app"]),
        .init(
            name: "a link out of the root stays in it",
            layers: [[Sample.file("app"), .symbolicLink("a", to: "../../../../app")]],
            entrypoint: ["/a"]),
    ]

    private static let likelyMissing = ["warning entrypoint-missing"]

    /// Entries of upper layers below links of lower layers, which runtimes treat differently.
    static let links: [ContentSample] = [
        .init(
            name: "a program below a link, started by the path of the link's target",
            layers: [Sample.base(), [Sample.file("bin/app")]], entrypoint: ["/usr/bin/app"],
            expected: likelyMissing),
        .init(
            name: "a foreign program below a link, started by the path of the link",
            layers: [Sample.base(), [Sample.file("bin/app", .amd64)]], entrypoint: ["/bin/app"],
            expected: mismatch),
        .init(
            name: "a program below a link, and a shell behind it",
            layers: [Sample.base(), [.file("bin/run", "#!/bin/sh\n")]], entrypoint: ["/bin/run"],
            expected: likelyMissing),
        .init(
            name: "a directory replaces a link",
            layers: [Sample.base(), [.folder("bin"), Sample.file("bin/app")]],
            entrypoint: ["/usr/bin/app"], expected: missing),
        .init(
            name: "a program below a link of its own layer",
            layers: [Sample.base() + [Sample.file("bin/app")]], entrypoint: ["/usr/bin/app"]),
        .init(
            name: "a loader below a link",
            layers: [
                [.folder("usr/lib"), .symbolicLink("lib", to: "usr/lib")],
                [
                    Sample.file("lib/ld-linux-aarch64.so.1", .arm64.library),
                    Sample.file("app", .arm64.loaded(by: "/usr/lib/ld-linux-aarch64.so.1")),
                ],
            ], entrypoint: ["/app"], expected: likelyMissing),
        .init(
            name: "a whiteout below a link",
            layers: [Sample.base(), [.whiteout("bin/dash")]], entrypoint: ["/usr/bin/dash"],
            expected: likelyMissing),
        .init(
            name: "a whiteout below a link of its own layer",
            layers: [Sample.base(), [.symbolicLink("bin", to: "usr/bin"), .whiteout("bin/dash")]],
            entrypoint: ["/usr/bin/dash"], expected: missing),
        .init(
            name: "an opaque directory below a link",
            layers: [Sample.base(), [.file("bin/.wh..wh..opq", "")]],
            entrypoint: ["/usr/bin/dash"], expected: likelyMissing),
        .init(
            name: "a link and its target, written through the link by the next layer",
            layers: [
                [.symbolicLink("opt/app", to: "app-1"), Sample.file("opt/app-1/x")],
                [Sample.file("opt/app/bin/x")], [Sample.file("opt/app/bin/y")],
            ], entrypoint: ["/opt/app-1/bin/y"], expected: likelyMissing),
        .init(
            name: "a link to a directory that the next layer creates by writing through it",
            layers: [
                [.folder("srv"), .symbolicLink("programs", to: "srv/none/new")],
                [Sample.file("programs/app")],
            ], entrypoint: ["/srv/none/new/app"], expected: likelyMissing),
        .init(
            name: "a hard link through a link",
            layers: [Sample.base() + [.hardLink("app", to: "bin/dash")]], entrypoint: ["/app"]),
        .init(
            name: "a hard link through a link of a lower layer",
            layers: [Sample.base(), [.hardLink("app", to: "bin/dash")]], entrypoint: ["/app"],
            expected: broken),
        .init(
            name: "a working directory that is a link",
            layers: [[Sample.file("opt/app-1.2/server"), .symbolicLink("app", to: "opt/app-1.2")]],
            entrypoint: ["./server"], workingDirectory: "/app"),
        .init(
            name: "a working directory below a link",
            layers: [
                [Sample.file("opt/app-1.2/bin/server"), .symbolicLink("app", to: "opt/app-1.2")]
            ], entrypoint: ["./server"], workingDirectory: "/app/bin"),
        .init(
            name: "the parent of a working directory that is a link",
            layers: [[Sample.file("opt/server"), .symbolicLink("app", to: "opt/app-1.2")]],
            entrypoint: ["../server"], workingDirectory: "/app"),
        .init(
            name: "a missing working directory",
            layers: [[Sample.file("app")]], entrypoint: ["../../app"],
            workingDirectory: "/none/x"),
    ]

    /// Images without programs, and with misleading ones.
    static let architectures: [ContentSample] = [
        .init(
            name: "no programs", layers: [[.file("data", "data", mode: 0o644)]],
            expected: notChecked),
        .init(name: "a base image without an entrypoint", layers: [Sample.base()]),
        .init(
            name: "a foreign base image without an entrypoint", layers: [Sample.base(.amd64)],
            expected: mismatch),
        .init(
            name: "a foreign C library beside a static program",
            layers: [[Sample.file("app"), Sample.file("lib/libc.so.6", .amd64.library)]],
            entrypoint: ["/app"], expected: ["note foreign-executables"]),
        .init(
            name: "a foreign C library without an entrypoint",
            layers: [[Sample.file("lib/libc.so.6", .amd64.library)]], expected: mismatch),
        .init(name: "a single program without an entrypoint", layers: [[Sample.file("app")]]),
        .init(
            name: "a single foreign program without an entrypoint",
            layers: [[Sample.file("app", .amd64)]], expected: mismatch),
        .init(
            name: "a foreign shell beside matching programs, without an entrypoint",
            layers: [[Sample.file("bin/sh", .amd64), Sample.file("app")]],
            expected: ["warning content-mismatch"]),
        .init(
            name: "armv7 code for a lower variant",
            layers: [[Sample.file("app", ELFFile(machine: 40, is64Bit: false))]],
            entrypoint: ["/app"],
            platform: Platform(os: "linux", architecture: "arm", variant: "v6"),
            expected: ["note not-checked"]),
        .init(
            name: "libraries for several CPU architectures",
            layers: [
                Sample.base(),
                [
                    Sample.file("usr/lib/x86_64-linux-gnu/libc.so.6", .amd64.library),
                    Sample.file("usr/bin/qemu-x86_64-static"),
                    Sample.file("usr/x86_64-linux-gnu/bin/ld", .amd64), Sample.file("app"),
                ],
            ], entrypoint: ["/app"], expected: ["note foreign-executables"]),
        .init(
            name: "firmware and modules are not programs",
            layers: [
                [
                    Sample.file("app"),
                    Sample.file("lib/modules/x.ko", ELFFile(machine: 62, kind: 1)),
                ]
            ],
            entrypoint: ["/app"]),
        .init(
            name: "executable data", layers: [[.file("app", "data")]],
            entrypoint: ["/app"], expected: notChecked),
        .init(
            name: "an empty file", layers: [[.file("app", "")]], entrypoint: ["/app"],
            expected: notChecked),
        .init(
            name: "four bytes of ELF", layers: [[.file("app", [0x7F, 0x45, 0x4C, 0x46])]],
            entrypoint: ["/app"], expected: notChecked),
        .init(
            name: "an e_machine of zero", layers: [[Sample.file("app", ELFFile(machine: 0))]],
            entrypoint: ["/app"], expected: notChecked),
        .init(
            name: "an object file", layers: [[Sample.file("app", ELFFile(machine: 183, kind: 1))]],
            entrypoint: ["/app"], expected: notChecked),
        .init(
            name: "the right CPU architecture in the wrong byte order",
            layers: [[Sample.file("app", ELFFile(machine: 183, isLittleEndian: false))]],
            entrypoint: ["/app"], expected: mismatch),
        .init(
            name: "a first line without a program", layers: [[.file("app", "#!\n")]],
            entrypoint: ["/app"], expected: notChecked),
        .init(
            name: "an endless first line",
            layers: [[.file("app", "#!" + String(repeating: "a", count: 70_000))]],
            entrypoint: ["/app"], expected: missing),
    ]

    /// Required paths and commands.
    static let requirements: [ContentSample] = [
        .init(
            name: "existing paths and commands", layers: [Sample.base()],
            requires: ["/bin/sh", "env", "/usr/lib", "/bin"]),
        .init(
            name: "a missing command", layers: [Sample.base()], requires: ["nc"],
            expected: ["error path-missing"]),
        .init(
            name: "a missing path", layers: [Sample.base()], requires: ["/bin/bash"],
            expected: ["error path-missing"]),
        .init(
            name: "a data file", layers: [Sample.base(), [.file("etc/x", "", mode: 0o644)]],
            requires: ["/etc/x"]),
        .init(
            name: "a foreign command",
            layers: [Sample.base(), [Sample.file("usr/bin/nc", .amd64)]], requires: ["nc"],
            expected: ["error content-mismatch", "note foreign-executables"]),
        .init(
            name: "a script whose interpreter is missing",
            layers: [Sample.base(), [.file("usr/bin/tool", "#!/usr/bin/perl\n")]],
            requires: ["tool"], expected: ["error path-missing"]),
        .init(
            name: "a script whose interpreter is foreign",
            layers: [
                Sample.base(),
                [.file("usr/bin/tool", "#!/opt/perl\n"), Sample.file("opt/perl", .amd64)],
            ],
            requires: ["/usr/bin/tool"],
            expected: ["error content-mismatch", "note foreign-executables"]),
        .init(
            name: "a command whose loader is missing",
            layers: [
                Sample.base(), [Sample.file("usr/bin/tool", .arm64.loaded(by: Sample.musl))],
            ], requires: ["tool"], expected: ["error path-missing"]),
        .init(
            name: "a script with a missing command",
            layers: [Sample.base(), [.file("usr/bin/tool", "#!/bin/sh\nnothing\n")]],
            requires: ["tool"]),
        .init(
            name: "an implied directory",
            layers: [Sample.base(), [.file("opt/data/x", "", mode: 0o644)]],
            requires: ["/opt/data"]),
    ]
}
