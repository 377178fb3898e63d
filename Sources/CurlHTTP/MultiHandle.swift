// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import Glibc
internal import HTTP

/// The owner of the `CURLM *`, and of the sockets and the time that libcurl waits for.
///
/// It is unchecked, because the compiler does not know that the creating thread hands it over to the
/// event loop's thread, which alone uses it from then on. Other threads use only ``wakeup``.
///
/// Source: curl_multi_socket_action(3).
@safe
final class MultiHandle: @unchecked Sendable {
    private let pointer: UnsafeMutableRawPointer
    /// The data that all transfers share in addition to their connections: TLS sessions, so that
    /// another connection to a host needs a shorter handshake; `nil` if libcurl cannot share them.
    ///
    /// It needs no locks, because only the event loop's thread uses it.
    private let share: UnsafeMutableRawPointer?
    private let poller: SocketPoller
    private var interests = SocketInterests()
    /// A Boolean value that indicates whether a socket could not be watched.
    private var hasFailed = false
    /// The time at which libcurl must be called, or `nil` for never.
    private var timer: ContinuousClock.Instant?

    /// libcurl is initialized once per process and never cleaned up, since other threads may use
    /// it.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Creates a handle that keeps up to `keptConnections` idle connections.
    ///
    /// - Throws: ``TransportError`` if libcurl or the poller cannot be initialized.
    init(keptConnections: Int) throws(TransportError) {
        guard let poller = SocketPoller() else {
            throw TransportError(.refused, "cannot open a file descriptor; see 'ulimit -n'")
        }
        guard Self.isLibraryReady, let pointer = unsafe curl_multi_init() else {
            poller.close()
            throw TransportError(.refused, "cannot initialize libcurl")
        }
        unsafe self.pointer = pointer
        unsafe self.share = ccurl_share_tls_sessions()
        self.poller = poller
        let code = unsafe ccurl_multi_set_callbacks(
            pointer, Self.watch, Self.setTimer, Unmanaged.passUnretained(self).toOpaque())
        guard code == CURLM_OK else {
            close()
            throw TransportError(.refused, "libcurl does not support socket callbacks")
        }
        keep(connections: keptConnections)
    }

    /// Keeps up to `count` idle connections.
    func keep(connections count: Int) {
        _ = unsafe ccurl_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, count)
    }

    /// The event that ends the current or next wait of `perform(waiting:)`.
    var wakeup: WakeupEvent { poller.wakeup }

    func add(_ easy: EasyHandle) -> Bool {
        if let share = unsafe share {
            _ = unsafe ccurl_set_pointer(easy.pointer, CURLOPT_SHARE, share)
        }
        return unsafe curl_multi_add_handle(pointer, easy.pointer) == CURLM_OK
    }

    func remove(_ easy: EasyHandle) {
        _ = unsafe curl_multi_remove_handle(pointer, easy.pointer)
        _ = unsafe ccurl_detach_share(easy.pointer)
    }

    /// The result of ``perform(waiting:)``.
    enum Activity {
        /// Nothing happened until the end of the wait.
        case idle
        /// A socket had an event, or a timer of libcurl expired.
        case active
        /// libcurl failed, and the state of transfers is unknown.
        case failed
    }

    /// Lets libcurl handle an expired timer, then waits for an event of a socket, a timer of libcurl,
    /// ``wakeup``, or the timeout, and lets libcurl handle the events.
    ///
    /// A resumed transfer has an expired timer. It usually moves bytes and pauses again before the
    /// wait, so that the poller is not called for its socket.
    func perform(waiting milliseconds: Int32) -> Activity {
        var activity = Activity.idle
        func act(on socket: Int32, _ events: SocketPoller.Events) {
            var running: Int32 = 0
            let code = unsafe curl_multi_socket_action(pointer, socket, events.rawValue, &running)
            activity = .active
            if code != CURLM_OK { hasFailed = true }
        }
        if let timer, timer <= .now {
            self.timer = nil
            act(on: CURL_SOCKET_TIMEOUT, [])
        }
        if !interests.apply(to: poller) { hasFailed = true }
        let mayWait = activity == .idle && !hasFailed
        poller.wait(milliseconds: mayWait ? min(milliseconds, millisecondsUntilTimer) : 0, act)
        if hasFailed {
            hasFailed = false
            return .failed
        }
        return activity
    }

    private var millisecondsUntilTimer: Int32 {
        guard let timer else { return .max }
        let wait = (timer - .now).components
        guard wait.seconds >= 0, wait.attoseconds > 0 || wait.seconds > 0 else { return 0 }
        return Int32(clamping: wait.seconds * 1000 + wait.attoseconds / 1_000_000_000_000_000 + 1)
    }

    /// Returns the next completed transfer and its result.
    func nextDone() -> (CurlTransfer, CURLcode)? {
        var result = CURLE_OK
        while let easy = unsafe ccurl_multi_next_done(pointer, &result) {
            guard let context = unsafe ccurl_get_private(easy) else { continue }
            return unsafe (
                Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue(), result
            )
        }
        return nil
    }

    /// Closes every connection.
    ///
    /// No other method may be called afterwards.
    func close() {
        _ = unsafe curl_multi_cleanup(pointer)
        _ = unsafe curl_share_cleanup(share)
        poller.close()
    }

    // MARK: Callbacks of libcurl

    private static let watch: ccurl_watch_callback = { _, socket, what, context, _ in
        if what == CURL_POLL_REMOVE {
            unsafe handle(context).interests.remove(socket)
            return 0
        }
        var events: SocketPoller.Events = []
        if what & CURL_POLL_IN != 0 { events.insert(.read) }
        if what & CURL_POLL_OUT != 0 { events.insert(.write) }
        unsafe handle(context).interests.watch(socket, for: events)
        return 0
    }

    private static let setTimer: ccurl_timer_callback = { _, milliseconds, context in
        unsafe handle(context).timer =
            milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
        return 0
    }

    /// The event loop keeps the handle alive until `close()`.
    private static func handle(_ context: UnsafeMutableRawPointer) -> MultiHandle {
        unsafe Unmanaged<MultiHandle>.fromOpaque(context).takeUnretainedValue()
    }
}
