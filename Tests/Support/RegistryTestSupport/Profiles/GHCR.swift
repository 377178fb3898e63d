// SPDX-License-Identifier: Apache-2.0

/// GitHub's container registry.
///
/// - Everyone needs a token, also for public packages. Whoever has no right gets none: the token server
///   itself answers 403 `denied`, so that a lapsed password, a private package and a missing one look alike.
/// - A new package is private, whatever repository it belongs to.
/// - A PATCH with a range may have 4 MiB.
/// - What was just uploaded may be unknown for a moment when the manifest comes.
/// - There is no referrers endpoint, and nothing can be deleted.
/// - 429 comes with the time to wait as a Go duration in its text. The secondary limit is a 403 whose
///   text speaks of minutes.
///
/// Source: renovatebot/renovate#11446; oras-project/rust-oci-client#35;
/// chainguard-images/images#173; actions/attest-build-provenance#71; virtualcell/vcell#1888.
public final class GHCR: RegistryEmulation {
    /// The greatest piece of an upload, in bytes.
    private static let pieceLimit = 4 << 20
    /// Who may pull what.
    public let visibility: Visibility
    /// The tokens, and who may do what with them.
    public let issuer: TokenIssuer
    /// Where blobs are read from.
    public let storage = SignedStorage()

    /// Makes a GHCR with users.
    public init(users: [String: String] = [:], _ visibility: Visibility = Visibility()) {
        self.visibility = visibility
        issuer = TokenIssuer(
            service: "ghcr.io", users: users, lifetime: .seconds(300), refusing: .atTheTokenServer,
            policy: visibility.policy)
    }

    /// The hosts that clients get to see.
    public var hosts: ProfileHosts {
        ProfileHosts(
            name: "ghcr.io", registry: "ghcr.io", tokens: "ghcr.io",
            storage: "pkg-containers.githubusercontent.com")
    }

    /// In what it differs that others differ in too.
    public var traits: RegistryTraits {
        var traits = RegistryTraits()
        traits.listsReferrers = false
        traits.deletes = false
        traits.listsOldestFirst = true
        return traits
    }

    /// The path of its token server.
    public var tokenPath: String { "/token" }

    /// Answers a request that goes no further.
    public func refusal(of request: RecordedRequest, in moment: ProfileMoment) -> Reply? {
        let length = request.headers["Content-Length"].flatMap { Int($0) } ?? 0
        guard request.kind == .uploadChunk, request.headers["Content-Range"] != nil,
            length > Self.pieceLimit
        else { return nil }
        return .text(416, "REQUESTED_RANGE_NOT_SATISFIABLE: the body is greater than 4.00MiB")
    }

    /// Says the answer in this registry's words.
    public func amended(_ reply: Reply, to request: RecordedRequest, in moment: ProfileMoment)
        -> Reply
    {
        storage.redirected(reply, to: request, in: moment)
    }

    /// What goes wrong on a day of the given kind.
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
                        Reply(
                            .denied,
                            "permission_denied: You have exceeded a secondary rate limit. "
                                + "Please wait a few minutes before you try again.")))
            ]
        }
    }
}
