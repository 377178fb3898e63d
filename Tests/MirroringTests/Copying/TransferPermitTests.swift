// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Content
import OCI
import RegistryTestSupport
import Testing

@testable import Mirroring

@Suite(.timeLimit(.minutes(10))) struct TransferPermitTests {
    private final class Permit: TransferPermit {
        private let free: AsyncCondition<Int>
        private let isHeld = AsyncCondition(true)

        init(of free: AsyncCondition<Int>) { self.free = free }
        deinit { release() }
        func start() {}
        func respond() {}
        func release() {
            let wasHeld = isHeld.change { isHeld in
                defer { isHeld = false }
                return isHeld
            }
            if wasHeld { free.change { $0 += 1 } }
        }
    }

    /// A store that permits one download and one upload at a time.
    private struct Limited: ContentStore {
        let base: MemoryStore
        private let reading = AsyncCondition(1)
        private let writing = AsyncCondition(1)

        init(_ name: String) throws {
            base = MemoryStore(at: .repository(try Repository(parsing: name)))
        }

        private func permit(_ free: AsyncCondition<Int>) async throws -> any TransferPermit {
            try await free.take { $0 > 0 ? ($0 -= 1) : nil }
            return Permit(of: free)
        }

        var location: StoreLocation { base.location }
        var held: Int { 2 - reading.state - writing.state }

        func permitToRead(_ blob: Descriptor) async throws -> (any TransferPermit)? {
            try await permit(reading)
        }
        func permitToWrite(_ blob: Descriptor) async throws -> (any TransferPermit)? {
            try await permit(writing)
        }
        func resolve(_ name: ManifestName) async throws -> Descriptor? {
            try await base.resolve(name)
        }
        func fetch(manifest: Descriptor) async throws -> RawManifest {
            try await base.fetch(manifest: manifest)
        }
        func fetch(blob: Descriptor) async throws -> ByteStream {
            try await base.fetch(blob: blob)
        }
        func exists(blob: Descriptor) async throws -> Bool { try await base.exists(blob: blob) }
        func tags() async throws -> [OCI.Tag] { try await base.tags() }
        func push(
            blob: Descriptor, expecting presence: ExpectedPresence,
            mountingFrom sibling: StoreLocation?,
            open: @escaping @Sendable () async throws -> ByteStream
        ) async throws -> BlobPushResult {
            try await base.push(
                blob: blob, expecting: presence, mountingFrom: sibling, open: open)
        }
        func push(
            manifest: RawManifest, as name: ManifestName
        ) async throws -> ManifestPushResult {
            try await base.push(manifest: manifest, as: name)
        }
    }

    @Test(arguments: [1, 64, nil])
    func `copies to targets in any order never wait for each other`(jobs: Int?) async throws {
        let source = try Limited("source.example/app")
        let targets = [try Limited("one.example/app"), try Limited("two.example/app")]
        let transfers = BlobTransfers(jobs, now: { .zero })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                let image = ImageBuilder().image(
                    layers: (0..<6).map { .random(size: 1000, seed: UInt64(number * 6 + $0)) })
                for (digest, bytes) in image.blobs {
                    let blob = Descriptor(
                        mediaType: .octetStream, digest: digest, size: bytes.count)
                    _ = try await source.base.push(
                        blob: blob, expecting: .absent, mountingFrom: nil
                    ) {
                        BytesInMemory(bytes)
                    }
                }
                _ = try await source.push(
                    manifest: image.root, as: .tag(try Tag(parsing: "1.\(number)")))
                let graph = try await ManifestGraph.read(from: image.root, in: source)
                let order = number.isMultiple(of: 2) ? targets : targets.reversed()
                let copy = ImageCopy(
                    of: graph, for: "image \(number)", from: [source],
                    to: try order.map {
                        TargetCopy(
                            to: $0, as: .tag(try Tag(parsing: "1.\(number)")), replacing: nil)
                    }, transfers: transfers)
                group.addTask {
                    try await copy.run()
                    #expect(copy.targets.allSatisfy { $0.failure == nil })
                }
            }
            try await group.waitForAll()
        }
        #expect(([source] + targets).allSatisfy { $0.held == 0 })
    }
}
