// SPDX-License-Identifier: Apache-2.0

public import HTTP

/// The certificates for TLS connections to one origin.
public struct TLSTrust: Hashable, Sendable {
    /// A file of trusted PEM certificates.
    ///
    /// Together with ``caDirectory``, it replaces libcurl's default. If both are `nil`, that default
    /// is used.
    public var caFile: String?
    /// A directory of trusted PEM certificates, named by their hashes as by `openssl rehash`.
    public var caDirectory: String?
    /// A PEM file with the client certificate and its intermediate certificates.
    public var clientCertificate: String?
    /// The PEM file with the client certificate's key; `nil` if it is in the same file.
    public var clientKey: String?

    /// Creates the settings.
    public init(
        caFile: String? = nil, caDirectory: String? = nil, clientCertificate: String? = nil,
        clientKey: String? = nil
    ) {
        self.caFile = caFile
        self.caDirectory = caDirectory
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
    }
}

extension CurlTransport {
    /// The settings of a transport.
    public struct Configuration: Sendable {
        /// The value of `User-Agent`.
        public var userAgent: String
        /// The settings of origins that differ from the default.
        public var trust: [Origin: TLSTrust]
        /// The settings of all other origins; `nil` for libcurl's default.
        public var defaultTrust: TLSTrust?
        /// The minimum number of idle connections that are kept.
        ///
        /// Twice as many as the most concurrent requests so far are kept.
        public var keptConnections: Int
        /// The rules that decide which origins are reached through a proxy.
        public var proxies: ProxyRules
        /// A replacement for name resolution: returns an address, or `nil` for the system's result.
        ///
        /// It is called on the transport's thread and must not block.
        public var resolve: @Sendable (Origin) -> IPAddress?

        /// Creates a configuration.
        public init(
            userAgent: String = "ocimirror", trust: [Origin: TLSTrust] = [:],
            defaultTrust: TLSTrust? = nil, keptConnections: Int = 64,
            proxies: ProxyRules = .none,
            resolve: @escaping @Sendable (Origin) -> IPAddress? = { _ in nil }
        ) {
            self.userAgent = userAgent
            self.trust = trust
            self.defaultTrust = defaultTrust
            self.keptConnections = keptConnections
            self.proxies = proxies
            self.resolve = resolve
        }
    }
}
