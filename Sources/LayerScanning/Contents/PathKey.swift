// SPDX-License-Identifier: Apache-2.0

/// A hash that identifies a path.
///
/// It is SipHash with a key of this process, so that an attacker cannot construct a collision. The
/// key of a path is computed from the key of its directory and its name: one pass over the bytes
/// computes the keys of all directories on the path.
public struct PathKey: Hashable, Sendable {
    private let hash: Int

    /// The key of the root.
    public static let root = PathKey(hash: 0)

    /// Creates the key of a whole path.
    public init(_ path: LayerPath) {
        self = path.components.reduce(.root) { $0.appending($1) }
    }

    private init(hash: Int) {
        self.hash = hash
    }

    /// Returns the key of a name in this directory.
    public func appending(_ name: ArraySlice<UInt8>) -> PathKey {
        var hasher = Hasher()
        hasher.combine(hash)
        // One call for all bytes takes a fraction of the time of one for each.
        unsafe name.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return PathKey(hash: hasher.finalize())
    }
}

/// The path of one line of a report, and the keys of its directories.
///
/// Only what differs from the previous line is computed.
struct PathTrail {
    /// The path, clean.
    private(set) var bytes: [UInt8] = []
    /// The keys of the directories on the path, the root first.
    private(set) var directories: [PathKey] = []
    /// The key of the path.
    private(set) var key = PathKey.root
    /// The end of each directory's name, except the root's.
    private var ends: [Int] = []

    /// Replaces all but the first bytes of the path.
    ///
    /// - Returns: Whether the new path is clean, and no longer than a kernel permits.
    mutating func replace(after shared: Int, with rest: [UInt8]) -> Bool {
        guard shared <= bytes.count, shared + rest.count <= ScanLimits.pathByteCount else {
            return false
        }
        bytes.removeSubrange(shared...)
        bytes += rest
        // A directory is still on the path if the slash after its name is.
        while let end = ends.last, end >= shared {
            ends.removeLast()
            directories.removeLast()
        }
        guard !bytes.isEmpty else {
            directories = []
            key = .root
            return true
        }
        if directories.isEmpty { directories = [.root] }
        var start = ends.last.map { $0 + 1 } ?? 0
        while true {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.count
            let name = bytes[start..<end]
            guard LayerPath.isClean(name), name.count <= ScanLimits.nameByteCount,
                let directory = directories.last
            else { return false }
            let next = directory.appending(name)
            guard end < bytes.count else {
                key = next
                return true
            }
            directories.append(next)
            ends.append(end)
            start = end + 1
        }
    }
}
