// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import CPosix
internal import HTTP

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
