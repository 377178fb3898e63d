// SPDX-License-Identifier: Apache-2.0

import Hashing
import Lockfiles
import Mirroring
import OCI
import Testing

@Suite struct `The lock files of shards` {
    private static let inputs = Digest.of(Array("configuration".utf8))

    private static func entry(_ id: String, digest: Digest) throws -> LockedImage {
        LockedImage(
            source: "a.example/\(id):1.0", upstream: "a.example/\(id)@\(digest)",
            repository: try Repository(parsing: "mirror.example/m/\(id)"),
            tag: try Tag(parsing: "1.0"), digest: digest, mediaType: .ociIndex, size: 1609,
            validation: .config, platforms: [:])
    }

    private static func shard(
        _ number: Int, of count: Int = 2, inputs: Digest = inputs,
        validation: ValidationLevel? = .config, ids: [String], digest: String = "image"
    ) throws -> LockMerge.ShardLockfile {
        var images: [String: LockedImage] = [:]
        for id in ids { images[id] = try entry(id, digest: .of(Array(digest.utf8))) }
        return LockMerge.ShardLockfile(
            path: "lock.\(number)-of-\(count)", shard: try #require(Shard(number, of: count)),
            lock: Lockfile(inputs: inputs, validation: validation, images: images))
    }

    @Test func `are merged to the union of their entries`() throws {
        let first = try Self.shard(1, ids: ["app", "kept"])
        let merged = try LockMerge([first, Self.shard(2, ids: ["web", "kept"])]).lock
        #expect(merged.images.keys.sorted() == ["app", "kept", "web"])
        #expect(merged.inputs == Self.inputs && merged.validation == .config)
    }

    @Test func `are not merged if one has the inputs of another configuration`() throws {
        let other = try Self.shard(2, inputs: .of([]), ids: ["web"])
        #expect(throws: LockMerge.Problem.differentConfigurations("lock.1-of-2", "lock.2-of-2")) {
            try LockMerge([Self.shard(1, ids: ["app"]), other])
        }
    }

    @Test func `are not merged if one requires another validation level`() throws {
        let other = try Self.shard(2, validation: .index, ids: ["web"])
        #expect(throws: LockMerge.Problem.differentConfigurations("lock.1-of-2", "lock.2-of-2")) {
            try LockMerge([Self.shard(1, ids: ["app"]), other])
        }
    }

    @Test func `are not merged if they have different entries for an image`() throws {
        let other = try Self.shard(2, ids: ["app"], digest: "other")
        #expect(
            throws: LockMerge.Problem.conflictingEntries(
                id: "app", "lock.1-of-2", "lock.2-of-2")
        ) {
            try LockMerge([Self.shard(1, ids: ["app"]), other])
        }
    }

    @Test func `are not merged if a shard is missing, repeated or of another run`() throws {
        let first = try Self.shard(1, ids: ["app"])
        #expect(throws: LockMerge.Problem.incomplete(missing: ["2/2"])) { try LockMerge([first]) }
        #expect(throws: LockMerge.Problem.incomplete(missing: ["1/1"])) { try LockMerge([]) }
        #expect(throws: LockMerge.Problem.mismatchedShard("lock.1-of-2")) {
            try LockMerge([first, first])
        }
        #expect(throws: LockMerge.Problem.mismatchedShard("lock.2-of-3")) {
            try LockMerge([first, Self.shard(2, of: 3, ids: ["web"])])
        }
    }
}
