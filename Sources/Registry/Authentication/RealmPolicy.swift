// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import OCI

/// Where tokens may be asked for, and where credentials may be shown for it.
///
/// The realm is whatever the registry writes into its challenge, so a registry that has been broken
/// into could have credentials sent anywhere. Anonymous tokens may come from any server with TLS
/// that is no nearer than the registry; credentials go to the registry's own origin, to the known token server of a known registry, and
/// to what the user has named.
///
/// Source: GHSA-3p65-76g6-3w7r (distribution) for the attack.
enum RealmPolicy {
    /// A token server that may be asked.
    struct Realm: Hashable, Sendable {
        let url: HTTPURL
        /// Whether it may be shown credentials.
        let isTrusted: Bool
        /// Which addresses the requests may be carried to.
        let reach: AddressScope

        /// Where it is.
        var origin: Origin { url.origin }
    }

    /// Checks the text of a `realm` parameter that a server of the given class wrote.
    ///
    /// - Throws: `URLError` where it is no address, or one that is never asked.
    static func realm(
        _ text: String, of registry: RegistryHost, at origin: Origin,
        _ settings: RegistrySettings, ledBy server: AddressClass
    ) throws(URLError) -> Realm {
        let url = try HTTPURL(parsing: text)
        if url.origin == origin { return Realm(url: url, isTrusted: true, reach: .anywhere) }
        guard url.origin.scheme == .https else {
            throw URLError(
                text,
                "tokens are not asked for without TLS at another place than "
                    + "the registry's own")
        }
        let trusted = [knownTokenHosts[registry.name]].compactMap { $0 } + settings.tokenHosts
        let isTrusted = trusted.contains { host in
            (try? Origin(scheme: .https, authority: host)) == url.origin
        }
        if isTrusted { return Realm(url: url, isTrusted: true, reach: .anywhere) }
        let rule = RedirectAddressPolicy(home: origin, allow: settings.allow)
        let limit = rule.reach(ofAnswerFrom: server, within: .anywhere)
        return Realm(
            url: url, isTrusted: false, reach: try rule.reach(of: url.origin, within: limit))
    }

    private static let knownTokenHosts = [
        "docker.io": "auth.docker.io",
        "registry.gitlab.com": "gitlab.com",
    ]
}
