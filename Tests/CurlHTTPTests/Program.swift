// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Runs other programs without a shell.
enum Program {
    /// Starts a program, drops its output, and returns its process id.
    ///
    /// The descriptor `inherited` becomes descriptor 3.
    static func start(
        _ arguments: [String], environment: [String] = [], inherited: Int32? = nil
    ) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for stream in Int32(0)..<3 {
            unsafe posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0)
        }
        if let inherited { unsafe posix_spawn_file_actions_adddup2(&actions, inherited, 3) }
        let path = "PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/bin"
        var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var variables = unsafe (environment + [path]).map { unsafe strdup($0) } + [nil]
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var process = pid_t()
        let failure = unsafe posix_spawnp(
            &process, arguments[0], &actions, nil, &words, &variables)
        try #require(failure == 0, "\(arguments[0]) is installed")
        return process
    }

    /// Runs a program to its end, and returns whether it exited with 0.
    static func run(_ arguments: [String]) throws -> Bool {
        try wait(for: start(arguments))
    }

    /// Waits for a process, and returns whether it exited with 0.
    static func wait(for process: pid_t) -> Bool {
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status == 0
    }
}
