// SPDX-License-Identifier: Apache-2.0

internal import CCurl

/// An option of an easy handle, with the Swift type of its value.
///
/// libcurl checks the type of a value only if the option is a constant of the same C call. Here the
/// types are stated once, and a wrong one does not compile.
struct CurlOption<Value> {
    let code: CURLoption

    init(_ code: CURLoption) {
        self.code = code
    }
}

extension CurlOption<Int> {
    static var bufferSize: Self { Self(CURLOPT_BUFFERSIZE) }
    static var connectTimeoutMilliseconds: Self { Self(CURLOPT_CONNECTTIMEOUT_MS) }
    static var headerSeparation: Self { Self(CURLOPT_HEADEROPT) }
    static var httpVersion: Self { Self(CURLOPT_HTTP_VERSION) }
    static var netrc: Self { Self(CURLOPT_NETRC) }
    static var sslVersion: Self { Self(CURLOPT_SSLVERSION) }
    static var uploadBufferSize: Self { Self(CURLOPT_UPLOAD_BUFFERSIZE) }
}

extension CurlOption<Bool> {
    static var exitsQuickly: Self { Self(CURLOPT_QUICK_EXIT) }
    static var followsLocation: Self { Self(CURLOPT_FOLLOWLOCATION) }
    static var hasNoBody: Self { Self(CURLOPT_NOBODY) }
    static var hasNoSignals: Self { Self(CURLOPT_NOSIGNAL) }
    static var hidesConnectHeaders: Self { Self(CURLOPT_SUPPRESS_CONNECT_HEADERS) }
    static var isUpload: Self { Self(CURLOPT_UPLOAD) }
    static var keepsPath: Self { Self(CURLOPT_PATH_AS_IS) }
    static var tcpKeepAlive: Self { Self(CURLOPT_TCP_KEEPALIVE) }
    static var verifiesPeer: Self { Self(CURLOPT_SSL_VERIFYPEER) }
    static var waitsForMultiplexing: Self { Self(CURLOPT_PIPEWAIT) }
}

/// The values of `CURLOPT_SSL_VERIFYHOST`.
enum HostVerification: Int {
    case full = 2
}

extension CurlOption<HostVerification> {
    static var verifiesHost: Self { Self(CURLOPT_SSL_VERIFYHOST) }
}

extension CurlOption<Int64> {
    static var uploadLength: Self { Self(CURLOPT_INFILESIZE_LARGE) }
}

extension CurlOption<String> {
    static var acceptEncoding: Self { Self(CURLOPT_ACCEPT_ENCODING) }
    static var certificate: Self { Self(CURLOPT_SSLCERT) }
    static var customMethod: Self { Self(CURLOPT_CUSTOMREQUEST) }
    static var noProxy: Self { Self(CURLOPT_NOPROXY) }
    static var privateKey: Self { Self(CURLOPT_SSLKEY) }
    static var protocols: Self { Self(CURLOPT_PROTOCOLS_STR) }
    static var proxy: Self { Self(CURLOPT_PROXY) }
    static var redirectProtocols: Self { Self(CURLOPT_REDIR_PROTOCOLS_STR) }
    static var url: Self { Self(CURLOPT_URL) }
    static var userAgent: Self { Self(CURLOPT_USERAGENT) }
}

extension CurlOption<String?> {
    static var caDirectory: Self { Self(CURLOPT_CAPATH) }
    static var caFile: Self { Self(CURLOPT_CAINFO) }
    static var proxyCADirectory: Self { Self(CURLOPT_PROXY_CAPATH) }
    static var proxyCAFile: Self { Self(CURLOPT_PROXY_CAINFO) }
}

extension CurlOption<[String]> {
    static var headers: Self { Self(CURLOPT_HTTPHEADER) }
    static var resolutions: Self { Self(CURLOPT_RESOLVE) }
}
