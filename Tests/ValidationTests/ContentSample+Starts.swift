// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport

extension ContentSample {
    private static let mismatch = ["error content-mismatch"]
    private static let missing = ["error entrypoint-missing"]
    private static let notChecked = ["warning not-checked"]

    /// What is started, directly and through scripts, shells and wrappers.
    static let starts: [ContentSample] = [
        .init(
            name: "a static program on nothing", layers: [[Sample.file("app")]],
            entrypoint: ["/app"]),
        .init(
            name: "a static program of the wrong machine",
            layers: [[Sample.file("app", .amd64)]], entrypoint: ["/app"], expected: mismatch),
        .init(
            name: "a wrong program on a right base",
            layers: [Sample.base(), [Sample.file("usr/local/bin/app", .amd64)]],
            entrypoint: ["app"], expected: mismatch),
        .init(
            name: "a right program on a wrong base",
            layers: [Sample.base(.amd64), [Sample.file("app")]], entrypoint: ["/app"],
            expected: mismatch + mismatch),
        .init(
            name: "a program by the search path",
            layers: [Sample.base(), [Sample.file("usr/local/bin/app")]], entrypoint: ["app"]),
        .init(
            name: "the first in the search path counts",
            layers: [[Sample.file("usr/bin/app"), Sample.file("usr/local/bin/app", .amd64)]],
            entrypoint: ["app"], expected: mismatch),
        .init(
            name: "a file that nobody may execute is passed over in the search path",
            layers: [
                [Sample.file("usr/bin/app"), .file("usr/local/bin/app", "data", mode: 0o644)]
            ], entrypoint: ["app"]),
        .init(
            name: "no search path is stated", layers: [[Sample.file("usr/sbin/app")]],
            entrypoint: ["app"], environment: []),
        .init(
            name: "a program that is not in the search path",
            layers: [Sample.base(), [Sample.file("opt/app")]], entrypoint: ["app"],
            expected: missing),
        .init(
            name: "a program that is not there", layers: [Sample.base()],
            entrypoint: ["/opt/app"], expected: missing),
        .init(
            name: "a program that nobody may execute",
            layers: [[.file("app", ELFFile.arm64.bytes, mode: 0o644)]], entrypoint: ["/app"],
            expected: missing),
        .init(
            name: "a folder is no program", layers: [Sample.base(), [.folder("app")]],
            entrypoint: ["/app"], expected: missing),
        .init(
            name: "a path from the working directory",
            layers: [[Sample.file("srv/bin/app")]], entrypoint: ["bin/app"],
            workingDirectory: "/srv"),
        .init(
            name: "a path out of the working directory",
            layers: [[Sample.file("bin/app"), .folder("srv")]], entrypoint: ["../bin/app"],
            workingDirectory: "/srv"),
        .init(
            name: "only a command", layers: [[Sample.file("app", .amd64)]], command: ["/app"],
            expected: mismatch),
        .init(
            name: "arguments are no programs", layers: [[Sample.file("app")]],
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
            name: "a right program with a loader of the wrong machine",
            layers: [
                [
                    Sample.file("app", .arm64.loaded(by: Sample.musl)),
                    Sample.file("lib/ld-musl-aarch64.so.1", .amd64.library),
                ]
            ], entrypoint: ["/app"], expected: mismatch),
        .init(
            name: "a script with its shell",
            layers: [Sample.base(), [.file("run.sh", "#!/bin/sh\nexec app\n")]],
            entrypoint: ["/run.sh"]),
        .init(
            name: "a script whose shell is of the wrong machine",
            layers: [
                [.file("run.sh", "#!/bin/sh\n"), Sample.file("bin/sh", .amd64)]
            ], entrypoint: ["/run.sh"], expected: mismatch),
        .init(
            name: "a script without its shell", layers: [[.file("run.sh", "#!/bin/bash\n")]],
            entrypoint: ["/run.sh"], expected: missing),
        .init(
            name: "a script with a line break of another system",
            layers: [Sample.base(), [.file("run.sh", "#!/bin/sh\r\n")]],
            entrypoint: ["/run.sh"], expected: missing),
        .init(
            name: "a script through env",
            layers: [
                Sample.base(),
                [.file("run", "#!/usr/bin/env python3\n"), Sample.file("usr/bin/python3")],
            ], entrypoint: ["/run"]),
        .init(
            name: "a script through env to the wrong machine",
            layers: [
                Sample.base(),
                [
                    .file("run", "#!/usr/bin/env -S python3 -u\n"),
                    Sample.file("usr/bin/python3", .amd64),
                ],
            ], entrypoint: ["/run"], expected: mismatch),
        .init(
            name: "a script through env to nothing",
            layers: [Sample.base(), [.file("run", "#!/usr/bin/env node\n")]],
            entrypoint: ["/run"], expected: missing),
        .init(
            name: "a script of a script",
            layers: [
                Sample.base(),
                [.file("a", "#!/b\n"), .file("b", "#!/bin/sh\n")],
            ], entrypoint: ["/a"]),
        .init(
            name: "scripts in a circle", layers: [Sample.base(), [.file("a", "#!/a\n")]],
            entrypoint: ["/a"]),
        .init(
            name: "a script and the program that it is given",
            layers: [
                Sample.base(),
                [.file("entrypoint.sh", "#!/bin/sh\n"), Sample.file("usr/bin/redis", .amd64)],
            ], entrypoint: ["/entrypoint.sh"], command: ["redis"], expected: mismatch),
        .init(
            name: "a script and a word that is no program",
            layers: [Sample.base(), [.file("entrypoint.sh", "#!/bin/sh\n")]],
            entrypoint: ["/entrypoint.sh"], command: ["start"]),
        .init(
            name: "tini", layers: [Sample.base(), [Sample.file("tini"), Sample.file("app")]],
            entrypoint: ["/tini", "-g", "-p", "SIGTERM", "--", "/app"]),
        .init(
            name: "tini before the wrong machine",
            layers: [Sample.base(), [Sample.file("tini"), Sample.file("app", .amd64)]],
            entrypoint: ["/tini", "--", "/app"], expected: mismatch),
        .init(
            name: "tini before nothing", layers: [Sample.base(), [Sample.file("tini")]],
            entrypoint: ["/tini", "--"], command: ["/app"], expected: missing),
        .init(
            name: "dumb-init before a script before a program",
            layers: [
                Sample.base(),
                [
                    Sample.file("usr/bin/dumb-init"), .file("run.sh", "#!/bin/sh\n"),
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
            name: "a shell's command",
            layers: [Sample.base(), [Sample.file("usr/bin/app", .amd64)]],
            command: ["/bin/sh", "-c", "A=1 exec app --port $PORT"], expected: mismatch),
        .init(
            name: "a shell's command that is not there", layers: [Sample.base()],
            command: ["/bin/sh", "-c", "app --serve"], expected: notChecked),
        .init(
            name: "a shell's command that the shell does itself", layers: [Sample.base()],
            command: ["/bin/sh", "-ec", "while true; do date; done"]),
        .init(
            name: "a shell's command that only a shell understands", layers: [Sample.base()],
            command: ["/bin/sh", "-c", "$APP --serve"]),
        .init(
            name: "no shell for a shell's command", layers: [[Sample.file("app")]],
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
            name: "a program of 32 bits",
            layers: [[Sample.file("app", ELFFile(machine: 40, is64Bit: false))]],
            entrypoint: ["/app"], expected: ["warning content-mismatch"]),
        .init(
            name: "the same for amd64",
            layers: [[Sample.file("app", ELFFile(machine: 3, is64Bit: false))]],
            entrypoint: ["/app"], platform: .linuxAMD64,
            expected: ["warning content-mismatch"]),
        .init(
            name: "a machine whose greatest byte comes first",
            layers: [[Sample.file("app", ELFFile(machine: 22, isLittleEndian: false))]],
            entrypoint: ["/app"], platform: Platform(os: "linux", architecture: "s390x")),
        .init(
            name: "a platform that is not known", layers: [[Sample.file("app")]],
            entrypoint: ["/app"], platform: Platform(os: "linux", architecture: "vax"),
            expected: notChecked),
        .init(
            name: "what is only there in a container", layers: [Sample.base()],
            entrypoint: ["/proc/self/exe"]),
    ]
}
