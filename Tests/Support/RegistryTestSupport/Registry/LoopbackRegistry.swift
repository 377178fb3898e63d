// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI
internal import AsyncPrimitives

/// A registry on a free port of 127.0.0.1, correct until a test injects a fault.
///
/// Its content is in memory. It records every request, and after every write it verifies that
/// its content can be pulled.
public final class LoopbackRegistry: Sendable {
    private let service: RegistryService
    private let server: LoopbackServer
    private let isTLS: Bool

    /// Starts a registry.
    ///
    /// - Parameters:
    ///   - traits: The differences from other registries.
    ///   - authentication: The authentication that it requires.
    ///   - issuer: The issuer of tokens at `/token`; by default that of `authentication`.
    ///   - certificate: The certificate for TLS; without one, the registry uses plain HTTP.
    ///   - port: The port; 0 for a free port.
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

    /// Starts an emulation of a public registry.
    ///
    /// - Parameters:
    ///   - profile: The emulation.
    ///   - mode: The condition of the registry.
    ///   - certificate: The certificate for TLS under its real names; without one it is at
    ///     127.0.0.1, and its storage at localhost.
    ///   - port: The port; 0 for a free port.
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

    /// Closes all connections and frees the port.
    ///
    /// The recorded requests can still be read.
    public func stop() {
        service.stopping.open()
        server.stop()
    }

    deinit {
        stop()
    }

    // MARK: Names

    /// The host and port for references.
    public var host: String { "127.0.0.1:\(port)" }

    /// The port that it listens on.
    public var port: UInt16 { server.port }

    /// The scheme, host and port.
    public var origin: String { "\(isTLS ? "https" : "http")://\(host)" }

    /// The URL of the token server, if the registry has one.
    public var tokenURL: String { "\(origin)/token" }

    /// Returns the repository with a path in this registry.
    public func repository(_ path: String) throws -> Repository {
        try Repository(parsing: "\(host)/\(path)")
    }

    // MARK: Content

    /// Stores an image without validating it, and tags its root.
    public func publish(_ image: BuiltImage, repository: String, tag: String? = nil) {
        service.model.withLock { model in
            for (digest, bytes) in image.blobs {
                model.blobs[digest] = Bytes(bytes)
                model.repositories[repository, default: .init()].blobs.insert(digest)
            }
            for (digest, generated) in image.generatedBlobs {
                model.blobs[digest] = Bytes(generated)
                model.repositories[repository, default: .init()].blobs.insert(digest)
            }
            for manifest in image.manifests {
                model.repositories[repository, default: .init()]
                    .manifests[manifest.descriptor.digest] = manifest
            }
            if let tag {
                model.repositories[repository, default: .init()].tags[tag] =
                    image.root.descriptor.digest
            }
        }
    }

    /// Points a tag to a manifest, whether or not that exists; `nil` removes the tag.
    public func setTag(_ tag: String, of repository: String, to digest: Digest?) {
        service.model.withLock { $0.repositories[repository, default: .init()].tags[tag] = digest }
    }

    /// Removes all content, open uploads, faults, tokens and records, so that another run can begin.
    ///
    /// No request may be in progress.
    public func clear() {
        service.model.withLock { $0 = RegistryModel(traits: $0.traits) }
        service.script.clear()
        service.ledger.forget()
        service.violations.withLock { $0 = [] }
        service.issuer?.revokeTokens()
    }

    /// Removes a blob from a repository.
    public func removeBlob(_ digest: Digest, from repository: String) {
        _ = service.model.withLock { $0.repositories[repository]?.blobs.remove(digest) }
    }

    /// Removes a manifest from a repository.
    ///
    /// Tags that point to it stay.
    public func removeManifest(_ digest: Digest, from repository: String) {
        service.model.withLock { $0.repositories[repository]?.manifests[digest] = nil }
    }

    /// The tags of a repository and what they point to.
    public func tags(of repository: String) -> [String: Digest] {
        service.model.withLock { $0.repositories[repository]?.tags ?? [:] }
    }

    /// The manifests that a repository holds.
    public func manifests(of repository: String) -> [Digest: RawManifest] {
        service.model.withLock { $0.repositories[repository]?.manifests ?? [:] }
    }

    /// The digests and sizes of the blobs that a repository holds.
    public func blobs(of repository: String) -> [Digest: Int] {
        service.model.withLock { model in
            (model.repositories[repository]?.blobs ?? []).reduce(into: [:]) { sizes, digest in
                sizes[digest] = model.blobs[digest]?.count
            }
        }
    }

    /// The number of uploads that have begun and are neither completed nor canceled.
    public var openUploads: Int { service.model.withLock { $0.uploads.count } }

    // MARK: Faults

    /// Adds a rule that injects faults.
    @discardableResult
    public func inject(_ rule: FaultRule) -> InjectedFault {
        service.script.add(rule)
    }

    /// Removes all rules.
    public func heal() {
        service.script.clear()
    }

    // MARK: Records

    /// All requests.
    public var requests: [RecordedRequest] { service.ledger.requests }

    /// The maximum number of concurrent requests.
    public var maximumParallel: Int { service.ledger.maximumParallel }

    /// The violations that were found after writes.
    public var violations: [Violation] { service.violations.withLock { $0 } }

    /// Verifies the content of all repositories now.
    public func audit() -> [Violation] {
        service.model.withLock { model in
            model.repositories.keys.sorted().flatMap { name in
                Auditor.reasons(name, in: model).map {
                    Violation(after: "the last request", repository: name, reason: $0)
                }
            }
        }
    }

    /// Discards the requests so far, so that a second run can be counted separately.
    public func forgetRequests() {
        service.ledger.forget()
    }

    /// Waits until `count` matching requests were received.
    public func waitForRequests(_ pattern: RequestPattern, count: Int = 1) async {
        await withCheckedContinuation { continuation in
            service.ledger.watch(for: pattern, count: count) { continuation.resume() }
        }
    }
}
