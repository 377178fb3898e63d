// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Hashing
public import Lockfiles
public import OCI

/// One shard of a run that is split across several jobs.
///
/// Each target repository belongs to the shard whose number, hashed together with the name of the
/// repository, gives the greatest value. Assignment needs no network, and changing the number of
/// shards moves as few repositories as possible.
///
/// Source: rendezvous hashing (Thaler and Ravishankar, 1998).
public struct Shard: Hashable, Sendable, CustomStringConvertible {
    /// The number of the shard, starting at 1.
    public let number: Int
    /// The number of shards.
    public let count: Int

    /// The maximum number of shards.
    public static let maximumCount = 1000

    /// Creates a shard; `nil` if the number is out of range.
    public init?(_ number: Int, of count: Int) {
        guard (1...Self.maximumCount).contains(count), (1...count).contains(number) else {
            return nil
        }
        self.number = number
        self.count = count
    }

    /// Parses `2/3`.
    ///
    /// - Throws: `ParseError`.
    public init(parsing text: String) throws(ParseError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), let count = Int(parts[1]),
            let shard = Shard(number, of: count)
        else {
            throw ParseError(
                "shard", text,
                reason: "must be I/N, with I from 1 to N and N at most \(Self.maximumCount)")
        }
        self = shard
    }

    /// `2/3`.
    public var description: String { "\(number)/\(count)" }

    /// Returns a Boolean value that indicates whether the repository of a name belongs to this
    /// shard.
    public func owns(_ name: String) -> Bool {
        let scores = (1...count).map { Digest.of(Array("\(name)\n\($0)".utf8)).hex }
        return scores.indices.max { scores[$0] < scores[$1] } == number - 1
    }

    // MARK: Files

    /// Returns the path of the shard's lock file, next to the merged one:
    /// `images.lock.2-of-3.yaml`.
    public func path(of lock: String) -> String {
        for ending in [".yaml", ".yml"] where lock.hasSuffix(ending) {
            return "\(lock.dropLast(ending.count)).\(number)-of-\(count)\(ending)"
        }
        return "\(lock).\(number)-of-\(count)"
    }

    /// Parses the name of a shard lock file; `nil` for any other file name.
    public init?(ofFile path: String) {
        let name = path.split(separator: "/").last ?? ""
        let components = name.split(separator: ".").reversed()
        for component in components.prefix(2) {
            let numbers = component.split(separator: "-", omittingEmptySubsequences: false)
            guard numbers.count == 3, numbers[1] == "of", let number = Int(numbers[0]),
                let count = Int(numbers[2]), let shard = Shard(number, of: count)
            else { continue }
            self = shard
            return
        }
        return nil
    }
}

/// The configuration and lock files of one shard: only its own images, and separate lock files.
public struct ShardedRun: Sendable {
    /// The configuration with the images and the lock file paths of the shard.
    public let configuration: MirrorConfiguration
    /// The current lock files with the entries of the shard, by the paths of the shard.
    public let locks: [String: Lockfile]

    /// Creates the configuration and lock files of a shard.
    public init(_ shard: Shard, of configuration: MirrorConfiguration, locks: [String: Lockfile]) {
        var configuration = configuration
        configuration.images = configuration.images.filter { shard.owns($0.name) }
        var shardLocks: [String: Lockfile] = [:]
        for position in configuration.targets.indices {
            let target = configuration.targets[position]
            guard let path = target.lock else { continue }
            configuration.targets[position].lock = shard.path(of: path)
            guard var lock = locks[path] else { continue }
            lock.images = lock.images.filter { shard.owns(target.name(of: $0.value.repository)) }
            shardLocks[shard.path(of: path)] = lock
        }
        self.configuration = configuration
        self.locks = shardLocks
    }
}

extension MirrorTarget {
    /// Returns the name of a repository below the prefix; its last component if it is not below the
    /// prefix.
    func name(of repository: Repository) -> String {
        guard contains(repository), case .registry(_, let path) = prefix else {
            return repository.lastComponent
        }
        return String(repository.path.dropFirst(path.isEmpty ? 0 : path.utf8.count + 1))
    }
}
