// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// What was spent at a registry that says how many pulls are left; of those that set no limit there
/// is nothing to say.
struct PullUsage {
    let host: String
    let spent: Int
    let left: Int

    init?(_ traffic: HostStatistics) {
        guard let left = traffic.pullsLeft else { return nil }
        host = traffic.host
        spent = traffic.pullsSpent
        self.left = left
    }

    var line: String { "\(host): \(counted(spent, "pull")) spent, \(left) left" }

    var json: JSONValue {
        ["registry": .string(host), "spent": .integer(spent), "left": .integer(left)]
    }
}
