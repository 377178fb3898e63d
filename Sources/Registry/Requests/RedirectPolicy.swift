// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP

/// A URL in a registry's response that is not used.
struct BlockedURL: Error {
    let error: URLError
    /// The host that `allow` could permit, or `nil` if the URL is never used.
    var host: String?
}

extension RegistryError {
    /// Creates an error for a URL that is not used.
    init(_ operation: Operation, _ blocked: BlockedURL) {
        self.init(
            .unavailable, operation, "the registry refers to \(blocked.error)",
            hint: blocked.host.map {
                "if the host belongs to it, add \($0) to registries.\(operation.registry).allow"
            })
    }
}

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

    init(registry: Origin, _ settings: RegistrySettings) {
        self.addresses = RedirectAddressPolicy(registry: registry, settings)
    }

    /// Returns the next hop, or `nil` if the response is not a redirect.
    ///
    /// - Throws: ``BlockedURL`` if the redirect is not permitted.
    func next(
        after response: HTTPResponse, from hop: Hop, writes: Bool
    ) throws(BlockedURL) -> Hop? {
        let follows: Set<Int> = writes ? [307, 308] : [301, 302, 303, 307, 308]
        guard follows.contains(response.status), let location = response.fields["location"] else {
            return nil
        }
        let url =
            writes ? try upload(location, from: hop.url) : try resolve(location, from: hop.url)
        let limit = addresses.scope(
            afterResponseFrom: response.addressClass(at: hop.url.origin), within: hop.limit)
        do {
            return Hop(
                url: url, addressScope: try addresses.scope(for: url.origin, within: limit),
                limit: limit)
        } catch {
            throw BlockedURL(error: error, host: url.origin.authority)
        }
    }

    /// Returns the URL for an upload.
    ///
    /// - Throws: ``BlockedURL`` if it has another origin that the user has not named.
    func upload(_ location: String, from url: HTTPURL) throws(BlockedURL) -> HTTPURL {
        let next = try resolve(location, from: url)
        guard addresses.isTrusted(next.origin) else {
            throw BlockedURL(
                error: URLError(
                    next.origin.description, "uploads to other origins are blocked"),
                host: next.origin.authority)
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

    private func resolve(_ location: String, from url: HTTPURL) throws(BlockedURL) -> HTTPURL {
        let next: HTTPURL
        do {
            next = try url.resolving(location)
        } catch {
            throw BlockedURL(error: error)
        }
        guard url.origin.scheme == .http || next.origin.scheme == .https else {
            throw BlockedURL(
                error: URLError(next.origin.description, "redirect from HTTPS to HTTP blocked"))
        }
        return next
    }
}
