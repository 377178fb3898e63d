// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Mirroring

/// Holds on every lock of a configuration, so that two runs never write the same one.
///
/// The kernel gives a hold back when the process ends, however it ends.
final class LockHolds {
    private let holds: [Hold]
    /// Whether every lock is ours; false where another run has one.
    let isComplete: Bool

    private final class Hold {
        let lock: FileLock

        /// A lock that exists is held itself, so that a run which changes nothing writes nothing;
        /// before the first one is written, a file beside it is.
        init?(_ path: String) throws(FileError) {
            try Directory.create(Path.directory(of: path))
            let exists = try FileStatus.of(path) != nil
            guard
                let lock = try exists
                    ? FileLock.acquire(onExisting: path) : FileLock.acquire("\(path).lock")
            else { return nil }
            self.lock = lock
        }
    }

    /// Takes a hold on each lock that the configuration writes.
    init(_ config: MirrorConfig) throws {
        var holds: [Hold] = []
        var isComplete = true
        for target in config.targets {
            guard let path = target.lock else { continue }
            if let hold = try Hold(path) {
                holds.append(hold)
            } else {
                isComplete = false
            }
        }
        self.holds = holds
        self.isComplete = isComplete
    }
}
