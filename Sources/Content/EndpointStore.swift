// SPDX-License-Identifier: Apache-2.0

public import OCI
internal import AsyncPrimitives

/// A store whose content is read by digest from endpoints, such as pull-through caches, first.
///
/// Endpoints save load and pulls, and are not trusted more than the store: content is verified
/// wherever it comes from. Tags are resolved by the store itself, since a cache may serve an old
/// tag. Writes go to the store only.
public struct EndpointStore: ContentStore {
    private let base: any ContentStore
    private let endpoints: [any ContentSource]
    private let health: EndpointHealth

    /// Creates a store with endpoints.
    ///
    /// - Parameters:
    ///   - base: The store.
    ///   - endpoints: The endpoints, in the order in which they are read.
    ///   - health: The state of the endpoints, shared by all stores that have the same ones.
    public init(
        _ base: any ContentStore, endpoints: [any ContentSource], health: EndpointHealth
    ) {
        self.base = base
        self.endpoints = endpoints
        self.health = health
    }

    /// The location of the store itself.
    public var location: StoreLocation { base.location }

    /// The value of the store itself.
    public var needsLikelyBlob: Bool { base.needsLikelyBlob }

    /// Checks in the store itself.
    public func existsBeforePush(blob descriptor: Descriptor) async throws -> Bool? {
        try await base.existsBeforePush(blob: descriptor)
    }

    /// Deletes from the store itself.
    public func delete(_ name: ManifestName) async throws {
        try await base.delete(name)
    }

    /// Calls the store itself.
    public func resolve(_ name: ManifestName) async throws -> Descriptor? {
        try await base.resolve(name)
    }

    /// Calls the store itself.
    public func currentDescriptor(of name: ManifestName) async throws -> Descriptor? {
        try await base.currentDescriptor(of: name)
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
        for endpoint in health.available(among: endpoints, for: descriptor.digest) {
            do {
                return try await endpoint.fetch(manifest: descriptor)
            } catch let error as any ContentFailure {
                health.record(error.failureClass, of: endpoint.location, for: descriptor.digest)
            }
        }
        return try await base.fetch(manifest: descriptor)
    }

    /// Calls the store itself.
    public func resolveByReading(_ name: ManifestName) async throws -> Descriptor? {
        try await base.resolveByReading(name)
    }

    /// Waits for the permit of the store that the blob is read from first.
    public func permitToRead(_ descriptor: Descriptor) async throws -> (any TransferPermit)? {
        let endpoint = health.available(among: endpoints, for: descriptor.digest).first
        return try await (endpoint ?? base).permitToRead(descriptor)
    }

    /// Calls the store itself.
    public func permitToWrite(_ descriptor: Descriptor) async throws -> (any TransferPermit)? {
        try await base.permitToWrite(descriptor)
    }

    /// Opens a blob at the first endpoint that has it, otherwise at the store.
    ///
    /// If the endpoint's stream breaks, the store continues it.
    public func fetch(blob descriptor: Descriptor) async throws -> ByteStream {
        for endpoint in health.available(among: endpoints, for: descriptor.digest) {
            do {
                let stream = try await endpoint.fetch(blob: descriptor)
                let continued = ContinuedStream(
                    first: stream,
                    onFailure: { [health] failure in
                        health.record(failure, of: endpoint.location, for: descriptor.digest)
                    },
                    rest: { [base] offset in
                        try await base.fetch(blob: descriptor, from: offset)
                    })
                // The endpoint and the store have verified only their own bytes.
                return VerifiedStream(continued, verifying: descriptor)
            } catch let error as any ContentFailure {
                health.record(error.failureClass, of: endpoint.location, for: descriptor.digest)
            }
        }
        return try await base.fetch(blob: descriptor)
    }

    /// Opens the rest of a blob at the store itself.
    public func fetch(
        blob descriptor: Descriptor, from offset: Int
    ) async throws -> ByteStream {
        try await base.fetch(blob: descriptor, from: offset)
    }

    /// Writes to the store itself.
    public func push(
        blob descriptor: Descriptor, expecting presence: ExpectedPresence,
        mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        try await base.push(
            blob: descriptor, expecting: presence, mountingFrom: sibling, open: open)
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
    private struct MissingContent: Hashable {
        let location: StoreLocation
        let digest: Digest
    }

    private struct State {
        var unavailableHosts: Set<String> = []
        var missingContent: Set<MissingContent> = []
    }

    private let state = Mutex(State())

    /// Creates a state in which every endpoint is healthy.
    public init() {}

    func available(among endpoints: [any ContentSource], for digest: Digest) -> [any ContentSource]
    {
        state.withLock { state in
            endpoints.filter { endpoint in
                !state.unavailableHosts.contains(endpoint.location.host)
                    && !state.missingContent.contains(
                        MissingContent(location: endpoint.location, digest: digest))
            }
        }
    }

    /// Records a failure, unless its task was canceled, which says nothing about the endpoint.
    func record(_ failure: FailureClass, of location: StoreLocation, for digest: Digest) {
        guard !Task.isCancelled else { return }
        state.withLock { state in
            switch failure {
            case .missing, .integrity, .incomplete, .invalid:
                state.missingContent.insert(MissingContent(location: location, digest: digest))
            case .denied, .throttled, .quota, .unavailable:
                state.unavailableHosts.insert(location.host)
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

/// A stream from an endpoint that the store continues after a failure.
private struct ContinuedStream: AsyncSequence, Sendable {
    let first: ByteStream
    let onFailure: @Sendable (FailureClass) -> Void
    /// Opens the rest of the blob at the store.
    let rest: @Sendable (_ offset: Int) async throws -> ByteStream

    func makeAsyncIterator() -> Iterator {
        Iterator(whole: self, current: first.makeAsyncIterator())
    }

    struct Iterator: AsyncIteratorProtocol {
        let whole: ContinuedStream
        var current: any AsyncIteratorProtocol<[UInt8], any Error>
        /// The number of bytes that were returned.
        private var offset = 0
        private var isContinued = false

        init(
            whole: ContinuedStream, current: any AsyncIteratorProtocol<[UInt8], any Error>
        ) {
            self.whole = whole
            self.current = current
        }

        mutating func next() async throws -> [UInt8]? {
            do {
                return try await advance()
            } catch let error as any ContentFailure where !isContinued {
                whole.onFailure(error.failureClass)
                // Bytes with another digest cannot be continued; the blob is read again.
                guard error.failureClass != .integrity || offset == 0 else { throw error }
                isContinued = true
                current = try await whole.rest(offset).makeAsyncIterator()
                return try await advance()
            }
        }

        private mutating func advance() async throws -> [UInt8]? {
            let chunk = try await current.next(isolation: #isolation)
            offset += chunk?.count ?? 0
            return chunk
        }
    }
}
