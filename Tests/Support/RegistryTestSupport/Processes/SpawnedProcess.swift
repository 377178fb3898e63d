// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization

/// A program that a test runs, with nothing on standard input and its output in files.
public final class SpawnedProcess: Sendable {
    /// The process id, until the process has been waited for.
    public let pid: Int32
    private let program: String
    private let status = Mutex<Int32?>(nil)

    /// Starts a program that is found on the usual path.
    ///
    /// - Parameters:
    ///   - program: its name.
    ///   - arguments: its arguments.
    ///   - environment: what it finds beside `PATH`; nothing else is handed on.
    ///   - output: the file for its standard output.
    ///   - errors: the file for its standard error.
    ///   - inherited: open descriptors that become its numbers from 3 on.
    /// - Throws: ``FixtureError`` where it is not there.
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
        // Copies above the numbers that they get, so that none is overwritten before it is used.
        let copies = inherited.map { fcntl($0, F_DUPFD_CLOEXEC, 64) }
        defer { for copy in copies { close(copy) } }
        for (number, copy) in copies.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, copy, Int32(3 + number))
        }
        var environment = environment
        environment["PATH"] = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        let words = CStrings([program] + arguments)
        let variables = CStrings(environment.map { "\($0.key)=\($0.value)" })
        defer {
            words.free()
            variables.free()
        }
        var pid: pid_t = 0
        // Signals act on it as on a program that a shell starts, whatever the tests' own process,
        // or the thread that happens to be here, ignores or blocks.
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

    /// Waits on this thread until the process ends.
    ///
    /// - Returns: its exit code, or 128 and the number of the signal that ended it.
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

    /// Whether the process has not come to its end, however that came about.
    public var isRunning: Bool {
        status.withLock { status in
            guard status == nil else { return false }
            var information = unsafe siginfo_t()
            let options = WEXITED | WNOHANG | WNOWAIT
            let result = unsafe waitid(P_PID, id_t(pid), &information, options)
            return unsafe result == 0 && information._sifields._sigchld.si_pid == 0
        }
    }

    /// Interrupts the process, as Ctrl-C does, and does not wait for it.
    public func interrupt() {
        send(SIGINT)
    }

    /// Asks the process to end, and does not wait for it.
    public func terminate() {
        send(SIGTERM)
    }

    /// Holds the process up until ``resume()``; what is sent to it meanwhile comes all at once.
    public func pause() {
        send(SIGSTOP)
    }

    /// Lets the process go on.
    public func resume() {
        send(SIGCONT)
    }

    /// Asks the process to end, and waits until it has.
    public func stop() {
        end(by: SIGTERM)
    }

    /// Ends the process without a chance to finish anything, as a crash would.
    public func kill() {
        end(by: SIGKILL)
    }

    private func end(by signal: Int32) {
        send(signal)
        wait()
    }

    private func send(_ signal: Int32) {
        let isOver = status.withLock { $0 != nil }
        // The id is the process's own until it has been waited for.
        if !isOver { _ = Glibc.kill(pid, signal) }
    }

    /// Runs a program to its end on a thread of its own.
    ///
    /// - Returns: its exit code, and what it wrote.
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

/// A list of C strings that ends with null, as `posix_spawn` takes it.
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
