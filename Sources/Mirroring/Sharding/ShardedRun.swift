// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
internal import OCI

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
        guard case .registry(let host, let path) = prefix, repository.registry == host,
            path.isEmpty || repository.path.hasPrefix("\(path)/")
        else { return repository.lastComponent }
        return String(repository.path.dropFirst(path.isEmpty ? 0 : path.utf8.count + 1))
    }
}
