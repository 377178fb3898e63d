// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// How a registry reports that a repository already has a blob, as learned during a run.
///
/// A mount of a blob from the repository itself answers 201 where the blob is present and begins an upload
/// where it is not. A registry may also answer every mount with an upload; only a blob that is present
/// tells the two apart. One push at a time probes; the others wait for what it learns.
///
/// Source: distribution-spec § Mounting a blob from another repository.
final class BlobPresence: Sendable {
    /// How a push finds out whether the blob is present.
    enum Method: Hashable, Sendable {
        /// By a mount whose 201 means yes and whose 202 means no.
        case mount
        /// By a mount, and by a HEAD after a 202; the caller then calls ``learn(_:)`` or
        /// ``endProbe()``.
        case probe
        /// By a HEAD.
        case head
    }

    private enum Knowledge: Sendable {
        case unknown
        case probing
        case known(Method)
    }

    private let knowledge: AsyncCondition<Knowledge>

    /// Creates an instance that knows only whether mounts may succeed at the registry at all.
    init(mountsBlobs: Bool) {
        knowledge = AsyncCondition(mountsBlobs ? .unknown : .known(.head))
    }

    private var current: Knowledge {
        var current = Knowledge.unknown
        knowledge.change(waking: 0) { current = $0 }
        return current
    }

    /// A Boolean value that indicates whether mounts are used, as far as is known.
    var usesMounts: Bool {
        if case .known(.head) = current { false } else { true }
    }

    /// A Boolean value that indicates whether a probe is still needed.
    var isUnknown: Bool {
        if case .known = current { false } else { true }
    }

    /// Returns the method to use, after the end of a probe that is in flight.
    ///
    /// - Parameter isExpected: whether the blob is expected to be present, so that it can be a probe.
    /// - Returns: the method; ``Method/probe`` to one caller at a time.
    /// - Throws: `CancellationError`.
    func method(isExpected: Bool) async throws -> Method {
        try await knowledge.take { knowledge -> Method? in
            switch knowledge {
            case .known(let method): return method
            case .probing: return nil
            case .unknown:
                guard isExpected else { return .mount }
                knowledge = .probing
                return .probe
            }
        }
    }

    /// Remembers a method for the rest of the run; HEAD, which is always right, is never unlearned.
    func learn(_ method: Method) {
        knowledge.change { knowledge in
            if case .known(.head) = knowledge { return }
            knowledge = .known(method)
        }
    }

    /// Ends a probe that has learned nothing.
    func endProbe() {
        knowledge.change { knowledge in
            if case .probing = knowledge { knowledge = .unknown }
        }
    }
}
