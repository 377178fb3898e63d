// SPDX-License-Identifier: Apache-2.0

internal import CPosix

/// Limits that this process puts upon itself before it touches what it does not trust.
///
/// None of them can be raised again.
public enum ProcessSandbox {
    /// Lowers what this process may take, and forbids it new files, programs and threads.
    ///
    /// - Parameters:
    ///   - addressSpace: how many bytes of memory it may map.
    ///   - seconds: how much processor time it may use before it is killed.
    /// - Throws: ``ChildProcessError`` where the system refuses.
    ///
    /// Source: setrlimit(2).
    public static func lower(addressSpace: Int, seconds: Int) throws(ChildProcessError) {
        let limits: [(Int32, Int)] = [
            (cposix_limit_core, 0),
            (cposix_limit_file_size, 0),
            // Counts also what is open already; what the program links is loaded by now.
            (cposix_limit_files, 3),
            (cposix_limit_processes, 0),
            (cposix_limit_cpu, seconds),
            (cposix_limit_address_space, addressSpace),
        ]
        for (resource, value) in limits {
            let code = cposix_lower_limit(resource, UInt64(max(value, 0)))
            guard code == 0 else { throw ChildProcessError("/proc/self/exe", .system(code)) }
        }
    }

    /// Forbids this process every system call that computing does not take: files, programs, the
    /// network, other processes.
    ///
    /// - Returns: whether the kernel took the filter; some containers forbid filters themselves.
    @discardableResult
    public static func installSeccompFilter() -> Bool {
        cposix_leave_only_computing()
    }
}
