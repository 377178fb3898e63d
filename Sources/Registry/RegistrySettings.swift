// SPDX-License-Identifier: Apache-2.0

/// How blobs are sent.
public enum UploadDialect: String, Sendable, CaseIterable {
    /// The one that is known to work with the registry.
    case auto
    /// POST, then one PUT with the whole blob.
    case put
    /// POST, then one PATCH with the whole blob, then an empty PUT.
    case patch
    /// POST, then a PATCH for each few mebibytes, then an empty PUT.
    case chunked
}

/// What is known about one registry before it is spoken to.
public struct RegistrySettings: Hashable, Sendable {
    /// Whether it speaks HTTP without TLS.
    ///
    /// Nothing else ever makes the client do so.
    public var plainHTTP = false
    /// Whether credentials may be sent without TLS to another machine.
    public var credentialsOverHTTP = false
    /// Whether a pull with refused credentials fails, and is not tried without them.
    public var requiresAuth = false
    /// How many requests may be in flight at most, large bodies not counted.
    ///
    /// It is less after the registry asked for patience.
    public var concurrency = 6
    /// How many pulls are left untouched, where the registry says how many there are.
    public var reservePulls = 0
    /// How blobs are sent.
    public var uploadDialect = UploadDialect.auto
    /// Further hosts, `host[:port]`, that may be shown the credentials when they ask for tokens.
    public var tokenHosts: [String] = []
    /// Further hosts, `host[:port]`, and ranges of addresses that the registry may lead to; content
    /// is sent to the hosts among them, without credentials.
    public var allow: [String] = []

    /// Makes settings with every default.
    public init() {}
}
