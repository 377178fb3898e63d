// SPDX-License-Identifier: Apache-2.0

/// The way blobs are uploaded.
public enum UploadDialect: String, Sendable, CaseIterable {
    /// The way that is known to work with the registry.
    case auto
    /// POST, then one PUT with the whole blob.
    case put
    /// POST, then one PATCH with the whole blob, then an empty PUT.
    case patch
    /// POST, then a PATCH per chunk of a few mebibytes, then an empty PUT.
    case chunked
}

/// The settings of a registry, known before the first request.
public struct RegistrySettings: Hashable, Sendable {
    /// A Boolean value that indicates whether it uses HTTP without TLS.
    ///
    /// Nothing else makes the client use plain HTTP.
    public var plainHTTP = false
    /// A Boolean value that indicates whether credentials may be sent without TLS to another
    /// machine.
    public var credentialsOverHTTP = false
    /// A Boolean value that indicates whether a pull with rejected credentials fails, instead of
    /// being tried anonymously.
    public var requiresAuth = false
    /// The maximum number of requests in flight, not counting large bodies.
    ///
    /// Throttling reduces it.
    public var concurrency = 6
    /// The number of pulls to leave unused, if the registry states how many remain.
    public var reservePulls = 0
    /// The way blobs are uploaded.
    public var uploadDialect = UploadDialect.auto
    /// Further token servers, `host[:port]`, that may receive the credentials.
    public var tokenHosts: [String] = []
    /// Further hosts, `host[:port]`, and address ranges that the registry may refer to.
    ///
    /// Content
    /// may be uploaded to the hosts, without credentials.
    public var allow: [String] = []

    /// Creates settings with default values.
    public init() {}
}
