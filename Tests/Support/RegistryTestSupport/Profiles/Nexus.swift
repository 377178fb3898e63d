// SPDX-License-Identifier: Apache-2.0

/// Sonatype Nexus.
///
/// - Tokens come from `/v2/token` of the same host; blobs are served by the registry itself.
/// - HEAD of a manifest is 404 although GET returns it, in many versions.
/// - There is no referrers endpoint.
/// - A repository without tags lists `null`.
/// - Failures of Nexus itself are HTML pages.
///
/// Source: crazy-max/diun#1614, #1395; containers/skopeo#2409.
public final class Nexus: RegistryEmulation {
    /// The public repositories.
    public let visibility: Visibility
    /// The token issuer, with the permissions of users.
    public let issuer: TokenIssuer
    /// The storage, which is not used.
    public let storage = SignedStorage()

    /// Creates a Nexus with users.
    public init(users: [String: String] = [:], _ visibility: Visibility = Visibility()) {
        self.visibility = visibility
        issuer = TokenIssuer(
            service: "nexus.example.com", users: users, lifetime: .seconds(300),
            policy: visibility.policy)
    }

    /// The hosts of the registry.
    public var hosts: ProfileHosts {
        ProfileHosts(
            name: "nexus.example.com", registry: "nexus.example.com", tokens: "nexus.example.com",
            storage: "nexus.example.com")
    }

    /// The differences that other registries share.
    public var traits: RegistryTraits {
        var traits = RegistryTraits()
        traits.listsReferrers = false
        return traits
    }

    /// The path of its token server.
    public var tokenPath: String { "/v2/token" }

    /// Returns `nil`: nothing ends a request early.
    public func earlyResponse(to request: RecordedRequest, in moment: ProfileMoment)
        -> ScriptedResponse?
    { nil }

    /// Returns the response in the format of this registry.
    public func amended(
        _ response: ScriptedResponse, to request: RecordedRequest, in moment: ProfileMoment
    )
        -> ScriptedResponse
    {
        switch request.kind {
        case .manifestHead where response.status == 200: return ScriptedResponse(.manifestUnknown)
        case .tagListing where response.status == 200:
            var response = response
            response.body = Bytes(
                String(decoding: response.body.contiguous, as: UTF8.self)
                    .replacing(#""tags":[]"#, with: #""tags":null"#))
            return response
        default: return response
        }
    }

    /// Returns the faults of a mode.
    public func faults(in mode: ProfileMode) -> [FaultRule] {
        let page = ScriptedResponse.page(502, "502 Bad Gateway")
        return switch mode {
        case .calm: []
        case .throttled:
            [
                .on(
                    .put, "/manifests/*", hits: 1...1,
                    .answer(.page(429, "429 Too Many Requests")))
            ]
        case .flaky:
            [
                .on(.get, "/manifests/*", hits: 1...1, .answer(page)),
                .on(.get, "/blobs/*", hits: 1...1, .cutBody(at: 10)),
                .on(.put, "/blobs/uploads/*", hits: 1...1, .answer(page)),
            ]
        case .exhausted:
            [.on(nil, "*", .answer(.page(429, "429 Too Many Requests", ["Retry-After": "3600"])))]
        }
    }
}
