// SPDX-License-Identifier: Apache-2.0

public import Lockfiles
internal import OCI

/// The lock of a whole run, put together from the locks of all its parts.
///
/// Each part has the blocks of its own images, the old one where an image failed, so that the whole is
/// their union.
public struct LockMerge: Sendable {
    /// A part's lock and where it was read.
    public struct Part: Sendable {
        let path: String
        let shard: Shard
        let lock: Lockfile

        /// Names a part.
        public init(path: String, shard: Shard, lock: Lockfile) {
            self.path = path
            self.shard = shard
            self.lock = lock
        }
    }

    /// Why parts do not make a whole.
    public enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// Some parts were not given.
        case incomplete(missing: [String])
        /// The parts are of runs with different numbers of parts, or one was given twice.
        case mixed(String)
        /// Two parts were made of different configurations.
        case otherInputs(String, String)
        /// Two parts say different things of one image.
        case contradiction(id: String, String, String)

        /// One line: what is wrong with which files.
        public var description: String {
            switch self {
            case .incomplete(let missing):
                "the parts \(missing.joined(separator: ", ")) are missing"
            case .mixed(let path):
                "\(path) is no part of the same run as the others, or is there twice"
            case .otherInputs(let first, let second):
                "\(first) and \(second) were made of different configurations"
            case .contradiction(let id, let first, let second):
                "\(first) and \(second) contradict each other about '\(id)'"
            }
        }
    }

    /// The whole lock.
    public let lock: Lockfile

    /// Puts the parts together.
    ///
    /// - Throws: ``Problem``.
    public init(_ parts: [Part]) throws(Problem) {
        guard let first = parts.first else { throw .incomplete(missing: ["1/1"]) }
        var lock = first.lock
        var origins: [String: Part] = [:]
        var seen: Set<Int> = []
        lock.images = [:]
        for part in parts {
            guard part.shard.count == first.shard.count, seen.insert(part.shard.number).inserted
            else { throw .mixed(part.path) }
            guard part.lock.inputs == first.lock.inputs,
                part.lock.validation == first.lock.validation
            else {
                throw .otherInputs(first.path, part.path)
            }
            for (id, block) in part.lock.images {
                if let other = origins[id], other.lock.images[id] != block {
                    throw .contradiction(id: id, other.path, part.path)
                }
                origins[id] = part
                lock.images[id] = block
            }
        }
        let missing = (1...first.shard.count).filter { !seen.contains($0) }
        guard missing.isEmpty else {
            throw .incomplete(missing: missing.map { "\($0)/\(first.shard.count)" })
        }
        self.lock = lock
    }
}
