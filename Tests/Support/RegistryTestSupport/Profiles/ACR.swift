// SPDX-License-Identifier: Apache-2.0

/// Azure Container Registry.
///
/// - A token is issued for a POST with a refresh token, or for a GET with a user and a password.
///   Its lifetime is only in the token itself. A refresh token that was stored as the password of
///   the all-zeros user is not valid for Basic authentication.
/// - An Entra token is exchanged for a refresh token.
/// - Nothing is public, except in a paid tier.
/// - A single PUT of more than about 20 MB is rejected before it is read.
/// - A PATCH with a range must have a length, and its range no unit.
/// - An upload session whose body was cut is gone.
/// - Listing referrers has a separate rate limit, far below the others.
/// - Listing tags requires a separate action, `metadata_read`.
///
/// Source: goharbor/harbor#21640, PR#23016; Azure/azure-sdk-for-net#35322;
/// dotnet/docker-tools#2141, #403; argoproj-labs/argocd-image-updater#473.
public final class ACR: RegistryEmulation {
    /// The user of refresh tokens in stored credentials.
    public static let userOfZeros = "00000000-0000-0000-0000-000000000000"

    /// The maximum body of a PUT in bytes.
    private let putLimit: Int
    private let registry: String
    /// The public repositories.
    public let visibility: Visibility
    /// The token issuer, with the permissions of users.
    public let issuer: TokenIssuer
    /// The storage that blobs are read from.
    public let storage = SignedStorage()

    /// Creates a registry.
    ///
    /// - Parameters:
    ///   - registry: The registry's host.
    ///   - users: The passwords by user.
    ///   - visibility: The public repositories.
    ///   - entraTokens: The users by Entra token.
    ///   - putLimit: The maximum body of a PUT in bytes.
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

    /// The hosts of the registry.
    public var hosts: ProfileHosts {
        ProfileHosts(
            name: registry, registry: registry, tokens: registry,
            storage: "loopback.westeurope.data.azurecr.io")
    }

    /// The path of its token server.
    public var tokenPath: String { "/oauth2/token" }

    /// Returns a response that ends the request.
    public func earlyResponse(to request: RecordedRequest, in moment: ProfileMoment)
        -> ScriptedResponse?
    {
        let length = request.headers["Content-Length"].flatMap { Int($0) }
        switch request.kind {
        case .uploadCommit where length ?? 0 > putLimit:
            return .page(413, "413 Request Entity Too Large")
        case .uploadChunk where length == nil && request.headers["Content-Range"] != nil:
            return ScriptedResponse(.sizeInvalid, "CONTENT_LENGTH_INVALID")
        case .uploadChunk where request.headers["Content-Range"]?.hasPrefix("bytes") == true:
            return ScriptedResponse(.uploadInvalid, status: 400)
        default: return nil
        }
    }

    /// Returns the faults of a mode.
    public func faults(in mode: ProfileMode) -> [FaultRule] {
        let busy = ScriptedResponse(.tooManyRequests, headers: ["Retry-After": "1"])
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
                    .answer(ScriptedResponse(.tooManyRequests, headers: ["Retry-After": "3600"])))
            ]
        }
    }
}
