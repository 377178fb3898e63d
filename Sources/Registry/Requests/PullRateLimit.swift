// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// How many pulls a registry still allows, by what it says itself.
///
/// A pull is a manifest that is read; requests that only ask for one are free, and say how many are
/// left. Of what a registry has not said anything about, everything is allowed.
///
/// Source: Docker Hub's `ratelimit-remaining: 76;w=21600`.
struct PullRateLimit: Hashable, Sendable {
    /// How many pulls are left untouched, for others who share the allowance.
    let reserve: Int
    /// How many were left when the registry last said so.
    private(set) var left: Int?
    /// Pulls that are under way, which the registry may not have counted yet.
    private var claimed = 0

    init(reserve: Int) {
        self.reserve = reserve
    }

    /// Claims a pull; returns false where none may be spent.
    mutating func claim() -> Bool {
        if let left, left - claimed <= reserve { return false }
        claimed += 1
        return true
    }

    /// Gives a claim back, when its answer is here or will never come.
    mutating func settle() {
        claimed -= 1
    }

    /// Takes note of what an answer says.
    mutating func note(_ fields: HTTPFields) {
        guard let text = fields["ratelimit-remaining"],
            let count = Int(text.prefix { $0 != ";" }), count >= 0
        else { return }
        left = count
    }

    /// Takes note of a refusal.
    mutating func isUsedUp() {
        left = 0
    }
}
