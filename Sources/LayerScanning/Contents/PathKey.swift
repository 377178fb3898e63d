// SPDX-License-Identifier: Apache-2.0

/// A hash that identifies a path.
///
/// It is SipHash under a key of this process, so that nobody can prepare two paths with one hash. The
/// key of a path is made of the key of its directory and its name: all directories on a path take one
/// pass over its bytes.
public struct PathKey: Hashable, Sendable {
    private let hash: Int

    /// The key of the root.
    public static let root = PathKey(hash: 0)

    /// Makes the key of a whole path.
    public init(_ path: LayerPath) {
        self = path.parts.reduce(.root) { $0.appending($1) }
    }

    private init(hash: Int) {
        self.hash = hash
    }

    /// Returns the key of a name in this directory.
    public func appending(_ name: ArraySlice<UInt8>) -> PathKey {
        var hasher = Hasher()
        hasher.combine(hash)
        hasher.combine(name)
        return PathKey(hash: hasher.finalize())
    }
}

/// The path of one line of a report and the keys of the directories on it, made of what it does not
/// share with the line before.
struct PathTrail {
    /// The path, clean.
    private(set) var bytes: [UInt8] = []
    /// The keys of the directories on the path, the root first.
    private(set) var folders: [PathKey] = []
    /// The key of the path.
    private(set) var key = PathKey.root
    /// Where the name of each directory but the root ends.
    private var ends: [Int] = []

    /// Replaces all but the first bytes of the path.
    ///
    /// - Returns: whether the new path is a clean one, and no longer than a kernel takes.
    mutating func replace(after shared: Int, with rest: [UInt8]) -> Bool {
        guard shared <= bytes.count, shared + rest.count <= ScanLimits.pathByteCount else {
            return false
        }
        bytes.removeSubrange(shared...)
        bytes += rest
        // A directory is still on the path where the slash behind its name is.
        while let end = ends.last, end >= shared {
            ends.removeLast()
            folders.removeLast()
        }
        guard !bytes.isEmpty else {
            folders = []
            key = .root
            return true
        }
        if folders.isEmpty { folders = [.root] }
        var start = ends.last.map { $0 + 1 } ?? 0
        while true {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.count
            let name = bytes[start..<end]
            guard LayerPath.isClean(name), name.count <= ScanLimits.nameByteCount,
                let folder = folders.last
            else { return false }
            let next = folder.appending(name)
            guard end < bytes.count else {
                key = next
                return true
            }
            folders.append(next)
            ends.append(end)
            start = end + 1
        }
    }
}
