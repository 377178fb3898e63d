// SPDX-License-Identifier: Apache-2.0

/// Azure Container Registry.
///
/// - Tokens are had by POST for a refresh token, or by GET for a user and a password. Their life is
///   written in the token and nowhere else. A refresh token that was stored as the password of the user
///   of zeros is none for Basic.
/// - A token of Entra is exchanged for a refresh token.
/// - Nothing is public unless somebody paid for it.
/// - One PUT of more than some 20 MB is refused, before it is read.
/// - A PATCH with a range must have a length, and its range no unit.
/// - A session whose body broke is gone.
/// - Listing referrers has a limit of its own, far below the others.
/// - Listing tags takes a right of its own, `metadata_read`.
///
/// Source: goharbor/harbor#21640, PR#23016; Azure/azure-sdk-for-net#35322;
/// dotnet/docker-tools#2141, #403; argoproj-labs/argocd-image-updater#473.
public final class ACR: RegistryEmulation {
    /// The user that stands for a refresh token in stored logins.
    public static let userOfZeros = "00000000-0000-0000-0000-000000000000"

    /// The greatest body of a PUT, in bytes.
    private let putLimit: Int
    private let registry: String
    /// Who may pull what.
    public let visibility: Visibility
    /// The tokens, and who may do what with them.
    public let issuer: TokenIssuer
    /// Where blobs are read from.
    public let storage = SignedStorage()

    /// Makes a registry.
    ///
    /// - Parameters:
    ///   - registry: its host.
    ///   - users: passwords by user.
    ///   - visibility: who may pull what.
    ///   - entraTokens: the users that tokens of Entra stand for.
    ///   - putLimit: the greatest body of a PUT, in bytes.
    public init(
        _ registry: String = "loopback.azurecr.io", users: [String: String] = [:],
        _ visibility: Visibility = Visibility(),
        entraTokens: [String: String] = [:], putLimit: Int = 20_000_000
    ) {
        self.registry = registry
        self.putLimit = putLimit
        self.visibility = visibility
        issuer = TokenIssuer(
            service: registry, users: users, entraTokens: entraTokens,
            lifetime: .written(seconds: 4500), listingTagsTakes: "metadata_read",
            policy: visibility.policy)
    }

    /// The hosts that clients get to see.
    public var hosts: ProfileHosts {
        ProfileHosts(
            name: registry, registry: registry, tokens: registry,
            storage: "loopback.westeurope.data.azurecr.io")
    }

    /// In what it differs that others differ in too.
    public var traits: RegistryTraits { RegistryTraits() }

    /// The path of its token server.
    public var tokenPath: String { "/oauth2/token" }

    /// Answers a request that goes no further.
    public func refusal(of request: RecordedRequest, in moment: ProfileMoment) -> Reply? {
        let length = request.headers["Content-Length"].flatMap { Int($0) }
        switch request.kind {
        case .uploadCommit where length ?? 0 > putLimit:
            return .page(413, "413 Request Entity Too Large")
        case .uploadChunk where length == nil && request.headers["Content-Range"] != nil:
            return Reply(.sizeInvalid, "CONTENT_LENGTH_INVALID")
        case .uploadChunk where request.headers["Content-Range"]?.hasPrefix("bytes") == true:
            return Reply(.uploadInvalid, status: 400)
        default: return nil
        }
    }

    /// Says the answer in this registry's words.
    public func amended(_ reply: Reply, to request: RecordedRequest, in moment: ProfileMoment)
        -> Reply
    {
        storage.redirected(reply, to: request, in: moment)
    }

    /// What goes wrong on a day of the given kind.
    public func faults(in mode: ProfileMode) -> [FaultRule] {
        let busy = Reply(.tooManyRequests, headers: ["Retry-After": "1"])
        return switch mode {
        case .calm: []
        case .throttled:
            [
                .on(nil, tokenPath, hits: 1...1, .answer(busy)),
                .on(.put, "/manifests/*", hits: 1...1, .answer(busy)),
                .on(.get, "/referrers/*", every: 2, .answer(busy)),
            ]
        case .flaky:
            [
                .on(.get, "/storage/*/*", hits: 1...1, .cutBody(at: 10)),
                .on(.patch, "/blobs/uploads/*", hits: 1...1, .dropUpload(after: 10)),
                .on(.put, "/blobs/uploads/*", hits: 1...1, .forgetUpload),
            ]
        case .exhausted:
            [
                .on(
                    nil, "*",
                    .answer(Reply(.tooManyRequests, headers: ["Retry-After": "3600"])))
            ]
        }
    }
}
