// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import HTTP
internal import Synchronization

/// What tasks have to say to the loop's thread.
final class Inbox: Sendable {
    enum Message: Sendable {
        /// Begin, or go on after a pause.
        case resume(HTTPExchange)
        /// End, whatever the state.
        case stop(HTTPExchange)
    }

    private struct State {
        var messages: [Message] = []
        var isAsleep = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let multi: MultiHandle

    init(waking multi: MultiHandle) {
        self.multi = multi
    }

    func post(_ message: Message) {
        change { $0.messages.append(message) }
    }

    /// Tells the thread to end.
    func close() {
        change { $0.isClosed = true }
    }

    /// Takes all messages; nil once the thread is to end.
    func take() -> [Message]? {
        state.withLock { state in
            defer { state.messages = [] }
            return state.isClosed ? nil : state.messages
        }
    }

    /// Notes that the thread is about to wait, unless there is something to do.
    func fallAsleep() -> Bool {
        state.withLock { state in
            state.isAsleep = state.messages.isEmpty && !state.isClosed
            return state.isAsleep
        }
    }

    func wakeUp() {
        state.withLock { $0.isAsleep = false }
    }

    /// Only a sleeping thread is woken, and under the lock, so that the thread cannot have closed
    /// the multi handle in between.
    private func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            guard !state.isClosed else { return }
            body(&state)
            if state.isAsleep { multi.wake() }
            state.isAsleep = false
        }
    }
}

/// The owner of the one thread that libcurl runs on: the thread ends with it, and closes everything.
final class CurlThread: Sendable {
    let inbox: Inbox

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - configuration: what holds for every request.
    ///   - startThread: starts a thread and returns 0, or returns the `errno` for which there is none.
    /// - Throws: `refused` where libcurl or the system refuses.
    init(
        _ configuration: CurlTransport.Configuration,
        startThread: ThreadStarter = CurlThread.startThread
    ) throws(TransportError) {
        let multi = try MultiHandle(keptConnections: configuration.keptConnections)
        let inbox = Inbox(waking: multi)
        self.inbox = inbox
        let code = startThread {
            CurlEventLoop(inbox, multi, configuration).run()
        }
        guard code == 0 else {
            multi.close()
            throw TransportError(
                .refused, "the system has no thread for requests (error \(code)); see 'ulimit -u'")
        }
    }

    typealias ThreadStarter = (@escaping @Sendable () -> Void) -> Int32

    deinit {
        inbox.close()
    }

    /// The thread is detached: the last reference to a loop may be released on the thread itself.
    private static func startThread(_ body: @escaping @Sendable () -> Void) -> Int32 {
        final class Box {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let box = unsafe Unmanaged.passRetained(Box(body))
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                blockSignals()
                unsafe Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        if code == 0 {
            pthread_detach(thread)
        } else {
            unsafe box.release()
        }
        return code
    }
}

/// Leaves signals to the threads that expect them, above all SIGPIPE: OpenSSL writes to sockets
/// without a flag against it.
private func blockSignals() {
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
}
