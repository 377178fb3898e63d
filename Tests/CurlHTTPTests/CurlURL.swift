// SPDX-License-Identifier: Apache-2.0

import CCurl

/// The result of libcurl's own URL parser, with the flags of a transfer.
struct CurlURL: Equatable {
    var scheme: String
    var host: String
    var port: String

    init(scheme: String, host: String, port: String) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// Parses a URL; `nil` if libcurl rejects the text or finds a user in it.
    init?(parsing text: String) {
        guard let url = unsafe curl_url() else { return nil }
        defer { unsafe curl_url_cleanup(url) }
        let flags = UInt32(
            CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS
                | CURLU_DISALLOW_USER)
        guard unsafe curl_url_set(url, CURLUPART_URL, text, flags) == CURLUE_OK else { return nil }
        func part(_ which: CURLUPart) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            let result = unsafe curl_url_get(url, which, &text, UInt32(CURLU_DEFAULT_PORT))
            defer { unsafe curl_free(text) }
            guard result == CURLUE_OK, let text = unsafe text else { return nil }
            return unsafe String(cString: text)
        }
        guard let scheme = part(CURLUPART_SCHEME), let host = part(CURLUPART_HOST),
            let port = part(CURLUPART_PORT)
        else { return nil }
        self.init(scheme: scheme, host: host, port: port)
    }
}
