// SPDX-License-Identifier: Apache-2.0

public import Lockfiles
internal import OCI

/// The lock file of a run, merged from the lock files of all its shards.
///
/// Each shard has the entries of its own images, the previous one where an image failed, so the
/// result is the union of all shards.
public struct LockMerge: Sendable {
    /// The lock file of one shard.
    public struct ShardLockfile: Sendable {
        let path: String
        let shard: Shard
        let lock: Lockfile

        /// Creates the lock file of a shard.
        public init(path: String, shard: Shard, lock: Lockfile) {
            self.path = path
            self.shard = shard
            self.lock = lock
        }
    }

    /// The reason why shards cannot be merged.
    public enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// Some shards are missing.
        case incomplete(missing: [String])
        /// A shard has another shard count than the first one, or appears twice.
        case mismatchedShard(String)
        /// Two shards have different configurations.
        case differentConfigurations(String, String)
        /// Two shards have different entries for one image.
        case conflictingEntries(id: String, String, String)

        /// The problem in one line, with the affected files.
        public var description: String {
            switch self {
            case .incomplete(let missing):
                "missing shards: \(missing.joined(separator: ", "))"
            case .mismatchedShard(let path):
                "\(path): duplicate shard, or a shard of another run"
            case .differentConfigurations(let first, let second):
                "\(first) and \(second) are from different configurations"
            case .conflictingEntries(let id, let first, let second):
                "\(first) and \(second) have different entries for '\(id)'"
            }
        }
    }

    /// The merged lock file.
    public let lock: Lockfile

    /// Merges the lock files of all shards.
    ///
    /// - Throws: ``Problem``.
    public init(_ shards: [ShardLockfile]) throws(Problem) {
        guard let first = shards.first else { throw .incomplete(missing: ["1/1"]) }
        var lock = first.lock
        var origins: [String: ShardLockfile] = [:]
        var seen: Set<Int> = []
        lock.images = [:]
        for lockfile in shards {
            guard lockfile.shard.count == first.shard.count,
                seen.insert(lockfile.shard.number).inserted
            else { throw .mismatchedShard(lockfile.path) }
            guard lockfile.lock.inputs == first.lock.inputs,
                lockfile.lock.validation == first.lock.validation
            else {
                throw .differentConfigurations(first.path, lockfile.path)
            }
            for (id, lockEntry) in lockfile.lock.images {
                if let other = origins[id], other.lock.images[id] != lockEntry {
                    throw .conflictingEntries(id: id, other.path, lockfile.path)
                }
                origins[id] = lockfile
                lock.images[id] = lockEntry
            }
        }
        let missing = (1...first.shard.count).filter { !seen.contains($0) }
        guard missing.isEmpty else {
            throw .incomplete(missing: missing.map { "\($0)/\(first.shard.count)" })
        }
        self.lock = lock
    }
}
