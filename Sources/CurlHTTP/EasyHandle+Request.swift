// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import HTTP
internal import TextSafety

extension EasyHandle {
    /// Sets all options of a request.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - configuration: The settings of the transport.
    ///   - permitsHTTP2: A Boolean value that indicates whether HTTP/2 may be negotiated.
    ///   - proxy: The proxy; without one, the request is sent directly to its origin, regardless of
    ///     the environment.
    ///   - bodyLength: The number of bytes to send, or `nil` for no body.
    ///   - bufferSize: The size of the buffer of a large body, or `nil` for libcurl's default, 16 KiB.
    ///     Every active handle allocates its own.
    /// - Throws: ``TransportError`` if libcurl rejects an option.
    func configure(
        for request: HTTPRequest, _ configuration: CurlTransport.Configuration,
        permitsHTTP2: Bool, through proxy: Proxy?, bodyLength: Int64?, bufferSize: Int?
    ) throws(TransportError) {
        let origin = request.url.origin
        try setRules(for: origin)
        try setVersion(
            mayMultiplex: permitsHTTP2 && !request.isBulk && origin.scheme == .https)
        try set(.proxy, proxy?.url.reveal() ?? "")
        // `ProxyRules` has already applied `no_proxy`.
        try set(.noProxy, "")
        try setTrust(configuration.trust[origin] ?? configuration.defaultTrust)
        if proxy?.usesTLS ?? false { try setProxyTrust(configuration.defaultTrust) }
        try set(.url, "\(origin)\(request.url.target)")
        try set(.userAgent, configuration.userAgent)
        try set(.headers, try Self.headerLines(of: request))
        // Some servers compress nevertheless; libcurl decodes only if the option is set. The bytes
        // of a blob stay as they are, because they have to match its digest.
        if !request.isBulk { try set(.acceptEncoding, "identity") }
        try set(
            .connectTimeoutMilliseconds, Self.milliseconds(request.timeouts.connect))
        if let address = configuration.resolve(origin) {
            try set(.resolutions, ["\(origin.host):\(origin.port):\(address)"])
        }
        try setMethod(request, bodyLength)
        if let bufferSize {
            try set(bodyLength == nil ? .bufferSize : .uploadBufferSize, bufferSize)
        }
    }

    /// Sets the options that must not depend on libcurl's defaults, the environment or the server.
    private func setRules(for origin: Origin) throws(TransportError) {
        try set(.protocols, origin.scheme.rawValue)
        try set(.redirectProtocols, origin.scheme.rawValue)
        try set(.followsLocation, false)
        try set(.keepsPath, true)
        try set(.netrc, Int(CURL_NETRC_IGNORED.rawValue))
        try set(.hasNoSignals, true)
        // Otherwise, the removal of a transfer waits for the resolver, and with it all transfers.
        if CurlVersion.loaded >= .withQuickExit { try set(.exitsQuickly, true) }
        try set(.headerSeparation, Int(CURLHEADER_SEPARATE))
        try set(.hidesConnectHeaders, true)
        try set(.tcpKeepAlive, true)
    }

    private func setVersion(mayMultiplex: Bool) throws(TransportError) {
        try set(
            .httpVersion, Int(mayMultiplex ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1))
        if mayMultiplex { try set(.waitsForMultiplexing, true) }
    }

    private func setTrust(_ trust: TLSTrust?) throws(TransportError) {
        try set(.sslVersion, Int(CURL_SSLVERSION_TLSv1_2))
        try set(.verifiesPeer, true)
        try set(.verifiesHost, .full)
        if let trust, trust.caFile != nil || trust.caDirectory != nil {
            // Both, because otherwise libcurl's default for the other would be trusted as well.
            try set(.caFile, trust.caFile)
            try set(.caDirectory, trust.caDirectory)
        }
        if let certificate = trust?.clientCertificate {
            try set(.certificate, certificate)
            try set(.privateKey, trust?.clientKey ?? certificate)
        }
    }

    /// Sets the certificates for an HTTPS proxy, for which the settings of an origin do not apply.
    private func setProxyTrust(_ trust: TLSTrust?) throws(TransportError) {
        guard let trust, trust.caFile != nil || trust.caDirectory != nil else { return }
        try set(.proxyCAFile, trust.caFile)
        try set(.proxyCADirectory, trust.caDirectory)
    }

    private func setMethod(_ request: HTTPRequest, _ bodyLength: Int64?) throws(TransportError) {
        if let bodyLength {
            try set(.isUpload, true)
            try set(.uploadLength, bodyLength)
        } else if request.method == .head {
            try set(.hasNoBody, true)
        }
        if request.method != .head { try set(.customMethod, request.method.rawValue) }
    }

    /// Each field was checked for control characters when it was created.
    private static func headerLines(
        of request: HTTPRequest
    ) throws(TransportError) -> [String] {
        var lines: [String] = []
        for field in request.fields.fields where field.name != "authorization" {
            // libcurl sends an empty value only for a name that ends in a semicolon.
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        if let authorization = request.authorization {
            var checked: HTTPFields = [:]
            guard checked.appendIfValid("Authorization", authorization.reveal()) else {
                throw TransportError(.refused, "credential contains control characters")
            }
            lines.append("Authorization: \(authorization.reveal())")
        }
        // Compressed content would not match its digest.
        if request.fields["accept-encoding"] == nil { lines.append("Accept-Encoding: identity") }
        // Some servers delay a client that expects 100 by a second.
        lines.append("Expect:")
        return lines
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        // 0 would select libcurl's default of five minutes.
        Int(Int32(clamping: max(1, duration.attoseconds / 1_000_000_000_000_000)))
    }
}
