// SPDX-License-Identifier: Apache-2.0

internal import Glibc

extension FileLock {
    /// Returns the process that holds a lock on a file.
    ///
    /// The result may be out of date. It is `nil` if the kernel's table cannot be read, or if the
    /// process is not visible: in another container, or on another machine.
    ///
    /// Source: proc_locks(5).
    ///
    /// - Parameter path: The path of the lock file.
    /// - Returns: The id of the process.
    public static func holder(of path: String) -> Int32? {
        guard let identity = try? FileStatus.of(path)?.identity,
            let table = try? BoundedFile.read("/proc/locks", limit: 1 << 20)
        else { return nil }
        return holder(of: identity, in: String(decoding: table, as: UTF8.self))
    }

    /// Returns the holder from a table with lines such as `1: FLOCK  ADVISORY  WRITE 712 08:01:1835
    /// 0 EOF`.
    static func holder(of identity: FileStatus.Identity, in table: String) -> Int32? {
        for line in table.split(separator: "\n") {
            let columns = line.split(separator: " ")
            guard columns.count >= 6, columns[1] == "FLOCK", let pid = Int32(columns[4]), pid > 0
            else {
                continue
            }
            let file = columns[5].split(separator: ":")
            guard file.count == 3, UInt(file[2]) == identity.inode,
                let major = UInt(file[0], radix: 16), let minor = UInt(file[1], radix: 16),
                major == identity.major, minor == identity.minor
            else { continue }
            return pid
        }
        return nil
    }
}

extension FileStatus.Identity {
    /// Returns the device numbers, as glibc packs them.
    ///
    /// Source: makedev(3).
    fileprivate var major: UInt { (device >> 8) & 0xFFF | (device >> 32) & 0xFFFF_F000 }
    fileprivate var minor: UInt { device & 0xFF | (device >> 12) & 0xFFFF_FF00 }
}
