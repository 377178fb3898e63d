// SPDX-License-Identifier: Apache-2.0

import Files
import Lockfiles
import OCI
import Pinning
import Testing
import YAML

/// Tests quotes of values that are pinned with the new lock file and then with the old one.
@Suite struct QuoteTests {
    private static func thereAndBack(_ first: String) throws -> (there: String, back: String) {
        func pin(_ text: String, _ lock: String) throws -> String {
            let bytes = Array(text.utf8)
            let pinned = Pinner(try Fixture.lock(lock), updatesTags: true).pin(
                bytes, path: "values.yaml")
            return String(decoding: pinned.newBytes ?? bytes, as: UTF8.self)
        }
        let digest = try #require(try Fixture.lock("older.lock.yaml").images["octet"]?.digest)
        let start = first.replacing("R", with: "ghcr.io/acme/mirror/octet")
            .replacing("D", with: digest.description)
        let there = try pin(start, "images.lock.yaml")
        #expect(there != start)
        let back = try pin(there, "older.lock.yaml")
        return (
            there,
            back.replacing("ghcr.io/acme/mirror/octet", with: "R")
                .replacing(digest.description, with: "D")
        )
    }

    @Test(arguments: [
        "image: {repository: R, tag: v8.9.3, digest: D}",
        "image: {repository: R, tag: \"v8.9.3\", digest: 'D'}",
        "image: {repository: R, tag: v8.9.3, digest: 'D'}",
        "image:\n  repository: R\n  tag: v8.9.3 # why\n  digest: \"D\"\n",
        "image: {repository: 'R', tag: 'v8.9.3', digest: D}",
        "{\"image\": {\"repository\": \"R\", \"tag\": \"v8.9.3\", \"digest\": \"D\"}}",
        "kind: Kustomization\nimages: [{name: R, newTag: v8.9.3, digest: D}]",
    ])
    func `single quotes are added and removed as needed`(_ first: String) throws {
        let (there, back) = try Self.thereAndBack(first)
        #expect(there.contains("'8.10'") || there.contains("\"8.10\""), "\(there)")
        #expect(back == first)
    }

    @Test(arguments: [
        ("v: 'x'\nimage: {repository: R, tag: v8.9.3, digest: D}", "tag: \"v8.9.3\""),
        ("image: {repository: R, tag: 'v8.9.3', digest: D}", "tag: v8.9.3"),
    ])
    func `in a file with unneeded quotes, the text is restored and the quotes are kept`(
        _ first: String, _ tag: String
    ) throws {
        let (_, back) = try Self.thereAndBack(first)
        #expect(back != first && back.contains(tag), "\(back)")
    }

    @Test(arguments: [
        "8.10", "1234567", "72044e0", "26e2", "0123", "0x1f", "0o17", "1_000", "no", "on", "null",
        "2027-01-31", "1.0.0", "v1",
    ])
    func `D06 a tag that some reader resolves to another type is quoted`(_ tag: String) throws {
        let text = String(
            decoding: try BoundedFile.read("\(Fixture.folder)/images.lock.yaml", limit: 1 << 20),
            as: UTF8.self)
        let lock = try Lockfile(
            parsing: Array(
                text.replacing("octet:8.10", with: "octet:\(tag)")
                    .replacing("tag: \"8.10\"", with: "tag: \"\(tag)\"").utf8))
        let values = "image: {repository: ghcr.io/acme/mirror/octet, tag: v0, digest: ''}\n"
        let pinned = Pinner(lock, updatesTags: true).pin(Array(values.utf8), path: "values.yaml")
        let stream = try YAMLDocumentStream(parsing: try #require(pinned.newBytes))
        let node = try #require(stream.documents[0].root["image"]?["tag"])
        #expect(YAMLScalar(node) == .string(tag))
        let isPlain = if case .scalar(_, .plain) = node.kind { true } else { false }
        #expect(isPlain == ["1.0.0", "v1"].contains(tag))
    }
}
