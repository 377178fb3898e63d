// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Something in a registry that a client could not pull.
public struct Violation: Hashable, Sendable, CustomStringConvertible {
    /// The request after which it was seen.
    public let after: String
    /// The repository.
    public let repository: String
    /// What does not hold there.
    public let reason: String

    /// One line.
    public var description: String { "\(repository): \(reason) (after \(after))" }
}

/// Proves that a repository can be pulled as it stands: tags resolve, and what manifests name is there.
struct Auditor {
    /// Returns what does not hold in one repository.
    static func reasons(_ name: String, in model: RegistryModel) -> [String] {
        guard let shelf = model.shelves[name] else { return [] }
        var reasons: [String] = []
        for (tag, digest) in shelf.tags where shelf.manifests[digest] == nil {
            reasons.append("tag \(tag) points to \(digest.short), which is not there")
        }
        for (digest, manifest) in shelf.manifests {
            guard let decoded = try? manifest.decoded() else { continue }
            for descriptor in decoded.references {
                if let fault = fault(descriptor, of: decoded, in: shelf, model) {
                    reasons.append("manifest \(digest.short): \(descriptor.digest.short) \(fault)")
                }
            }
        }
        return reasons.sorted()
    }

    private static func fault(
        _ descriptor: Descriptor, of parent: Manifest, in shelf: RegistryModel.Shelf,
        _ model: RegistryModel
    ) -> String? {
        let size: Int?
        switch parent {
        case .index:
            let child = shelf.manifests[descriptor.digest]
            if let child, child.descriptor.mediaType != descriptor.mediaType {
                return "is a \(child.descriptor.mediaType), not a \(descriptor.mediaType)"
            }
            size = child?.bytes.count
        case .image:
            if descriptor.hasURLs { return nil }
            size =
                shelf.blobs.contains(descriptor.digest)
                ? model.blobs[descriptor.digest]?.count : nil
        }
        guard let size else { return "is not there" }
        return size == descriptor.size ? nil : "has \(size) bytes, not \(descriptor.size)"
    }
}
