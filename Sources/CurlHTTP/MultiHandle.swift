// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import Glibc
internal import HTTP

/// The owner of the one `CURLM *`.
///
/// Unchecked because libcurl's rules are not the compiler's: ``wake()`` may be called from any thread
/// (curl_multi_wakeup(3)), everything else belongs to the loop's thread.
@safe
final class MultiHandle: @unchecked Sendable {
    private let pointer: UnsafeMutableRawPointer

    /// libcurl is set up once for the process and never torn down, as other threads may use it.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Makes a handle that keeps up to `keptConnections` idle connections.
    ///
    /// - Throws: `refused` where libcurl cannot be set up.
    init(keptConnections: Int) throws(TransportError) {
        guard Self.isLibraryReady, let pointer = unsafe curl_multi_init() else {
            throw TransportError(.refused, "libcurl cannot be set up")
        }
        unsafe self.pointer = pointer
        _ = unsafe ccurl_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, keptConnections)
    }

    /// Ends `poll(milliseconds:)`, or the next one.
    func wake() {
        _ = unsafe curl_multi_wakeup(pointer)
    }

    func add(_ easy: EasyHandle) -> Bool {
        unsafe curl_multi_add_handle(pointer, easy.pointer) == CURLM_OK
    }

    func remove(_ easy: EasyHandle) {
        _ = unsafe curl_multi_remove_handle(pointer, easy.pointer)
    }

    /// Does everything that can be done without waiting.
    ///
    /// - Returns: whether libcurl could; it says no more about single transfers where it could not.
    func perform() -> Bool {
        var running: Int32 = 0
        return unsafe curl_multi_perform(pointer, &running) == CURLM_OK
    }

    /// Returns the next transfer that has ended, and how.
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

    /// Waits for a socket, for one of libcurl's own timers, for `wake()`, or for so long.
    ///
    /// - Returns: whether it waited.
    func poll(milliseconds: Int32) -> Bool {
        unsafe curl_multi_poll(pointer, nil, 0, milliseconds, nil) == CURLM_OK
    }

    /// Closes every connection.
    ///
    /// Nothing may be called afterwards.
    func close() {
        _ = unsafe curl_multi_cleanup(pointer)
    }
}
