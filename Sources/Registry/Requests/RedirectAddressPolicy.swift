// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import OCI

/// The policy for addresses that a registry's responses refer to: redirects, upload locations,
/// token servers and links.
///
/// It prevents server-side request forgery: a malicious registry must not make the client connect
/// to services that only the client's host or network can reach, such as a cloud's metadata
/// service. A server with a public address can refer only to public addresses, a server in a
/// private network also to private ones and to this host, and a server on this host only to this
/// host and to public addresses. The registry's own origin and the entries of `allow` are not
/// limited.
///
/// Behind a proxy the addresses of peers are unknown: only those in URLs are checked.
///
/// Source: GHSA-3p65-76g6-3w7r (distribution) describes such an attack.
struct RedirectAddressPolicy: Sendable {
    /// The origin of the registry.
    let registry: Origin
    /// The origins of the allowed hosts.
    let allowedOrigins: Set<Origin>
    /// The allowed address ranges.
    let allowedRanges: [AddressRange]

    /// Creates the policy of a registry from its settings.
    ///
    /// If the registry uses plain HTTP, plain HTTP is permitted for the allowed hosts too.
    init(registry: Origin, _ settings: RegistrySettings) {
        let schemes: [Origin.Scheme] = registry.scheme == .http ? [.https, .http] : [.https]
        self.registry = registry
        self.allowedOrigins = Set(
            settings.allowedHosts.flatMap { host in
                schemes.compactMap { try? Origin(scheme: $0, authority: host.name) }
            })
        self.allowedRanges = settings.allowedRanges
    }

    /// Returns a Boolean value that indicates whether an origin is the registry's own or allowed.
    func isTrusted(_ origin: Origin) -> Bool {
        origin == registry || allowedOrigins.contains(origin)
    }

    /// Returns the scope for references in a response that was itself reached within `scope`.
    func scope(
        afterResponseFrom server: AddressClass, within scope: AddressScope
    ) -> AddressScope {
        scope.narrowed(by: server, allowing: allowedRanges)
    }

    /// Returns the scope for a request to an origin that a response refers to.
    ///
    /// - Throws: `URLError` if the origin's host is an address outside the scope.
    func scope(for origin: Origin, within scope: AddressScope) throws(URLError) -> AddressScope {
        if isTrusted(origin) { return .anywhere }
        guard scope.permits(origin) else {
            throw URLError(
                origin.description,
                "internal address, which is not permitted for server-supplied URLs")
        }
        return scope
    }
}

extension HTTPResponse {
    /// Returns the address class of the server that sent the response.
    ///
    /// An unknown address counts as global.
    func addressClass(at origin: Origin) -> AddressClass {
        (peer ?? origin.address).map(AddressClass.init(of:)) ?? .global
    }
}
