// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import CPosix
internal import HTTP
internal import struct Synchronization.Atomic

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
        var isClosed = false
    }

    private let state = Mutex(State())
    /// A Boolean value that indicates whether the thread waits, or is about to, and must be woken.
    private let isWaiting = Atomic(false)
    private let wakeup: WakeupEvent

    init(waking wakeup: WakeupEvent) {
        self.wakeup = wakeup
    }

    func post(_ message: Message) {
        state.withLock { state in
            if !state.isClosed { state.messages.append(message) }
        }
        wakeUp()
    }

    /// Requests the end of the thread.
    func close() {
        state.withLock { $0.isClosed = true }
        wakeUp()
    }

    /// Wakes the thread if it waits, without the lock, which it takes next.
    private func wakeUp() {
        if isWaiting.exchange(false, ordering: .sequentiallyConsistent) { wakeup.signal() }
    }

    // MARK: The thread's side

    /// Takes all messages; `nil` after `close()`.
    func take() -> [Message]? {
        state.withLock { state in
            defer { state.messages = [] }
            return state.isClosed ? nil : state.messages
        }
    }

    /// Records that the thread is about to wait; returns `false` if there are messages.
    ///
    /// A message is either posted before the messages are checked, or its sender or an earlier one
    /// finds that the thread waits, and wakes it.
    func prepareToWait() -> Bool {
        isWaiting.store(true, ordering: .sequentiallyConsistent)
        let isEmpty = state.withLock { $0.messages.isEmpty && !$0.isClosed }
        if !isEmpty { endWait() }
        return isEmpty
    }

    /// Records that the thread does not wait any more.
    func endWait() {
        isWaiting.store(false, ordering: .sequentiallyConsistent)
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
        let inbox = Inbox(waking: multi.wakeup)
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
