// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Content of a registry that a client could not pull.
public struct Violation: Hashable, Sendable, CustomStringConvertible {
    /// The request after which it was detected.
    public let after: String
    /// The repository.
    public let repository: String
    /// The violation.
    public let reason: String

    /// The violation as one line.
    public var description: String { "\(repository): \(reason) (after \(after))" }
}

/// Verifies that a repository can be pulled: tags resolve, and everything that manifests reference
/// exists.
struct Auditor {
    /// Returns the violations in one repository.
    static func reasons(_ name: String, in model: RegistryModel) -> [String] {
        guard let content = model.repositories[name] else { return [] }
        var reasons: [String] = []
        for (tag, digest) in content.tags where content.manifests[digest] == nil {
            reasons.append("tag \(tag) points to \(digest.short), which is not there")
        }
        for (digest, manifest) in content.manifests {
            guard let decoded = try? manifest.decoded() else { continue }
            for descriptor in decoded.references {
                if let fault = fault(descriptor, of: decoded, in: content, model) {
                    reasons.append("manifest \(digest.short): \(descriptor.digest.short) \(fault)")
                }
            }
        }
        return reasons.sorted()
    }

    private static func fault(
        _ descriptor: Descriptor, of parent: Manifest, in content: RegistryModel.RepositoryContent,
        _ model: RegistryModel
    ) -> String? {
        let size: Int?
        switch parent {
        case .index:
            let child = content.manifests[descriptor.digest]
            if let child, child.descriptor.mediaType != descriptor.mediaType {
                return "is a \(child.descriptor.mediaType), not a \(descriptor.mediaType)"
            }
            size = child?.bytes.count
        case .image:
            if descriptor.hasURLs { return nil }
            size =
                content.blobs.contains(descriptor.digest)
                ? model.blobs[descriptor.digest]?.count : nil
        }
        guard let size else { return "is not there" }
        return size == descriptor.size ? nil : "has \(size) bytes, not \(descriptor.size)"
    }
}
