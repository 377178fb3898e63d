// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import Glibc
internal import HTTP
internal import TextSafety

/// Converts libcurl's result codes to errors that state whether a retry can help.
enum CurlError {
    /// Returns the error for a transfer that failed with `code`.
    static func error(
        _ code: CURLcode, of easy: EasyHandle, through proxy: Proxy?
    ) -> TransportError {
        let connectStatus = easy.long(CURLINFO_HTTP_CONNECTCODE)
        if let proxy, connectStatus >= 300 { return proxy.rejection(status: connectStatus) }
        let diagnosis = easy.diagnosis
        let kind = kind(of: code, diagnosis)
        if let proxy, code == CURLE_COULDNT_RESOLVE_PROXY {
            return TransportError(kind, "\(proxy.name): could not resolve host", proxy: proxy.name)
        }
        // With a status, the proxy has connected to the origin, which is the one that failed.
        if let proxy, proxy.usesTLS, connectStatus == 0, isTLSFailure(code) {
            let text =
                kind == .notTLS ? " does not use TLS" : ": \(message(for: code, diagnosis))"
            return TransportError(kind, proxy.name + text, proxy: proxy.name)
        }
        let text: String
        switch code {
        case _ where kind == .notTLS: text = "the server does not use TLS on this port"
        case _ where diagnosis.hasPrefix(unsupportedProxy):
            text =
                "the scheme of the proxy is not supported: use http://, https:// or socks5h:// in "
                + "the proxy environment variable"
        case CURLE_COULDNT_CONNECT:
            let reason =
                connectFailures[Int32(truncatingIfNeeded: easy.long(CURLINFO_OS_ERRNO))]
                ?? message(for: code, diagnosis)
            text = proxy.map { "\($0.name): \(reason)" } ?? reason
        default: text = message(for: code, diagnosis)
        }
        return TransportError(kind, text)
    }

    /// The messages for connections that failed.
    ///
    /// libcurl's contain a time, so that the same failure has many of them.
    private static let connectFailures: [Int32: String] = [
        ECONNREFUSED: "connection refused",
        ECONNRESET: "connection reset",
        EHOSTUNREACH: "no route to host",
        ENETUNREACH: "network unreachable",
        ETIMEDOUT: "connection timed out",
    ]

    /// The beginning of libcurl's message for a proxy with an unknown scheme.
    private static let unsupportedProxy = "Unsupported proxy"

    /// Returns libcurl's message for a code.
    static func text(of code: CURLcode) -> String {
        guard let message = unsafe curl_easy_strerror(code) else { return "code \(code.rawValue)" }
        return unsafe String(cString: message)
    }

    /// libcurl's message if the connection was closed during the handshake.
    ///
    /// It has the same code as an invalid certificate, but a retry can help.
    private static let handshakeDisconnects = [
        "Recv failure", "Send failure", "SSL_connect:", "unexpected eof",
    ]

    /// The messages of OpenSSL 3.0 and 4.0, OpenSSL 3.5 and GnuTLS if an HTTP server responded
    /// without TLS.
    ///
    /// Other messages, such as "record layer failure", can also follow from errors of TLS itself.
    private static let responsesWithoutTLS = [
        "wrong version number", "packet length too long", "unexpected TLS packet",
    ]

    /// libcurl's messages for the certificate of another host, with OpenSSL and GnuTLS.
    private static let certificatesOfOthers = [
        "subject name matches target", "does not match target host name",
    ]

    /// The messages of OpenSSL and GnuTLS for a certificate that is not valid now.
    private static let certificatesOfOtherTimes = [
        "has expired", "not yet valid", "expiration date", "not activated",
    ]

    /// Source: libcurl-errors(3).
    static func kind(of code: CURLcode, _ diagnosis: String) -> TransportError.Kind {
        if diagnosis.hasPrefix(unsupportedProxy) { return .refused }
        return switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
        // The connection timeout is the only one that is set in libcurl.
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_OPERATION_TIMEDOUT: .connect
        case CURLE_SSL_CONNECT_ERROR
        where handshakeDisconnects.contains(where: diagnosis.contains): .connect
        case CURLE_SSL_CONNECT_ERROR
        where responsesWithoutTLS.contains(where: diagnosis.contains): .notTLS
        case CURLE_PEER_FAILED_VERIFICATION
        where certificatesOfOthers.contains(where: diagnosis.contains): .certificateName
        case CURLE_PEER_FAILED_VERIFICATION
        where certificatesOfOtherTimes.contains(where: diagnosis.contains): .certificateTime
        case _ where isTLSFailure(code): .tls
        // libcurl reports HTTP/0.9 as an unsupported protocol, and a header line above 100 KiB as
        // out of memory.
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_OUT_OF_MEMORY,
            CURLE_BAD_CONTENT_ENCODING, CURLE_FILESIZE_EXCEEDED:
            .malformed
        case CURLE_URL_MALFORMAT, CURLE_NOT_BUILT_IN, CURLE_BAD_FUNCTION_ARGUMENT: .refused
        default: .interrupted
        }
    }

    private static func isTLSFailure(_ code: CURLcode) -> Bool {
        switch code {
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_ENGINE_NOTFOUND,
            CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED, CURLE_USE_SSL_FAILED:
            true
        default: false
        }
    }

    private static func message(for code: CURLcode, _ diagnosis: String) -> String {
        // libcurl quotes the whole URL of an invalid proxy, including its password.
        let mayQuoteURL = diagnosis.contains("@") || diagnosis.contains("://")
        let message = diagnosis.isEmpty || mayQuoteURL ? text(of: code) : diagnosis
        let startsWithWord = message.dropFirst().first?.isLowercase ?? false
        return UntrustedText(
            (startsWithWord ? message.prefix(1).lowercased() : "")
                + message.dropFirst(startsWithWord ? 1 : 0)
        )
        .display(limit: 300)
    }
}
