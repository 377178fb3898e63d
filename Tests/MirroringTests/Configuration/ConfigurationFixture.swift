// SPDX-License-Identifier: Apache-2.0

import Mirroring

/// A configuration in a test: the loader as the executable makes it, and a frame for one part.
enum ConfigurationFixture {
    static let loader = ConfigurationLoader(
        file: "mirror.yaml",
        environment: ["REGISTRY": "ghcr.io", "EMPTY": "", "TOKEN": "hunter2"],
        baseDirectory: "/srv/repo")

    static func load(_ yaml: String) throws(ConfigurationErrors) -> LoadedConfiguration {
        try loader.load(text: Array(yaml.utf8))
    }

    /// The problems of a configuration, as `line:column: message; hint`.
    static func problems(of yaml: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try load(yaml)
            return []
        } catch {
            return error.diagnostics.map { "\($0.line):\($0.column): \($0.headline)" }
        }
    }

    /// A whole configuration around one entry, which begins on line 4, column 5.
    static func image(_ entry: String) -> String {
        """
        version: 1
        targets: [{prefix: localhost:5000/mirror, lock: images.lock.yaml}]
        images:
          - \(entry)

        """
    }

    /// A whole configuration around one target, which begins on line 4, column 5.
    static func target(_ target: String) -> String {
        """
        version: 1
        images: [redis:7.4.1]
        targets:
          - \(target)

        """
    }

    /// A whole configuration around the options of one registry, which begin on line 5, column 14.
    static func registry(_ options: String) -> String {
        """
        version: 1
        images: [redis:7.4.1]
        targets: [{prefix: localhost:5000/mirror, lock: images.lock.yaml}]
        registries:
          quay.io:   \(options)

        """
    }

    /// A whole configuration with one more line at the top level, line 4.
    static func topLevel(_ line: String) -> String {
        """
        version: 1
        images: [redis:7.4.1]
        targets: [{prefix: localhost:5000/mirror, lock: images.lock.yaml}]
        \(line)

        """
    }
}

/// A part of a configuration and the only problem that it must have.
struct Problem: Sendable {
    let part: String
    let place: String
    let message: String

    init(_ part: String, _ place: String, _ message: String) {
        self.part = part
        self.place = place
        self.message = message
    }
}
