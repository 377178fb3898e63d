// SPDX-License-Identifier: Apache-2.0

public import OCI
internal import Synchronization

/// A store whose content is read by digest from endpoints, such as pull-through caches, first.
///
/// Endpoints save load and pulls, and are not trusted more than the store: content is verified
/// wherever it comes from. Tags are resolved by the store itself, since a cache may serve an old
/// tag. Writes go to the store only.
public struct EndpointStore: ContentStore {
    private let base: any ContentStore
    private let replicas: [any ContentSource]
    private let reputation: EndpointHealth

    /// Creates a store with endpoints.
    ///
    /// - Parameters:
    /// - base: The store.
    /// - endpoints: The endpoints, in the order in which they are read.
    /// - health: The state of the endpoints, shared by all stores that have the same ones.
    public init(
        _ base: any ContentStore, replicas: [any ContentSource], reputation: EndpointHealth
    ) {
        self.base = base
        self.replicas = replicas
        self.reputation = reputation
    }

    /// The location of the store itself.
    public var location: StoreLocation { base.location }

    /// The value of the store itself.
    public var mountReportsExistence: Bool { base.mountReportsExistence }

    /// The value of the store itself.
    public var needsExpectedBlob: Bool { base.needsExpectedBlob }

    /// Resolves a name at the store itself.
    public func delete(_ name: ManifestName) async throws {
        try await base.delete(name)
    }

    /// Calls the store itself.
    public func resolve(_ name: ManifestName) async throws -> Descriptor? {
        try await base.resolve(name)
    }

    /// Calls the store itself.
    public func standing(of name: ManifestName) async throws -> Descriptor? {
        try await base.standing(of: name)
    }

    /// Calls the store itself.
    public func isPublic(_ digest: Digest) async -> Bool? {
        await base.isPublic(digest)
    }

    /// Calls the store itself.
    public func tags() async throws -> [Tag] {
        try await base.tags()
    }

    /// Calls the store itself.
    public func referrers(of subject: Digest) async throws -> [Descriptor]? {
        try await base.referrers(of: subject)
    }

    /// Calls the store itself.
    public func exists(blob descriptor: Descriptor) async throws -> Bool {
        try await base.exists(blob: descriptor)
    }

    /// Reads a manifest from the first endpoint that has it, otherwise from the store.
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

    /// Opens a blob at the first endpoint that has it, otherwise at the store.
    ///
    /// A stream that fails is not resumed elsewhere; if the blob is opened again, another source is
    /// used.
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

/// The endpoints, and the content of endpoints, that are not requested again in this run.
///
/// An endpoint that lacks content or has corrupt content is not asked for it again. One that is
/// unreachable or denies access is not used again: each further attempt could take as long.
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

    /// Creates a state in which every endpoint is healthy.
    public init() {}

    func trusted(among replicas: [any ContentSource], for digest: Digest) -> [any ContentSource] {
        state.withLock { state in
            replicas.filter { replica in
                !state.unheard.contains(replica.location.host)
                    && !state.lacks.contains(Lack(location: replica.location, digest: digest))
            }
        }
    }

    /// Records a failure, unless its task was canceled, which says nothing about the endpoint.
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
    /// The unit that fails: a registry or a layout.
    fileprivate var host: String {
        switch self {
        case .repository(let repository): repository.registry.name
        case .layout(let directory): directory
        }
    }
}

/// A stream from an endpoint, whose failure is recorded.
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
