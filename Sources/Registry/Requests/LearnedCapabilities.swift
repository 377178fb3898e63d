// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import OCI
internal import TextSafety

/// The knowledge about a registry that its responses have revealed during the run.
struct LearnedCapabilities: Sendable {
    /// The way blobs are uploaded.
    var uploadDialect: UploadDialect
    /// The remaining pulls.
    var pullRateLimit: PullRateLimit
    /// A Boolean value that indicates whether the registry may have a referrers API.
    var listsReferrers = true
    /// A Boolean value that indicates whether 404 to a HEAD request means that there is no manifest.
    var respondsToHead = true
    /// The repositories from which mounting failed.
    var unmountable: Set<String> = []
    /// The warnings of the registry that were reported.
    private var reportedWarnings: Set<String> = []

    /// The number of different warnings that are reported.
    private static let maximumWarningCount = 10

    /// Creates the knowledge before the first request.
    init(settings: RegistrySettings, profile: RegistryProfile) {
        uploadDialect = settings.uploadDialect ?? profile.uploadDialect
        pullRateLimit = PullRateLimit(reserve: settings.reservePulls)
    }

    /// Returns the warnings for the user in a response that were not reported yet.
    ///
    /// Source: distribution-spec § Warnings: `Warning: 299 - "text"`; caches send other codes.
    mutating func newWarnings(in fields: HTTPFields) -> [UntrustedText] {
        fields.values("warning").compactMap { value -> UntrustedText? in
            guard value.hasPrefix("299 - \"") else { return nil }
            let text = String(value.dropFirst("299 - \"".count).prefix { $0 != "\"" })
            guard !text.isEmpty, reportedWarnings.count < Self.maximumWarningCount,
                reportedWarnings.insert(text).inserted
            else { return nil }
            return UntrustedText(text)
        }
    }
}

/// The remaining pulls that a registry states.
///
/// A pull is a GET of a manifest. HEAD requests are free and report the remaining
/// pulls. Without a statement of the registry, pulls are unlimited.
///
/// Source: Docker Hub's `ratelimit-remaining: 76;w=21600`.
struct PullRateLimit: Hashable, Sendable {
    /// The number of pulls to leave unused.
    let reserve: Int
    /// The remaining pulls in the last statement of the registry.
    private(set) var left: Int?
    /// The pulls in flight, which the registry may not have counted yet.
    private var claimed = 0

    init(reserve: Int) {
        self.reserve = reserve
    }

    /// Claims a pull.
    ///
    /// Returns `false` if none is available.
    mutating func claim() -> Bool {
        if let left, left - claimed <= reserve { return false }
        claimed += 1
        return true
    }

    /// Returns a claim after the response arrived or the request failed.
    mutating func settle() {
        claimed -= 1
    }

    /// Records the statement of a response.
    ///
    /// - Parameters:
    ///   - fields: The fields of the response.
    ///   - name: The name of the field with the statement.
    /// - Returns: The remaining pulls, or `nil` if the response states none.
    @discardableResult
    mutating func record(_ fields: HTTPFields, in name: String) -> Int? {
        guard let text = fields[name], let count = Int(text.prefix { $0 != ";" }), count >= 0
        else { return nil }
        left = count
        return count
    }

    /// Records that the limit was reached.
    mutating func recordExhaustion() {
        left = 0
    }
}
