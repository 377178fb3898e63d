// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport

extension ContentSample {
    private static let mismatch = ["error content-mismatch"]
    private static let missing = ["error entrypoint-missing"]
    private static let notChecked = ["warning not-checked"]
    private static let likely = ["warning content-mismatch"]

    /// Entrypoints: programs, scripts, shells and wrappers.
    static let entrypoints: [ContentSample] = [
        .init(
            name: "a static program without a base image", layers: [[Sample.file("app")]],
            entrypoint: ["/app"]),
        .init(
            name: "a static program for another CPU architecture",
            layers: [[Sample.file("app", .amd64)]], entrypoint: ["/app"], expected: mismatch),
        .init(
            name: "a foreign program on a matching base",
            layers: [Sample.base(), [Sample.file("usr/local/bin/app", .amd64)]],
            entrypoint: ["app"], expected: mismatch),
        .init(
            name: "a matching program on a foreign base",
            layers: [Sample.base(.amd64), [Sample.file("app")]], entrypoint: ["/app"],
            expected: likely),
        .init(
            name: "a program by the search path",
            layers: [Sample.base(), [Sample.file("usr/local/bin/app")]], entrypoint: ["app"]),
        .init(
            name: "the first in the search path counts",
            layers: [[Sample.file("usr/bin/app"), Sample.file("usr/local/bin/app", .amd64)]],
            entrypoint: ["app"], expected: mismatch),
        .init(
            name: "a file that is not executable is skipped in the search path",
            layers: [
                [Sample.file("usr/bin/app"), .file("usr/local/bin/app", "data", mode: 0o644)]
            ], entrypoint: ["app"]),
        .init(
            name: "the default search path", layers: [[Sample.file("usr/sbin/app")]],
            entrypoint: ["app"], environment: []),
        .init(
            name: "a program that is not in the search path",
            layers: [Sample.base(), [Sample.file("opt/app")]], entrypoint: ["app"],
            expected: missing),
        .init(
            name: "a missing program", layers: [Sample.base()],
            entrypoint: ["/opt/app"], expected: missing),
        .init(
            name: "a program that is not executable",
            layers: [[.file("app", ELFFile.arm64.bytes, mode: 0o644)]], entrypoint: ["/app"],
            expected: missing),
        .init(
            name: "a directory is not a program", layers: [Sample.base(), [.folder("app")]],
            entrypoint: ["/app"], expected: missing),
        .init(
            name: "a path from the working directory",
            layers: [[Sample.file("srv/bin/app")]], entrypoint: ["bin/app"],
            workingDirectory: "/srv"),
        .init(
            name: "a path that leaves the working directory",
            layers: [[Sample.file("bin/app"), .folder("srv")]], entrypoint: ["../bin/app"],
            workingDirectory: "/srv"),
        .init(
            name: "only a command", layers: [[Sample.file("app", .amd64)]], command: ["/app"],
            expected: mismatch),
        .init(
            name: "arguments are not programs", layers: [[Sample.file("app")]],
            entrypoint: ["/app"], command: ["/missing"]),
        .init(
            name: "a dynamic program with its loader",
            layers: [Sample.base(), [Sample.file("app", .arm64.loaded(by: Sample.glibc))]],
            entrypoint: ["/app"]),
        .init(
            name: "a dynamic program without its loader",
            layers: [[Sample.file("app", .arm64.loaded(by: Sample.glibc))]],
            entrypoint: ["/app"], expected: missing),
        .init(
            name: "a program for musl on glibc",
            layers: [Sample.base(), [Sample.file("app", .arm64.loaded(by: Sample.musl))]],
            entrypoint: ["/app"], expected: missing),
        .init(
            name: "a matching program with a foreign loader",
            layers: [
                [
                    Sample.file("app", .arm64.loaded(by: Sample.musl)),
                    Sample.file("lib/ld-musl-aarch64.so.1", .amd64.library),
                ]
            ], entrypoint: ["/app"], expected: mismatch),
        .init(
            name: "a script with its shell",
            layers: [Sample.base(), [.file("run.sh", "#!/bin/sh\nexec dash\n")]],
            entrypoint: ["/run.sh"]),
        .init(
            name: "a script with a foreign shell",
            layers: [
                [.file("run.sh", "#!/bin/sh\n"), Sample.file("bin/sh", .amd64)]
            ], entrypoint: ["/run.sh"], expected: mismatch),
        .init(
            name: "a script without its shell", layers: [[.file("run.sh", "#!/bin/bash\n")]],
            entrypoint: ["/run.sh"], expected: missing),
        .init(
            name: "a script with Windows line endings",
            layers: [Sample.base(), [.file("run.sh", "#!/bin/sh\r\n")]],
            entrypoint: ["/run.sh"], expected: missing),
        .init(
            name: "a script through env",
            layers: [
                Sample.base(),
                [.file("run", "#!/usr/bin/env python3\n"), Sample.file("usr/bin/python3")],
            ], entrypoint: ["/run"]),
        .init(
            name: "a script through env to a foreign program",
            layers: [
                Sample.base(),
                [
                    .file("run", "#!/usr/bin/env -S python3 -u\n"),
                    Sample.file("usr/bin/python3", .amd64),
                ],
            ], entrypoint: ["/run"], expected: mismatch),
        .init(
            name: "a script through env to a missing program",
            layers: [Sample.base(), [.file("run", "#!/usr/bin/env node\n")]],
            entrypoint: ["/run"], expected: missing),
        .init(
            name: "a script of a script",
            layers: [
                Sample.base(),
                [.file("a", "#!/b\n"), .file("b", "#!/bin/sh\n")],
            ], entrypoint: ["/a"]),
        .init(
            name: "a cycle of scripts", layers: [Sample.base(), [.file("a", "#!/a\n")]],
            entrypoint: ["/a"], expected: missing),
        .init(
            name: "a script with a program as its argument",
            layers: [
                Sample.base(),
                [
                    .file("entrypoint.sh", "#!/bin/sh\nexec \"$@\"\n"),
                    Sample.file("usr/bin/redis", .amd64),
                ],
            ], entrypoint: ["/entrypoint.sh"], command: ["redis"], expected: mismatch),
        .init(
            name: "a script with an argument that is not a program",
            layers: [Sample.base(), [.file("entrypoint.sh", "#!/bin/sh\n")]],
            entrypoint: ["/entrypoint.sh"], command: ["start"]),
        .init(
            name: "tini", layers: [Sample.base(), [Sample.file("tini"), Sample.file("app")]],
            entrypoint: ["/tini", "-g", "-p", "SIGTERM", "--", "/app"]),
        .init(
            name: "tini with a foreign program",
            layers: [Sample.base(), [Sample.file("tini"), Sample.file("app", .amd64)]],
            entrypoint: ["/tini", "--", "/app"], expected: mismatch),
        .init(
            name: "tini without a program", layers: [Sample.base(), [Sample.file("tini")]],
            entrypoint: ["/tini", "--"], command: ["/app"], expected: missing),
        .init(
            name: "dumb-init with a script with a program",
            layers: [
                Sample.base(),
                [
                    Sample.file("usr/bin/dumb-init"), .file("run.sh", "#!/bin/sh\nexec $1\n"),
                    Sample.file("app", .amd64),
                ],
            ], entrypoint: ["dumb-init", "--", "/run.sh"], command: ["/app"],
            expected: mismatch),
        .init(
            name: "gosu and a user",
            layers: [Sample.base(), [Sample.file("usr/bin/gosu"), Sample.file("app", .amd64)]],
            entrypoint: ["gosu", "nobody", "/app"], expected: mismatch),
        .init(
            name: "env with variables",
            layers: [Sample.base(), [Sample.file("app", .amd64)]],
            entrypoint: ["env", "-u", "A", "B=1", "/app"], expected: mismatch),
        .init(
            name: "a shell command",
            layers: [Sample.base(), [Sample.file("usr/bin/app", .amd64)]],
            command: ["/bin/sh", "-c", "A=1 exec app --port $PORT"], expected: mismatch),
        .init(
            name: "a missing shell command", layers: [Sample.base()],
            command: ["/bin/sh", "-c", "app --serve"], expected: missing),
        .init(
            name: "a shell builtin", layers: [Sample.base()],
            command: ["/bin/sh", "-ec", "while true; do date; done"]),
        .init(
            name: "shell syntax", layers: [Sample.base()],
            command: ["/bin/sh", "-c", "$APP --serve"], expected: ["note not-checked"]),
        .init(
            name: "a shell command without a shell", layers: [[Sample.file("app")]],
            command: ["/bin/sh", "-c", "/app"], expected: missing),
        .init(
            name: "Java",
            layers: [
                Sample.base(),
                [
                    Sample.file("usr/bin/java"),
                    .file("app.jar", "PK", mode: 0o644),
                ],
            ],
            entrypoint: ["java", "-jar", "/app.jar"]),
        .init(
            name: "a 32-bit program",
            layers: [[Sample.file("app", ELFFile(machine: 40, is64Bit: false))]],
            entrypoint: ["/app"], expected: ["warning content-mismatch"]),
        .init(
            name: "the same for amd64",
            layers: [[Sample.file("app", ELFFile(machine: 3, is64Bit: false))]],
            entrypoint: ["/app"], platform: .linuxAMD64,
            expected: ["warning content-mismatch"]),
        .init(
            name: "a big-endian CPU architecture",
            layers: [[Sample.file("app", ELFFile(machine: 22, isLittleEndian: false))]],
            entrypoint: ["/app"], platform: Platform(os: "linux", architecture: "s390x")),
        .init(
            name: "an unknown platform", layers: [[Sample.file("app")]],
            entrypoint: ["/app"], platform: Platform(os: "linux", architecture: "vax"),
            expected: notChecked),
        .init(
            name: "a run-time mount", layers: [Sample.base()],
            entrypoint: ["/proc/self/exe"]),
    ]
}
