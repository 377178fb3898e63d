// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Mirroring
import Testing

/// Compares `Documentation/configuration.md` with the loader.
@Suite struct `Reference of the configuration` {
    @Test func `has only valid examples`() throws {
        let examples = try Self.reference().split(separator: "```yaml\n").dropFirst().map {
            $0.prefix(upTo: $0.firstRange(of: "```")?.lowerBound ?? $0.endIndex)
        }
        #expect(examples.count >= 7)
        let loader = ConfigurationLoader(
            file: "mirror.yaml", environment: ["ACR_NAME": "owner"], baseDirectory: "/repo")
        for example in examples {
            let yaml = Self.completed(String(example))
            #expect(throws: Never.self, "\(yaml)") { try loader.load(text: Array(yaml.utf8)) }
        }
    }

    @Test(arguments: [
        ("a: 1", "## Top level"), ("targets: [{a: 1}]", "## Targets"),
        ("registries: {quay.io: {a: 1}}", "## Registries"), ("images: [{a: 1}]", "## Images"),
        ("images: [{source: a, tags: {a: 1}}]", "### Tags"),
        ("images: [{source: 'a:1', exception: {a: 1}}]", "### Exceptions"),
    ])
    func `documents every key that the loader accepts`(
        _ part: String, _ heading: String
    ) throws {
        let problems = ConfigurationFixture.problems(of: part)
        let headline = try #require(problems.first { $0.contains("valid keys: ") })
        let keys = headline.split(separator: "valid keys: ")[1].split(separator: ", ")
        let reference = try Self.reference()
        let start = try #require(reference.firstRange(of: "\n\(heading)\n")?.upperBound)
        let rows = reference[start...].split(separator: "\n## ")[0].split(separator: "\n")
        for key in keys {
            let isDocumented = rows.contains { row in
                row.hasPrefix("|")
                    && row.split(separator: "|")[0].split(separator: ", ").contains {
                        $0.filter { $0 != " " } == "`\(key)`"
                    }
            }
            #expect(isDocumented, "\(key) below \(heading)")
        }
    }

    private static func reference() throws -> String {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let file = root.appending(path: "Documentation/configuration.md")
        return String(decoding: try Data(contentsOf: file), as: UTF8.self)
    }

    /// Returns a complete configuration from an example that shows a part of one.
    private static func completed(_ example: String) -> String {
        var yaml = example.hasPrefix("  - ") ? "images:\n\(example)" : example
        for (key, usual) in [
            ("version:", "version: 1"), ("images:", "images: [redis:7]"),
            ("targets:", "targets: [{prefix: ghcr.io/owner, lock: images.lock.yaml}]"),
        ] where !yaml.hasPrefix(key) && !yaml.contains("\n\(key)") {
            yaml += "\(usual)\n"
        }
        return yaml
    }
}
