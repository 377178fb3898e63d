// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import AsyncPrimitives

/// A child process of a test, with empty standard input and its output in files.
public final class SpawnedProcess: Sendable {
    /// The process id, until the process was reaped.
    public let pid: Int32
    private let program: String
    private let status = Mutex<Int32?>(nil)

    /// Starts a program from the default `PATH`.
    ///
    /// - Parameters:
    ///   - program: The name of the program.
    ///   - arguments: The arguments.
    ///   - environment: The environment in addition to `PATH`; nothing is inherited.
    ///   - output: The file for standard output.
    ///   - errors: The file for standard error.
    ///   - inherited: Open file descriptors that become its descriptors from 3 on.
    /// - Throws: ``FixtureError`` if the program is not installed.
    public init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:],
        output: String = "/dev/null", errors: String = "/dev/null",
        inheriting inherited: [Int32] = []
    ) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        let writing = O_WRONLY | O_CREAT | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output, writing, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, errors, writing, 0o600)
        // Duplicated above the target descriptors, so that none is overwritten before it is used.
        let copies = inherited.map { fcntl($0, F_DUPFD_CLOEXEC, 64) }
        defer { for copy in copies { close(copy) } }
        for (number, copy) in copies.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, copy, Int32(3 + number))
        }
        var environment = environment
        environment["PATH"] = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        for name in Sanitizer.variables where environment[name] == nil {
            environment[name] = environmentVariable(name)
        }
        let words = CStrings([program] + arguments)
        let variables = CStrings(environment.map { "\($0.key)=\($0.value)" })
        defer {
            words.free()
            variables.free()
        }
        var pid: pid_t = 0
        // Resets signal actions and mask, which the test process or the current thread may have
        // changed.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var (all, none) = (sigset_t(), sigset_t())
        unsafe sigfillset(&all)
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        let failure = unsafe posix_spawnp(
            &pid, program, &actions, &attributes, words.pointers, variables.pointers)
        guard failure == 0 else {
            throw FixtureError(
                "\(program): could not be started (error \(failure)); is it installed?")
        }
        self.pid = pid
        self.program = program
    }

    /// Ends a process that a failed test has left.
    ///
    /// The testing library waits for the processes of exit tests in a loop that a zombie occupies.
    deinit { kill() }

    /// Blocks the current thread until the process exits.
    ///
    /// - Returns: The exit code, or 128 plus the number of the signal that ended the process.
    @discardableResult
    public func wait() -> Int32 {
        status.withLock { status in
            if let status { return status }
            var raw: Int32 = 0
            while unsafe waitpid(pid, &raw, 0) < 0 && errno == EINTR {}
            let signal = raw & 0x7F
            let code = signal == 0 ? (raw >> 8) & 0xFF : 128 + signal
            status = code
            return code
        }
    }

    /// A Boolean value that indicates whether the process is still running.
    public var isRunning: Bool {
        status.withLock { status in
            guard status == nil else { return false }
            var information = unsafe siginfo_t()
            let options = WEXITED | WNOHANG | WNOWAIT
            let result = unsafe waitid(P_PID, id_t(pid), &information, options)
            return unsafe result == 0 && information._sifields._sigchld.si_pid == 0
        }
    }

    /// Sends SIGINT, as Ctrl-C does, without waiting for the exit.
    public func interrupt() {
        send(SIGINT)
    }

    /// Sends SIGTERM without waiting for the exit.
    public func terminate() {
        send(SIGTERM)
    }

    /// Stops the process until ``resume()`` is called.
    ///
    /// Signals are delivered when it continues.
    public func pause() {
        send(SIGSTOP)
    }

    /// Continues the process.
    public func resume() {
        send(SIGCONT)
    }

    /// Sends SIGTERM and waits for the exit.
    public func stop() {
        end(by: SIGTERM)
    }

    /// Kills the process with SIGKILL.
    public func kill() {
        end(by: SIGKILL)
    }

    private func end(by signal: Int32) {
        send(signal)
        wait()
    }

    private func send(_ signal: Int32) {
        let isOver = status.withLock { $0 != nil }
        // The process id cannot be reused until the process was reaped.
        if !isOver { _ = Glibc.kill(pid, signal) }
    }

    /// Runs a program on a separate thread and waits for its exit.
    ///
    /// - Returns: The exit code and the output.
    public static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> (status: Int32, output: String, errors: String) {
        let folder = try TemporaryFolder()
        let status = try await onOwnThread {
            try SpawnedProcess(
                program, arguments, environment: environment, output: folder("output"),
                errors: folder("errors")
            ).wait()
        }
        return (status, folder.text("output"), folder.text("errors"))
    }
}

/// Returns a null-terminated list of C strings for `posix_spawn`.
@safe
private struct CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        unsafe pointers = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { unsafe pointers[index] = strdup(text) }
        unsafe pointers[texts.count] = nil
    }

    func free() {
        for index in 0..<count { unsafe Glibc.free(pointers[index]) }
        unsafe pointers.deallocate()
    }
}

/// An error of a program or a file that a test needs.
public struct FixtureError: Error, CustomStringConvertible {
    /// The error message, one line.
    public let description: String

    init(_ description: String) { self.description = description }
}
