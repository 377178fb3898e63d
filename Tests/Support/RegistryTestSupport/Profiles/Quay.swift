// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// Quay.io.
///
/// - The token server has the same host as the registry.
/// - More than 100 tags at once are rejected with 413. Tags are sorted by age.
/// - A repository that does not exist is 401 for users who cannot create it.
/// - A mount without `from` is an error instead of an upload.
/// - Its load balancer responds with HTML pages to 429, 502, 503 and 504.
/// - Blobs are read from a CDN whose connections often break.
///
/// Source: google/go-containerregistry#1963; helm/helm#30987; regclient#398;
/// 3scale/3scale-operator#583; kata-containers/tests#4041.
public final class Quay: RegistryEmulation {
    /// The public repositories.
    public let visibility: Visibility
    /// The token issuer, with the permissions of users.
    public let issuer: TokenIssuer
    /// The storage that blobs are read from.
    public let storage = SignedStorage()

    /// Creates a Quay with users.
    public init(users: [String: String] = [:], _ visibility: Visibility = Visibility()) {
        self.visibility = visibility
        issuer = TokenIssuer(
            service: "quay.io", users: users, lifetime: .seconds(300), policy: visibility.policy)
    }

    /// The hosts of the registry.
    public var hosts: ProfileHosts {
        ProfileHosts(
            name: "quay.io", registry: "quay.io", tokens: "quay.io", storage: "cdn01.quay.io")
    }

    /// The differences that other registries share.
    public var traits: RegistryTraits {
        var traits = RegistryTraits()
        traits.tagsPerPage = 100
        traits.listsOldestFirst = true
        return traits
    }

    /// The path of its token server.
    public var tokenPath: String { "/v2/auth" }

    /// Returns a response that ends the request.
    public func earlyResponse(to request: RecordedRequest, in moment: ProfileMoment)
        -> ScriptedResponse?
    {
        switch request.kind {
        case .tagListing where request.parameter("n").flatMap { Int($0) } ?? 0 > 100:
            ScriptedResponse(
                413,
                json: .object([
                    .init(
                        "errors",
                        .array([.object([.init("code", .string("TOO_MANY_TAGS_REQUESTED"))])]))
                ]))
        case .mount where request.parameter("from") == nil:
            ScriptedResponse(.nameInvalid, "invalid repository name")
        default: nil
        }
    }

    /// Returns the response in the format of this registry.
    public func amended(
        _ response: ScriptedResponse, to request: RecordedRequest, in moment: ProfileMoment
    )
        -> ScriptedResponse
    {
        let reads: [RequestClass] = [.manifestHead, .manifestGet, .tagListing]
        if response.status == 404, !moment.knowsRepository, reads.contains(request.kind) {
            return ScriptedResponse(
                .unauthorized, "access to the requested resource is not authorized")
        }
        return storage.redirected(response, to: request, in: moment)
    }

    /// Returns the faults of a mode.
    public func faults(in mode: ProfileMode) -> [FaultRule] {
        let busy = ScriptedResponse.page(429, "429 Too Many Requests")
        return switch mode {
        case .calm: []
        case .throttled:
            [
                .on(.head, "/manifests/*", hits: 1...1, .answer(busy)),
                .on(.put, "/manifests/*", hits: 1...1, .answer(busy)),
            ]
        case .flaky:
            [
                .on(.get, "/manifests/*", hits: 1...1, .answer(.page(502, "502 Bad Gateway"))),
                .on(.get, "/storage/*/*", hits: 1...2, .cutBody(at: 10)),
                .on(
                    .put, "/blobs/uploads/*", hits: 1...1,
                    .answer(.page(504, "504 Gateway Time-out"))),
            ]
        case .exhausted:
            [.on(nil, "*", .answer(.page(429, "429 Too Many Requests", ["Retry-After": "3600"])))]
        }
    }
}
