// SPDX-License-Identifier: Apache-2.0

import Mirroring

/// A loader and minimal configurations for tests.
enum ConfigurationFixture {
    static let loader = ConfigurationLoader(
        file: "mirror.yaml",
        environment: ["REGISTRY": "ghcr.io", "EMPTY": "", "TOKEN": "hunter2"],
        baseDirectory: "/srv/repo")

    static func load(_ yaml: String) throws(ConfigurationErrors) -> LoadedConfiguration {
        try loader.load(text: Array(yaml.utf8))
    }

    /// Returns the problems of a configuration as `line:column: message; hint`.
    static func problems(of yaml: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try load(yaml)
            return []
        } catch {
            return error.diagnostics.map { "\($0.line):\($0.column): \($0.headline)" }
        }
    }

    /// Returns a configuration with one image entry, which begins on line 4, column 5.
    static func image(_ entry: String) -> String {
        """
        version: 1
        targets: [{prefix: localhost:5000/mirror, lock: images.lock.yaml}]
        images:
          - \(entry)

        """
    }

    /// Returns a configuration with one target, which begins on line 4, column 5.
    static func target(_ target: String) -> String {
        """
        version: 1
        images: [redis:7.4.1]
        targets:
          - \(target)

        """
    }

    /// Returns a configuration with options of one registry, which begin on line 5, column 14.
    static func registry(_ options: String) -> String {
        """
        version: 1
        images: [redis:7.4.1]
        targets: [{prefix: localhost:5000/mirror, lock: images.lock.yaml}]
        registries:
          quay.io:   \(options)

        """
    }

    /// Returns a configuration with an additional line at the top level, line 4.
    static func topLevel(_ line: String) -> String {
        """
        version: 1
        images: [redis:7.4.1]
        targets: [{prefix: localhost:5000/mirror, lock: images.lock.yaml}]
        \(line)

        """
    }
}

/// An invalid part of a configuration, with the location and the message of its only problem.
struct Problem: Sendable {
    let part: String
    let location: String
    let message: String

    init(_ part: String, _ location: String, _ message: String) {
        self.part = part
        self.location = location
        self.message = message
    }
}
