// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON
internal import AsyncPrimitives

/// Docker Hub.
///
/// - Tokens come from another host, are valid for 300 s and can cover several repositories.
/// - A missing repository and a private one are not distinguishable: both are 401 without
///   permission.
/// - Manifests that are read are counted; HEADs, blobs and listings are not. Every response about a
///   manifest states the pulls remaining.
/// - 429 means one of two things: the pull rate limit is reached, and waiting for minutes does not
///   help; or requests were too frequent, with a plain text body, also for tokens and HEADs.
/// - Blobs are read from a CDN that rejects requests with credentials.
/// - A mount from a repository that the token does not cover fails instead of becoming an upload.
///
/// Source: docker/docs `docker-hub/usage/pulls.md`; docker/hub-feedback#1850, #2040, #2511;
/// google/go-containerregistry#1404, #1741.
public final class DockerHub: RegistryEmulation {
    /// The number of manifests that can be read.
    private let allowance: Int
    private let spent = Mutex(0)
    /// The public repositories.
    public let visibility: Visibility
    /// The token issuer, with the permissions of users.
    public let issuer: TokenIssuer
    /// The storage that blobs are read from.
    public let storage = SignedStorage()

    /// Creates a Docker Hub with users and a pull rate limit.
    public init(
        users: [String: String] = [:], _ visibility: Visibility = Visibility(), allowance: Int = 100
    ) {
        self.allowance = allowance
        self.visibility = visibility
        issuer = TokenIssuer(
            service: "registry.docker.io", users: users, lifetime: .seconds(300),
            policy: visibility.policy)
    }

    /// The hosts of the registry.
    public var hosts: ProfileHosts {
        ProfileHosts(
            name: "docker.io", registry: "registry-1.docker.io", tokens: "auth.docker.io",
            storage: "production.cloudflare.docker.com")
    }

    /// The path of its token server.
    public var tokenPath: String { "/token" }

    /// The number of manifests that were read.
    public var pulls: Int { spent.withLock { $0 } }

    /// Returns a response that ends the request.
    public func earlyResponse(to request: RecordedRequest, in moment: ProfileMoment)
        -> ScriptedResponse?
    {
        guard request.kind == .manifestGet else { return nil }
        let isAllowed = spent.withLock { spent in
            guard spent < allowance else { return false }
            spent += 1
            return true
        }
        return isAllowed ? nil : stating(Self.rateLimitResponse)
    }

    /// Returns the response in the format of this registry.
    public func amended(
        _ response: ScriptedResponse, to request: RecordedRequest, in moment: ProfileMoment
    )
        -> ScriptedResponse
    {
        switch request.kind {
        case .manifestGet, .manifestHead: stating(response)
        case .mount where response.status == 401:
            ScriptedResponse(
                401, json: .object([.init("details", .string("invalid repository name"))]),
                response.headers)
        default: storage.redirected(response, to: request, in: moment)
        }
    }

    private func stating(_ response: ScriptedResponse) -> ScriptedResponse {
        var response = response
        response.headers["ratelimit-limit"] = "\(allowance);w=21600"
        response.headers["ratelimit-remaining"] = "\(allowance - pulls);w=21600"
        response.headers["docker-ratelimit-source"] = "127.0.0.1"
        return response
    }

    private static let rateLimitResponse = ScriptedResponse(
        .tooManyRequests,
        "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
    )

    /// Returns the faults of a mode.
    public func faults(in mode: ProfileMode) -> [FaultRule] {
        let abuse = ScriptedResponse.text(429, "Too Many Requests (HAP429)")
        return switch mode {
        case .calm: []
        case .throttled:
            [
                .on(nil, tokenPath, hits: 1...1, .answer(abuse)),
                .on(.head, "/manifests/*", hits: 2...2, .answer(abuse)),
                .on(.put, "/manifests/*", hits: 1...1, .answer(abuse)),
            ]
        case .flaky:
            [
                .on(
                    .get, "/manifests/*", hits: 1...1,
                    .answer(.page(503, "503 Service Unavailable"))),
                .on(.get, "/storage/*/*", hits: 1...1, .cutBody(at: 10)),
                .on(.get, "/storage/*/*", hits: 3...3, .answer(.text(403, "Request has expired"))),
                .on(.post, "/blobs/uploads/", hits: 2...2, .drop),
            ]
        case .exhausted: [.on(.get, "/manifests/*", .answer(stating(Self.rateLimitResponse)))]
        }
    }
}
