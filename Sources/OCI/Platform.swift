// SPDX-License-Identifier: Apache-2.0

/// An operating system and processor that binaries are made for.
///
/// Source: image-spec, image-index.md § `platform`; the normal form is containerd's.
public struct Platform: Hashable, Sendable {
    /// The operating system, in Go's spelling (`linux`).
    public let os: String
    /// The architecture, in Go's spelling (`amd64`, `arm64`).
    public let architecture: String
    /// The architecture's variant, such as `v7`; nil where it is the architecture's usual one.
    public let variant: String?
    /// The version of the operating system, which Windows images state.
    public let osVersion: String?

    /// linux/amd64.
    public static let linuxAMD64 = Platform(os: "linux", architecture: "amd64")
    /// linux/arm64.
    public static let linuxARM64 = Platform(os: "linux", architecture: "arm64")

    /// Makes a platform in its normal form.
    ///
    /// `x86_64` is `amd64`, `aarch64` is `arm64`, `macos` is `darwin`; the usual variant of an
    /// architecture (`arm64/v8`, `arm/v7`, `amd64/v1`) is left out, so `arm64` equals `arm64/v8`.
    public init(os: String, architecture: String, variant: String? = nil, osVersion: String? = nil)
    {
        self.os = os.lowercased() == "macos" ? "darwin" : os.lowercased()
        var architecture = architecture.lowercased()
        var variant = variant.flatMap { $0.isEmpty ? nil : $0.lowercased() }
        switch architecture {
        case "x86_64", "x86-64": architecture = "amd64"
        case "aarch64": architecture = "arm64"
        case "i386": architecture = "386"
        case "armhf": (architecture, variant) = ("arm", variant ?? "v7")
        case "armel": (architecture, variant) = ("arm", variant ?? "v6")
        default: break
        }
        switch (architecture, variant) {
        case ("arm64", "v8"?), ("arm64", "8"?), ("arm", "v7"?), ("arm", "7"?), ("amd64", "v1"?):
            variant = nil
        default: break
        }
        self.architecture = architecture
        self.variant = variant
        self.osVersion = osVersion.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Parses `os/architecture` or `os/architecture/variant`.
    ///
    /// - Throws: ``ParseError`` where a part is missing or has other characters.
    public init(parsing text: String) throws(ParseError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else {
            throw ParseError("platform", text, "should look like linux/arm64 or linux/arm/v7")
        }
        for part in parts {
            guard !part.isEmpty, part.utf8.allSatisfy(Self.isAllowed) else {
                throw ParseError(
                    "platform", text, "only letters, digits, '.', '_' and '-' are allowed")
            }
        }
        self.init(
            os: String(parts[0]), architecture: String(parts[1]),
            variant: parts.count == 3 ? String(parts[2]) : nil)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }

    /// Whether an image for `other` is what a requirement of this platform asks for.
    ///
    /// The version of the operating system counts only where the requirement names one.
    public func matches(_ other: Platform) -> Bool {
        os == other.os && architecture == other.architecture && variant == other.variant
            && (osVersion == nil || osVersion == other.osVersion)
    }

    /// Whether this is the `unknown/unknown` of an attestation, which no machine runs.
    public var isUnknown: Bool { os == "unknown" && architecture == "unknown" }
}

extension Platform: CustomStringConvertible, Comparable {
    /// `os/architecture` and, where it is not the usual one, `/variant`.
    public var description: String {
        "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "")
    }

    /// Orders by text.
    public static func < (first: Platform, second: Platform) -> Bool {
        (first.description, first.osVersion ?? "") < (second.description, second.osVersion ?? "")
    }
}
