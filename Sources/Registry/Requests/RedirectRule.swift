// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Where an answer may lead, and what is shown there.
struct RedirectRule: Sendable {
    /// The registry's own origin.
    let home: Origin
    /// Further hosts that uploads may be led to.
    let allowed: Set<Origin>

    /// How many redirects are followed for one request.
    static let limit = 5

    init(home: Origin, allow: [String]) {
        self.home = home
        self.allowed = Set(allow.compactMap { try? Origin(scheme: .https, authority: $0) })
    }

    /// Returns where a redirect leads; nil where the answer is none.
    ///
    /// - Throws: `URLError` where it leads to a place that is not gone to.
    func next(after response: HTTPResponse, from url: HTTPURL, writes: Bool) throws(URLError)
        -> HTTPURL?
    {
        let follows: Set<Int> = writes ? [307, 308] : [301, 302, 303, 307, 308]
        guard follows.contains(response.status), let location = response.fields["location"] else {
            return nil
        }
        return writes
            ? try upload(location, from: url) : try checked(url.resolving(location), from: url)
    }

    /// Resolves where bytes are to be sent.
    ///
    /// - Throws: `URLError` where that is another origin which the user has not named.
    func upload(_ location: String, from url: HTTPURL) throws(URLError) -> HTTPURL {
        let next = try checked(url.resolving(location), from: url)
        guard next.origin == home || allowed.contains(next.origin) else {
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
        guard url.origin == home else { return false }
        return !url.target.hasPrefix("/v2/") || url.target.hasPrefix("/v2/\(repository)/")
    }

    private func checked(_ next: HTTPURL, from url: HTTPURL) throws(URLError) -> HTTPURL {
        guard url.origin.scheme == .http || next.origin.scheme == .https else {
            throw URLError(next.origin.description, "leads away from TLS")
        }
        return next
    }
}
