// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import TextSafety

/// The rules that decide which origins are reached through a proxy.
///
/// libcurl reads the same variables, but does not report its decision, and the address policy
/// applies only to connections without a proxy.
public struct ProxyRules: Sendable {
    private let proxies: [Origin.Scheme: Proxy]
    private let exclusions: [Exclusion]

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
        exclusions = (first("no_proxy", "NO_PROXY") ?? "")
            .split { $0 == "," || $0 == " " }.map { Exclusion(String($0)) }
    }

    /// Returns the proxy for an origin; `nil` for a direct connection.
    ///
    /// This host and link-local addresses are always reached directly: a proxy would reach its own
    /// metadata service.
    func proxy(for origin: Origin) -> Proxy? {
        guard let proxy = proxies[origin.scheme], !origin.isLoopback,
            origin.address.map(AddressClass.init(of:)) != .linkLocal,
            !exclusions.contains(where: { $0.applies(to: origin) })
        else { return nil }
        return proxy
    }

    /// An entry of `no_proxy`: every host, a range of addresses, or a domain with its subdomains.
    private enum Exclusion {
        case allHosts
        case addresses(AddressRange)
        case name(Substring)

        init(_ text: String) {
            let plain =
                text.hasPrefix("[") && text.hasSuffix("]") ? text.dropFirst().dropLast() : text[...]
            if text == "*" {
                self = .allHosts
            } else if let range = try? AddressRange(parsing: String(plain)) {
                self = .addresses(range)
            } else {
                let name = text.lowercased().drop { $0 == "." }
                self = .name(name.hasSuffix(".") ? name.dropLast() : name)
            }
        }

        func applies(to origin: Origin) -> Bool {
            switch self {
            case .allHosts: true
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
    /// A Boolean value that indicates whether the connection to the proxy uses TLS.
    let usesTLS: Bool
    /// The host and port, if they can be parsed.
    private let address: UntrustedText

    init(_ text: String) {
        url = Secret(text)
        usesTLS = text.lowercased().hasPrefix("https://")
        let afterScheme = text.firstRange(of: "://").map { text[$0.upperBound...] } ?? text[...]
        let afterUserInfo = afterScheme.lastIndex(of: "@").map { afterScheme[$0...].dropFirst() }
        address = UntrustedText(
            String((afterUserInfo ?? afterScheme).prefix { $0 != "/" && $0 != "?" && $0 != "#" }))
    }

    /// The proxy in messages.
    var name: String { "the proxy \(usesTLS ? "https://" : "")\(address.display(limit: 100))" }

    /// Returns the error for a request that the proxy rejected.
    ///
    /// A server error or a rate limit of the proxy may be temporary; other rejections are not.
    func rejection(status: Int) -> TransportError {
        if status == 407 {
            return TransportError(
                .refused,
                "\(name) rejected the credentials (407): set them in the proxy environment variable"
            )
        }
        return TransportError(
            status == 429 || status >= 500 ? .connect : .refused,
            "\(name) cannot connect: status \(status)")
    }
}

extension TransportError {
    /// The error for a proxy address that a restricted request must not be sent to.
    static func addressNotPermitted(_ origin: Origin, at address: IPAddress?) -> TransportError {
        let place = address.map { "\($0), a \(AddressClass(of: $0).rawValue) address" }
        return TransportError(
            .outOfReach,
            "\(origin) is at \(place ?? "an unknown address"), which is not permitted for server-supplied URLs"
        )
    }
}
