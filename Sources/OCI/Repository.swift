// SPDX-License-Identifier: Apache-2.0

/// A named collection of manifests and blobs in one registry: `quay.io/spotahome/redis-operator`.
public struct Repository: Hashable, Sendable {
    /// The registry that holds it.
    public let registry: RegistryHost
    /// Its path there, such as `library/busybox`.
    public let path: String

    /// Makes a repository from its two parts; on Docker Hub a single component lies under `library/`.
    ///
    /// - Throws: ``ParseError`` where the path does not follow the grammar, or has more than 255
    ///   characters.
    public init(registry: RegistryHost, path: String) throws(ParseError) {
        let isOfficial = registry == .dockerHub && !path.contains("/")
        let fullPath = isOfficial ? "library/\(path)" : path
        try Self.check(path: fullPath, asWritten: path)
        self.registry = registry
        self.path = fullPath
    }

    /// Parses a familiar or full name without tag and digest.
    ///
    /// The first component is a registry if it has a `.` or a `:`, is `localhost` or has upper-case
    /// letters; otherwise the name is one of Docker Hub's, where a single component lies under
    /// `library/`. A bare name of 64 hexadecimal digits is an image id to clients, and refused.
    ///
    /// - Throws: ``ParseError`` where registry or path do not follow the grammar.
    ///
    /// Source: the distribution reference implementation (`normalize.go`, its rules in our words).
    public init(parsing text: String) throws(ParseError) {
        guard let slash = text.firstIndex(of: "/"), Self.namesRegistry(text[..<slash]) else {
            guard text.utf8.count != 64 || !text.utf8.allSatisfy(Self.isHex) else {
                throw ParseError(
                    "repository", text, "64 hexadecimal digits are an image id, not a name")
            }
            try self.init(registry: .dockerHub, path: text)
            return
        }
        let registry = try RegistryHost(parsing: String(text[..<slash]))
        try self.init(registry: registry, path: String(text[text.index(after: slash)...]))
    }

    /// Whether a name's first component is a registry and not the first part of a path.
    static func namesRegistry(_ component: Substring) -> Bool {
        component == "localhost" || component.contains { $0 == "." || $0 == ":" || $0.isUppercase }
    }

    /// `[a-z0-9]+` parts, joined by `.`, `_`, `__` or dashes, in components joined by `/`.
    private static func check(path: String, asWritten text: String) throws(ParseError) {
        guard !text.isEmpty else { throw ParseError("repository", text, "is empty") }
        guard path.utf8.count <= 255 else {
            throw ParseError("repository", text, "is longer than 255 characters")
        }
        for component in path.split(separator: "/", omittingEmptySubsequences: false)
        where !isComponent(component) {
            let hint =
                component.contains { $0.isUppercase }
                ? "letters must be in lower case" : "it is not a name"
            throw ParseError(
                "repository", text,
                "\(hint): components are a-z and 0-9, joined by '.', '_', '__' or '-'")
        }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func isComponent(_ component: Substring) -> Bool {
        var separator: [UInt8] = []
        var sawLetter = false
        for byte in component.utf8 {
            switch byte {
            case 0x30...0x39, 0x61...0x7A:
                guard separator.isEmpty || isSeparator(separator) else { return false }
                separator = []
                sawLetter = true
            case 0x2E, 0x5F, 0x2D:
                guard sawLetter else { return false }
                separator.append(byte)
            default:
                return false
            }
        }
        return sawLetter && separator.isEmpty
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        bytes == [0x2E] || bytes == [0x5F] || bytes == [0x5F, 0x5F]
            || bytes.allSatisfy { $0 == 0x2D }
    }
}

extension Repository: CustomStringConvertible, Comparable {
    /// The full name, registry included.
    public var description: String { "\(registry.name)/\(path)" }

    /// Orders by the bytes of the full name.
    public static func < (first: Repository, second: Repository) -> Bool {
        first.description.utf8.lexicographicallyPrecedes(second.description.utf8)
    }
}

extension Repository {
    /// The last component of the path, which people take for the name.
    public var lastComponent: String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
