// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import HTTP

/// The owner of one `CURL *` and of the memory that libcurl reads: the lists and the error buffer.
@safe
final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private let errorText: UnsafeMutableBufferPointer<CChar>
    private var lists: [UnsafeMutablePointer<curl_slist>] = unsafe []

    init() {
        guard let pointer = unsafe curl_easy_init() else {
            preconditionFailure("out of memory for an easy handle")
        }
        unsafe self.pointer = pointer
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0)
        if let buffer = unsafe errorText.baseAddress {
            _ = unsafe ccurl_set_pointer(pointer, CURLOPT_ERRORBUFFER, buffer)
        }
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe lists.forEach { unsafe curl_slist_free_all($0) }
        unsafe errorText.deallocate()
    }

    /// libcurl's message about the last failure, not escaped; empty if there is none.
    var diagnosis: String {
        let bytes = unsafe errorText.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    func set(_ option: CurlOption<Int>, _ value: Int) throws(TransportError) {
        try check(unsafe ccurl_set_long(pointer, option.code, value), option.code)
    }

    func set(_ option: CurlOption<Bool>, _ value: Bool) throws(TransportError) {
        try set(CurlOption<Int>(option.code), value ? 1 : 0)
    }

    func set(_ option: CurlOption<HostVerification>, _ value: HostVerification)
        throws(TransportError)
    {
        try set(CurlOption<Int>(option.code), value.rawValue)
    }

    func set(_ option: CurlOption<Int64>, _ value: Int64) throws(TransportError) {
        try check(unsafe ccurl_set_offset(pointer, option.code, value), option.code)
    }

    func set(_ option: CurlOption<String>, _ value: String) throws(TransportError) {
        // An implicit conversion would copy the string.
        let code = unsafe value.withCString { unsafe ccurl_set_string(pointer, option.code, $0) }
        try check(code, option.code)
    }

    func set(_ option: CurlOption<String?>, _ value: String?) throws(TransportError) {
        guard let value else {
            return try check(unsafe ccurl_set_string(pointer, option.code, nil), option.code)
        }
        try set(CurlOption<String>(option.code), value)
    }

    func set(_ option: CurlOption<[String]>, _ values: [String]) throws(TransportError) {
        var list: UnsafeMutablePointer<curl_slist>?
        for value in values {
            guard let longer = unsafe curl_slist_append(list, value) else {
                preconditionFailure("out of memory for a list")
            }
            unsafe list = longer
        }
        if let list = unsafe list { unsafe lists.append(list) }
        try check(unsafe ccurl_set_list(pointer, option.code, list), option.code)
    }

    /// Sets the context of all callbacks and `CURLINFO_PRIVATE`, which must outlive the handle's
    /// use in a multi handle.
    func setCallbacks(context: UnsafeMutableRawPointer) throws(TransportError) {
        for option in [
            CURLOPT_PRIVATE, CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_READDATA,
            CURLOPT_SEEKDATA, CURLOPT_OPENSOCKETDATA, CURLOPT_PREREQDATA,
        ] {
            try check(unsafe ccurl_set_pointer(pointer, option, context), option)
        }
        try check(
            unsafe ccurl_set_bytes_callback(pointer, CURLOPT_HEADERFUNCTION, Callbacks.header),
            CURLOPT_HEADERFUNCTION)
        try check(
            unsafe ccurl_set_bytes_callback(pointer, CURLOPT_WRITEFUNCTION, Callbacks.write),
            CURLOPT_WRITEFUNCTION)
        try check(
            unsafe ccurl_set_bytes_callback(pointer, CURLOPT_READFUNCTION, Callbacks.read),
            CURLOPT_READFUNCTION)
        try check(
            unsafe ccurl_set_seek_callback(pointer, Callbacks.seek), CURLOPT_SEEKFUNCTION)
        try check(
            unsafe ccurl_set_socket_callback(pointer, Callbacks.openSocket),
            CURLOPT_OPENSOCKETFUNCTION)
        try check(
            unsafe ccurl_set_prereq_callback(pointer, Callbacks.beforeRequest),
            CURLOPT_PREREQFUNCTION)
    }

    /// Returns a value that is a number.
    func long(_ info: CURLINFO) -> Int {
        unsafe ccurl_get_long(pointer, info)
    }

    /// Returns a value that is a size or a time.
    func offset(_ info: CURLINFO) -> Int64 {
        unsafe ccurl_get_offset(pointer, info)
    }

    /// Pauses exactly the given directions, and resumes the others.
    ///
    /// libcurl calls the write callback from within, with the data that it kept while paused.
    func pause(receiving: Bool, sending: Bool) {
        let mask = (receiving ? CURLPAUSE_RECV : 0) | (sending ? CURLPAUSE_SEND : 0)
        // A failure to deliver that data becomes the result of the transfer.
        _ = unsafe curl_easy_pause(pointer, mask)
    }

    /// A rejected option would mean a missing protection.
    private func check(_ code: CURLcode, _ option: CURLoption) throws(TransportError) {
        guard code == CURLE_OK else {
            throw TransportError(
                .refused,
                "libcurl does not support option \(option.rawValue): \(CurlError.text(of: code))")
        }
    }
}
