// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// The method by which a registry reports that a repository already has a blob, learned during a
/// run.
///
/// A mount of a blob from the repository itself results in 201 if the blob is present and starts an
/// upload otherwise. A registry may also respond to every mount with an upload; only a blob that is
/// present distinguishes the two. One push at a time probes; the others wait for its result.
///
/// Source: distribution-spec § Mounting a blob from another repository.
final class BlobPresence: Sendable {
    /// A method to check whether a blob is present.
    enum Method: Hashable, Sendable {
        /// A mount: 201 means that the blob is present, and 202 that it is not.
        case mount
        /// A mount, then a HEAD request after 202; the caller then calls ``learn(_:)`` or
        /// ``endProbe()``.
        case probe
        /// A HEAD request.
        case head
    }

    private enum Knowledge: Sendable {
        case unknown
        case probing
        case known(Method)
    }

    private let knowledge: AsyncCondition<Knowledge>

    /// Creates an instance that knows only whether the registry supports mounts.
    init(mountsBlobs: Bool) {
        knowledge = AsyncCondition(mountsBlobs ? .unknown : .known(.head))
    }

    /// A Boolean value that indicates whether mounts are used.
    var usesMounts: Bool {
        if case .known(.head) = knowledge.state { false } else { true }
    }

    /// A Boolean value that indicates whether a probe is still needed.
    var isUnknown: Bool {
        if case .known = knowledge.state { false } else { true }
    }

    /// Returns the method to use, after a probe in flight has ended.
    ///
    /// - Parameter isLikely: A Boolean value that indicates whether the blob is probably present,
    ///   so that it can be a probe.
    /// - Returns: The method; ``Method/probe`` to one caller at a time.
    /// - Throws: `CancellationError`.
    func method(isLikely: Bool) async throws -> Method {
        try await knowledge.take { knowledge -> Method? in
            switch knowledge {
            case .known(let method): return method
            case .probing: return nil
            case .unknown:
                guard isLikely else { return .mount }
                knowledge = .probing
                return .probe
            }
        }
    }

    /// Records the method for the rest of the run; HEAD, which is always correct, is never
    /// replaced.
    func learn(_ method: Method) {
        knowledge.change { knowledge in
            if case .known(.head) = knowledge { return }
            knowledge = .known(method)
        }
    }

    /// Ends a probe without a result.
    func endProbe() {
        knowledge.change { knowledge in
            if case .probing = knowledge { knowledge = .unknown }
        }
    }
}
