// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import Lockfiles
internal import OCI
internal import Validation

/// Comparisons of a mirrored image with the configuration and the source.
extension Verifier {
    /// Compares the validation that a lock entry records with the requirements of its configuration
    /// entry.
    func compare(_ image: inout VerifiedImage, with entry: ImageEntry) {
        let required = ImageRequirements(entry, platforms: configuration.platforms, today: today)
        image.problems += image.lockEntry.gaps(for: required).map { .insufficientlyValidated($0) }
        image.findings += [required.exceptionFinding].compactMap(\.self)
    }

    /// Checks whether the tag has moved at the source.
    ///
    /// A floating tag is expected to move and results only in a note.
    ///
    /// - Throws: ``CopyError`` or `CancellationError`.
    func checkSource(of image: inout VerifiedImage, _ entry: ImageEntry) async throws {
        guard let tag = image.lockEntry.targetTag else { return }
        if case .one(_, .some) = entry.selection { return }
        let location = entry.sourceLocation
        let now = try await sourceTags.value(for: SourceTag(location: location, tag: tag)) {
            try await at(.source, location) {
                try await stores.store(at: location).resolve(.tag(tag))?.digest
            }
        }
        guard now != image.lockEntry.digest else { return }
        guard entry.floating else {
            image.problems.append(.sourceMoved(tag, now: now))
            return
        }
        image.findings.append(
            Finding(
                .tagMoved, .note,
                now.map {
                    "tag \(tag) now points to \($0.short) at the source; the next sync copies it"
                }
                    ?? "tag \(tag) not found at the source"))
    }
}

/// A tag at a source.
struct SourceTag: Hashable, Sendable {
    let location: StoreLocation
    let tag: Tag
}
