// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// Expands the entries of a configuration to images.
public struct Planner: Sendable {
    private let configuration: MirrorConfiguration
    private let naming: Naming

    /// Creates a planner.
    public init(configuration: MirrorConfiguration) {
        self.configuration = configuration
        self.naming = Naming(images: configuration.images)
    }

    /// Returns the plan without requests, in which entries with tag patterns are missing.
    public func offlinePlan(selecting selection: IDSelection = .all) -> Plan {
        Plan(
            images: configuration.images.flatMap { fixedImages(of: $0) ?? [] }, selection: selection
        )
    }

    /// Returns the complete plan, listing tags for entries with patterns.
    ///
    /// A pattern never selects a floating tag, unless its entry has `floating: true`, or a tag that
    /// would overwrite another image.
    ///
    /// - Parameters:
    ///   - selection: Entries that cannot yield a selected image cause no listing.
    ///   - stores: The stores of the sources.
    /// - Returns: The plan. Entries without images are among its problems.
    /// - Throws: `CancellationError`.
    public func plan(selecting selection: IDSelection, stores: StoreProvider) async throws -> Plan {
        let listings = try await listings(for: selection, stores)
        var images: [PlannedImage] = []
        var problems: [Plan.Problem] = []
        var taken = configuration.images.flatMap { fixedImages(of: $0) ?? [] }.map(namedImage)
        for entry in configuration.images {
            switch (entry.selection, listings[entry.sourceLocation]) {
            // Every entry of a listed source is expanded, selected or not, because entries of the
            // lock file are kept or removed by it.
            case (.pattern(let pattern), .success(let tags)?):
                let picks = pick(from: tags, pattern, entry)
                let collisions = Naming.collisions(among: taken + picks.map(namedImage))
                let rejected = Set(collisions.map(\.second))
                let accepted = picks.filter { !rejected.contains(namedImage($0)) }
                images += accepted
                taken += accepted.map(namedImage)
                problems += collisions.map {
                    Plan.Problem(
                        entry: entry, failure: ImageFailure(.invalid, "\($0)", hint: $0.hint))
                }
                if picks.isEmpty {
                    problems.append(
                        Plan.Problem(entry: entry, failure: .nothingPicked(entry, tags)))
                }
            case (.pattern, .failure(let error)?):
                problems.append(Plan.Problem(entry: entry, failure: ImageFailure(error)))
            case (.pattern, nil): break
            case (.one, _), (.list, _): images += fixedImages(of: entry) ?? []
            }
        }
        return Plan(
            images: images, selection: selection, problems: problems,
            listings: listings.compactMapValues { try? Set($0.get()) })
    }

    /// Lists each source once that a selected entry with a pattern needs.
    private func listings(
        for selection: IDSelection, _ stores: StoreProvider
    ) async throws -> [StoreLocation: Result<[Tag], CopyError>] {
        let wanted = configuration.images.filter { entry in
            guard case .pattern = entry.selection else { return false }
            return selection.couldContain(
                name: entry.name, idPrefix: naming.idPrefix(ofPicksFrom: entry))
        }
        return try await stores.tags(in: Set(wanted.map(\.sourceLocation)))
    }

    private func pick(
        from tags: [Tag], _ pattern: TagPattern, _ entry: ImageEntry
    ) -> [PlannedImage] {
        pattern.select(
            from: tags.filter { entry.floating || !$0.isFloating }, areCharts: entry.isArtifact
        ).map { image(of: entry, tag: $0) }
    }

    private func namedImage(_ image: PlannedImage) -> NamedImage {
        naming.namedImage(for: image.entry, tag: image.tag, digest: image.digest)
    }

    /// Returns the images of an entry without a pattern, or `nil` if it needs a listing.
    private func fixedImages(of entry: ImageEntry) -> [PlannedImage]? {
        switch entry.selection {
        case .one(let tag, let digest): [image(of: entry, tag: tag, digest: digest)]
        case .list(let tags): tags.map { image(of: entry, tag: $0) }
        case .pattern: nil
        }
    }

    private func image(of entry: ImageEntry, tag: Tag?, digest: Digest? = nil) -> PlannedImage {
        PlannedImage(
            id: naming.lockID(of: entry, tag: tag, digest: digest), entry: entry, tag: tag,
            digest: digest)
    }
}

extension ImageFailure {
    /// A pattern without a match is nearly always a mistake, so it is reported.
    fileprivate static func nothingPicked(_ entry: ImageEntry, _ tags: [Tag]) -> ImageFailure {
        ImageFailure(
            .missing, role: .source,
            "none of the \(tags.count) tags of \(entry.sourceLocation) matches 'tags:'",
            hint: "widen the range, or list the tags; floating tags also need floating: true")
    }
}
