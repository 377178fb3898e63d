// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Mirroring
internal import TextSafety

/// Holds on every lock of a configuration, so that two runs never write the same one.
///
/// The kernel gives a hold back when the process ends, however it ends.
final class HeldFileLocks {
    private let holds: [Hold]
    /// Why not every lock is ours, in one line; empty where they are.
    let complaint: String

    /// Whether every lock is ours; false where another run has one.
    var isComplete: Bool { complaint.isEmpty }

    private final class Hold {
        let lock: FileLock

        init(_ lock: consuming FileLock) {
            self.lock = lock
        }
    }

    /// Takes a hold on each lock that the configuration writes.
    init(_ config: MirrorConfiguration) throws {
        var holds: [Hold] = []
        var complaint = ""
        for path in config.targets.compactMap(\.lock) {
            try Directory.create(Path.directory(of: path))
            // A lock that exists is held itself, so that a run which changes nothing writes nothing;
            // before the first one is written, a file beside it is.
            let exists = try FileStatus.of(path) != nil
            if let lock = try exists
                ? FileLock.acquire(onExisting: path) : FileLock.acquire("\(path).lock")
            {
                holds.append(Hold(lock))
            } else {
                let holder = FileLock.holder(of: exists ? path : "\(path).lock")
                let process = holder.map { " (process \($0))" } ?? ""
                complaint = "another run\(process) holds the lock '\(UntrustedText(path))'"
            }
        }
        self.holds = holds
        self.complaint = complaint
    }
}
