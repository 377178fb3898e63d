// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import AsyncPrimitives

/// Who holds which blob, and who is being sent one, over a whole run.
///
/// Each digest is sent to a registry once: a task that needs it elsewhere in the same registry
/// waits for the first to arrive and has it mounted from there.
struct BlobTracker: Sendable {
    /// What the asking task is to do.
    enum Claim: Sendable {
        /// Nothing: the blob is there.
        case present
        /// Send it, or have it mounted from `sibling` where there is one; then call `settle`.
        case yours(sibling: StoreLocation?)
    }

    private enum Standing: Sendable {
        case present
        case inFlight
    }

    /// The same bytes in the same registry, or in the same layout.
    private struct Key: Hashable, Sendable {
        let holder: String
        let digest: Digest

        init(_ digest: Digest, _ location: StoreLocation) {
            self.digest = digest
            holder = location.holder
        }
    }

    private let standings = AsyncCondition<[Key: [StoreLocation: Standing]]>([:])

    /// Waits until the blob is at `location`, or until the caller is the one to bring it there.
    ///
    /// - Throws: `CancellationError`.
    func claim(_ digest: Digest, at location: StoreLocation) async throws -> Claim {
        let key = Key(digest, location)
        return try await standings.take { standings in
            let known = standings[key] ?? [:]
            if known[location] == .present { return .present }
            guard !known.values.contains(.inFlight) else { return nil }
            standings[key, default: [:]][location] = .inFlight
            return .yours(sibling: known.first { $0.value == .present }?.key)
        }
    }

    /// Ends a claim of the kind `yours`.
    func settle(_ digest: Digest, at location: StoreLocation, arrived: Bool) {
        standings.change {
            $0[Key(digest, location), default: [:]][location] = arrived ? .present : nil
        }
    }
}

extension StoreLocation {
    /// The registry, or the layout: within it bytes are kept once.
    var holder: String {
        switch self {
        case .repository(let repository): repository.registry.name
        case .layout(let directory): "oci:\(directory)"
        }
    }
}
