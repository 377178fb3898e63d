// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The policy for redirects: where they may lead, and which of them receive credentials.
struct RedirectPolicy: Sendable {
    /// The policy for addresses.
    let addresses: RedirectAddressPolicy

    /// A hop of a request.
    struct Hop: Sendable {
        let url: HTTPURL
        /// The addresses that the request may connect to.
        let addressScope: AddressScope
        /// The scope of the server that referred to it.
        let limit: AddressScope

        /// Creates the first hop, to an origin that the user named.
        init(startingAt url: HTTPURL) {
            self.init(url: url, addressScope: .anywhere, limit: .anywhere)
        }

        init(url: HTTPURL, addressScope: AddressScope, limit: AddressScope) {
            self.url = url
            self.addressScope = addressScope
            self.limit = limit
        }
    }

    /// The maximum number of redirects per request.
    static let limit = 5

    init(registry: Origin, allow: [String]) {
        self.addresses = RedirectAddressPolicy(registry: registry, allow: allow)
    }

    /// Returns the next hop, or `nil` if the response is not a redirect.
    ///
    /// - Throws: `URLError` if the redirect is not permitted.
    func next(after response: HTTPResponse, from hop: Hop, writes: Bool) throws(URLError) -> Hop? {
        let follows: Set<Int> = writes ? [307, 308] : [301, 302, 303, 307, 308]
        guard follows.contains(response.status), let location = response.fields["location"] else {
            return nil
        }
        let url =
            writes
            ? try upload(location, from: hop.url)
            : try checked(hop.url.resolving(location), from: hop.url)
        let limit = addresses.scope(
            afterResponseFrom: response.addressClass(at: hop.url.origin), within: hop.limit)
        return Hop(
            url: url, addressScope: try addresses.scope(for: url.origin, within: limit),
            limit: limit)
    }

    /// Returns the URL for an upload.
    ///
    /// - Throws: `URLError` if it has another origin that the user has not named.
    func upload(_ location: String, from url: HTTPURL) throws(URLError) -> HTTPURL {
        let next = try checked(url.resolving(location), from: url)
        guard addresses.isTrusted(next.origin) else {
            throw URLError(
                next.origin.description, "uploads to other origins are blocked")
        }
        return next
    }

    /// Returns a Boolean value that indicates whether credentials for `repository` may be sent to
    /// `url`.
    ///
    /// They belong to the registry's origin and, there, not to other repositories: a redirect
    /// must not lend a narrow credential to a wider request.
    func maySendCredentials(at url: HTTPURL, for repository: String) -> Bool {
        guard url.origin == addresses.registry else { return false }
        return !url.target.hasPrefix("/v2/") || url.target.hasPrefix("/v2/\(repository)/")
    }

    private func checked(_ next: HTTPURL, from url: HTTPURL) throws(URLError) -> HTTPURL {
        guard url.origin.scheme == .http || next.origin.scheme == .https else {
            throw URLError(next.origin.description, "redirect from HTTPS to HTTP blocked")
        }
        return next
    }
}
