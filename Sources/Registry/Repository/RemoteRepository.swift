// SPDX-License-Identifier: Apache-2.0

public import Content
internal import HTTP
public import OCI

/// A repository of a registry as a content store.
///
/// Source: distribution-spec; deviations of registries are documented where they are handled.
public struct RemoteRepository: Sendable {
    /// The name of the repository.
    public let repository: Repository
    let client: RegistryClient
    /// A Boolean value that indicates whether content is pushed to the repository.
    let isTarget: Bool

    init(_ repository: Repository, client: RegistryClient, isTarget: Bool = false) {
        self.repository = repository
        self.client = client
        self.isTarget = isTarget
    }

    /// The location in a registry.
    public var location: StoreLocation { .repository(repository) }

    /// Returns the URL of `path` below the repository.
    ///
    /// Names and digests are checked values that need no encoding.
    func url(_ path: String) throws -> HTTPURL {
        try HTTPURL(client.origin, target: "/v2/\(repository.path)/\(path)")
    }

    func operation(
        _ kind: RequestKind, _ phrase: String, writes: Bool = false, sibling: String? = nil
    ) -> Operation {
        var access = writes ? Access.push(repository.path) : Access.pull(repository.path)
        access.sibling = sibling
        var operation = Operation(
            kind: kind, phrase: phrase, repository: repository, access: access)
        operation.precedesPush = isTarget
        return operation
    }
}

extension RemoteRepository: ContentSource, ContentSink {}

extension HTTPFields {
    /// The digest that a response states, or `nil` if it is missing or malformed.
    var contentDigest: Digest? {
        self["docker-content-digest"].flatMap { try? Digest(parsing: $0) }
    }

    /// The stated length, or `nil` if it is missing or malformed.
    var contentLength: Int? {
        self["content-length"].flatMap(Int.init).flatMap {
            (0...Descriptor.maximumSize).contains($0) ? $0 : nil
        }
    }

    /// The stated media type if it is a manifest's, or `nil` for any other type.
    ///
    /// Proxies, static servers and login pages send arbitrary types.
    var manifestType: MediaType? {
        self["content-type"].flatMap { try? MediaType(parsing: $0) }
            .flatMap { $0.isManifest ? $0 : nil }
    }
}

extension MediaType {
    /// A Boolean value that indicates whether this can be the type of a manifest, of a known kind
    /// or not.
    var isManifest: Bool {
        name.hasPrefix("application/vnd.") && (name.contains("manifest") || isIndex)
    }
}

extension RemoteRepository {
    /// Returns the descriptor that a name currently points to, before it is written.
    ///
    /// Several registries deny this request for missing content; then the write decides. Only the
    /// text of GHCR's 403 distinguishes its secondary rate limit from that.
    ///
    /// - Throws: ``RegistryError``.
    public func currentDescriptor(of name: ManifestName) async throws -> Descriptor? {
        do {
            return try await resolve(name, explainsDenial: client.profile.explainsDenialInBody)
        } catch let error as RegistryError where error.isAmbiguousWithNotFound {
            return nil
        }
    }

    /// Returns a Boolean value that indicates whether a manifest can be read anonymously.
    ///
    /// Source: GHCR makes every new package private, and a cluster notices only when it pulls.
    public func isPublic(_ digest: Digest) async -> Bool? {
        guard let client = client.anonymousClient else { return nil }
        do {
            return try await RemoteRepository(repository, client: client)
                .resolve(.digest(digest)) != nil
        } catch let error as RegistryError where error.failureClass == .denied {
            return false
        } catch {
            return nil
        }
    }
}
