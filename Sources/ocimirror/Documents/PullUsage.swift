// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// The pulls used and remaining at a registry with a pull rate limit.
struct PullUsage {
    let host: String
    let spent: Int
    let left: Int

    init?(_ statistics: HostStatistics) {
        guard let left = statistics.pullsLeft else { return nil }
        host = statistics.host
        spent = statistics.pullsSpent
        self.left = left
    }

    var line: String { "\(host): \(counted(spent, "pull")) used, \(left) remaining" }

    var json: JSONValue {
        ["registry": .string(host), "used": .integer(spent), "remaining": .integer(left)]
    }
}
