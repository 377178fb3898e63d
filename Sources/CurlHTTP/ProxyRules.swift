// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import TextSafety

/// The rules that decide which origins are reached through a proxy.
///
/// libcurl reads the same variables, but does not report its decision, and the address policy
/// applies only to connections without a proxy.
public struct ProxyRules: Sendable {
    private let proxies: [Origin.Scheme: Proxy]
    private let exceptions: [Exception]

    /// No proxy for any origin.
    public static let none = ProxyRules(environment: [:])

    /// Reads the environment variables that curl reads, in the same order.
    ///
    /// `HTTP_PROXY` is ignored: web servers set it from a header of the request (CVE-2016-5385).
    ///
    /// Source: curl(1) § ENVIRONMENT.
    public init(environment: [String: String]) {
        func first(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        var proxies: [Origin.Scheme: Proxy] = [:]
        proxies[.http] = first("http_proxy", "all_proxy", "ALL_PROXY").map(Proxy.init)
        proxies[.https] = first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
            .map(Proxy.init)
        self.proxies = proxies
        exceptions = (first("no_proxy", "NO_PROXY") ?? "")
            .split { $0 == "," || $0 == " " }.map { Exception(String($0)) }
    }

    /// Returns the proxy for an origin; `nil` for a direct connection.
    ///
    /// This host and link-local addresses are always reached directly: a proxy would reach its own
    /// metadata service.
    func proxy(for origin: Origin) -> Proxy? {
        guard let proxy = proxies[origin.scheme], !origin.isLoopback,
            origin.address.map(AddressClass.init(of:)) != .linkLocal,
            !exceptions.contains(where: { $0.applies(to: origin) })
        else { return nil }
        return proxy
    }

    /// An entry of `no_proxy`: every host, a range of addresses, or a domain with its subdomains.
    private enum Exception {
        case every
        case addresses(AddressRange)
        case name(Substring)

        init(_ text: String) {
            let plain =
                text.hasPrefix("[") && text.hasSuffix("]") ? text.dropFirst().dropLast() : text[...]
            if text == "*" {
                self = .every
            } else if let range = try? AddressRange(parsing: String(plain)) {
                self = .addresses(range)
            } else {
                let name = text.lowercased().drop { $0 == "." }
                self = .name(name.hasSuffix(".") ? name.dropLast() : name)
            }
        }

        func applies(to origin: Origin) -> Bool {
            switch self {
            case .every: true
            case .addresses(let range): origin.address.map(range.contains) ?? false
            case .name(let name):
                !name.isEmpty && (origin.host == name || origin.host.hasSuffix(".\(name)"))
            }
        }
    }
}

/// A proxy from the environment.
struct Proxy: Hashable {
    /// The whole value, which may contain a password.
    let url: Secret
    /// The host and port, if they can be parsed.
    private let place: UntrustedText

    init(_ text: String) {
        url = Secret(text)
        let behindScheme = text.firstRange(of: "://").map { text[$0.upperBound...] } ?? text[...]
        let behindUser = behindScheme.lastIndex(of: "@").map { behindScheme[$0...].dropFirst() }
        place = UntrustedText(
            String((behindUser ?? behindScheme).prefix { $0 != "/" && $0 != "?" && $0 != "#" }))
    }

    /// Returns the error for a request that the proxy rejected.
    ///
    /// A server error or a rate limit of the proxy may be temporary; other rejections are not.
    func refusal(status: Int) -> TransportError {
        let name = "the proxy \(place.display(limit: 100))"
        if status == 407 {
            return TransportError(
                .refused,
                "\(name) wants credentials, or others (407): write them into the proxy's variable")
        }
        return TransportError(
            status == 429 || status >= 500 ? .connect : .refused,
            "\(name) did not connect: it answered \(status)")
    }
}

extension TransportError {
    /// The error for a proxy address that a restricted request must not be sent to.
    static func outOfReach(_ origin: Origin, at address: IPAddress?) -> TransportError {
        let place = address.map { "\($0), a \(AddressClass(of: $0).rawValue) address" }
        return TransportError(
            .outOfReach,
            "\(origin) is at \(place ?? "an unknown address"), where no server may send us")
    }
}
