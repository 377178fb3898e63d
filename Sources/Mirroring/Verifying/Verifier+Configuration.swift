// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import Validation

/// What the configuration and upstream say of an image that is at the target.
extension Verifier {
    /// Compares what a block proves with what its entry asks for.
    func compare(_ image: inout VerifiedImage, with entry: ImageEntry) {
        let required = ImageRequirements(entry, platforms: config.platforms, today: today)
        image.problems += image.block.shortfalls(of: required).map { .insufficientlyValidated($0) }
        image.findings += [required.exceptionFinding].compactMap(\.self)
    }

    /// Asks upstream what the tag stands for now.
    ///
    /// A channel is meant to move: of that only a note is made.
    ///
    /// - Throws: ``CopyError`` or `CancellationError`.
    func lookAtSource(of image: inout VerifiedImage, _ entry: ImageEntry) async throws {
        guard let tag = image.block.targetTag else { return }
        if case .one(_, .some) = entry.selection { return }
        let location = entry.sourceLocation
        let now = try await sourceTags.value(for: SourceTag(location: location, tag: tag)) {
            try await at(.source, location) {
                try await stores.store(at: location).resolve(.tag(tag))?.digest
            }
        }
        guard now != image.block.digest else { return }
        guard entry.floating else {
            image.problems.append(.sourceMoved(tag, now: now))
            return
        }
        image.findings.append(
            Finding(
                .tagMoved, .note,
                "\(tag) is \(now?.short ?? "gone") upstream; the next sync brings it"))
    }
}

/// A tag at a source.
struct SourceTag: Hashable, Sendable {
    let location: StoreLocation
    let tag: Tag
}
