// SPDX-License-Identifier: Apache-2.0

import Files
import Lockfiles
import OCI
import Pinning
import Testing
import YAML

/// Tests promotion from one environment to the next, and exports.
@Suite struct PromotionTests {
    private static let root = ["global", "ocimirror"]

    private static func bytes(_ name: String) throws -> [UInt8] {
        try BoundedFile.read("\(Fixture.folder)/\(name)", limit: 1 << 20)
    }

    @Test func `the selected entries of a lock file are copied to another unchanged`() throws {
        let newer = try Self.bytes("images.lock.yaml")
        let older = try Self.bytes("older.lock.yaml")
        let one = try LockPromotion(from: newer, into: older, root: Self.root) { $0 == "api" }
        #expect(one.changes.map(\.id) == ["api"])
        let lock = try Lockfile(parsing: try #require(one.newBytes))
        #expect(lock.images["api"] == (try Fixture.lock("images.lock.yaml")).images["api"])
        #expect(lock.images["vault"] == (try Fixture.lock("older.lock.yaml")).images["vault"])
        let all = try LockPromotion(from: newer, into: older, root: Self.root) { _ in true }
        #expect(all.newBytes == newer)
        let none = try LockPromotion(from: newer, into: newer, root: Self.root) { _ in true }
        #expect(none.newBytes == nil)
    }

    @Test func `unknown fields of an entry are copied`() throws {
        let text = String(decoding: try Self.bytes("images.lock.yaml"), as: UTF8.self)
        let extended = text.replacing(
            "        validation: index\n",
            with: "        validation: index\n        future: {a: 1} # kept\n")
        let promotion = try LockPromotion(
            from: Array(extended.utf8), into: try Self.bytes("older.lock.yaml"), root: Self.root
        ) { $0 == "mariadb" }
        let bytes = try #require(promotion.newBytes)
        #expect(String(decoding: bytes, as: UTF8.self).contains("future: {a: 1} # kept\n"))
    }

    @Test func `an empty lock file takes all entries`() throws {
        let newer = try Self.bytes("images.lock.yaml")
        let text = String(decoding: newer, as: UTF8.self)
        let head = text.prefix(upTo: try #require(text.ranges(of: "    images:").first).lowerBound)
        let promotion = try LockPromotion(
            from: newer, into: Array("\(head)    images: {}\n".utf8), root: Self.root
        ) { _ in true }
        #expect(promotion.newBytes == newer)
    }

    @Test func `an image in another repository is not changed, and the others are copied`() throws {
        let text = String(decoding: try Self.bytes("older.lock.yaml"), as: UTF8.self)
        let moved = text.replacing("acme/mirror/vault", with: "acme/other/vault")
        let promotion = try LockPromotion(
            from: try Self.bytes("images.lock.yaml"), into: Array(moved.utf8), root: Self.root
        ) { _ in true }
        #expect(promotion.rejections.map(\.id) == ["vault"])
        #expect(promotion.rejections.first?.reason.contains("ghcr.io/acme/mirror/vault") == true)
        #expect(promotion.changes.contains { $0.id == "api" })
        let lock = try Lockfile(parsing: try #require(promotion.newBytes))
        #expect(lock.images["vault"] == (try Lockfile(parsing: Array(moved.utf8))).images["vault"])
    }

    @Test func `the pins of a file are copied to the same paths of another`() throws {
        let digest = "sha256:" + String(repeating: "a", count: 64)
        let from =
            "image: {repository: r.io/a/b, tag: v2, digest: '\(digest)'}\nx: {image: r.io/c/d:1@\(digest)}\n"
        let into =
            "image:\n  repository: r.io/a/b\n  tag: v1 # now\n  digest: ''\nx: {image: r.io/e/f:1}\n"
        let pinner = try Pinner(copying: Array(from.utf8), path: "values.yaml")
        let file = pinner.pin(Array(into.utf8), path: "values.yaml")
        #expect(file.sites.map(\.status) == [.changed, .unpinnable])
        #expect(
            String(decoding: try #require(file.newBytes), as: UTF8.self)
                == into.replacing("v1", with: "v2").replacing("''", with: "'\(digest)'"))
    }

    @Test func `a keep list has every index, every platform manifest and every referrer`() throws {
        var lock = try Fixture.lock("images.lock.yaml")
        let digest = try Digest(parsing: "sha256:" + String(repeating: "7", count: 64))
        let tag = try Tag(parsing: "sha256-\(digest.hex).sig")
        let api = try #require(lock.images["api"])
        lock.images["api"]?.referrers = [.init(digest: digest), .init(digest: digest, tag: tag)]
        let lines = LockExport.keepList([lock, lock]).split(separator: "\n")
        #expect(lines.count == lock.images.count * 3 + 1)
        #expect(lines.contains("\(api.repository)@\(digest)"))
        #expect(lines == lines.sorted())
    }

    @Test func `a component has a row for every unambiguous spelling`()
        throws
    {
        let export = LockExport.kustomization(try Fixture.lock("images.lock.yaml"))
        #expect(export.ambiguous == ["kafka-3-9-0", "kafka-4-0-0"])
        let root = try YAMLDocumentStream(parsing: Array(export.text.utf8)).documents[0].root
        let rows = try #require(root["images"]?.items)
        let names = rows.compactMap { $0["name"]?.text }
        #expect(names.contains("example/api") && names.contains("docker.io/example/api"))
        #expect(Set(names).count == names.count)
        let row = try #require(rows.first { $0["name"]?.text == "example/octet" })
        #expect(row["newName"]?.text == "ghcr.io/acme/mirror/octet")
        #expect(row["newTag"].flatMap(YAMLScalar.init) == .string("8.10"))
    }

    @Test func `chart values are exported in the shape of the map`() throws {
        let lock = try Fixture.lock("images.lock.yaml")
        let map = """
            web.image: {id: api, shape: digest, useDigest: true}
            web.sidecar: {id: vault, shape: sha}
            job.image: {id: octet, shape: tag}
            full: {id: tempo, shape: reference}

            """
        let text = try ChartValues(lock, map: Array(map.utf8)).text
        let root = try YAMLDocumentStream(parsing: Array(text.utf8)).documents[0].root
        let api = try #require(lock.images["api"])
        let image = try #require(root["web"]?["image"])
        #expect(image["digest"]?.text == api.digest.description)
        #expect(image["useDigest"].flatMap(YAMLScalar.init) == .bool(true))
        #expect(root["web"]?["sidecar"]?["sha"]?.text == lock.images["vault"]?.digest.hex)
        #expect(root["job"]?["image"]?["tag"]?.text?.hasPrefix("8.10@sha256:") == true)
        #expect(root["full"]?.text == lock.images["tempo"]?.pinned.description)
        #expect(throws: PinRulesError.self) {
            try ChartValues(lock, map: Array("a: {id: nothing, shape: tag}\n".utf8))
        }
        #expect(throws: PinRulesError.self) {
            try ChartValues(
                lock, map: Array("a: {id: api, shape: tag}\na.b: {id: api, shape: tag}\n".utf8))
        }
    }
}
