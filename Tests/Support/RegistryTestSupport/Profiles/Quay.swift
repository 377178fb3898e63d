// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// Quay.io.
///
/// - The token server is at the registry's own host.
/// - More than 100 tags are never asked for at once: 413. Tags come in the order of their age.
/// - A repository that does not exist is 401 for everyone who may not create it.
/// - A mount without `from` is an error, not an upload.
/// - Its front door speaks HTML: 429, 502, 503 and 504 are pages.
/// - Blobs are read from a content network whose connections are known to break.
///
/// Source: google/go-containerregistry#1963; helm/helm#30987; regclient#398;
/// 3scale/3scale-operator#583; kata-containers/tests#4041.
public final class Quay: RegistryEmulation {
    /// Who may pull what.
    public let visibility: Visibility
    /// The tokens, and who may do what with them.
    public let issuer: TokenIssuer
    /// Where blobs are read from.
    public let storage = SignedStorage()

    /// Makes a Quay with users.
    public init(users: [String: String] = [:], _ visibility: Visibility = Visibility()) {
        self.visibility = visibility
        issuer = TokenIssuer(
            service: "quay.io", users: users, lifetime: .seconds(300), policy: visibility.policy)
    }

    /// The hosts that clients get to see.
    public var hosts: ProfileHosts {
        ProfileHosts(
            name: "quay.io", registry: "quay.io", tokens: "quay.io", storage: "cdn01.quay.io")
    }

    /// In what it differs that others differ in too.
    public var traits: RegistryTraits {
        var traits = RegistryTraits()
        traits.tagsPerPage = 100
        traits.listsOldestFirst = true
        return traits
    }

    /// The path of its token server.
    public var tokenPath: String { "/v2/auth" }

    /// Answers a request that goes no further.
    public func refusal(of request: RecordedRequest, in moment: ProfileMoment) -> Reply? {
        switch request.kind {
        case .tagListing where request.parameter("n").flatMap { Int($0) } ?? 0 > 100:
            Reply(
                413,
                json: .object([
                    .init(
                        "errors",
                        .array([.object([.init("code", .string("TOO_MANY_TAGS_REQUESTED"))])]))
                ]))
        case .mount where request.parameter("from") == nil:
            Reply(.nameInvalid, "invalid repository name")
        default: nil
        }
    }

    /// Says the answer in this registry's words.
    public func amended(_ reply: Reply, to request: RecordedRequest, in moment: ProfileMoment)
        -> Reply
    {
        let reads: [RequestClass] = [.manifestHead, .manifestGet, .tagListing]
        if reply.status == 404, !moment.knowsRepository, reads.contains(request.kind) {
            return Reply(.unauthorized, "access to the requested resource is not authorized")
        }
        return storage.redirected(reply, to: request, in: moment)
    }

    /// What goes wrong on a day of the given kind.
    public func faults(in mode: ProfileMode) -> [FaultRule] {
        let busy = Reply.page(429, "429 Too Many Requests")
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
