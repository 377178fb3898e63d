// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import CPosix
internal import HTTP

/// The messages from tasks to the event loop's thread.
final class Inbox: Sendable {
    enum Message: Sendable {
        /// Start, or resume after a pause.
        case resume(HTTPExchange)
        /// Cancel, in any state.
        case stop(HTTPExchange)
    }

    private struct State {
        var messages: [Message] = []
        var isWaiting = false
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

    /// Requests the end of the thread.
    func close() {
        change { $0.isClosed = true }
    }

    /// Takes all messages; `nil` after `close()`.
    func take() -> [Message]? {
        state.withLock { state in
            defer { state.messages = [] }
            return state.isClosed ? nil : state.messages
        }
    }

    /// Records that the thread is about to wait; returns `false` if there are messages.
    func prepareToWait() -> Bool {
        state.withLock { state in
            state.isWaiting = state.messages.isEmpty && !state.isClosed
            return state.isWaiting
        }
    }

    func wakeUp() {
        state.withLock { $0.isWaiting = false }
    }

    /// Only a waiting thread is woken.
    ///
    /// The lock is held, so that the thread cannot close the multi
    /// handle in between.
    private func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            guard !state.isClosed else { return }
            body(&state)
            if state.isWaiting { multi.wake() }
            state.isWaiting = false
        }
    }
}

/// The owner of the thread that libcurl runs on; its deinitialization ends the thread.
final class CurlThread: Sendable {
    let inbox: Inbox

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - configuration: The settings of every request.
    ///   - startThread: A function that starts a thread and returns 0 or an `errno`.
    /// - Throws: ``TransportError`` if libcurl or the system fails.
    init(
        _ configuration: CurlTransport.Configuration,
        startThread: ThreadStarter = DetachedThread.start
    ) throws(TransportError) {
        let multi = try MultiHandle(keptConnections: configuration.keptConnections)
        let inbox = Inbox(waking: multi)
        self.inbox = inbox
        // The thread is detached, because the last reference may be released on the thread itself.
        let code = startThread {
            // Above all SIGPIPE: OpenSSL writes to sockets without a flag that prevents it.
            cposix_block_signals()
            CurlEventLoop(inbox, multi, configuration).run()
        }
        guard code == 0 else {
            multi.close()
            throw TransportError(
                .refused, "cannot start a network thread (error \(code)); see 'ulimit -u'")
        }
    }

    typealias ThreadStarter = (@escaping @Sendable () -> Void) -> Int32

    deinit {
        inbox.close()
    }
}
