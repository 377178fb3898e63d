// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Where an answer may lead, and what is shown there.
struct RedirectPolicy: Sendable {
    /// What the user has named, and how near other places may be.
    let addresses: RedirectAddressPolicy

    /// A place that is gone to.
    struct Hop: Sendable {
        let url: HTTPURL
        /// Which addresses the request may be carried to.
        let reach: AddressScope
        /// What is within reach of whoever led there.
        let limit: AddressScope

        /// Begins at a place that the user has named.
        init(startingAt url: HTTPURL) {
            self.init(url: url, reach: .anywhere, limit: .anywhere)
        }

        init(url: HTTPURL, reach: AddressScope, limit: AddressScope) {
            self.url = url
            self.reach = reach
            self.limit = limit
        }
    }

    /// How many redirects are followed for one request.
    static let limit = 5

    init(home: Origin, allow: [String]) {
        self.addresses = RedirectAddressPolicy(home: home, allow: allow)
    }

    /// Returns where a redirect leads; nil where the answer is none.
    ///
    /// - Throws: `URLError` where it leads to a place that is not gone to.
    func next(after response: HTTPResponse, from hop: Hop, writes: Bool) throws(URLError) -> Hop? {
        let follows: Set<Int> = writes ? [307, 308] : [301, 302, 303, 307, 308]
        guard follows.contains(response.status), let location = response.fields["location"] else {
            return nil
        }
        let url =
            writes
            ? try upload(location, from: hop.url)
            : try checked(hop.url.resolving(location), from: hop.url)
        let limit = addresses.reach(
            ofAnswerFrom: response.addressClass(at: hop.url.origin), within: hop.limit)
        return Hop(
            url: url, reach: try addresses.reach(of: url.origin, within: limit), limit: limit)
    }

    /// Resolves where bytes are to be sent.
    ///
    /// - Throws: `URLError` where that is another origin which the user has not named.
    func upload(_ location: String, from url: HTTPURL) throws(URLError) -> HTTPURL {
        let next = try checked(url.resolving(location), from: url)
        guard addresses.isNamed(next.origin) else {
            throw URLError(
                next.origin.description, "content is not sent to another place than the registry's")
        }
        return next
    }

    /// Whether credentials for `repository` may be shown at `url`.
    ///
    /// They belong to the registry's origin and, on it, not to other repositories: a redirect there
    /// must not lend a narrower credential to a wider request.
    func mayShowCredentials(at url: HTTPURL, for repository: String) -> Bool {
        guard url.origin == addresses.home else { return false }
        return !url.target.hasPrefix("/v2/") || url.target.hasPrefix("/v2/\(repository)/")
    }

    private func checked(_ next: HTTPURL, from url: HTTPURL) throws(URLError) -> HTTPURL {
        guard url.origin.scheme == .http || next.origin.scheme == .https else {
            throw URLError(next.origin.description, "leads away from TLS")
        }
        return next
    }
}
