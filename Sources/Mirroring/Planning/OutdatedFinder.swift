// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// Finds newer versions of mirrored tags, with one listing of tags per source.
public struct OutdatedFinder: Sendable {
    private let stores: StoreProvider

    /// Creates a finder.
    ///
    /// - Parameter stores: The stores of the sources.
    public init(stores: StoreProvider) {
        self.stores = stores
    }

    /// Returns the result for each image of a plan, in its order.
    ///
    /// A newer version that is mirrored too is not reported.
    ///
    /// - Throws: `CancellationError`.
    public func find(in plan: Plan) async throws -> [OutdatedImage] {
        let comparable = plan.images.filter { OutdatedImage.reasonNotCompared($0) == nil }
        var listings = plan.listings.mapValues { Result<[Tag], CopyError>.success(Array($0)) }
        let missing = Set(comparable.map(\.source)).filter { listings[$0] == nil }
        listings.merge(try await stores.tags(in: missing)) { $1 }
        let mirrored = Dictionary(grouping: plan.images, by: \.source)
            .mapValues { Set($0.compactMap(\.tag)) }
        return plan.images.map { image in
            guard let tag = image.tag, let listing = listings[image.source],
                OutdatedImage.reasonNotCompared(image) == nil
            else {
                let reason = OutdatedImage.reasonNotCompared(image) ?? "its tags are not listed"
                return OutdatedImage(image: image, result: .notCompared(reason: reason))
            }
            switch listing {
            case .failure(let error):
                return OutdatedImage(image: image, result: .failed(ImageFailure(error)))
            case .success(let tags):
                let others = tags.filter { mirrored[image.source]?.contains($0) != true }
                return OutdatedImage(
                    image: image, result: .compared(NewerTags(than: tag, among: others)))
            }
        }
    }
}

/// An image of a plan, and the newer versions of its tag.
public struct OutdatedImage: Sendable {
    /// The result of the comparison.
    public enum Result: Sendable {
        /// The tag was compared; there can be newer ones.
        case compared(NewerTags)
        /// The image has no version to compare.
        case notCompared(reason: String)
        /// The tags could not be listed.
        case failed(ImageFailure)
    }

    /// The image.
    public let image: PlannedImage
    /// The result of the comparison.
    public let result: Result

    /// A Boolean value that indicates whether there is a newer version.
    public var isOutdated: Bool {
        if case .compared(let tags) = result { !tags.isEmpty } else { false }
    }

    /// Returns the reason for which an image has no version to compare; `nil` if it has one.
    static func reasonNotCompared(_ image: PlannedImage) -> String? {
        guard let tag = image.tag else { return "the image has no tag" }
        if tag.isFloating { return "the tag \(tag) is a floating tag" }
        return VersionForm(tag).numbers.isEmpty ? "the tag \(tag) has no number" : nil
    }
}

extension StoreProvider {
    /// Lists the tags of sources, each once.
    ///
    /// - Throws: `CancellationError`.
    func tags(
        in locations: some Sequence<StoreLocation>
    ) async throws -> [StoreLocation: Result<[Tag], CopyError>] {
        try await withThrowingTaskGroup { group in
            for location in locations {
                group.addTask { (location, try await listTags(in: location)) }
            }
            var listings: [StoreLocation: Result<[Tag], CopyError>] = [:]
            for try await (location, listing) in group { listings[location] = listing }
            return listings
        }
    }

    private func listTags(in location: StoreLocation) async throws -> Result<[Tag], CopyError> {
        do {
            return .success(
                try await attributingErrors(to: .source, at: location) {
                    try await store(at: location).tags()
                })
        } catch let error as CopyError {
            try Task.checkCancellation()
            return .failure(error)
        }
    }
}
