// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI

/// The policy that decides which token servers may be used, where credentials may be sent, and when
/// they may be omitted.
///
/// The realm is whatever the registry writes into its challenge, so a compromised registry could
/// have credentials sent anywhere. Anonymous tokens may come from any server with TLS whose address
/// the registry may refer to (``RedirectPolicy``). Credentials are sent to the registry's
/// origin, to the known token server of a known registry, and to hosts that the user named.
///
/// Source: GHSA-3p65-76g6-3w7r (distribution) for the attack.
struct CredentialPolicy: Sendable {
    let host: RegistryHost
    let origin: Origin
    let settings: RegistrySettings

    /// Returns a Boolean value that indicates whether a request may be sent without credentials.
    func allowsAnonymous(_ operation: Operation) -> Bool {
        !operation.access.writes && !settings.requiresAuth
    }

    /// Checks that credentials may be sent as a scheme requires.
    ///
    /// - Throws: ``RegistryError`` if they would be sent in clear text or to an untrusted token
    ///   server.
    func check(
        _ credential: FoundCredential, for scheme: AuthScheme, _ operation: Operation
    ) throws(RegistryError) {
        try checkTransport(to: origin, operation)
        guard case .bearer(let server, _) = scheme else { return }
        guard server.isTrusted else {
            throw RegistryError(
                .denied, operation,
                "credentials not sent to the unknown token server \(server.origin)",
                hint: hint(toNameTokenServer: server.origin))
        }
        try checkTransport(to: server.origin, operation)
    }

    private func checkTransport(
        to server: Origin, _ operation: Operation
    ) throws(RegistryError) {
        let isLocal = server.isLoopback && !settings.isPlainHTTPDetected
        guard server.scheme == .http, !isLocal, !settings.credentialsOverHTTP else { return }
        let setting =
            settings.isPlainHTTPDetected
            ? "use '--plain-http \(host)', or set registries.\(host).plainHTTP: true in mirror.yaml"
            : "use TLS, or set registries.\(host).credentialsOverHTTP: true in mirror.yaml"
        throw RegistryError(
            .denied, operation, "credentials not sent: \(server) does not use TLS", hint: setting)
    }

    /// Returns the scheme that an error response requires, or `nil` if it states none.
    ///
    /// - Throws: ``RegistryError`` if the token server cannot be used.
    func scheme(
        requiredBy errorResponse: ErrorResponse, for operation: Operation
    ) throws(RegistryError) -> AuthScheme? {
        try scheme(
            requiredBy: AuthChallenge.all(in: errorResponse.fields),
            receivedFrom: errorResponse.addressClass, for: operation)
    }

    /// Returns the scheme of the first usable challenge, preferring tokens; `nil` if none is
    /// supported.
    ///
    /// - Parameters:
    ///   - challenges: The challenges of an error response.
    ///   - server: The class of the server that sent the response.
    ///   - operation: The operation of the request.
    /// - Returns: The scheme.
    /// - Throws: ``RegistryError`` if every token server is unusable and no password is accepted
    ///   instead.
    func scheme(
        requiredBy challenges: [AuthChallenge], receivedFrom server: AddressClass,
        for operation: Operation
    ) throws(RegistryError) -> AuthScheme? {
        var failure: RegistryError?
        for challenge in challenges where challenge.scheme == "bearer" {
            do throws(RegistryError) {
                let tokenServer = try tokenServer(
                    at: challenge.parameters["realm"] ?? "",
                    service: challenge.parameters["service"], receivedFrom: server, for: operation)
                return .bearer(
                    tokenServer, scopes: Scope.all(in: challenge.parameters["scope"] ?? ""))
            } catch {
                failure = error
            }
        }
        if challenges.contains(where: { $0.scheme == "basic" }) { return .basic }
        if let failure { throw failure }
        return nil
    }

    /// Returns the token server for a `realm` parameter from a server of the given class.
    ///
    /// A registry without TLS may have a token server without TLS if the user named that server.
    ///
    /// - Throws: ``RegistryError`` if it is not a URL, or one that is never used.
    func tokenServer(
        at text: String, service: String? = nil, receivedFrom server: AddressClass,
        for operation: Operation
    ) throws(RegistryError) -> TokenServer {
        let url: HTTPURL
        do {
            url = try HTTPURL(parsing: text)
        } catch {
            throw RegistryError(
                .unavailable, operation, "the challenge has an invalid token server: \(error)",
                hint: "report it to the operator of \(host)")
        }
        if url.origin == origin || isTokenHost(url.origin) {
            return TokenServer(
                url: url, service: service, isTrusted: true, addressScope: .anywhere)
        }
        guard url.origin.scheme == .https else {
            throw RegistryError(
                .unavailable, operation, "token server blocked: \(url.origin) does not use TLS",
                hint: origin.scheme == .http ? hint(toNameTokenServer: url.origin) : nil)
        }
        let policy = RedirectPolicy(registry: origin, settings)
        let limit = policy.scope(afterResponseFrom: server, within: .anywhere)
        do {
            return TokenServer(
                url: url, service: service, isTrusted: false,
                addressScope: try policy.scope(for: url.origin, within: limit))
        } catch {
            throw RegistryError(
                .unavailable, operation, "token server blocked: \(error)",
                hint: hint(toNameTokenServer: url.origin))
        }
    }

    private func isTokenHost(_ server: Origin) -> Bool {
        guard server.scheme == .https || origin.scheme == .http else { return false }
        let known = RegistryProfile.of(host).tokenHost.map { [$0] } ?? []
        return (known + settings.tokenHosts.map(\.name)).contains { name in
            (try? Origin(scheme: server.scheme, authority: name)) == server
        }
    }

    private func hint(toNameTokenServer server: Origin) -> String {
        "if it belongs to the registry, add \(server.authority) to registries.\(host).tokenHosts"
    }
}
