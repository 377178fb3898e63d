// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
internal import OCI

/// A configuration and its locks as one part of a run sees them: its own images alone, and lock files of
/// its own.
public struct ShardedRun: Sendable {
    /// The configuration with the part's images, whose locks are the part's files.
    public let config: MirrorConfiguration
    /// The locks as they are, by the part's files, with the part's blocks.
    public let locks: [String: Lockfile]

    /// Takes a part of a run.
    public init(_ shard: Shard, of whole: MirrorConfiguration, locks: [String: Lockfile]) {
        var config = whole
        config.images = whole.images.filter { shard.owns($0.name) }
        var own: [String: Lockfile] = [:]
        for position in whole.targets.indices {
            let target = whole.targets[position]
            guard let path = target.lock else { continue }
            config.targets[position].lock = shard.path(of: path)
            guard var lock = locks[path] else { continue }
            lock.images = lock.images.filter { shard.owns(target.name(of: $0.value.repository)) }
            own[shard.path(of: path)] = lock
        }
        self.config = config
        self.locks = own
    }
}

extension MirrorTarget {
    /// The name of an image below the prefix; of a repository that is not below it, the last part.
    func name(of repository: Repository) -> String {
        guard case .registry(let host, let path) = prefix, repository.registry == host,
            path.isEmpty || repository.path.hasPrefix("\(path)/")
        else { return repository.lastComponent }
        return String(repository.path.dropFirst(path.isEmpty ? 0 : path.utf8.count + 1))
    }
}
