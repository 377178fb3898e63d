// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI

/// Where the credentials for one registry may be shown, and when they may be left out.
struct CredentialPolicy: Sendable {
    let host: RegistryHost
    let origin: Origin
    let settings: RegistrySettings

    /// Whether refused credentials are left out: a bad or lapsed token must not break the pull of what
    /// is public, and must not be hidden by it where the user says so.
    func mayLeaveOut(_ identity: FoundCredential, for call: Operation) -> Bool {
        allowsAnonymous(call) && identity.credential != .none
    }

    /// Returns a Boolean value that indicates whether a call may be sent without its credential.
    func allowsAnonymous(_ call: Operation) -> Bool {
        !call.access.writes && !settings.requiresAuth
    }

    /// Checks that credentials may travel as an offer has it.
    ///
    /// - Throws: ``RegistryError`` where anybody could read them, or a stranger would get them.
    func check(
        _ identity: FoundCredential, shownFor offer: AuthScheme, _ call: Operation
    ) throws(RegistryError) {
        guard identity.credential != .none else { return }
        if origin.scheme == .http, !origin.isLoopback, !settings.credentialsOverHTTP {
            throw RegistryError(
                .denied, call, "credentials are not sent to \(origin) without TLS",
                hint: "use TLS, or set registries.\(host).credentialsOverHTTP: true")
        }
        if case .bearer(let realm, _) = offer, !realm.isTrusted {
            throw RegistryError(
                .denied, call,
                "the registry wants the credentials shown to \(realm.origin), which is not "
                    + "known to belong to it",
                hint: "if it does, add \(realm.origin.authority) to registries.\(host).tokenHosts")
        }
    }

    /// Reads what a refusal asks for; nil where it asks for nothing.
    ///
    /// - Throws: ``RegistryError`` where tokens would come from a place that is never asked.
    func demand(in rejection: ErrorResponse, for call: Operation) throws(RegistryError)
        -> AuthRequirement?
    {
        do {
            return try AuthRequirement(Challenge.all(in: rejection.fields)) {
                try RealmPolicy.realm(
                    $0, of: host, at: origin, settings, ledBy: rejection.addressClass)
            }
        } catch {
            throw RegistryError(
                .denied, call,
                "the registry sends for a token to an address that is rejected: \(error)")
        }
    }
}
