// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import OCI

/// The policy for token servers: which may be used, and which may receive credentials.
///
/// The realm is whatever the registry writes into its challenge, so a compromised registry could
/// have credentials sent anywhere. Anonymous tokens may come from any server with TLS whose address
/// the registry may refer to (``RedirectAddressPolicy``). Credentials are sent to the registry's
/// origin, to the known token server of a known registry, and to hosts that the user named.
///
/// Source: GHSA-3p65-76g6-3w7r (distribution) for the attack.
enum RealmPolicy {
    /// A token server.
    struct Realm: Hashable, Sendable {
        let url: HTTPURL
        /// A Boolean value that indicates whether it may receive credentials.
        let isTrusted: Bool
        /// The addresses that the requests may connect to.
        let reach: AddressScope

        /// The origin of the URL.
        var origin: Origin { url.origin }
    }

    /// Returns the token server for a `realm` parameter from a server of the given class.
    ///
    /// - Throws: `URLError` if it is not a URL, or one that is never used.
    static func realm(
        _ text: String, of registry: RegistryHost, at origin: Origin,
        _ settings: RegistrySettings, receivedFrom server: AddressClass
    ) throws(URLError) -> Realm {
        let url = try HTTPURL(parsing: text)
        if url.origin == origin { return Realm(url: url, isTrusted: true, reach: .anywhere) }
        guard url.origin.scheme == .https else {
            throw URLError(
                text,
                "token servers of other origins require TLS")
        }
        let trusted = [knownTokenHosts[registry.name]].compactMap { $0 } + settings.tokenHosts
        let isTrusted = trusted.contains { host in
            (try? Origin(scheme: .https, authority: host)) == url.origin
        }
        if isTrusted { return Realm(url: url, isTrusted: true, reach: .anywhere) }
        let policy = RedirectAddressPolicy(home: origin, allow: settings.allow)
        let limit = policy.reach(ofResponseFrom: server, within: .anywhere)
        return Realm(
            url: url, isTrusted: false, reach: try policy.reach(of: url.origin, within: limit))
    }

    private static let knownTokenHosts = [
        "docker.io": "auth.docker.io",
        "registry.gitlab.com": "gitlab.com",
    ]
}
