// SPDX-License-Identifier: Apache-2.0

import Files
import Lockfiles
import OCI
import Pinning
import Testing
import YAML

/// Tests that a digest is written only with the tag that it belongs to.
@Suite struct StatedVersionTests {
    private static let old = "sha256:" + String(repeating: "a", count: 64)

    private static func lock(_ edit: (String) -> String = { $0 }) throws -> Lockfile {
        let bytes = try BoundedFile.read("\(Fixture.folder)/images.lock.yaml", limit: 1 << 20)
        return try Lockfile(parsing: Array(edit(String(decoding: bytes, as: UTF8.self)).utf8))
    }

    private static func digest(_ id: String) throws -> String {
        try #require(try lock().images[id]).digest.description
    }

    /// Returns the text after a run, and the result for each image.
    private static func pin(
        _ text: String, _ lock: Lockfile, rules: String? = nil, rewritesReferences: Bool = false,
        updatesTags: Bool = false
    ) throws -> (text: String, sites: [PinnedSite]) {
        let rules = try rules.map { try PinRules(parsing: Array($0.utf8)) } ?? PinRules()
        let file = Pinner(
            lock, rules: rules, rewritesReferences: rewritesReferences, updatesTags: updatesTags
        )
        .pin(Array(text.utf8), path: "values.yaml")
        #expect(file.error == nil)
        return (file.newBytes.map { String(decoding: $0, as: UTF8.self) } ?? text, file.sites)
    }

    @Test func `a file with another version is not changed without --update-tags`()
        throws
    {
        let text = "image: ghcr.io/acme/mirror/api:1.4.1 # why\n"
        let stated = try Self.pin(text, try Self.lock())
        #expect(stated.text == text)
        #expect(stated.sites.map(\.status) == [.versionDiffers])
        #expect(stated.sites.first?.new == nil)
        let updated = try Self.pin(text, try Self.lock(), updatesTags: true)
        let digest = try Self.digest("api")
        #expect(updated.text == "image: ghcr.io/acme/mirror/api:1.4.2@\(digest) # why\n")
        #expect(updated.sites.map(\.status) == [.changed])
    }

    @Test(arguments: [
        "image: ghcr.io/acme/mirror/kafka:0.46.0\n",
        "image: ghcr.io/acme/mirror/kafka@\(old)\n",
        "image: {repository: ghcr.io/acme/mirror/kafka, tag: '', digest: ''}\n",
    ])
    func `none of several versions is guessed, even with --update-tags`(_ text: String) throws {
        for updatesTags in [false, true] {
            let pinned = try Self.pin(text, try Self.lock(), updatesTags: updatesTags)
            #expect(pinned.text == text)
            let site = try #require(pinned.sites.first)
            #expect(site.status == .versionDiffers)
            let reason = try #require(site.reason)
            #expect(
                reason.contains("(kafka-3-9-0)") && reason.contains("(kafka-4-0-0)"), "\(reason)")
            #expect(reason.contains("add '# ocimirror: ID'"))
        }
        let marked = text.replacing("\n", with: " # ocimirror: kafka-4-0-0\n")
        let chosen = try Self.pin(marked, try Self.lock(), updatesTags: true)
        #expect(chosen.text.contains(try Self.digest("kafka-4-0-0")))
    }

    @Test func `an id selects the image, and the version only if the file has none`() throws {
        let lock = try Self.lock()
        let marked = "image: {repository: ghcr.io/acme/mirror/api, tag: T} # ocimirror: api\n"
        let other = try Self.pin(marked.replacing("T", with: "1.4.1"), lock)
        #expect(other.sites.map(\.status) == [.versionDiffers])
        let empty = try Self.pin(marked.replacing("T", with: "''"), lock)
        #expect(empty.text.contains("tag: '1.4.2@\(try Self.digest("api"))'"), "\(empty.text)")
        let rules = "version: 1\nrules:\n  - {path: image, id: api}\n"
        let plain = "image: {repository: ghcr.io/acme/mirror/api, tag: T}\n"
        let ruled = try Self.pin(plain.replacing("T", with: "1.4.1"), lock, rules: rules)
        #expect(ruled.sites.map(\.status) == [.versionDiffers])
        let ruledEmpty = try Self.pin(plain.replacing("T", with: "''"), lock, rules: rules)
        #expect(ruledEmpty.sites.map(\.status) == [.changed])
    }

    @Test func `a second digest belongs to the tag beside it`() throws {
        let rules = """
            version: 1
            rules:
              - {path: image.digestChroot, id: ingress-chroot, shape: digest}
              - {path: other.image, id: frontend}

            """
        let text = """
            image: {registry: ghcr.io, image: acme/mirror/ingress-nginx, tag: TAG, digest: '\(Self.old)',
              digestChroot: '\(Self.old)'}
            other: {image: {name: frontend, defaultTag: 6.6.0@\(Self.old)}}

            """
        let older = try Self.pin(
            text.replacing("TAG", with: "v1.12.0"), try Self.lock(), rules: rules)
        #expect(older.sites.map(\.status) == [.versionDiffers, .versionDiffers, .versionDiffers])
        let same = try Self.pin(
            text.replacing("TAG", with: "v1.13.0").replacing("6.6.0", with: "6.6.868"),
            try Self.lock(), rules: rules)
        #expect(same.sites.map(\.status) == [.changed, .changed, .changed])
        #expect(same.text.contains("digestChroot: '\(try Self.digest("ingress-chroot"))'"))
    }

    @Test func `a lock entry without a tag pins files without a tag`() throws {
        let lock = try Self.lock { text in
            text.replacing(
                "docker.io/example/tempo:latest", with: "docker.io/example/tempo@\(Self.old)")
        }
        let digest = try Self.digest("tempo")
        let bare = "image: ghcr.io/acme/mirror/tempo@\(Self.old)\n"
        #expect(try Self.pin(bare, lock).text == bare.replacing(Self.old, with: digest))
        let tagged = "image: ghcr.io/acme/mirror/tempo:2.8.0\n"
        let stated = try Self.pin(tagged, lock)
        #expect(stated.sites.map(\.status) == [.versionDiffers])
        #expect(stated.sites.first?.reason?.contains("the lock file has no tag") == true)
        let updated = try Self.pin(tagged, lock, updatesTags: true)
        #expect(updated.text == "image: ghcr.io/acme/mirror/tempo@\(digest)\n")
        // A tag of other content is not written with the digest.
        for pair in ["tag: 2.8.0", "tag: 2.8.0, digest: ''"] {
            let text = "image: {repository: ghcr.io/acme/mirror/tempo, \(pair)}\n"
            let pinned = try Self.pin(text, lock, updatesTags: true)
            #expect(pinned.text == text)
            #expect(pinned.sites.map(\.status) == [.unpinnable])
        }
    }

    @Test func `with --update-tags a floating tag of the lock file replaces a version`() throws {
        let digest = try Self.digest("tempo")
        let text = "image: {repository: ghcr.io/acme/mirror/tempo, tag: 2.8.0, digest: ''}\n"
        let pinned = try Self.pin(text, try Self.lock(), updatesTags: true)
        #expect(
            pinned.text
                == text.replacing("2.8.0", with: "latest").replacing("''", with: "'\(digest)'"))
        #expect(pinned.sites.first?.new?.tag?.name == "latest")
    }

    @Test func `the reported new image is the one in the file`() throws {
        let text = "image: {repository: ghcr.io/acme/mirror/api, tag: '', digest: ''}\n"
        let pinned = try Self.pin(text, try Self.lock(), updatesTags: true)
        let new = try #require(pinned.sites.first?.new)
        #expect(new.tag == nil)
        #expect(pinned.text.contains("tag: '', digest: '\(try #require(new.digest))'"))
    }

    @Test(arguments: ["\n", "\r\n"])
    func `a kustomization's name is a key: --rewrite adds newName in the file's style`(
        _ end: String
    ) throws {
        let digest = try Self.digest("api")
        let before = [
            "kind: Kustomization", "images:", "  -   name: 'example/api' # matched",
            "      newTag: \"1.4.2\"",
            "  - {name: example/api, newTag: \"1.4.2\"}",
        ].joined(separator: end)
        let after = [
            "kind: Kustomization", "images:", "  -   name: 'example/api' # matched",
            "      newName: 'ghcr.io/acme/mirror/api'", "      newTag: \"1.4.2\"",
            "      digest: \"\(digest)\"",
            "  - {name: example/api, newName: ghcr.io/acme/mirror/api, newTag: \"1.4.2\", digest: \"\(digest)\"}",
        ].joined(separator: end)
        #expect(try Self.pin(before, try Self.lock(), rewritesReferences: true).text == after)
        #expect(try Self.pin(after, try Self.lock(), rewritesReferences: true).text == after)
    }

    @Test func `a kustomization with another version is not rewritten`() throws {
        let text = "kind: Kustomization\nimages: [{name: example/api, newTag: \"1.4.1\"}]\n"
        let pinned = try Self.pin(text, try Self.lock(), rewritesReferences: true)
        #expect(pinned.text == text)
        #expect(pinned.sites.map(\.status) == [.versionDiffers])
    }

    @Test func `a value shared with an unchanged image is not changed`() throws {
        let text = """
            v: &v {repository: ghcr.io/acme/mirror/api, tag: &tag 1.4.2}
            image: *v
            skipped: {image: {repository: ghcr.io/acme/mirror/keda, tag: *tag}} # ocimirror: skip

            """
        let pinned = try Self.pin(text, try Self.lock())
        #expect(pinned.text == text)
        #expect(pinned.sites.map(\.status) == [.unpinnable, .skipped])
    }
}
