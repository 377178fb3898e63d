// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Counts the bytes of a response, and reports the exchange when its body is released.
///
/// A body may be read to its end, dropped half-way or never read. In each case the
/// exchange ends when the last reference to this object is released.
final class RequestMetrics: Sendable {
    private let bytes: Atomic<Int>
    private let report: @Sendable (Int) -> Void

    init(sent: Int, report: @escaping @Sendable (_ bytes: Int) -> Void) {
        self.bytes = Atomic(sent)
        self.report = report
    }

    deinit {
        report(bytes.load(ordering: .relaxed))
    }

    func add(_ count: Int) {
        bytes.add(count, ordering: .relaxed)
    }
}
