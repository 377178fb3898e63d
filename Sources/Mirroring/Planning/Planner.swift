// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// Turns the entries of a configuration into images.
public struct Planner: Sendable {
    private let config: MirrorConfig
    private let naming: Naming

    /// Makes a planner.
    public init(config: MirrorConfig) {
        self.config = config
        self.naming = Naming(images: config.images)
    }

    /// Makes the plan that needs no network: entries whose tags come from a listing are left out.
    public func offlinePlan(selecting selection: IDSelection = .all) -> Plan {
        Plan(images: config.images.flatMap { fixedImages(of: $0) ?? [] }, selection: selection)
    }

    /// Makes the whole plan, listing tags where an entry asks for a pattern.
    ///
    /// - Parameters:
    ///   - selection: entries that cannot make a selected image are not listed.
    ///   - stores: how to come by stores.
    /// - Returns: the plan; listings that failed are its problems.
    /// - Throws: `CancellationError`.
    public func plan(selecting selection: IDSelection, stores: Stores) async throws -> Plan {
        var listed: [Int: Listing] = [:]
        try await withThrowingTaskGroup(of: (Int, Listing).self) { group in
            for (position, entry) in config.images.enumerated() {
                guard case .pattern(let pattern) = entry.selection,
                    selection.couldContain(name: entry.name)
                else { continue }
                group.addTask { (position, try await list(entry, pattern, stores)) }
            }
            for try await (position, listing) in group { listed[position] = listing }
        }

        var images: [PlannedImage] = []
        var problems: [Plan.Problem] = []
        var listings: [StoreLocation: Set<Tag>] = [:]
        for (position, entry) in config.images.enumerated() {
            if let fixed = fixedImages(of: entry) { images += fixed }
            switch listed[position] {
            case .tags(let location, let all, let picked):
                listings[location] = Set(all)
                images += picked.map { image(of: entry, tag: $0) }
            case .failed(let failure): problems.append(Plan.Problem(entry: entry, failure: failure))
            case nil: break
            }
        }
        return Plan(
            images: images, selection: selection, problems: problems, listings: listings)
    }

    /// What a listing gave.
    private enum Listing: Sendable {
        case tags(StoreLocation, all: [Tag], picked: [Tag])
        case failed(Failure)
    }

    private func list(
        _ entry: ImageEntry, _ pattern: TagPattern, _ stores: Stores
    ) async throws -> Listing {
        let location = entry.sourceLocation
        do {
            let tags = try await at(.source, location) {
                try await stores.store(at: location).tags()
            }
            let picked = pattern.select(from: tags)
            guard !picked.isEmpty else {
                return .failed(
                    Failure(
                        .missing, side: .source,
                        "source \(location): none of its \(tags.count) tags is what 'tags:' asks for",
                        hint: "widen the range, or name the tags"))
            }
            return .tags(location, all: tags, picked: picked)
        } catch let error as CopyError {
            return .failed(Failure(error))
        }
    }

    /// The images of an entry that names them itself; nil where a listing has to.
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
