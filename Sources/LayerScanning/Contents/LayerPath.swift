// SPDX-License-Identifier: Apache-2.0

/// The path of something in an image's file system, seen from its root.
///
/// It is made of bytes, as the kernel's are, and lexically clean: no empty part, no `.`, and a `..`
/// takes away the part before it but never leaves the root.
public struct LayerPath: Hashable, Sendable {
    /// The path without a leading slash; empty for the root itself.
    public let bytes: [UInt8]

    /// The root.
    public static let root = LayerPath(clean: [])

    /// Cleans a name as it stands in an archive or a configuration.
    ///
    /// - Parameters:
    ///   - name: the name, absolute or not.
    ///   - folder: where a name begins that is not absolute.
    ///
    /// Source: what Go's `filepath.Clean` does to `"/" + name`, which runtimes use for layers.
    public init(_ name: some Sequence<UInt8>, in folder: LayerPath = .root) {
        let name = Array(name)
        var bytes = name.first == Self.slash ? [] : folder.bytes
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

    /// Cleans a text.
    public init(_ text: String, in folder: LayerPath = .root) {
        self.init(text.utf8, in: folder)
    }

    /// Takes bytes that are clean already.
    init(clean bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The names that the path is made of.
    public var parts: [ArraySlice<UInt8>] { bytes.split(separator: Self.slash) }

    /// The last name; empty for the root.
    public var name: ArraySlice<UInt8> {
        bytes[(bytes.lastIndex(of: Self.slash).map { $0 + 1 } ?? 0)...]
    }

    /// The folder that holds it; nil for the root.
    public var folder: LayerPath? {
        guard !bytes.isEmpty else { return nil }
        return LayerPath(clean: Array(bytes[..<(bytes.lastIndex(of: Self.slash) ?? 0)]))
    }

    /// The path of a name in this folder.
    func appending(_ name: some Collection<UInt8>) -> LayerPath {
        LayerPath(clean: bytes.isEmpty ? Array(name) : bytes + [Self.slash] + name)
    }

    /// Returns whether a name can be part of a clean path: not empty, neither `.` nor `..`.
    static func isClean(_ name: ArraySlice<UInt8>) -> Bool {
        name.count > 2 || !name.isEmpty && !name.allSatisfy { $0 == dot }
    }

    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")
}

extension LayerPath: CustomStringConvertible {
    /// The path with its slash, of hostile text.
    public var description: String { "/" + String(decoding: bytes, as: UTF8.self) }
}
