// SPDX-License-Identifier: Apache-2.0

/// An operating system and CPU architecture.
///
/// Source: image-spec, image-index.md § `platform`; the normal form is containerd's.
public struct Platform: Hashable, Sendable {
    /// The operating system in Go's spelling, such as `linux`.
    public let os: String
    /// The architecture in Go's spelling, such as `amd64` or `arm64`.
    public let architecture: String
    /// The variant of the architecture, such as `v7`, or `nil` for the default variant.
    public let variant: String?
    /// The version of the operating system, which Windows images state.
    public let osVersion: String?

    /// The platform linux/amd64.
    public static let linuxAMD64 = Platform(os: "linux", architecture: "amd64")
    /// The platform linux/arm64.
    public static let linuxARM64 = Platform(os: "linux", architecture: "arm64")

    /// Creates a platform in its normal form.
    ///
    /// `x86_64` is `amd64`, `aarch64` is `arm64`, `macos` is `darwin`; the usual variant of an
    /// architecture (`arm64/v8`, `arm/v7`, `amd64/v1`) is left out, so `arm64` equals `arm64/v8`.
    ///
    /// - Precondition: Each part consists of letters, digits, `.`, `_` and `-`. Use
    ///   ``init(parsing:)`` for untrusted text.
    public init(os: String, architecture: String, variant: String? = nil, osVersion: String? = nil)
    {
        precondition(
            [os, architecture, variant ?? "", osVersion ?? ""].allSatisfy(Self.isPart),
            "platform must consist of letters, digits, '.', '_' and '-'")
        self.os = os.lowercased() == "macos" ? "darwin" : os.lowercased()
        (self.architecture, self.variant) = Self.normal(
            architecture.lowercased(), variant?.lowercased() ?? "")
        self.osVersion = osVersion.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func normal(_ architecture: String, _ variant: String) -> (String, String?) {
        switch (architecture, variant) {
        case ("i386", _): ("386", nil)
        case ("x86_64", _), ("x86-64", _): normal("amd64", variant)
        case ("aarch64", _): normal("arm64", variant)
        case ("armhf", _): ("arm", nil)
        case ("armel", _): ("arm", "v6")
        case ("amd64", "v1"), ("arm64", "8"), ("arm64", "v8"), ("arm64", "v8.0"):
            (architecture, nil)
        case ("arm64", "9"), ("arm64", "9.0"), ("arm64", "v9.0"): (architecture, "v9")
        case ("arm", "7"), ("arm", "v7"): (architecture, nil)
        case ("arm", "5"), ("arm", "6"), ("arm", "8"): (architecture, "v\(variant)")
        default: (architecture, variant.isEmpty ? nil : variant)
        }
    }

    /// Parses `os/architecture` or `os/architecture/variant`.
    ///
    /// - Throws: ``ParseError`` if a part is missing or has an invalid character.
    public init(parsing text: String) throws(ParseError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else {
            throw ParseError(
                "platform", text, reason: "should look like linux/arm64 or linux/arm/v7")
        }
        for part in parts {
            guard !part.isEmpty, Self.isPart(String(part)) else {
                throw ParseError(
                    "platform", text, reason: "only letters, digits, '.', '_' and '-' are allowed")
            }
        }
        self.init(
            os: String(parts[0]), architecture: String(parts[1]),
            variant: parts.count == 3 ? String(parts[2]) : nil)
    }

    static func isPart(_ text: String) -> Bool {
        text.utf8.allSatisfy(isAllowed)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }

    /// Returns a Boolean value that indicates whether an image for `other` satisfies a requirement
    /// for this platform.
    ///
    /// The version of the operating system is compared only if the requirement states one.
    public func matches(_ other: Platform) -> Bool {
        os == other.os && architecture == other.architecture && variant == other.variant
            && (osVersion == nil || osVersion == other.osVersion)
    }

    /// A Boolean value that indicates whether this is `unknown/unknown`, the platform of
    /// attestation manifests.
    public var isUnknown: Bool { os == "unknown" && architecture == "unknown" }
}

extension Platform: CustomStringConvertible, Comparable {
    /// `os/architecture`, followed by `/variant` if it is not the default one.
    public var description: String {
        "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "")
    }

    /// Orders platforms by their text.
    public static func < (first: Platform, second: Platform) -> Bool {
        (first.description, first.osVersion ?? "") < (second.description, second.osVersion ?? "")
    }
}
