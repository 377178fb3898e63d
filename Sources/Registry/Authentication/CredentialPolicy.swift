// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI

/// The policy that decides where credentials may be sent, and when they may be omitted.
struct CredentialPolicy: Sendable {
    let host: RegistryHost
    let origin: Origin
    let settings: RegistrySettings

    /// Returns a Boolean value that indicates whether a request may be retried without rejected
    /// credentials.
    ///
    /// An expired token must not break the pull of public content, unless the user requires
    /// authentication.
    func mayFallBack(_ identity: FoundCredential, for operation: Operation) -> Bool {
        allowsAnonymous(operation) && identity.credential != .none
    }

    /// Returns a Boolean value that indicates whether a request may be sent without credentials.
    func allowsAnonymous(_ operation: Operation) -> Bool {
        !operation.access.writes && !settings.requiresAuth
    }

    /// Checks that credentials may be sent as a scheme requires.
    ///
    /// - Throws: ``RegistryError`` if they would be sent in clear text or to an untrusted token
    ///   server.
    func check(
        _ identity: FoundCredential, for scheme: AuthScheme, _ operation: Operation
    ) throws(RegistryError) {
        guard identity.credential != .none else { return }
        if origin.scheme == .http, !origin.isLoopback, !settings.credentialsOverHTTP {
            throw RegistryError(
                .denied, operation, "credentials not sent: \(origin) does not use TLS",
                hint: "use TLS, or set registries.\(host).credentialsOverHTTP: true")
        }
        if case .bearer(let realm, _) = scheme, !realm.isTrusted {
            throw RegistryError(
                .denied, operation,
                "credentials not sent to the unknown token server \(realm.origin)",
                hint:
                    "if it belongs to the registry, add \(realm.origin.authority) to registries.\(host).tokenHosts"
            )
        }
    }

    /// Returns the requirement that an error response states, or `nil` if it states none.
    ///
    /// - Throws: ``RegistryError`` if the token server is not permitted.
    func requirement(in errorResponse: ErrorResponse, for operation: Operation)
        throws(RegistryError)
        -> AuthRequirement?
    {
        do {
            return try AuthRequirement(Challenge.all(in: errorResponse.fields)) {
                try RealmPolicy.realm(
                    $0, of: host, at: origin, settings, receivedFrom: errorResponse.addressClass)
            }
        } catch {
            throw RegistryError(
                .denied, operation,
                "token server blocked: \(error)")
        }
    }
}
