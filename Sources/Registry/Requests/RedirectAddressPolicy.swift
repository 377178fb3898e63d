// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The addresses that a registry's responses may refer to.
///
/// Otherwise a compromised registry could make this client connect to services that only this
/// machine can reach, such as a cloud's metadata service. Origins that the user named are not
/// limited. All others must be in the `AddressScope` of the server that refers to them, unless
/// `allow` names them.
///
/// Behind a proxy the addresses of peers are unknown: only those in URLs are checked.
///
/// Source: GHSA-3p65-76g6-3w7r (distribution) for the attack.
struct RedirectAddressPolicy: Sendable {
    /// The origin of the registry.
    let home: Origin
    /// Further origins that the user named.
    let allowed: Set<Origin>
    /// Further addresses that the user named.
    let ranges: [AddressRange]

    /// Creates the policy from the entries of `allow`: hosts, addresses and ranges.
    ///
    /// The origins of a registry without TLS may be without TLS as well.
    init(home: Origin, allow: [String]) {
        let schemes: [Origin.Scheme] = home.scheme == .http ? [.https, .http] : [.https]
        self.home = home
        self.allowed = Set(
            allow.flatMap { name in
                schemes.compactMap { try? Origin(scheme: $0, authority: name) }
            })
        self.ranges = allow.compactMap { try? AddressRange(parsing: $0) }
    }

    /// Returns a Boolean value that indicates whether the user named an origin.
    func isNamed(_ origin: Origin) -> Bool {
        origin == home || allowed.contains(origin)
    }

    /// Returns the scope for a response that was itself reached within `limit`.
    func reach(ofResponseFrom server: AddressClass, within limit: AddressScope) -> AddressScope {
        limit.narrowed(by: server, allowing: ranges)
    }

    /// Returns the addresses that a request to an origin from a response may connect to.
    ///
    /// - Throws: `URLError` if the origin states an address outside the scope.
    func reach(of origin: Origin, within limit: AddressScope) throws(URLError) -> AddressScope {
        if isNamed(origin) { return .anywhere }
        guard limit.mayReach(origin) else {
            throw URLError(
                origin.description,
                "internal address, which is not permitted for server-supplied URLs")
        }
        return limit
    }
}

extension HTTPResponse {
    /// Returns the class of the server that gave a response.
    ///
    /// An unknown address counts as global.
    func addressClass(at origin: Origin) -> AddressClass {
        (peer ?? origin.address).map(AddressClass.init(of:)) ?? .global
    }
}
