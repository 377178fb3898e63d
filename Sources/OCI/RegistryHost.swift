// SPDX-License-Identifier: Apache-2.0

/// The name of a registry in references: a host, with a port unless it is the scheme's default.
///
/// Every spelling of Docker Hub becomes `docker.io`; no other code handles them.
/// Host names are lowercase.
public struct RegistryHost: Hashable, Sendable {
    /// The host and port as written in references, such as `quay.io` or `[::1]:5000`.
    public let name: String

    /// Docker Hub.
    public static let dockerHub = RegistryHost(checked: "docker.io")

    private init(checked name: String) {
        self.name = name
    }

    /// Parses `host`, `host:port`, `[ipv6]` or `[ipv6]:port`.
    ///
    /// - Throws: ``ParseError`` if the host has an invalid character, the port is out of range, or
    ///   a reference would not recognize the text as a registry: it has no `.` and no `:` and is
    ///   not `localhost`.
    ///
    /// Source: the grammar of the distribution reference implementation (`domain-name`,
    /// `port-number`).
    public init(parsing text: String) throws(ParseError) {
        guard !text.isEmpty, text.utf8.count <= 255 else {
            throw ParseError("registry", text, reason: "is empty or longer than 255 characters")
        }
        // Case folding of other alphabets can produce ASCII: the Kelvin sign becomes `k`.
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ParseError("registry", text, reason: "has spaces or characters beyond ASCII")
        }
        let name = text.lowercased()
        guard !Self.hubNames.contains(name) else {
            self = .dockerHub
            return
        }
        // Without these characters, `name/path` is a path on Docker Hub. References also recognize
        // a registry by capitals, but the name is lowercased and must parse as the same registry
        // again.
        guard name == "localhost" || name.utf8.contains(where: { $0 == 0x2E || $0 == 0x3A }) else {
            throw ParseError(
                "registry", text, reason: "has neither a '.' nor a port; write the full host name")
        }
        var host = Substring(name)
        if let colon = name.utf8.lastIndex(of: 0x3A), !name[colon...].utf8.contains(0x5D) {
            host = name[..<colon]
            let digits = name[name.index(after: colon)...]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let port = UInt16(digits), port > 0
            else {
                throw ParseError(
                    "registry", text, reason: "the port is not a number from 1 to 65535")
            }
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            guard Self.isIPv6(host.dropFirst().dropLast()) else {
                throw ParseError(
                    "registry", text, reason: "there is no IPv6 address between the brackets")
            }
        } else {
            guard
                host.utf8.split(separator: 0x2E, omittingEmptySubsequences: false).allSatisfy(
                    Self.isLabel)
            else { throw ParseError("registry", text, reason: "is not a host name") }
        }
        self.name = name
    }

    private static let hubNames: Set<String> = [
        "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com",
    ]

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        guard let first = label.first, first != 0x2D, label.last != 0x2D else { return false }
        return label.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
        }
    }

    /// The grammar allows hexadecimal digits and colons; an address has at least two colons.
    private static func isIPv6(_ text: Substring) -> Bool {
        text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || $0 == 0x3A
        } && text.utf8.count { $0 == 0x3A } >= 2
    }
}

extension RegistryHost: CustomStringConvertible {
    /// The host and port as written in references.
    public var description: String { name }
}

/// The way blobs are uploaded to a registry.
///
/// Source: distribution-spec § Pushing blobs; registries differ in what they support.
public enum UploadDialect: String, Sendable, CaseIterable {
    /// POST, then one PUT with the whole blob.
    case put
    /// POST, then one PATCH with the whole blob and no range, then an empty PUT.
    case patch
    /// POST, then a PATCH with a range for each chunk of a few mebibytes, then an empty PUT.
    case chunked
}
