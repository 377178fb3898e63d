// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Registry
internal import StrictJSON
internal import Synchronization

/// What a run spent of the allowances that registries grant, and what they say is left.
///
/// Only a registry that counts pulls is named; of those that set no limit there is nothing to say.
final class PullCounts: Sendable {
    private struct Count {
        var spent = 0
        var left: Int?
    }

    private let counts = Mutex<[String: Count]>([:])

    func note(_ event: RegistryEvent) {
        switch event {
        case .requestFinished(let host, .manifestGet, 200, _):
            counts.withLock { $0[host, default: Count()].spent += 1 }
        case .pullsRemaining(let host, let left):
            counts.withLock { $0[host.name, default: Count()].left = left }
        default: break
        }
    }

    private var known: [(host: String, spent: Int, left: Int)] {
        counts.withLock { $0 }.compactMap { host, count in
            count.left.map { (host, count.spent, $0) }
        }.sorted { $0.host < $1.host }
    }

    /// A line for each registry that counts.
    var lines: [String] {
        known.map { "\($0.host): \(counted($0.spent, "pull")) spent, \($0.left) left" }
    }

    /// The same for a document.
    var json: JSONValue {
        .array(
            known.map {
                [
                    "registry": .string($0.host), "spent": .integer($0.spent),
                    "left": .integer($0.left),
                ]
            })
    }
}
