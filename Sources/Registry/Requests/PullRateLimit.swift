// SPDX-License-Identifier: Apache-2.0

internal import HTTP

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
    mutating func note(_ fields: HTTPFields, in name: String) -> Int? {
        guard let text = fields[name], let count = Int(text.prefix { $0 != ";" }), count >= 0
        else { return nil }
        left = count
        return count
    }

    /// Records that the limit was reached.
    mutating func isUsedUp() {
        left = 0
    }
}
