// SPDX-License-Identifier: Apache-2.0

import Locking
import OCI
import Testing
import YAML

/// The lock as a values file: merged as Helm does, over a chart's values.
@Suite struct HelmMergeTests {
    /// Values as Helm has them.
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

        /// Maps merge key by key, null removes a key, anything else replaces.
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

    @Test func `a chart's values keep what the lock does not name`() throws {
        let lock = try Fixture.lock("images.lock.yaml")
        let merged = try Value(parsing: Self.chart).merged(with: Value(parsing: lock.text))
        #expect(merged["global", "imageRegistry"] == .scalar(.string("")))
        #expect(merged["image", "repository"] == .scalar(.string("grafana/grafana")))
        for (id, image) in lock.images {
            let digest = merged["global", "ocimirror", "images", id, "digest"]
            #expect(digest == .scalar(.string(image.digest.description)))
        }
    }

    @Test func `an environment's lock takes one image over and keeps the others`() throws {
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

    @Test func `tags and digits are text to every reader`() throws {
        let lock = try Fixture.lock("images.lock.yaml")
        let values = try Value(parsing: lock.text)
        for (id, image) in lock.images {
            let block = try #require(values["global", "ocimirror", "images", id])
            #expect(block["sha"] == .scalar(.string(image.digest.hex)))
            #expect(block["tag"] == image.tag.map { .scalar(.string($0.name)) })
        }
        #expect(lock.text.contains("tag: \"8.10\"\n"))
    }
}
