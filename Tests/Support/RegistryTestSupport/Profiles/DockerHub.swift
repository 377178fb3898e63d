// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON
internal import Synchronization

/// Docker Hub.
///
/// - Tokens come from another host, live for 300 s and may cover several repositories.
/// - What is missing and what is private look alike: 401, whoever asks without rights.
/// - Manifests that are read are counted; HEADs, blobs and listings are not. Every answer about a
///   manifest says how many are left.
/// - 429 means one of two things: the allowance is spent, which waiting for minutes does not help, or
///   requests came too fast, which is said as plain text, of tokens and HEADs too.
/// - Blobs are read from a content network, which refuses leftover credentials.
/// - A mount from a repository that the token does not cover is refused instead of becoming an upload.
///
/// Source: docker/docs `docker-hub/usage/pulls.md`; docker/hub-feedback#1850, #2040, #2511;
/// google/go-containerregistry#1404, #1741.
public final class DockerHub: RegistryEmulation {
    /// How many manifests may be read.
    private let allowance: Int
    private let spent = Mutex(0)
    /// Who may pull what.
    public let visibility: Visibility
    /// The tokens, and who may do what with them.
    public let issuer: TokenIssuer
    /// Where blobs are read from.
    public let storage = SignedStorage()

    /// Makes a Hub with users, and an allowance of so many manifests.
    public init(
        users: [String: String] = [:], _ visibility: Visibility = Visibility(), allowance: Int = 100
    ) {
        self.allowance = allowance
        self.visibility = visibility
        issuer = TokenIssuer(
            service: "registry.docker.io", users: users, lifetime: .seconds(300),
            policy: visibility.policy)
    }

    /// The hosts that clients get to see.
    public var hosts: ProfileHosts {
        ProfileHosts(
            name: "docker.io", registry: "registry-1.docker.io", tokens: "auth.docker.io",
            storage: "production.cloudflare.docker.com")
    }

    /// In what it differs that others differ in too.
    public var traits: RegistryTraits { RegistryTraits() }

    /// The path of its token server.
    public var tokenPath: String { "/token" }

    /// How many manifests were read.
    public var pulls: Int { spent.withLock { $0 } }

    /// Answers a request that goes no further.
    public func refusal(of request: RecordedRequest, in moment: ProfileMoment) -> Reply? {
        guard request.kind == .manifestGet else { return nil }
        let isAllowed = spent.withLock { spent in
            guard spent < allowance else { return false }
            spent += 1
            return true
        }
        return isAllowed ? nil : stating(Self.spentReply)
    }

    /// Says the answer in this registry's words.
    public func amended(_ reply: Reply, to request: RecordedRequest, in moment: ProfileMoment)
        -> Reply
    {
        switch request.kind {
        case .manifestGet, .manifestHead: stating(reply)
        case .mount where reply.status == 401:
            Reply(
                401, json: .object([.init("details", .string("invalid repository name"))]),
                reply.headers)
        default: storage.redirected(reply, to: request, in: moment)
        }
    }

    private func stating(_ reply: Reply) -> Reply {
        var reply = reply
        reply.headers["ratelimit-limit"] = "\(allowance);w=21600"
        reply.headers["ratelimit-remaining"] = "\(allowance - pulls);w=21600"
        reply.headers["docker-ratelimit-source"] = "127.0.0.1"
        return reply
    }

    private static let spentReply = Reply(
        .tooManyRequests,
        "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
    )

    /// What goes wrong on a day of the given kind.
    public func faults(in mode: ProfileMode) -> [FaultRule] {
        let abuse = Reply.text(429, "Too Many Requests (HAP429)")
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
        case .exhausted: [.on(.get, "/manifests/*", .answer(stating(Self.spentReply)))]
        }
    }
}
