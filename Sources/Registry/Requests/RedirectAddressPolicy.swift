// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// How near to this machine a registry's answers may lead.
///
/// A registry that has been broken into could else have this client speak to what only this machine
/// can speak to, such as a cloud's metadata service. What the user has named may be anywhere; all
/// other places may be no nearer than who leads there, unless `allow` says so.
///
/// Behind a proxy the addresses of peers are not seen: only those that stand in a URL are judged.
///
/// Source: GHSA-3p65-76g6-3w7r (distribution) for the attack.
struct RedirectAddressPolicy: Sendable {
    /// The registry's own origin.
    let home: Origin
    /// Further places that the user has named.
    let allowed: Set<Origin>
    /// Further addresses that the user has named.
    let ranges: [AddressRange]

    /// Reads what `allow` names: hosts, addresses and ranges of them.
    ///
    /// A plain registry's places may be plain as well.
    init(home: Origin, allow: [String]) {
        let schemes: [Origin.Scheme] = home.scheme == .http ? [.https, .http] : [.https]
        self.home = home
        self.allowed = Set(
            allow.flatMap { name in
                schemes.compactMap { try? Origin(scheme: $0, authority: name) }
            })
        self.ranges = allow.compactMap { try? AddressRange(parsing: $0) }
    }

    /// Whether the user has named a place.
    func isNamed(_ place: Origin) -> Bool {
        place == home || allowed.contains(place)
    }

    /// Returns what is within reach of an answer that was itself found within `limit`.
    func reach(ofAnswerFrom server: AddressClass, within limit: AddressScope) -> AddressScope {
        limit.narrowed(by: server, allowing: ranges)
    }

    /// Returns which addresses a request to a place that an answer named may be carried to.
    ///
    /// - Throws: `URLError` where the place states an address beyond that.
    func reach(of place: Origin, within limit: AddressScope) throws(URLError) -> AddressScope {
        if isNamed(place) { return .anywhere }
        guard limit.mayReach(place) else {
            throw URLError(place.description, "is nearer to this machine than the registry")
        }
        return limit
    }
}

extension HTTPResponse {
    /// How near the server at `origin` is that gave this answer; what is not known counts as far.
    func addressClass(at origin: Origin) -> AddressClass {
        (peer ?? origin.address).map(AddressClass.init(of:)) ?? .global
    }
}
