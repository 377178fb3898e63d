// SPDX-License-Identifier: Apache-2.0

public import OCI
internal import Synchronization

/// A store whose content is read, by digest, from copies elsewhere first.
///
/// Copies take load and quota off the store, and are believed no more than it: what a digest names
/// is proved wherever it comes from. Names are asked of the store itself, since a cache may serve
/// old tags, and it alone is written to.
public struct EndpointStore: ContentStore {
    private let base: any ContentStore
    private let replicas: [any ContentSource]
    private let reputation: EndpointHealth

    /// Puts replicas before a store.
    ///
    /// - Parameters:
    ///   - base: the store.
    ///   - replicas: where its content is read first, in this order.
    ///   - reputation: what is known of replicas, shared by all stores that have the same ones.
    public init(
        _ base: any ContentStore, replicas: [any ContentSource], reputation: EndpointHealth
    ) {
        self.base = base
        self.replicas = replicas
        self.reputation = reputation
    }

    /// Where the store itself is.
    public var location: StoreLocation { base.location }

    /// As the store itself.
    public var mountReportsExistence: Bool { base.mountReportsExistence }

    /// As the store itself.
    public var needsExpectedBlob: Bool { base.needsExpectedBlob }

    /// Asks the store itself.
    public func delete(_ name: ManifestName) async throws {
        try await base.delete(name)
    }

    /// Asks the store itself.
    public func resolve(_ name: ManifestName) async throws -> Descriptor? {
        try await base.resolve(name)
    }

    /// Asks the store itself.
    public func standing(of name: ManifestName) async throws -> Descriptor? {
        try await base.standing(of: name)
    }

    /// Asks the store itself.
    public func isPublic(_ digest: Digest) async -> Bool? {
        await base.isPublic(digest)
    }

    /// Asks the store itself.
    public func tags() async throws -> [Tag] {
        try await base.tags()
    }

    /// Asks the store itself.
    public func referrers(of subject: Digest) async throws -> [Descriptor]? {
        try await base.referrers(of: subject)
    }

    /// Asks the store itself.
    public func exists(blob descriptor: Descriptor) async throws -> Bool {
        try await base.exists(blob: descriptor)
    }

    /// Reads a manifest from the first replica that can give it, else from the store.
    public func fetch(manifest descriptor: Descriptor) async throws -> RawManifest {
        for replica in reputation.trusted(among: replicas, for: descriptor.digest) {
            do {
                return try await replica.fetch(manifest: descriptor)
            } catch let error as any ContentFailure {
                reputation.note(error.failureClass, of: replica.location, for: descriptor.digest)
            }
        }
        return try await base.fetch(manifest: descriptor)
    }

    /// Opens a blob at the first replica that can give it, else at the store.
    ///
    /// A stream that fails half-way has failed; when the blob is opened again, it comes from elsewhere.
    public func fetch(blob descriptor: Descriptor) async throws -> ByteStream {
        for replica in reputation.trusted(among: replicas, for: descriptor.digest) {
            do {
                let stream = try await replica.fetch(blob: descriptor)
                return EndpointStream(base: stream) { [reputation] failure in
                    reputation.note(failure, of: replica.location, for: descriptor.digest)
                }
            } catch let error as any ContentFailure {
                reputation.note(error.failureClass, of: replica.location, for: descriptor.digest)
            }
        }
        return try await base.fetch(blob: descriptor)
    }

    /// Writes to the store itself.
    public func push(
        blob descriptor: Descriptor, mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        try await base.push(blob: descriptor, mountingFrom: sibling, open: open)
    }

    /// Writes to the store itself.
    public func push(
        expected descriptor: Descriptor, mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        try await base.push(expected: descriptor, mountingFrom: sibling, open: open)
    }

    /// Writes to the store itself.
    @discardableResult
    public func push(
        manifest: RawManifest, as name: ManifestName
    ) async throws -> ManifestPushResult {
        try await base.push(manifest: manifest, as: name)
    }
}

/// Which replicas are not asked again in this run, and for what.
///
/// One that lacks something, or has it wrong, is not asked for that again. One that cannot be
/// reached, or refuses, is not asked for anything again: each further attempt would take as long.
public final class EndpointHealth: Sendable {
    private struct Lack: Hashable {
        let location: StoreLocation
        let digest: Digest
    }

    private struct State {
        var unheard: Set<String> = []
        var lacks: Set<Lack> = []
    }

    private let state = Mutex(State())

    /// Makes one that thinks well of everybody.
    public init() {}

    func trusted(among replicas: [any ContentSource], for digest: Digest) -> [any ContentSource] {
        state.withLock { state in
            replicas.filter { replica in
                !state.unheard.contains(replica.location.host)
                    && !state.lacks.contains(Lack(location: replica.location, digest: digest))
            }
        }
    }

    /// Notes a failure, unless it is that of a cancelled task, which says nothing about the replica.
    func note(_ failure: FailureClass, of location: StoreLocation, for digest: Digest) {
        guard !Task.isCancelled else { return }
        state.withLock { state in
            switch failure {
            case .missing, .integrity, .incomplete, .invalid:
                state.lacks.insert(Lack(location: location, digest: digest))
            case .denied, .throttled, .quota, .unavailable:
                state.unheard.insert(location.host)
            }
        }
    }
}

extension StoreLocation {
    /// What fails as a whole: a registry, or a folder.
    fileprivate var host: String {
        switch self {
        case .repository(let repository): repository.registry.name
        case .layout(let directory): directory
        }
    }
}

/// A replica's stream, whose failure is remembered.
private struct EndpointStream: AsyncSequence, Sendable {
    let base: ByteStream
    let failed: @Sendable (FailureClass) -> Void

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), failed: failed)
    }

    struct Iterator: AsyncIteratorProtocol {
        var base: any AsyncIteratorProtocol<[UInt8], any Error>
        let failed: @Sendable (FailureClass) -> Void

        mutating func next() async throws -> [UInt8]? {
            do {
                return try await base.next(isolation: #isolation)
            } catch let error as any ContentFailure {
                failed(error.failureClass)
                throw error
            }
        }
    }
}
