// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

extension Platform {
    /// The operating systems of Go.
    ///
    /// Source: Go 1.25, `src/internal/syslist/syslist.go`; image-spec, image-index.md § `platform`.
    private static let operatingSystems = [
        "aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "linux",
        "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows",
    ]

    /// The architectures of Go.
    private static let architectures = [
        "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64",
        "ppc64le", "riscv64", "s390x", "wasm",
    ]

    /// The names that other tools use.
    private static let aliases = [
        "x64": "amd64", "x86": "386", "intel": "amd64", "armv8": "arm64", "armv7": "arm/v7",
        "armv6": "arm/v6", "armv7l": "arm/v7", "ppc": "ppc64le", "riscv": "riscv64",
    ]

    /// Parses a platform that a user requires, whose parts have to be known names.
    ///
    /// - Throws: ``ParseError`` with a suggestion, because an image for a misspelled platform never
    ///   exists.
    public init(parsingRequired text: String) throws(ParseError) {
        if !text.contains("/") {
            let name = Self.suggestion(for: text.lowercased(), among: Self.architectures)
            throw ParseError(
                "platform", text,
                reason: "should look like linux/arm64"
                    + (name.map { "; did you mean 'linux/\($0)'?" } ?? ""))
        }
        try self.init(parsing: text)
        if !Self.operatingSystems.contains(os) {
            let name = Self.suggestion(for: os, among: Self.operatingSystems)
            throw ParseError(
                "platform", text,
                reason: "unknown operating system"
                    + (name.map { "; did you mean '\($0)/\(architecture)'?" } ?? ""))
        }
        if !Self.architectures.contains(architecture) {
            let name = Self.suggestion(for: architecture, among: Self.architectures)
            throw ParseError(
                "platform", text,
                reason: "unknown architecture"
                    + (name.map { "; did you mean '\(os)/\($0)'?" }
                        ?? "; known are \(Self.architectures.joined(separator: ", "))"))
        }
    }

    private static func suggestion(for name: String, among names: [String]) -> String? {
        if names.contains(name) { return name }
        let normal = Platform.normalArchitecture(name)
        if names.contains(normal) { return normal }
        return aliases[name] ?? Suggestion.nearest(to: name, among: names)
    }

    private static func normalArchitecture(_ name: String) -> String {
        isPart(name) ? Platform(os: "linux", architecture: name).architecture : name
    }
}
