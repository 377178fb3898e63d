// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import OCI

/// Tracks, for a run, which repository has each blob and which blobs are being uploaded.
///
/// Each digest is uploaded once to a registry: a task that needs it in another repository of the
/// same registry waits for the first upload and mounts the blob from there.
struct BlobTracker: Sendable {
    /// The result of a claim.
    enum ClaimResult: Sendable {
        /// The blob is present.
        case present
        /// The caller must push the blob, or mount it from `mountSource`, and then call `settle`.
        case granted(mountSource: StoreLocation?)
    }

    private enum BlobState: Sendable {
        case present
        case inFlight
    }

    /// A digest in one registry or layout.
    private struct Key: Hashable, Sendable {
        let scope: String
        let digest: Digest

        init(_ digest: Digest, _ location: StoreLocation) {
            self.digest = digest
            scope = location.deduplicationScope
        }
    }

    private let states = AsyncCondition<[Key: [StoreLocation: BlobState]]>([:])

    /// Waits until the blob is present at `location` or the caller is the one that must copy it.
    ///
    /// - Throws: `CancellationError`.
    func claim(_ digest: Digest, at location: StoreLocation) async throws -> ClaimResult {
        let key = Key(digest, location)
        return try await states.take { states in
            let locations = states[key] ?? [:]
            if locations[location] == .present { return .present }
            guard !locations.values.contains(.inFlight) else { return nil }
            states[key, default: [:]][location] = .inFlight
            return .granted(mountSource: locations.first { $0.value == .present }?.key)
        }
    }

    /// Ends a granted claim; `isStored` indicates whether the blob is now present.
    func settle(_ digest: Digest, at location: StoreLocation, isStored: Bool) {
        states.change {
            $0[Key(digest, location), default: [:]][location] = isStored ? .present : nil
        }
    }
}

extension StoreLocation {
    /// The registry or layout, within which a blob is stored once.
    var deduplicationScope: String {
        switch self {
        case .repository(let repository): repository.registry.name
        case .layout(let directory): "oci:\(directory)"
        }
    }
}
