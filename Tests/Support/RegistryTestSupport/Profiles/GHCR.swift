// SPDX-License-Identifier: Apache-2.0

/// GitHub Container Registry.
///
/// - Every client needs a token, also for public packages. Without permission, the token server
///   responds 403 `denied`, so expired credentials, a private and a missing package are not
///   distinguishable.
/// - A new package is private, whatever repository it belongs to.
/// - A PATCH with a range can have at most 4 MiB.
/// - A blob that was just uploaded can be unknown for a moment when the manifest is pushed.
/// - There is no referrers endpoint, and nothing can be deleted.
/// - 429 states the time to wait as a Go duration in its text. The secondary limit is a 403 whose
///   text mentions minutes.
///
/// Source: renovatebot/renovate#11446; oras-project/rust-oci-client#35;
/// chainguard-images/images#173; actions/attest-build-provenance#71; virtualcell/vcell#1888.
public final class GHCR: RegistryEmulation {
    /// The maximum chunk of an upload in bytes.
    private static let pieceLimit = 4 << 20
    /// The public repositories.
    public let visibility: Visibility
    /// The token issuer, with the permissions of users.
    public let issuer: TokenIssuer
    /// The storage that blobs are read from.
    public let storage = SignedStorage()

    /// Creates a GHCR with users.
    public init(users: [String: String] = [:], _ visibility: Visibility = Visibility()) {
        self.visibility = visibility
        issuer = TokenIssuer(
            service: "ghcr.io", users: users, lifetime: .seconds(300), rejection: .atTheTokenServer,
            policy: visibility.policy)
    }

    /// The hosts of the registry.
    public var hosts: ProfileHosts {
        ProfileHosts(
            name: "ghcr.io", registry: "ghcr.io", tokens: "ghcr.io",
            storage: "pkg-containers.githubusercontent.com")
    }

    /// The differences that other registries share.
    public var traits: RegistryTraits {
        var traits = RegistryTraits()
        traits.listsReferrers = false
        traits.deletes = false
        traits.listsOldestFirst = true
        return traits
    }

    /// The path of its token server.
    public var tokenPath: String { "/token" }

    /// Returns a response that ends the request.
    public func earlyResponse(to request: RecordedRequest, in moment: ProfileMoment)
        -> ScriptedResponse?
    {
        let length = request.headers["Content-Length"].flatMap { Int($0) } ?? 0
        guard request.kind == .uploadChunk, request.headers["Content-Range"] != nil,
            length > Self.pieceLimit
        else { return nil }
        return .text(416, "REQUESTED_RANGE_NOT_SATISFIABLE: the body is greater than 4.00MiB")
    }

    /// Returns the faults of a mode.
    public func faults(in mode: ProfileMode) -> [FaultRule] {
        switch mode {
        case .calm: []
        case .throttled:
            [
                .on(
                    .head, "/manifests/*", hits: 1...2,
                    .answer(
                        .text(429, "toomanyrequests: retry-after: 880µs, allowed: 44000/minute"))),
                .on(
                    .put, "/manifests/*", hits: 1...2,
                    .answer(
                        .text(429, "toomanyrequests: retry-after: 10.3ms, allowed: 2000/minute"))),
            ]
        case .flaky:
            [
                .on(.get, "/storage/*/*", hits: 1...1, .cutBody(at: 10)),
                .on(.post, "/blobs/uploads/", hits: 1...1, .answer(.page(502, "502 Bad Gateway"))),
                .on(.put, "/manifests/*", hits: 1...1, .answer(.manifestBlobUnknown)),
            ]
        case .exhausted:
            [
                .on(
                    nil, "/manifests/*",
                    .answer(
                        ScriptedResponse(
                            .denied,
                            "permission_denied: You have exceeded a secondary rate limit. "
                                + "Please wait a few minutes before you try again.")))
            ]
        }
    }
}
