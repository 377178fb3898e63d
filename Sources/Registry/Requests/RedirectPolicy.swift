// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI

extension RegistryError {
    /// Creates an error for a URL in a registry's response that is not used.
    ///
    /// - Parameters:
    ///   - operation: The operation.
    ///   - error: The reason.
    ///   - host: The host that `allow` could permit, or `nil` if the URL is never used.
    fileprivate init(
        _ operation: Operation, blocked error: URLError, permitting host: String? = nil
    ) {
        self.init(
            .unavailable, operation, "the registry refers to \(error)",
            hint: host.map {
                "if the host belongs to it, add \($0) to registries.\(operation.registry).allow"
            })
    }
}

/// The policy for URLs in a registry's responses: where redirects, upload locations, token servers
/// and links may lead, and which of them receive credentials.
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
struct RedirectPolicy: Sendable {
    /// The origin of the registry.
    let registry: Origin
    /// The origins of the allowed hosts.
    let allowedOrigins: Set<Origin>
    /// The allowed address ranges.
    let allowedRanges: [AddressRange]

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

    // MARK: Addresses

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

    // MARK: Redirects

    /// Returns the next hop, or `nil` if the response is not a redirect.
    ///
    /// - Throws: ``RegistryError`` if the redirect is not permitted.
    func next(
        after response: HTTPResponse, from hop: Hop, of request: RegistryRequest
    ) throws(RegistryError) -> Hop? {
        let (writes, operation) = (request.writes, request.operation)
        let follows: Set<Int> = writes ? [307, 308] : [301, 302, 303, 307, 308]
        guard follows.contains(response.status), let location = response.fields["location"] else {
            return nil
        }
        let url =
            writes
            ? try upload(location, from: hop.url, for: operation)
            : try resolve(location, from: hop.url, for: operation)
        let limit = scope(
            afterResponseFrom: response.addressClass(at: hop.url.origin), within: hop.limit)
        do {
            return Hop(
                url: url, addressScope: try scope(for: url.origin, within: limit),
                limit: limit)
        } catch {
            throw RegistryError(
                operation, blocked: error, permitting: url.origin.authority)
        }
    }

    /// Returns the URL for an upload.
    ///
    /// - Throws: ``RegistryError`` if it has another origin that the user has not named.
    func upload(
        _ location: String, from url: HTTPURL, for operation: Operation
    ) throws(RegistryError) -> HTTPURL {
        let next = try resolve(location, from: url, for: operation)
        guard isTrusted(next.origin) else {
            throw RegistryError(
                operation,
                blocked: URLError(
                    next.origin.description, "uploads to other origins are blocked"),
                permitting: next.origin.authority)
        }
        return next
    }

    /// Returns a Boolean value that indicates whether credentials for `repository` may be sent to
    /// `url`.
    ///
    /// They belong to the registry's origin and, there, not to other repositories: a redirect
    /// must not lend a narrow credential to a wider request.
    func maySendCredentials(at url: HTTPURL, for repository: String) -> Bool {
        guard url.origin == registry else { return false }
        return !url.target.hasPrefix("/v2/") || url.target.hasPrefix("/v2/\(repository)/")
    }

    private func resolve(
        _ location: String, from url: HTTPURL, for operation: Operation
    ) throws(RegistryError) -> HTTPURL {
        let next: HTTPURL
        do {
            next = try url.resolving(location)
        } catch {
            throw RegistryError(operation, blocked: error)
        }
        guard url.origin.scheme == .http || next.origin.scheme == .https else {
            throw RegistryError(
                operation,
                blocked: URLError(next.origin.description, "redirect from HTTPS to HTTP blocked"))
        }
        return next
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
