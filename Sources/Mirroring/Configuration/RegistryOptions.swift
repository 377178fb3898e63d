// SPDX-License-Identifier: Apache-2.0

public import TextSafety

/// What the configuration says about one registry.
public struct RegistryOptions: Hashable, Sendable {
    /// A user and a password.
    public struct Credentials: Hashable, Sendable {
        /// The user's name.
        public var username: String
        /// The password or token.
        public var password: Secret

        /// Makes credentials.
        public init(username: String, password: Secret) {
            self.username = username
            self.password = password
        }
    }

    /// How blobs are sent.
    public enum Upload: String, Sendable, CaseIterable {
        case auto
        case put
        case patch
        case chunked
    }

    /// The user and password, where the configuration has some.
    public var credentials: Credentials?
    /// Whether refused credentials may be left out for a pull.
    public var requiresAuth = false
    /// Whether the registry speaks HTTP without TLS.
    public var plainHTTP = false
    /// Whether credentials may be sent without TLS.
    public var credentialsOverHTTP = false
    /// The absolute path of a file with certificate authorities (PEM).
    public var caFile: String?
    /// The absolute path of a client certificate (PEM).
    public var clientCertificate: String?
    /// The absolute path of the client certificate's key (PEM).
    public var clientKey: String?
    /// How many requests are in flight at the start.
    public var concurrency = 6
    /// How blobs are sent.
    public var upload: Upload = .auto
    /// How many pulls are left untouched.
    public var reservePulls = 0
    /// Hosts that content is read from first, by digest.
    public var endpoints: [String] = []
    /// Further hosts that may be asked for tokens with credentials.
    public var tokenHosts: [String] = []
    /// Hosts and address ranges that the registry may lead to although they are private.
    public var allow: [String] = []

    /// Makes options with every default.
    public init() {}
}
