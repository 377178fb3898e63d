// SPDX-License-Identifier: Apache-2.0

/// A path in the root file system of an image.
///
/// It consists of bytes, as in the kernel, and is lexically clean: it has no empty component and no
/// `.`, and `..` removes the component before it but never leaves the root.
public struct LayerPath: Hashable, Sendable {
    /// The path without a leading slash; empty for the root.
    public let bytes: [UInt8]

    /// The root.
    public static let root = LayerPath(clean: [])

    /// Creates a path from a name in an archive or a config.
    ///
    /// - Parameters:
    ///   - name: The name, absolute or relative.
    ///   - directory: The directory that a relative name starts from.
    ///
    /// Source: what Go's `filepath.Clean` does to `"/" + name`, which runtimes use for layers.
    public init(_ name: some Sequence<UInt8>, in directory: LayerPath = .root) {
        let name = Array(name)
        var bytes = name.first == Self.slash ? [] : directory.bytes
        bytes.reserveCapacity(bytes.count + name.count + 1)
        for part in name.split(separator: Self.slash) {
            if Self.isClean(part) {
                if !bytes.isEmpty { bytes.append(Self.slash) }
                bytes += part
            } else if part.count == 2 {
                bytes.removeSubrange((bytes.lastIndex(of: Self.slash) ?? 0)...)
            }
        }
        self.bytes = bytes
    }

    /// Creates the path of an archive entry; `nil` if it exceeds the limits of a kernel.
    ///
    /// The prefix of a whiteout does not count, because no file has that name.
    init?(entryName name: [UInt8]) {
        guard name.count <= ScanLimits.pathByteCount else { return nil }
        self = Self.isCleanPath(name) ? LayerPath(clean: name) : LayerPath(name)
        var start = 0
        for index in bytes.indices where bytes[index] == Self.slash {
            guard index - start <= ScanLimits.nameByteCount else { return nil }
            start = index + 1
        }
        let prefix = ScannedEntry.isWhiteout(self) ? ScannedEntry.whiteoutPrefix.count : 0
        guard bytes.count - start - prefix <= ScanLimits.nameByteCount else { return nil }
    }

    /// Returns whether a path is already clean, as most names in archives are.
    ///
    /// A component that begins with a dot counts as not clean.
    private static func isCleanPath(_ name: [UInt8]) -> Bool {
        var previous = slash
        for byte in name {
            if previous == slash, byte == slash || byte == dot { return false }
            previous = byte
        }
        return previous != slash
    }

    /// Creates a path from a string.
    public init(_ text: String, in directory: LayerPath = .root) {
        self.init(text.utf8, in: directory)
    }

    /// Creates a path from bytes that are already clean.
    init(clean bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The components of the path.
    public var components: [ArraySlice<UInt8>] { bytes.split(separator: Self.slash) }

    /// The last component; empty for the root.
    public var name: ArraySlice<UInt8> {
        bytes[(bytes.lastIndex(of: Self.slash).map { $0 + 1 } ?? 0)...]
    }

    /// The directory that contains the path; `nil` for the root.
    public var directory: LayerPath? {
        guard !bytes.isEmpty else { return nil }
        return LayerPath(clean: Array(bytes[..<(bytes.lastIndex(of: Self.slash) ?? 0)]))
    }

    /// Returns the path of a name in this directory.
    func appending(_ name: some Collection<UInt8>) -> LayerPath {
        LayerPath(clean: bytes.isEmpty ? Array(name) : bytes + [Self.slash] + name)
    }

    /// Returns whether a name can be a component of a clean path: not empty, neither `.` nor `..`.
    static func isClean(_ name: ArraySlice<UInt8>) -> Bool {
        name.count > 2 || !name.isEmpty && !name.allSatisfy { $0 == dot }
    }

    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")
}

extension LayerPath: CustomStringConvertible {
    /// The path with a leading slash, not escaped.
    public var description: String { "/" + String(decoding: bytes, as: UTF8.self) }
}
