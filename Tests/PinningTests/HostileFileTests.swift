// SPDX-License-Identifier: Apache-2.0

import Pinning
import RegistryTestSupport
import Testing
import YAML

/// Tests files that are malicious or damaged.
///
/// They are serialized, because they use a thread for long, and other tests would wait too long between
/// two requests on one connection.
@Suite(.serialized) struct HostileFileTests {
    private static let image = "ghcr.io/acme/mirror/api:1.4.1"

    private static func pin(_ text: String) throws -> PinnedFile {
        try pin(Array(text.utf8))
    }

    private static func pin(_ bytes: [UInt8]) throws -> PinnedFile {
        Pinner(try Fixture.lock("images.lock.yaml"), updatesTags: true).pin(
            bytes, path: "values.yaml")
    }

    @Test func `E01 aliases are not expanded, even in a value that contains itself`() throws {
        var bomb = "a: &a [x, x]\n"
        for (name, previous) in zip("bcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz") {
            bomb += "\(name): &\(name) [*\(previous), *\(previous)]\n"
        }
        let pinned = try Self.pin(bomb + "image: \(Self.image)\n")
        #expect(pinned.sites.map(\.status) == [.changed])
        let itself = try Self.pin("a: &a\n  <<: *a\n  image: \(Self.image)\n  b: *a\n")
        #expect(itself.sites.map(\.status) == [.changed])
        let merged = try Self.pin("a: &a {<<: [*a, *a], repository: x/y, tag: *a}\n")
        #expect(merged.newBytes == nil)
    }

    @Test(arguments: [("[", 50_000), ("{a: ", 20_000), ("- ", 20_000), ("? ", 5000)])
    func `E02 deep nesting is rejected with its position`(_ piece: String, _ count: Int) throws {
        let text = String(repeating: piece, count: count)
        let error = try #require(try Self.pin(text).error)
        #expect(error.message.contains("nested deeper than 64 levels"))
    }

    @Test(arguments: [
        "image: {repository: ghcr.io/acme/mirror/api, repository: evil/api, tag: v1}\n",
        "image:\n  repository: ghcr.io/acme/mirror/api\n  tag: v1\n  digest: ''\n  digest: ''\n",
    ])
    func `E03 a duplicate key is reported and not edited`(_ text: String) throws {
        let pinned = try Self.pin(text)
        #expect(pinned.newBytes == nil)
        #expect(pinned.sites.first?.reason?.contains("duplicate key") == true)
    }

    @Test(arguments: [
        "image: !!python/object:os.system ghcr.io/acme/mirror/api:1\n", "? {image: x}\n: y\n",
        "%YAML 1.1\n---\nimage: x\n...\n", "image: *nothing\n", "- - - image:\n", "<<: 1\n",
        "image: {<<: *x, tag: *y}\n", "images:\n  - name: [a]\n    newTag: {}\n", "", "\n\n", "~",
        "kind: Kustomization\nimages: [1, [], {}, {name: }, {name: x, digest: []}]\n",
        "env: [{name: IMAGE, value: {a: b}}, {name: IMAGE, value: }]\n", "image: \"\\u0000\"\n",
        "image: |\n", "a.yaml: |\n\n   \n  x\n", "image: {repository: , tag: }\n",
        "image: {ref: {ref: {ref: x}}}\n", "digest: &d \ntag: *d\nrepository: *d\n",
    ])
    func `unusual files are read to the end`(_ text: String) throws {
        #expect(try Self.pin(text).newBytes == nil)
    }

    @Test func `UTF-16, invalid bytes and invalid YAML are rejected with their position`() throws {
        let wide: [UInt8] = [0xFF, 0xFE] + "image: x\n".utf8.flatMap { [$0, UInt8(0)] }
        #expect(try Self.pin(wide).error?.description.hasPrefix("1:1: ") == true)
        #expect(try Self.pin(Array("a: b\nimage: ".utf8) + [0xC0]).error?.mark.line == 2)
        #expect(try Self.pin("a: b\n\tc: d\n").error?.mark.line == 2)
    }

    @Test func `a template is skipped, whatever it renders to`() throws {
        let pinned = try Self.pin("{{- if .x }}\nimage: \(Self.image)\n{{- end }}\n")
        #expect(pinned.error == nil)
        #expect(pinned.skipped == "the file is a template")
    }

    @Test(arguments: 0..<8)
    func `damaged files cause no crash`(_ part: UInt64) throws {
        var generator = SeededGenerator(seed: part)
        let pinner = Pinner(try Fixture.lock("images.lock.yaml"), updatesTags: true)
        for seed in 0..<150 {
            var bytes = Array(GeneratedFile(seed: part * 1000 + UInt64(seed)).text.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: bytes.indices, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default:
                    bytes.insert(
                        contentsOf: "\n{[&*|>\"'#:- ".utf8.shuffled(using: &generator).prefix(2),
                        at: place)
                }
            }
            let pinned = pinner.pin(bytes, path: "values.yaml")
            if let new = pinned.newBytes {
                #expect(pinner.pin(new, path: "values.yaml").newBytes == nil, "\(part) \(seed)")
            }
        }
    }
}
