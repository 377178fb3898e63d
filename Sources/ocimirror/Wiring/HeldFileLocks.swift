// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Mirroring
internal import TextSafety

/// The file locks on all lock files of a configuration, so that concurrent runs do not write the
/// same file.
///
/// The kernel releases the file locks when the process ends.
final class HeldFileLocks {
    private let fileLocks: [Held]
    /// The file lock that another process holds, as an error message; empty if all were acquired.
    let conflict: String

    /// A Boolean value that indicates whether all file locks were acquired.
    var isComplete: Bool { conflict.isEmpty }

    private final class Held {
        let lock: FileLock

        init(_ lock: consuming FileLock) {
            self.lock = lock
        }
    }

    /// Acquires the file locks for all lock files that the configuration writes.
    init(_ configuration: MirrorConfiguration) throws {
        var fileLocks: [Held] = []
        var conflict = ""
        for path in configuration.targets.compactMap(\.lock) {
            try Directory.create(Path.directory(of: path))
            // An existing lock file is locked itself, so that a run without changes writes nothing.
            // Before the first one exists, a separate file is locked.
            let exists = try FileStatus.of(path) != nil
            if let lock = try exists
                ? FileLock.acquire(onExisting: path) : FileLock.acquire("\(path).lock")
            {
                fileLocks.append(Held(lock))
            } else {
                let holder = FileLock.holder(of: exists ? path : "\(path).lock")
                let process = holder.map { " (process \($0))" } ?? ""
                conflict = "'\(UntrustedText(path))' is locked by another run\(process)"
            }
        }
        self.fileLocks = fileLocks
        self.conflict = conflict
    }
}
