// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import Glibc
internal import HTTP

/// The callbacks of libcurl, called on the event loop's thread with the ``CurlTransfer`` as
/// context.
///
/// They only convert arguments: the size of a buffer bounds all accesses.
enum Callbacks {
    /// Receives one line of a head.
    static let header: ccurl_bytes_callback = { bytes, size, count, context in
        let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
        return unsafe transfer(context).receive(headerLine: line) ? line.count : 0
    }

    /// Receives up to 16 KiB of a body, regardless of the size of libcurl's buffer.
    static let write: ccurl_bytes_callback = { bytes, size, count, context in
        let chunk = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
        return unsafe transfer(context).receive(body: chunk)
            ? chunk.count : Int(CURL_WRITEFUNC_PAUSE)
    }

    /// Provides bytes to send.
    static let read: ccurl_bytes_callback = { bytes, size, count, context in
        let buffer = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
        return switch unsafe transfer(context).send(into: buffer) {
        case .bytes(let count): count
        case .empty: Int(CURL_READFUNC_PAUSE)
        // 0 would mean the end, and libcurl would wait forever for the rest of the known length.
        case .ended: Int(CURL_READFUNC_ABORT)
        }
    }

    /// Rewinds an upload for a new connection.
    static let seek: ccurl_seek_callback = { context, offset, origin in
        guard origin == SEEK_SET, offset == 0 else { return CURL_SEEKFUNC_CANTSEEK }
        return unsafe transfer(context).rewind() ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_CANTSEEK
    }

    /// Opens a socket that no child process inherits, if the address is permitted.
    static let openSocket: ccurl_socket_callback = { context, _, address in
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe ccurl_address(address, &bytes)
        let peer = IPAddress(bytes: Array(bytes.prefix(Int(count))))
        guard unsafe transfer(context).mayConnect(to: peer) else { return CURL_SOCKET_BAD }
        return unsafe socket(
            address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
            address.pointee.protocol)
    }

    /// Checks the address of the peer before a request is sent.
    ///
    /// A kept connection may have been opened for a request with fewer restrictions.
    static let beforeRequest: ccurl_prereq_callback = { context, peer, _, _, _ in
        let peer = unsafe IPAddress(parsing: String(cString: peer))
        return unsafe transfer(context).maySend(to: peer)
            ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
    }

    /// The event loop keeps the transfer alive while libcurl has its address.
    private static func transfer(_ context: UnsafeMutableRawPointer) -> CurlTransfer {
        unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    }
}
