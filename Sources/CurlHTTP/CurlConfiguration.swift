// SPDX-License-Identifier: Apache-2.0

public import HTTP

/// What proves one origin's identity, and ours to it.
public struct TLSTrust: Hashable, Sendable {
    /// A file of PEM certificates that are trusted instead of the system's; nil for the system's.
    public var caFile: String?
    /// A PEM file with the certificate that we show, and those that lead to its root.
    public var clientCertificate: String?
    /// The PEM file with the key of that certificate; nil where it stands in the same file.
    public var clientKey: String?

    /// Names the files.
    public init(
        caFile: String? = nil, clientCertificate: String? = nil, clientKey: String? = nil
    ) {
        self.caFile = caFile
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
    }
}

extension CurlTransport {
    /// What holds for every request of a transport.
    public struct Configuration: Sendable {
        /// What the program calls itself.
        public var userAgent: String
        /// Origins that need more than the system's certificate authorities.
        public var trust: [Origin: TLSTrust]
        /// What holds for all other origins; nil for the system's certificate authorities.
        public var defaultTrust: TLSTrust?
        /// How many idle connections are kept.
        ///
        /// Two for each body in flight let none be opened twice.
        public var keptConnections: Int
        /// Which origins are reached through a proxy.
        public var proxies: ProxyRules
        /// Stands in for what the names of origins resolve to: returns an address, or nil for what
        /// the system says.
        ///
        /// It is called on the transport's own thread and must not wait.
        public var resolve: @Sendable (Origin) -> IPAddress?

        /// Makes a configuration.
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
