// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import Glibc
internal import HTTP

/// The owner of the `CURLM *`.
///
/// It is unchecked, because the compiler does not know libcurl's rules: ``wake()`` may be called
/// from any thread (curl_multi_wakeup(3)), everything else only from the event loop's thread.
@safe
final class MultiHandle: @unchecked Sendable {
    private let pointer: UnsafeMutableRawPointer
    /// The data that all transfers share in addition to their connections: TLS sessions, so that
    /// another connection to a host needs a shorter handshake.
    ///
    /// It needs no locks, because only the event loop's thread uses it.
    private let share: UnsafeMutableRawPointer

    /// libcurl is initialized once per process and never cleaned up, since other threads may use
    /// it.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Creates a handle that keeps up to `keptConnections` idle connections.
    ///
    /// - Throws: ``TransportError`` if libcurl cannot be initialized.
    init(keptConnections: Int) throws(TransportError) {
        guard Self.isLibraryReady, let pointer = unsafe curl_multi_init(),
            let share = unsafe ccurl_share_tls_sessions()
        else {
            throw TransportError(.refused, "cannot initialize libcurl")
        }
        unsafe self.pointer = pointer
        unsafe self.share = share
        keep(connections: keptConnections)
    }

    /// Keeps up to `count` idle connections.
    func keep(connections count: Int) {
        _ = unsafe ccurl_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, count)
    }

    /// Ends the current or next call of `poll(milliseconds:)`.
    func wake() {
        _ = unsafe curl_multi_wakeup(pointer)
    }

    func add(_ easy: EasyHandle) -> Bool {
        _ = unsafe ccurl_set_pointer(easy.pointer, CURLOPT_SHARE, share)
        return unsafe curl_multi_add_handle(pointer, easy.pointer) == CURLM_OK
    }

    func remove(_ easy: EasyHandle) {
        _ = unsafe curl_multi_remove_handle(pointer, easy.pointer)
        _ = unsafe ccurl_detach_share(easy.pointer)
    }

    /// Does everything that is possible without waiting.
    ///
    /// - Returns: Whether libcurl succeeded; otherwise the state of transfers is unknown.
    func perform() -> Bool {
        var running: Int32 = 0
        return unsafe curl_multi_perform(pointer, &running) == CURLM_OK
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

    /// Waits for a socket, a timer of libcurl, `wake()`, or the timeout.
    ///
    /// - Returns: Whether the wait succeeded.
    func poll(milliseconds: Int32) -> Bool {
        unsafe curl_multi_poll(pointer, nil, 0, milliseconds, nil) == CURLM_OK
    }

    /// Closes every connection.
    ///
    /// No other method may be called afterwards.
    func close() {
        _ = unsafe curl_multi_cleanup(pointer)
        _ = unsafe curl_share_cleanup(share)
    }
}
