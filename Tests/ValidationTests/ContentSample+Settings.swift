// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport

extension ContentSample {
    /// Returns an image with interpreters and a script of each language.
    private static func interpreter(
        _ words: [String], _ expected: [String] = [], workingDirectory: String = "/"
    ) -> ContentSample {
        let interpreters = [
            "awk", "java", "lua5.4", "node", "perl", "php8.2", "python3.11", "ruby",
        ]
        .map { Sample.file("usr/bin/\($0)") }
        return ContentSample(
            name: words.joined(separator: " "),
            layers: [
                Sample.base() + interpreters
                    + [
                        .file("app/main", "text", mode: 0o644),
                        .file("app/index.js", "text", mode: 0o644),
                        .file("app/run.sh", "#!/bin/sh\nexec python3.11 /app/none\n"),
                    ]
            ], entrypoint: words, workingDirectory: workingDirectory, expected: expected)
    }

    /// Interpreters of languages other than that of shells.
    static let interpreters: [ContentSample] = {
        let missing = ["error entrypoint-missing"]
        return [
            interpreter(["python3.11", "-u", "/app/main", "--none"]),
            interpreter(["python3.11", "-u", "/app/none"], missing),
            interpreter(["python3.11", "main"], workingDirectory: "/app"),
            interpreter(["python3.11", "main"], missing),
            interpreter(["python3.11", "/app"]),
            interpreter(["python3.11", "-c", "print()", "/app/none"]),
            interpreter(["python3.11", "-m", "none"]),
            interpreter(["python3.11", "--unknown", "/app/none"]),
            interpreter(["python3.11"]),
            interpreter(["python3.11", "/usr/bin/perl"], missing),
            interpreter(["php8.2", "/usr/bin/perl"]),
            interpreter(["perl", "-w", "/app/none"], missing),
            interpreter(["perl", "-e", "1", "/app/none"]),
            interpreter(["php8.2", "-d", "a=b", "/app/none"], missing),
            interpreter(["php8.2", "-f", "/app/none"], missing),
            interpreter(["php8.2", "-S", "0.0.0.0:80", "/app/none"]),
            interpreter(["ruby", "/app/none"], missing),
            interpreter(["lua5.4", "/app/none"], missing),
            interpreter(["awk", "-f", "/app/none"], missing),
            interpreter(["awk", "BEGIN {}", "/app/none"]),
            interpreter(["node", "/app/index"]),
            interpreter(["node", "/app"]),
            interpreter(["node", "--require", "x", "/app/none"], missing),
            interpreter(["java", "-Xmx1g", "-cp", "/x", "-jar", "/app/main"]),
            interpreter(["java", "-jar", "-Xmx1g", "/app/none.jar"], missing),
            interpreter(["java", "-cp", "/app/none.jar", "Main"]),
            interpreter(["/app/run.sh"], missing),
            interpreter(["sh", "-c", "exec perl /app/none"], missing),
        ]
    }()

    private static func settings(
        _ name: String, _ expected: [String] = [], user: String = "",
        workingDirectory: String = "/",
        files: [TarEntry] = [
            .file("etc/passwd", "root:x:0:0::/:\napp:x:9:9::/:\n", mode: 0o644),
            .file("etc/group", "root:x:0:\nstaff:x:9:\n", mode: 0o644),
        ]
    ) -> ContentSample {
        var sample = ContentSample(
            name: name, layers: [[Sample.file("app/server")] + files], entrypoint: ["/app/server"],
            workingDirectory: workingDirectory, expected: expected)
        sample.user = user
        return sample
    }

    /// Users, groups and working directories.
    static let processSettings: [ContentSample] = {
        let mismatch = ["error config-mismatch"]
        return [
            settings("a user", user: "app"),
            settings("a user and a group", user: "app:staff"),
            settings("numbers without files", user: "1000:1000", files: []),
            settings("a number and a group", user: "1000:staff"),
            settings("a missing user", mismatch, user: "application"),
            settings("a missing group", mismatch, user: "app:app"),
            settings("a missing user and a missing group", mismatch + mismatch, user: "x:y"),
            settings("a user without a file", mismatch, user: "app", files: []),
            settings("three parts", mismatch, user: "app:staff:x"),
            settings(
                "a link to a file that is not read", user: "x",
                files: [
                    .symbolicLink("etc/passwd", to: "../data"),
                    .file("data", "root:x:0:0::/:\n", mode: 0o644),
                ]),
            settings("a missing working directory", workingDirectory: "/srv/new"),
            settings(
                "a working directory that is a file", mismatch, workingDirectory: "/app/server"),
            settings(
                "a working directory below a file", mismatch, workingDirectory: "/app/server/x"),
        ]
    }()
}
