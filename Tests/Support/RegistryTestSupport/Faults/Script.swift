// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// A rule with the number of requests that it matched.
public final class InjectedFault: Sendable {
    let rule: FaultRule
    private let counts = Mutex((matches: 0, eligible: 0, fired: 0))

    init(_ rule: FaultRule) { self.rule = rule }

    /// The number of requests to which the rule was applied.
    public var fired: Int { counts.withLock { $0.fired } }

    /// Counts a request and returns the faults that apply to it.
    func meet(_ request: RecordedRequest) -> [Fault] {
        guard rule.pattern.matches(request) else { return [] }
        return counts.withLock { counts in
            counts.matches += 1
            guard rule.hits.contains(counts.matches) else { return [] }
            counts.eligible += 1
            guard (counts.eligible - 1) % rule.interval == 0 else { return [] }
            let faults = rule.faults(request)
            counts.fired += faults.isEmpty ? 0 : 1
            return faults
        }
    }
}

/// The rules of a server.
///
/// Each rule counts its own matches. If several rules match, their faults apply in the order of the
/// rules.
final class Script: Sendable {
    private let rules = Mutex<[InjectedFault]>([])

    func add(_ rule: FaultRule) -> InjectedFault {
        let injected = InjectedFault(rule)
        rules.withLock { $0.append(injected) }
        return injected
    }

    func clear() {
        rules.withLock { $0 = [] }
    }

    func meet(_ request: RecordedRequest) -> [Fault] {
        rules.withLock { $0 }.flatMap { $0.meet(request) }
    }
}
