// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport

extension ContentSample {
    private static let mismatch = ["error content-mismatch"]
    private static let missing = ["error entrypoint-missing"]
    private static let likely = ["warning content-mismatch"]
    private static let note = ["note foreign-executables"]
    private static let unchecked = ["note not-checked"]

    /// Returns an image with a small distribution, wrappers, a foreign `/app/bin/app` and a
    /// matching `/usr/bin/good`.
    private static func words(
        _ words: [String], _ expected: [String], files: [TarEntry] = [],
        environment: [String] = []
    ) -> ContentSample {
        let tools = [
            "good", "bash", "busybox", "catatonit", "chpst", "chroot", "dumb-init", "flock", "gosu",
            "nice",
            "nohup", "qemu-x86_64-static", "s6-setuidgid", "setpriv", "stdbuf", "su-exec",
            "timeout", "tini", "unknown",
        ].map { Sample.file("usr/bin/\($0)") }
        return ContentSample(
            name: words.joined(separator: " "),
            layers: [Sample.base() + tools + [Sample.file("app/bin/app", .amd64)] + files],
            entrypoint: words,
            environment: ["PATH=/usr/local/bin:/usr/bin:/bin"] + environment, expected: expected)
    }

    private static let entry = TarEntry.file("entry.sh", "#!/bin/sh\nexec \"$@\"\n")

    /// Entrypoints with wrappers and shells.
    static let wrappers: [ContentSample] = [
        words(["env", "PATH=/app/bin", "app"], mismatch),
        words(["env", "PATH=/none", "app"], missing + note),
        words(["env", "-i", "good"], unchecked + note),
        words(["env", "-i", "/app/bin/app"], mismatch),
        words(["env", "-", "A=b", "/app/bin/app"], mismatch),
        words(["env", "-C", "/app", "bin/app"], mismatch),
        words(["env", "-C/app/bin", "--", "./app"], mismatch),
        words(["env", "--chdir=/app", "./bin/app"], mismatch),
        words(["env", "-u", "A", "--unset=B", "C=1", "/app/bin/app"], mismatch),
        words(["env", "-S", "A='x y' /app/bin/app --flag"], mismatch),
        words(["env", "-S", "\"/app/bin/app\" \"a b\""], mismatch),
        words(["env", "-vS", "-C /app bin/app"], mismatch),
        words(["env", "-S", "/app/bin/ap\\_p"], missing + note),
        words(["env", "-S", "${DIR}/app"], mismatch, environment: ["DIR=/app/bin"]),
        words(["env", "-S", "good # /app/bin/app"], note),
        words(["env", "--unsupported", "/app/bin/app"], likely),
        words(["env", "A=1"], note),
        words(["env", "good", "/app/bin/app"], likely),
        words(["gosu", "app", "env", "A=1", "/app/bin/app"], mismatch),
        words(["gosu", "1000", "good"], note),
        words(["gosu", "app"], note),
        words(["su-exec", "app:app", "/app/bin/app"], mismatch),
        words(["tini", "-g", "-p", "SIGTERM", "-e143", "--", "/app/bin/app"], mismatch),
        words(["tini", "-v", "/app/bin/app"], mismatch),
        words(["tini", "-h", "none"], note),
        words(["dumb-init", "--rewrite", "15:3", "-v", "/app/bin/app"], mismatch),
        words(["dumb-init", "-c", "-r15:3", "--", "/app/bin/app"], mismatch),
        words(["catatonit", "-g", "--", "/app/bin/app"], mismatch),
        words(
            ["setpriv", "--reuid", "1", "--clear-groups", "--inh-caps=-all", "/app/bin/app"],
            mismatch),
        words(["setpriv", "--reuid=1", "--regid", "1", "good"], note),
        words(["nice", "-n", "5", "/app/bin/app"], mismatch),
        words(["nice", "--adjustment=5", "good"], note),
        words(["flock", "-n", "/lock", "/app/bin/app"], mismatch),
        words(["timeout", "-s", "KILL", "-k", "5", "1h", "/app/bin/app"], mismatch),
        words(["timeout", "--signal=9", "--foreground", "10", "good"], note),
        words(["stdbuf", "-oL", "-e", "L", "/app/bin/app"], mismatch),
        words(["nohup", "/app/bin/app"], mismatch),
        words(["chpst", "-u", "app", "-C", "/app", "bin/app"], mismatch),
        words(["s6-setuidgid", "app", "/app/bin/app"], mismatch),
        words(["chroot", "/", "/app/bin/app"], mismatch),
        words(["chroot", "/new", "/bin/none"], note),
        words(["unknown", "/app/bin/app"], likely),
        words(["unknown", "/none"], note),
        words(["qemu-x86_64-static", "/app/bin/app"], note),
        words(["busybox", "env", "/app/bin/app"], mismatch),
        words(["busybox", "sh", "-c", "exec /app/bin/app"], mismatch),
        words(["busybox", "httpd", "-f"], note),
        words(["sh", "-c", "cd /app && ./bin/app"], mismatch),
        words(["sh", "-c", "cd /app && exec bin/app \"$0\" \"$@\"", "a"], mismatch),
        words(["sh", "-c", "/app/bin/app || exec good"], note),
        words(["sh", "-c", "exec \"$@\"", "sh", "/app/bin/app"], mismatch),
        words(["sh", "-c", "exec \"$0\" \"$@\"", "/app/bin/app"], mismatch),
        words(["sh", "-ec", "/app/bin/app --version; exec good"], mismatch),
        words(["sh", "-lc", "app"], unchecked + note),
        words(["sh", "-c", "none"], missing + note),
        words(["sh", "-c", "if (; none"], unchecked + note),
        words(["sh", "-e", "/app/start.sh"], missing + note),
        words(["sh", "start.sh"], missing + note),
        words(["bash", "--norc", "-o", "pipefail", "-c", "/app/bin/app"], mismatch),
        words(
            ["sh", "/start.sh"], mismatch,
            files: [.file("start.sh", "#!/bin/sh\nexec /app/bin/app\n", mode: 0o644)]),
        words(
            ["sh", "/start.txt"], unchecked + note,
            files: [.file("start.txt", "none\n", mode: 0o644)]),
        words(["/entry.sh", "/app/bin/app"], mismatch, files: [entry]),
        words(["tini", "--", "/entry.sh", "/app/bin/app"], mismatch, files: [entry]),
        words(["tini", "--", "/entry.sh", "good"], note, files: [entry]),
        words(["/entry.sh", "--flag", "/app/bin/app"], likely, files: [entry]),
        words(
            ["/entry.sh"], missing + note,
            files: [.file("entry.sh", "#!/bin/sh\r\nexec good\r\n")]),
        words(
            ["/entry.sh"], missing + note,
            files: [.file("entry.sh", "#!/usr/bin/env bash\r\nexec good\r\n")]),
    ]
}
