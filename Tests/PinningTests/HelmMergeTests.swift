// SPDX-License-Identifier: Apache-2.0

import Files
import Lockfiles
import OCI
import Testing
import YAML

/// Tests the lock file as a values file, merged over a chart's values as Helm does.
@Suite struct HelmMergeTests {
    /// A value in Helm's data model.
    private indirect enum Value: Equatable {
        case scalar(YAMLScalar)
        case list([Value])
        case map([String: Value])

        init(_ node: YAMLNode) {
            switch node.kind {
            case .mapping(let entries, _):
                self = .map(
                    Dictionary(
                        entries.map { ($0.key.text ?? "", Value($0.value)) },
                        uniquingKeysWith: { $1 }))
            case .sequence(let items, _): self = .list(items.map(Value.init))
            default: self = .scalar(YAMLScalar(node) ?? .null)
            }
        }

        init(parsing text: String) throws {
            let stream = try YAMLDocumentStream(parsing: Array(text.utf8))
            self = Value(try #require(stream.documents.first?.root))
        }

        /// Merges values: mappings by key, null removes a key, any other value replaces.
        func merged(with top: Value) -> Value {
            guard case .map(var below) = self, case .map(let above) = top else { return top }
            for (key, value) in above {
                if value == .scalar(.null) {
                    below[key] = nil
                } else {
                    below[key] = below[key]?.merged(with: value) ?? value
                }
            }
            return .map(below)
        }

        subscript(path: String...) -> Value? {
            var value: Value? = self
            for key in path {
                guard case .map(let entries) = value else { return nil }
                value = entries[key]
            }
            return value
        }
    }

    private static let chart = """
        global:
          imageRegistry: ""
          ocimirror: {images: {}}
        image: {repository: grafana/grafana, tag: 12.1.0}
        list: [1, 2]

        """

    @Test func `values of a chart that the lock file does not set are kept`() throws {
        let lock = try Fixture.lock("images.lock.yaml")
        let merged = try Value(parsing: Self.chart).merged(with: Value(parsing: lock.text))
        #expect(merged["global", "imageRegistry"] == .scalar(.string("")))
        #expect(merged["image", "repository"] == .scalar(.string("grafana/grafana")))
        for (id, image) in lock.images {
            let digest = merged["global", "ocimirror", "images", id, "digest"]
            #expect(digest == .scalar(.string(image.digest.description)))
        }
    }

    @Test func `the lock file of an environment replaces one image and keeps the others`() throws {
        let lock = try Fixture.lock("images.lock.yaml")
        var one = try Fixture.lock("older.lock.yaml")
        one.images = one.images.filter { $0.key == "api" }
        let merged = try Value(parsing: lock.text).merged(with: Value(parsing: one.text))
        let images = try #require(merged["global", "ocimirror", "images"])
        let api = try #require(one.images["api"])
        let vault = try #require(lock.images["vault"])
        #expect(images["api", "digest"] == .scalar(.string(api.digest.description)))
        #expect(images["vault", "digest"] == .scalar(.string(vault.digest.description)))
    }

    @Test func `every reader resolves tags and digits to strings`() throws {
        let lock = try Fixture.lock("images.lock.yaml")
        let values = try Value(parsing: lock.text)
        for (id, image) in lock.images {
            let block = try #require(values["global", "ocimirror", "images", id])
            #expect(block["sha"] == .scalar(.string(image.digest.hex)))
            #expect(block["tag"] == image.tag.map { .scalar(.string($0.name)) })
        }
        #expect(lock.text.contains("tag: \"8.10\"\n"))
    }

    @Test(arguments: [("staging", 1), ("production", 3)])
    func
        `the values of the example, of one environment and of its lock file merge to those of the chart`(
            _ environment: String, _ replicas: Int
        ) throws
    {
        let example = Fixture.folder.split(separator: "/").dropLast(3).joined(separator: "/")
        func values(_ file: String) throws -> Value {
            let path = "/\(example)/Examples/gitops/\(file)"
            return try Value(
                parsing: String(
                    decoding: try BoundedFile.read(path, limit: 1 << 20), as: UTF8.self))
        }
        let lock = try values("locks/\(environment).yaml")
        let merged = try values("apps/web/values.yaml")
            .merged(with: values("environments/\(environment)/web.yaml")).merged(with: lock)
        #expect(merged["replicas"] == .scalar(.int(replicas)))
        #expect(merged["image", "pullPolicy"] == .scalar(.string("IfNotPresent")))
        #expect(merged["exporter", "enabled"] == .scalar(.bool(true)))
        for (place, key, id) in [("image", "digest", "web"), ("exporter", "sha", "exporter")] {
            let image = place == "image" ? merged["image"] : merged[place, "image"]
            #expect(image?[key] != nil)
            #expect(image?[key] == lock["global", "ocimirror", "images", id, key])
        }
    }

    @Test func `lists replace, and null removes a key`() throws {
        let top = "list: [3]\nimage: {tag: null}\n"
        let merged = try Value(parsing: Self.chart).merged(with: Value(parsing: top))
        #expect(merged["list"] == .list([.scalar(.int(3))]))
        #expect(merged["image", "tag"] == nil)
        #expect(merged["image", "repository"] != nil)
    }

    /// Patterns of plain scalars that YAML 1.1 readers do not resolve to strings.
    ///
    /// Source: yaml.org/type: bool, int, float, null, timestamp.
    private static func isTextInYAML11(_ text: String) -> Bool {
        let others = [
            /y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF/,
            /[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?0|[-+]?[1-9][0-9_]*|[-+]?0x[0-9a-fA-F_]+/,
            /[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+/, /~|null|Null|NULL|/,
            /[-+]?(?:[0-9][0-9_]*)?\.[0-9.]*(?:[eE][-+][0-9]+)?/,
            /[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?.*/,
        ]
        return !others.contains { text.wholeMatch(of: $0) != nil }
    }

    @Test func `YAML 1,1 readers resolve plain text of a lock file to strings`() throws {
        #expect(
            ["1.10", "0123", "no", "12:30", "2027-01-31"].allSatisfy { !Self.isTextInYAML11($0) })
        let lock = try Fixture.lock("images.lock.yaml")
        let stream = try YAMLDocumentStream(parsing: Array(lock.text.utf8))
        var plain = 0
        func check(_ node: YAMLNode, _ key: String) {
            for entry in node.entries ?? [] { check(entry.value, entry.key.text ?? "") }
            guard case .scalar(let text, .plain) = node.kind, !["size", "schema"].contains(key)
            else { return }
            plain += 1
            #expect(Self.isTextInYAML11(text), "\(key): \(text)")
        }
        check(try #require(stream.documents.first?.root), "")
        #expect(plain > 100)
    }
}
