// SPDX-License-Identifier: Apache-2.0

import Pinning
import Testing
import YAML

/// Tests small files that take hours if an algorithm needs more than linear time.
///
/// They are serialized, because they use a thread for long, and other tests would wait too long between
/// two requests on one connection.
@Suite(.serialized) struct HostileSizeTests {
    private static let image = "ghcr.io/acme/mirror/api:1.4.1"

    private static func pin(_ text: String, rules: PinRules = PinRules()) throws -> PinnedFile {
        Pinner(try Fixture.lock("images.lock.yaml"), rules: rules, updatesTags: true)
            .pin(Array(text.utf8), path: "a/a/a/a/a/a/a/a/a/a/a/a/a/a/values.yaml")
    }

    /// Returns mappings that each merge the previous one several times.
    private static func nestedMerges(depth: Int, width: Int) -> String {
        var text = "m0: &m0 {repository: ghcr.io/acme/mirror/api, tag: 1.4.1}\n"
        for level in 1...depth {
            let sources = Array(repeating: "*m\(level - 1)", count: width).joined(separator: ", ")
            text += "m\(level): &m\(level) {<<: [\(sources)], name: x}\n"
        }
        return text
    }

    @Test(arguments: [(9, 9), (40, 9), (120, 2)])
    func `nested merge keys are followed once each`(_ depth: Int, _ width: Int) throws {
        let text = Self.nestedMerges(depth: depth, width: width)
        let pinned = try Self.pin(text)
        #expect(pinned.error == nil)
        #expect(pinned.sites.first?.status == .changed)
        let linted = Linter(nil).lint(Array(text.utf8), path: "values.yaml")
        #expect(linted.findings.contains { $0.code == .unpinned })
        var layers = Layers()
        #expect(layers.add(Array(text.utf8), path: "values.yaml").isEmpty)
    }

    @Test func `merge keys that lead to too many mappings are rejected with their position`() throws
    {
        let error = try #require(
            try Self.pin(Self.nestedMerges(depth: 2000, width: 1)).error)
        #expect(error.message.contains("lead to more than 30000 mappings"))
        #expect(error.line == 174)
        let inner = Self.nestedMerges(depth: 2000, width: 1)
            .split(separator: "\n").map { "  \($0)\n" }.joined()
        let nested = try #require(try Self.pin("a: b\nvalues.yaml: |\n\(inner)").error)
        #expect(nested.line == 176)
    }

    @Test func `a literal text of many lines costs as much per line as one of few`() throws {
        let lines = (0..<10_000).map { "  \($0)=\(Self.image)\n" }.joined()
        let pinned = try Self.pin("kafka_image_map: |\n\(lines)")
        #expect(pinned.sites.count == 10_000)
        #expect(pinned.sites.allSatisfy { $0.status == .changed })
        #expect(pinned.sites.last?.mark == YAMLMark(line: 10_001, column: 8))
    }

    @Test func `a template is found at any depth`() throws {
        let depth = 60
        let text =
            String(repeating: "[", count: depth) + "{{a: b}: c}"
            + String(repeating: "]", count: depth)
        #expect(try Self.pin(text).skippedAt == YAMLMark(line: 1, column: 61))
    }

    @Test func `thousands of aliases of one value are reported up to a limit`() throws {
        let items = String(
            repeating: "- image: {repository: *r, tag: 1.4.1}\n", count: 500)
        let pinned = try Self.pin("r: &r ghcr.io/acme/mirror/api\nl:\n\(items)")
        #expect(pinned.sites.count == 500)
        #expect(pinned.sites.allSatisfy { $0.usedAt.count == 100 })
    }

    @Test func `a long text is not read again through each of its aliases`() throws {
        let text = String(repeating: "a", count: 1 << 20)
        let items = String(
            repeating: "- image: {repository: *t, tag: *t}\n", count: 2000)
        let pinned = try Self.pin("t: &t \(text)\nl:\n\(items)")
        #expect(pinned.sites.isEmpty)
    }

    @Test func `a directive is looked up once for a line of many images`() throws {
        let images = Array(repeating: "'\(Self.image)'", count: 5000).joined(separator: ", ")
        let pinned = try Self.pin("images: [\(images)] # ocimirror: skip\n")
        #expect(pinned.sites.count == 5000)
        #expect(pinned.sites.allSatisfy { $0.status == .skipped })
    }

    @Test func `a glob with many stars backtracks only to the last one`() throws {
        let glob = String(repeating: "**/a/", count: 12) + "nothing.yaml"
        let rules = try PinRules(
            parsing: Array("version: 1\nignore: ['\(glob)', '**/b/**', 'a/**']\n".utf8))
        let deep = String(repeating: "a/", count: 100)
        #expect(!PinRules().ignores("a/values.yaml"))
        #expect(rules.ignores("\(deep)values.yaml"))
        let only = try PinRules(parsing: Array("version: 1\nignore: ['\(glob)']\n".utf8))
        #expect(!only.ignores("\(deep)values.yaml"))
        #expect(only.ignores("\(deep)nothing.yaml"))
    }

    @Test func `the images of a chart are indexed once for the tags of an overlay`() throws {
        let base = (0..<5000).map { "a\($0)Image: ghcr.io/acme/mirror/api\n" }.joined()
        let files = RepositoryFiles(read: { $0 == "values.yaml" ? Array(base.utf8) : nil })
        let tags = (0..<5000).map { "a\($0)Tag: 1.4.2\nb\($0)Tag: 1.0.0\n" }.joined()
        let pinned = Pinner(try Fixture.lock("images.lock.yaml"))
            .pin(Array(tags.utf8), path: "values-prod.yaml", context: FileContext(files: files))
        #expect(pinned.sites.count == 5000)
        #expect(pinned.sites.allSatisfy { $0.status == .changed })
    }

    @Test func `a mapping is searched for a registry once`() throws {
        let images = (0..<10_000).map { "a\($0)Image: acme/mirror/api:1.4.1\n" }.joined()
        let pinned = try Self.pin("\(images)registry: ghcr.io\n")
        #expect(pinned.sites.count == 10_000)
        #expect(pinned.sites.allSatisfy { $0.status == .changed })
    }

    @Test func `a long key is rejected`() throws {
        let key = String(repeating: "k", count: 5000)
        let error = try #require(try Self.pin("a: 1\n? \(key)\n: {image: x/y:1}\n").error)
        #expect(error.message.contains("the key is longer than 4096 bytes"))
        #expect(error.mark == YAMLMark(line: 2, column: 3))
    }

    @Test func `a file names a limited number of images`() throws {
        let error = try #require(
            try Self.pin(String(repeating: "- image: x/y:1\n", count: 50_001)).error)
        #expect(error.message == "the file names more than 50000 images")
        #expect(error.line == 50_001)
    }

    @Test func `the rules for a file are found by their last step, in their order`() throws {
        let rules = try PinRules(
            parsing: Array(
                """
                version: 1
                rules:
                  - {path: a.*, files: other.yaml, shape: skip}
                  - {path: a.image, id: vault}
                  - {path: "*.image", shape: skip}
                  - {path: b.*, id: api}
                """.utf8))
        let pinned = try Self.pin(
            "a: {image: \(Self.image)}\nb: {image: \(Self.image)}\nc: {image: \(Self.image)}\n",
            rules: rules)
        #expect(pinned.sites.map(\.id) == ["vault", nil, nil])
        #expect(pinned.sites.map(\.status) == [.unpinnable, .skipped, .skipped])
    }
}
