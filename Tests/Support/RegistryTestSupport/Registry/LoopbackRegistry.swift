// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI
internal import Synchronization

/// A registry on a free port of 127.0.0.1, correct until a test injects a fault.
///
/// Its content is in memory. It writes down every request, and after every write it proves that
/// what it holds can be pulled.
public final class LoopbackRegistry: Sendable {
    private let service: RegistryService
    private let server: LoopbackServer
    private let isTLS: Bool

    /// Starts a registry.
    ///
    /// - Parameters:
    ///   - traits: in what it differs from other registries.
    ///   - authentication: what it asks of its clients.
    ///   - issuer: whose tokens are had at its `/token`; by default those that it asks for.
    ///   - certificate: with what it speaks TLS; plain HTTP where there is none.
    ///   - port: where it listens; 0 for a free port.
    public init(
        _ traits: RegistryTraits = RegistryTraits(), authentication: Authentication = .none,
        issuing issuer: TokenIssuer? = nil, certificate: ServerCertificate? = nil, port: UInt16 = 0
    ) {
        service = RegistryService(traits, authentication, issuer)
        server = LoopbackServer(service, certificate: certificate, port: port)
        isTLS = certificate != nil
        let origin = origin
        service.origin.withLock { $0 = origin }
    }

    /// Starts a registry like one of the world.
    ///
    /// - Parameters:
    ///   - profile: which.
    ///   - mode: what kind of day it has.
    ///   - certificate: with what it speaks TLS, under its real names; without one it is at 127.0.0.1,
    ///     and its storage at localhost.
    ///   - port: where it listens; 0 for a free port.
    public init(
        _ profile: any RegistryEmulation, mode: ProfileMode = .calm,
        certificate: ServerCertificate? = nil, port: UInt16 = 0
    ) {
        service = RegistryService(profile)
        server = LoopbackServer(service, certificate: certificate, port: port)
        isTLS = certificate != nil
        let places = isTLS ? ProfilePlaces(profile.hosts) : ProfilePlaces(port: server.port)
        service.origin.withLock { $0 = places.registry }
        service.places.withLock { $0 = places }
        for rule in profile.faults(in: mode) { inject(rule) }
    }

    /// Ends all connections and frees the port.
    ///
    /// What the ledger holds can still be read.
    public func stop() {
        service.stopping.open()
        server.stop()
    }

    deinit {
        stop()
    }

    // MARK: Names

    /// The host and port, as references name the registry.
    public var host: String { "127.0.0.1:\(port)" }

    /// The port that it listens on.
    public var port: UInt16 { server.port }

    /// The scheme, host and port.
    public var origin: String { "\(isTLS ? "https" : "http")://\(host)" }

    /// Where tokens are had, if the registry issues any.
    public var tokenURL: String { "\(origin)/token" }

    /// The repository of a path in this registry.
    public func repository(_ path: String) throws -> Repository {
        try Repository(parsing: "\(host)/\(path)")
    }

    // MARK: Content

    /// Puts an image into the registry as it is, complete or not, and tags its root.
    public func publish(_ image: BuiltImage, repository: String, tag: String? = nil) {
        service.model.withLock { model in
            for (digest, bytes) in image.blobs {
                model.blobs[digest] = Bytes(bytes)
                model.shelves[repository, default: .init()].blobs.insert(digest)
            }
            for (digest, generated) in image.generatedBlobs {
                model.blobs[digest] = Bytes(generated)
                model.shelves[repository, default: .init()].blobs.insert(digest)
            }
            for manifest in image.manifests {
                model.shelves[repository, default: .init()]
                    .manifests[manifest.descriptor.digest] = manifest
            }
            if let tag {
                model.shelves[repository, default: .init()].tags[tag] =
                    image.root.descriptor.digest
            }
        }
    }

    /// Points a tag at a manifest, whether or not that is there; nil removes the tag.
    public func setTag(_ tag: String, of repository: String, to digest: Digest?) {
        service.model.withLock { $0.shelves[repository, default: .init()].tags[tag] = digest }
    }

    /// Removes a blob from a repository.
    public func removeBlob(_ digest: Digest, from repository: String) {
        _ = service.model.withLock { $0.shelves[repository]?.blobs.remove(digest) }
    }

    /// Removes a manifest from a repository.
    ///
    /// Tags that point to it stay.
    public func removeManifest(_ digest: Digest, from repository: String) {
        service.model.withLock { $0.shelves[repository]?.manifests[digest] = nil }
    }

    /// The tags of a repository and what they point to.
    public func tags(of repository: String) -> [String: Digest] {
        service.model.withLock { $0.shelves[repository]?.tags ?? [:] }
    }

    /// The manifests that a repository holds.
    public func manifests(of repository: String) -> [Digest: RawManifest] {
        service.model.withLock { $0.shelves[repository]?.manifests ?? [:] }
    }

    /// The digests and sizes of the blobs that a repository holds.
    public func blobs(of repository: String) -> [Digest: Int] {
        service.model.withLock { model in
            (model.shelves[repository]?.blobs ?? []).reduce(into: [:]) { sizes, digest in
                sizes[digest] = model.blobs[digest]?.count
            }
        }
    }

    /// How many uploads have begun and are neither ended nor cancelled.
    public var openUploads: Int { service.model.withLock { $0.uploads.count } }

    // MARK: Faults

    /// Adds a rule by which the registry misbehaves.
    @discardableResult
    public func inject(_ rule: FaultRule) -> InjectedFault {
        service.script.add(rule)
    }

    /// Removes all rules.
    public func heal() {
        service.script.clear()
    }

    // MARK: What happened

    /// Every request so far.
    public var requests: [RecordedRequest] { service.ledger.requests }

    /// The greatest number of requests that were unanswered at one time.
    public var maximumParallel: Int { service.ledger.maximumParallel }

    /// What could not be pulled after some write.
    public var violations: [Violation] { service.violations.withLock { $0 } }

    /// Forgets the requests so far, so that a second run can be counted alone.
    public func forgetRequests() {
        service.ledger.forget()
    }

    /// Waits until `count` requests that match have been seen.
    public func waitForRequests(_ pattern: RequestPattern, count: Int = 1) async {
        await withCheckedContinuation { continuation in
            service.ledger.watch(for: pattern, count: count) { continuation.resume() }
        }
    }
}
