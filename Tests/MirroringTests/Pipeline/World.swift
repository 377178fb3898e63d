// SPDX-License-Identifier: Apache-2.0

import Content
import Mirroring
import OCI
import RegistryTestSupport
import AsyncPrimitives

/// All stores of a test, in memory, with one journal of their operations.
final class World: Sendable {
    /// An operation of a store.
    struct Event: Hashable, Sendable {
        let location: StoreLocation
        let operation: Operation
    }

    enum Operation: Hashable, Sendable {
        case resolve(ManifestName)
        case tags
        case referrers(Digest)
        case fetchManifest(Digest)
        case fetchBlob(Digest)
        /// The first bytes of an opened blob were read.
        case read(Digest)
        case exists(Digest)
        case pushBlob(Digest)
        case mounted(Digest, from: StoreLocation)
        case pushManifest(Digest, as: ManifestName)

        var isPush: Bool {
            switch self {
            case .pushBlob, .mounted, .pushManifest: true
            case .resolve, .tags, .referrers, .fetchManifest, .fetchBlob, .read, .exists: false
            }
        }

        var isFetch: Bool {
            switch self {
            case .fetchManifest, .fetchBlob, .read: true
            case .resolve, .tags, .referrers, .exists, .pushBlob, .mounted, .pushManifest: false
            }
        }
    }

    /// A function that runs before each operation; it can do nothing, throw or suspend.
    typealias Interception = @Sendable (Event, _ number: Int) async throws -> Void

    private struct State {
        var stores: [StoreLocation: WatchedStore] = [:]
        var journal: [Event] = []
        var interception: Interception = { _, _ in }
        var mounts = true
    }
    private let state = Mutex(State())

    /// The provider of these stores.
    var stores: StoreProvider { StoreProvider { [self] in store(at: $0) } }

    func store(at location: StoreLocation) -> WatchedStore {
        state.withLock { state in
            let store = state.stores[location] ?? WatchedStore(at: location, in: self)
            state.stores[location] = store
            return store
        }
    }

    func store(_ repository: String) throws -> WatchedStore {
        store(at: .repository(try Repository(parsing: repository)))
    }

    /// Stores an image without recording operations.
    @discardableResult
    func publish(_ image: BuiltImage, at reference: String) async throws -> Digest {
        let reference = try Reference(parsing: reference)
        try await publish(image, at: .repository(reference.repository), tag: reference.tag)
        return image.digest
    }

    func publish(_ image: BuiltImage, at location: StoreLocation, tag: Tag?) async throws {
        let memory = store(at: location).memory
        for (digest, bytes) in image.blobs {
            let descriptor = Descriptor(
                mediaType: .octetStream, digest: digest, size: bytes.count)
            _ = try await memory.push(blob: descriptor, expecting: .absent, mountingFrom: nil) {
                BytesInMemory(bytes)
            }
        }
        for manifest in image.manifests {
            let isRoot = manifest.descriptor.digest == image.digest
            let name = isRoot ? tag.map(ManifestName.tag) : nil
            try await memory.push(
                manifest: manifest, as: name ?? .digest(manifest.descriptor.digest))
        }
    }

    /// Sets the function that runs before each operation.
    func intercept(_ interception: @escaping Interception) {
        state.withLock { $0.interception = interception }
    }

    /// Makes every registry reject mounts from now on.
    func rejectMounts() { state.withLock { $0.mounts = false } }

    /// Returns the operations since the last call, in order.
    func takeJournal() -> [Event] {
        state.withLock { state in
            defer { state.journal = [] }
            return state.journal
        }
    }

    fileprivate var mounts: Bool { state.withLock { $0.mounts } }

    fileprivate func record(_ operation: Operation, at location: StoreLocation) async throws {
        let event = Event(location: location, operation: operation)
        let (interception, number) = state.withLock { state in
            state.journal.append(event)
            return (state.interception, state.journal.count)
        }
        try await interception(event, number)
    }
}

extension World.Event {
    /// The location and the operation, such as `host/path resolve 1.0`.
    var described: String {
        let text =
            switch operation {
            case .resolve(let name): "resolve \(name)"
            case .tags: "tags"
            case .referrers(let digest): "referrers \(digest)"
            case .fetchManifest(let digest): "fetch manifest \(digest)"
            case .fetchBlob(let digest): "fetch blob \(digest)"
            case .read(let digest): "read \(digest)"
            case .exists(let digest): "exists \(digest)"
            case .pushBlob(let digest): "push blob \(digest)"
            case .mounted(let digest, let sibling): "mount \(digest) from \(sibling)"
            case .pushManifest(_, let name): "push manifest \(name)"
            }
        return "\(location) \(text)"
    }
}

/// An in-memory store that records its operations and fails as the test requires.
final class WatchedStore: ContentStore {
    let memory: MemoryStore
    private let world: World
    /// The content that the store has lost, until it is pushed again.
    private let lost = Mutex<Set<Digest>>([])

    fileprivate init(at location: StoreLocation, in world: World) {
        self.memory = MemoryStore(at: location)
        self.world = world
    }

    var location: StoreLocation { memory.location }

    /// Loses a manifest or blob, as with a retention policy or a disk failure.
    func lose(_ digest: Digest) {
        lost.withLock { _ = $0.insert(digest) }
    }

    private func has(_ digest: Digest) -> Bool { lost.withLock { !$0.contains(digest) } }

    private func requirePresence(of digest: Digest) throws {
        guard has(digest) else { throw ContentError(.missing, "\(digest.short) not found") }
    }

    private func restore(_ digest: Digest) { lost.withLock { _ = $0.remove(digest) } }

    private func record(_ operation: World.Operation) async throws {
        try await world.record(operation, at: location)
    }

    func resolve(_ name: ManifestName) async throws -> Descriptor? {
        try await record(.resolve(name))
        guard let descriptor = try await memory.resolve(name) else { return nil }
        return has(descriptor.digest) ? descriptor : nil
    }

    func fetch(manifest descriptor: Descriptor) async throws -> RawManifest {
        try await record(.fetchManifest(descriptor.digest))
        try requirePresence(of: descriptor.digest)
        return try await memory.fetch(manifest: descriptor)
    }

    func fetch(blob descriptor: Descriptor) async throws -> ByteStream {
        try await record(.fetchBlob(descriptor.digest))
        try requirePresence(of: descriptor.digest)
        return ObservedStream(base: try await memory.fetch(blob: descriptor)) { [self] in
            try await record(.read(descriptor.digest))
        }
    }

    func exists(blob descriptor: Descriptor) async throws -> Bool {
        try await record(.exists(descriptor.digest))
        guard has(descriptor.digest) else { return false }
        return try await memory.exists(blob: descriptor)
    }

    func tags() async throws -> [Tag] {
        try await record(.tags)
        return try await memory.tags()
    }

    func referrers(of subject: Digest) async throws -> [Descriptor]? {
        try await record(.referrers(subject))
        return try await memory.referrers(of: subject)
    }

    func push(
        blob descriptor: Descriptor, expecting presence: ExpectedPresence,
        mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        if presence != .absent, try await exists(blob: descriptor) { return .present }
        if let sibling, world.mounts {
            try await record(.mounted(descriptor.digest, from: sibling))
            let origin = world.store(at: sibling).memory
            _ = try await memory.push(blob: descriptor, expecting: .absent, mountingFrom: nil) {
                try await origin.fetch(blob: descriptor)
            }
            restore(descriptor.digest)
            return .mounted
        }
        try await record(.pushBlob(descriptor.digest))
        let result = try await memory.push(
            blob: descriptor, expecting: .absent, mountingFrom: nil, open: open)
        restore(descriptor.digest)
        return result
    }

    func push(
        manifest: RawManifest, as name: ManifestName
    ) async throws -> ManifestPushResult {
        try await record(.pushManifest(manifest.descriptor.digest, as: name))
        let result = try await memory.push(manifest: manifest, as: name)
        restore(manifest.descriptor.digest)
        return result
    }
}

/// A stream that reports when its first chunk is requested.
private struct ObservedStream: AsyncSequence, Sendable {
    let base: ByteStream
    let onFirstRead: @Sendable () async throws -> Void

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), onFirstRead: onFirstRead)
    }

    struct Iterator: AsyncIteratorProtocol {
        var base: any AsyncIteratorProtocol<[UInt8], any Error>
        var onFirstRead: (@Sendable () async throws -> Void)?

        mutating func next() async throws -> [UInt8]? {
            try await onFirstRead.take()?()
            return try await base.next(isolation: #isolation)
        }
    }
}
