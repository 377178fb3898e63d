// SPDX-License-Identifier: Apache-2.0

public import TextSafety

/// The options of a registry in the configuration.
public struct RegistryOptions: Hashable, Sendable {
    /// A user name and a password.
    public struct Credentials: Hashable, Sendable {
        /// The user name.
        public var username: String
        /// The password or token.
        public var password: Secret

        /// Creates credentials.
        public init(username: String, password: Secret) {
            self.username = username
            self.password = password
        }
    }

    /// The way blobs are uploaded.
    public enum Upload: String, Sendable, CaseIterable {
        case auto
        case put
        case patch
        case chunked
    }

    /// The credentials, if the configuration has some.
    public var credentials: Credentials?
    /// The policy for anonymous pulls after credentials were rejected.
    public var requiresAuth = false
    /// A Boolean value that indicates whether the registry uses HTTP without TLS.
    public var plainHTTP = false
    /// A Boolean value that indicates whether credentials may be sent without TLS.
    public var credentialsOverHTTP = false
    /// The absolute path of a file with certificate authorities (PEM).
    public var caFile: String?
    /// The absolute path of a client certificate (PEM).
    public var clientCertificate: String?
    /// The absolute path of the client certificate's key (PEM).
    public var clientKey: String?
    /// The initial number of requests in flight; `nil` for the number that suits the registry.
    public var concurrency: Int?
    /// The way blobs are uploaded.
    public var upload: Upload = .auto
    /// The number of pulls to leave unused.
    public var reservePulls = 0
    /// The hosts from which content is read first, by digest.
    public var endpoints: [String] = []
    /// Further token servers that may receive the credentials.
    public var tokenHosts: [String] = []
    /// Hosts and address ranges that the registry may refer to although they are private.
    public var allow: [String] = []

    /// Creates options with default values.
    public init() {}
}
