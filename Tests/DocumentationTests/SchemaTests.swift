// SPDX-License-Identifier: Apache-2.0

import OCI
import StrictJSON
import Testing
import YAML

@testable import Mirroring
@testable import Pinning

/// The editor schemas match the loaders.
@Suite struct SchemaTests {
    @Test(
        arguments: [
            ("#", ConfigurationKeys.topLevel),
            ("#/definitions/target", ConfigurationKeys.target),
            ("#/definitions/registry", ConfigurationKeys.registry),
            ("#/definitions/registry/properties/credentials", ConfigurationKeys.credentials),
            ("#/definitions/image", ConfigurationKeys.image),
            ("#/definitions/tags", ConfigurationKeys.tags),
            ("#/definitions/exception", ConfigurationKeys.exception),
        ])
    func `the loader and the schema of mirror.yaml have the same keys`(
        part: String, keys: [String]
    ) throws {
        let schema = try Self.mirror().definition(part)
        #expect(schema["properties"]?.members.map(\.name) == keys)
        #expect(schema["additionalProperties"] == .bool(false) || part == "#")
    }

    @Test(
        arguments: [
            ("#/definitions/validation", ValidationLevel.allCases.map(\.rawValue)),
            ("#/definitions/copy", CopyScope.allCases.map(\.rawValue)),
            ("#/definitions/referrers", ReferrerPolicy.allCases.map(\.rawValue)),
            ("#/properties/naming", NamingStyle.allCases.map(\.rawValue)),
            ("#/definitions/image/properties/moved", MovedTagPolicy.allCases.map(\.rawValue)),
            (
                "#/definitions/registry/properties/upload",
                ["auto"] + UploadDialect.allCases.map(\.rawValue)
            ),
            ("#/definitions/registry/properties/auth", RegistryAuth.allCases.map(\.rawValue)),
        ])
    func `the loader and the schema of mirror.yaml have the same values`(
        part: String, words: [String]
    ) throws {
        let schema = try Self.mirror().definition(part)
        #expect(schema["enum"]?.elements(or: []).map(\.text) == words)
    }

    @Test func `the loader and the schema of pins.yaml have the same keys and values`() throws {
        let schema = try JSONSchema(Project.text("Documentation/schema/pins.schema.json"))
        // The loader lists all keys if it cannot suggest one.
        for (part, text) in [
            ("#", "version: 1\nzzzzzzzzzzzz: 1\n"),
            ("#/definitions/rule", "version: 1\nrules: [{zzzzzzzzzzzz: 1}]\n"),
        ] {
            let keys = schema.definition(part)["properties"]?.members.map(\.name) ?? []
            let error = #expect(throws: PinRulesError.self) {
                try PinRules(parsing: Array(text.utf8))
            }
            #expect(error?.message.hasSuffix("one of \(keys.joined(separator: ", "))") == true)
        }
        func words(_ part: String) -> [String]? {
            schema.definition(part)["enum"]?.elements(or: []).map(\.text)
        }
        #expect(
            words("#/definitions/rule/properties/shape")
                == PinRules.Form.allCases.map(\.rawValue))
        let severities = "#/properties/severities"
        #expect(words("\(severities)/propertyNames") == LintCode.allCases.map(\.rawValue))
        #expect(
            words("\(severities)/additionalProperties") == LintSeverity.allCases.map(\.rawValue))
    }

    @Test func `the project's own configuration is valid by the schema`() throws {
        #expect(try Self.problems(try Project.text("mirror.yaml")) == [])
    }

    @Test func `the examples of pins.yaml in the reference are valid by the schema`() throws {
        let schema = try JSONSchema(Project.text("Documentation/schema/pins.schema.json"))
        let path = "Documentation/pins.md"
        let document = Document(path: path, text: try Project.text(path))
        let texts = document.blocks.filter { $0.language == "yaml" && $0.lines[0] == "version: 1" }
            .map { $0.lines.joined(separator: "\n") }
        #expect(texts.count > 1)
        for text in texts {
            _ = try PinRules(parsing: Array(text.utf8))
            #expect(try schema.problems(of: try JSONValue(yaml: text)) == [])
        }
    }

    @Test(arguments: [
        "- redis:7.4.1",
        "- {source: 'oci:build/app:1.0', name: team/app, validation: index}",
        "- {source: a/b, tags: [7, 1.10, v3]}",
        "- {source: a/b, tags: {semver: 1.2, latest: 2}}",
        "- {source: a/b, tags: {regex: '1\\.\\d+'}}",
        "- {source: 'a/b:latest', floating: true, requires: [/bin/sh, nc], moved: accept}",
        "- {source: 'a/b:1', id: a.b/c_d, copy: required, referrers: none}",
        "- {source: 'a/b:1', exception: {platforms: [linux/arm/v7], reason: r, until: 2027-01-31}}",
        "- {source: 'a/b:1', artifact: true}",
        "- localhost:5000/a/b:1",
        "- a/b@sha256:\(String(repeating: "a", count: 64))",
        "- {source: 'localhost:5000/a/b', tags: [v1]}",
        "- {source: 'oci:build', name: app, tags: [v1]}",
    ])
    func `the schema and the loader accept a valid entry`(entry: String) throws {
        #expect(try Self.problems(Self.configuration(entry)) == [])
        #expect(Self.loads(Self.configuration(entry)))
    }

    @Test(arguments: [
        "- {sauce: 'a/b:1'}",
        "- a/b",
        "- localhost:5000/a/b",
        "- a/b:latest",
        "- oci:build:1.0",
        "- {source: a/b}",
        "- {source: 'a/b:latest'}",
        "- {source: 'a/b:main', floating: false}",
        "- {source: 'a/b:1', tags: [v1]}",
        "- {source: 'oci:build:1.0'}",
        "- {source: 'a/b:1', name: ''}",
        "- {source: 'a/b:1', id: A}",
        "- {source: 'a/b:1', validation: contents}",
        "- {source: 'a/b:1', floating: 'yes'}",
        "- {source: 'a/b:1', requires: []}",
        "- {source: 'a/b:1', requires: [bin/nc]}",
        "- {source: a/b, tags: {latest: 2}}",
        "- {source: a/b, tags: {semver: '1', regex: '1'}}",
        "- {source: a/b, tags: {semver: '1', latest: 0}}",
        "- {source: a/b, tags: ['']}",
        "- {source: 'a/b:1', exception: {platforms: linux/amd64, reason: r}}",
        "- {source: 'a/b:1', exception: {platforms: [linux/amd64]}}",
        "- {source: 'a/b:1', exception: {platforms: [linux/amd64], reason: r, until: soon}}",
        "- 5",
        "[]",
        "[redis:7.4.1]\ntargets2: []",
        "[redis:7.4.1]\nregistries: {quay.io: {concurrency: 0}}",
        "[redis:7.4.1]\nregistries: {quay.io: {credentials: {username: a}}}",
        "[redis:7.4.1]\nregistries: {quay.io: {clientKey: k}}",
        "[redis:7.4.1]\nregistries: {'https://quay.io': {}}",
        "[redis:7.4.1]\nplatforms: [linux/amd64, linux/amd64]",
    ])
    func `the schema and the loader reject an invalid entry`(entry: String) throws {
        #expect(try Self.problems(Self.configuration(entry)) != [])
        #expect(!Self.loads(Self.configuration(entry)))
    }

    private static func configuration(_ images: String) -> String {
        "version: 1\ntargets: [{prefix: ghcr.io/o/m, lock: l.yaml}]\nimages:\n  "
            + images.replacing("\n", with: "\n") + "\n"
    }

    private static func loads(_ text: String) -> Bool {
        let loader = ConfigurationLoader(file: "mirror.yaml", environment: [:], baseDirectory: "/")
        return (try? loader.load(text: Array(text.utf8))) != nil
    }

    private static func mirror() throws -> JSONSchema {
        try JSONSchema(Project.text("Documentation/schema/mirror.schema.json"))
    }

    private static func problems(_ text: String) throws -> [String] {
        try mirror().problems(of: try JSONValue(yaml: text))
    }
}

extension JSONValue {
    /// Returns the value of a text in YAML's core schema.
    init(yaml text: String) throws {
        let stream = try YAMLDocumentStream(parsing: Array(text.utf8))
        self = try Self.value(of: #require(stream.documents.first).root)
    }

    private static func value(of node: YAMLNode) -> JSONValue {
        if let items = node.items { return .array(items.map(value)) }
        if let entries = node.entries {
            return .object(entries.map { Member($0.key.text ?? "", value(of: $0.value)) })
        }
        return switch YAMLScalar(node) {
        case .null?, nil: .null
        case .bool(let value)?: .bool(value)
        case .int(let value)?: .integer(value)
        case .float(let value)?: .number("\(value)")
        case .string(let text)?: .string(text)
        }
    }
}
