// SPDX-License-Identifier: Apache-2.0

internal import CPosix

/// Restricts this process before it processes untrusted data.
///
/// No restriction can be lifted again.
public enum ProcessSandbox {
    /// Lowers the resource limits of this process, and prohibits new files, programs and threads.
    ///
    /// - Parameters:
    ///   - addressSpace: The maximum size of the address space in bytes.
    ///   - seconds: The maximum processor time.
    /// - Throws: ``ChildProcessError`` if a limit cannot be set.
    ///
    /// Source: setrlimit(2).
    public static func lowerLimits(addressSpace: Int, seconds: Int) throws(ChildProcessError) {
        #if SANITIZER
            // A sanitizer reserves terabytes for its own data.
            let addressSpace = Int.max
        #endif
        let limits: [(Int32, Int)] = [
            (cposix_limit_core, 0),
            (cposix_limit_file_size, 0),
            // Open files count too. The program's libraries are already loaded.
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

    /// Installs a seccomp filter that permits only the system calls that the scan worker needs.
    ///
    /// - Returns: Whether the kernel accepted the filter; some containers prohibit filters.
    @discardableResult
    public static func installSeccompFilter() -> Bool {
        #if SANITIZER
            // A sanitizer uses further system calls.
            return false
        #else
            return cposix_install_seccomp_filter()
        #endif
    }
}
