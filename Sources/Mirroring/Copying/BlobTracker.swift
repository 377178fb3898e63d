// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import AsyncPrimitives

/// Tracks, for a run, which repository has each blob and which blobs are being uploaded.
///
/// Each digest is uploaded once to a registry: a task that needs it in another repository of the
/// same registry waits for the first upload and mounts the blob from there.
struct BlobTracker: Sendable {
    /// The result of a claim.
    enum Claim: Sendable {
        /// The blob is present.
        case present
        /// The caller must push the blob, or mount it from `mountSource`, and then call `settle`.
        case yours(sibling: StoreLocation?)
    }

    private enum Standing: Sendable {
        case present
        case inFlight
    }

    /// A digest in one registry or layout.
    private struct Key: Hashable, Sendable {
        let holder: String
        let digest: Digest

        init(_ digest: Digest, _ location: StoreLocation) {
            self.digest = digest
            holder = location.holder
        }
    }

    private let standings = AsyncCondition<[Key: [StoreLocation: Standing]]>([:])

    /// Waits until the blob is present at `location` or the caller is the one that must copy it.
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

    /// Ends a granted claim.
    func settle(_ digest: Digest, at location: StoreLocation, arrived: Bool) {
        standings.change {
            $0[Key(digest, location), default: [:]][location] = arrived ? .present : nil
        }
    }
}

extension StoreLocation {
    /// The registry or layout, within which a blob is stored once.
    var holder: String {
        switch self {
        case .repository(let repository): repository.registry.name
        case .layout(let directory): "oci:\(directory)"
        }
    }
}
