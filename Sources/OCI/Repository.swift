// SPDX-License-Identifier: Apache-2.0

/// A collection of manifests and blobs in a registry, such as `quay.io/spotahome/redis-operator`.
public struct Repository: Hashable, Sendable {
    /// The registry.
    public let registry: RegistryHost
    /// The path in the registry, such as `library/busybox`.
    public let path: String

    /// Creates a repository.
    ///
    /// On Docker Hub a path of one component is below `library/`.
    ///
    /// - Throws: ``ParseError`` if the path does not match the grammar or has more than 255
    ///   characters.
    public init(registry: RegistryHost, path: String) throws(ParseError) {
        let isOfficial = registry == .dockerHub && !path.utf8.contains(UInt8(ascii: "/"))
        let fullPath = isOfficial ? "library/\(path)" : path
        try Self.check(path: fullPath, asWritten: path)
        self.registry = registry
        self.path = fullPath
    }

    /// Parses a short or full name without tag and digest.
    ///
    /// The first component is a registry if it has a `.` or a `:`, is `localhost` or has uppercase
    /// letters; otherwise the repository is on Docker Hub, where a single component is below
    /// `library/`. A bare name of 64 hexadecimal digits is rejected because clients take it for an
    /// image ID.
    ///
    /// - Throws: ``ParseError`` if the registry or the path does not match the grammar.
    ///
    /// Source: the distribution reference implementation (`normalize.go`, its rules in our words).
    public init(parsing text: String) throws(ParseError) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")),
            Self.namesRegistry(text[..<slash])
        else {
            guard text.utf8.count != 64 || !text.utf8.allSatisfy(Self.isHex) else {
                throw ParseError(
                    "repository", text, reason: "64 hexadecimal digits are an image id, not a name")
            }
            try self.init(registry: .dockerHub, path: text)
            return
        }
        let registry = try RegistryHost(parsing: String(text[..<slash]))
        try self.init(registry: registry, path: String(text[text.index(after: slash)...]))
    }

    /// Returns a Boolean value that indicates whether the first component of a name is a registry.
    static func namesRegistry(_ component: Substring) -> Bool {
        component == "localhost"
            || component.utf8.contains {
                $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || (0x41...0x5A).contains($0)
            }
    }

    /// `[a-z0-9]+` parts, joined by `.`, `_`, `__` or dashes, in components joined by `/`.
    private static func check(path: String, asWritten text: String) throws(ParseError) {
        guard !text.isEmpty else { throw ParseError("repository", text, reason: "is empty") }
        guard path.utf8.count <= 255 else {
            throw ParseError("repository", text, reason: "is longer than 255 characters")
        }
        for component in path.utf8.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        where !isComponent(component) {
            let hint =
                component.contains { (0x41...0x5A).contains($0) }
                ? "letters must be in lower case" : "it is not a name"
            throw ParseError(
                "repository", text,
                reason: "\(hint): components are a-z and 0-9, joined by '.', '_', '__' or '-'")
        }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func isComponent(_ component: Substring.UTF8View) -> Bool {
        var separator = Separator()
        var sawLetter = false
        for byte in component {
            switch byte {
            case 0x30...0x39, 0x61...0x7A:
                guard separator.isAllowed else { return false }
                separator = Separator()
                sawLetter = true
            case 0x2E, 0x5F, 0x2D:
                guard sawLetter else { return false }
                separator.add(byte)
            default:
                return false
            }
        }
        return sawLetter && separator.length == 0
    }

    /// A separator between two parts of a component: a dot, one or two underscores, or dashes.
    private struct Separator {
        private var byte: UInt8 = 0x2D
        private(set) var length = 0
        private var isMixed = false

        mutating func add(_ next: UInt8) {
            isMixed = isMixed || (length > 0 && next != byte)
            byte = next
            length += 1
        }

        var isAllowed: Bool {
            guard !isMixed else { return false }
            return byte == 0x2D || length <= (byte == 0x5F ? 2 : 1)
        }
    }
}

extension Repository: CustomStringConvertible, Comparable {
    /// The full name, including the registry.
    public var description: String { "\(registry.name)/\(path)" }

    /// Orders repositories by the bytes of their full names.
    public static func < (first: Repository, second: Repository) -> Bool {
        first.description.utf8.lexicographicallyPrecedes(second.description.utf8)
    }
}

extension Repository {
    /// The last component of the path, which most users call the name.
    public var lastComponent: String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
