// SPDX-License-Identifier: Apache-2.0

internal import CPosix
internal import Glibc

/// A validated program path with its arguments and its whole environment.
struct ChildInvocation: Sendable {
    let executable: String
    private let arguments: [String]
    private let environment: [String]

    init(
        _ executable: String, arguments: [String], environment: [String: String]
    ) throws(ChildProcessError) {
        guard executable.hasPrefix("/") else { throw ChildProcessError(executable, .relativePath) }
        self.executable = executable
        self.arguments = [executable] + arguments
        self.environment = environment.map { "\($0.key)=\($0.value)" }.sorted()
        let strings = self.arguments + self.environment
        guard !strings.contains(where: { $0.utf8.contains(0) }),
            !environment.keys.contains(where: { $0.isEmpty || $0.contains("=") })
        else { throw ChildProcessError(executable, .invalidArgument) }
    }

    /// Starts the program with three open files, and inherits nothing else.
    func spawn(input: Int32, output: Int32, error: Int32) throws(ChildProcessError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        try check(unsafe posix_spawn_file_actions_init(&actions))
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        try check(unsafe posix_spawnattr_init(&attributes))
        defer { unsafe posix_spawnattr_destroy(&attributes) }

        for (source, target) in [(input, STDIN_FILENO), (output, STDOUT_FILENO)] {
            try check(unsafe posix_spawn_file_actions_adddup2(&actions, source, target))
        }
        try check(unsafe posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO))
        try check(unsafe posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1))

        // The child must not inherit ignored or blocked signals, above all SIGPIPE.
        var all = sigset_t()
        var none = sigset_t()
        unsafe sigfillset(&all)
        unsafe sigemptyset(&none)
        try check(unsafe posix_spawnattr_setsigdefault(&attributes, &all))
        try check(unsafe posix_spawnattr_setsigmask(&attributes, &none))
        try check(unsafe posix_spawnattr_setpgroup(&attributes, 0))
        let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP
        try check(unsafe posix_spawnattr_setflags(&attributes, Int16(flags)))

        let arguments = unsafe Self.vector(arguments)
        let environment = unsafe Self.vector(environment)
        defer {
            unsafe Self.free(arguments)
            unsafe Self.free(environment)
        }
        var process: pid_t = 0
        try check(
            unsafe posix_spawn(
                &process, executable, &actions, &attributes, arguments, environment))
        return process
    }

    private func check(_ code: Int32) throws(ChildProcessError) {
        guard code == 0 else { throw ChildProcessError(executable, .system(code)) }
    }

    /// Copies of strings with a null terminator, as `execve` requires.
    private static func vector(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe strings.map { unsafe strdup($0) } + [nil]
    }

    private static func free(_ vector: [UnsafeMutablePointer<CChar>?]) {
        unsafe vector.forEach { unsafe Glibc.free($0) }
    }
}
