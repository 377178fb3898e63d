// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// The pins of one file, to be copied to the same locations in another file.
///
/// A pin is identified by its document and its path. If several values have one path, or are in a
/// list whose elements have no names, the pin is copied only if it is unambiguous.
struct PinCopy: Sendable {
    /// A document and a path without positions in lists; several values can have one location.
    private struct Location: Hashable {
        let scope: Int
        let path: SitePath
    }

    private static let choiceLimit = DocumentMatch.choiceLimit

    private let source: FoundSites
    private let locations: [Location: [ImageReferenceSite]]
    private let selects: @Sendable (String) -> Bool

    init(_ source: FoundSites, selecting selects: @escaping @Sendable (String) -> Bool) {
        self.source = source
        self.selects = selects
        locations = Self.locations(source)
    }

    private static func locations(_ found: FoundSites) -> [Location: [ImageReferenceSite]] {
        Dictionary(grouping: found.sites) {
            Location(scope: $0.scope, path: $0.path.withoutPositions)
        }
    }

    /// Returns the target of each image of the other file, by its index in ``FoundSites/sites``.
    func targets(for other: FoundSites) -> [FoundTarget] {
        var targets: [FoundTarget] = other.sites.map { _ in .failure(.unknown) }
        let match = DocumentMatch(from: source.scopes, to: other.scopes)
        for (location, sites) in Self.locations(other) {
            func sources(_ scope: Int) -> [ImageReferenceSite] {
                locations[Location(scope: scope, path: location.path)] ?? []
            }
            let found: [FoundTarget] =
                switch match.counterparts[location.scope] {
                case .missing: sites.map { _ in .failure(.unknown) }
                case .document(let scope): Self.pair(sources(scope), with: sites)
                case .ambiguous(let scopes):
                    Self.choose(
                        among: Array(scopes.lazy.flatMap(sources).prefix(Self.choiceLimit + 1)),
                        for: sites,
                        "several documents match: give each its own kind and "
                            + "metadata.name")
                }
            for (site, target) in zip(sites, found) {
                targets[site.number] = isSelected(site) ? target : .failure(.notSelected)
            }
        }
        return targets
    }

    private func isSelected(_ site: ImageReferenceSite) -> Bool {
        selects(site.image?.repository.lastComponent ?? "")
    }

    private static func pair(_ old: [ImageReferenceSite], with new: [ImageReferenceSite])
        -> [FoundTarget]
    {
        let isList =
            Set(old.map(\.path)).count == old.count && Set(new.map(\.path)).count == new.count
        if old.count == new.count,
            old.count == 1 || (isList && repositories(old) == repositories(new))
        {
            return zip(old, new).map(copy)
        }
        let candidatesByRepository = Dictionary(grouping: old) { $0.image?.repository }
        let oldImages = candidatesByRepository.mapValues { Set($0.map(\.image)).count }
        let newImages = Dictionary(grouping: new) { $0.image?.repository }
            .mapValues { Set($0.map(\.image)).count }
        return new.enumerated().map { index, site in
            let repository = site.image?.repository
            guard let candidates = candidatesByRepository[repository] else {
                return old.count == new.count ? copy(old[index], site) : .failure(.unknown)
            }
            // Two references to one image can differ from each other in the other file as well.
            if oldImages[repository] == 1, newImages[repository] == 1 {
                return copy(candidates[0], site)
            }
            return choose(
                among: Array(candidates.prefix(choiceLimit + 1)), for: [site],
                "several images of the repository match: give the elements of the "
                    + "list their own names")[0]
        }
    }

    private static func repositories(_ sites: [ImageReferenceSite]) -> [Repository?] {
        sites.map(\.image?.repository)
    }

    /// Returns the targets for sites with several candidates.
    ///
    /// The result is unambiguous if no candidate is pinned, or if all candidates name the site's
    /// image.
    private static func choose(
        among candidates: [ImageReferenceSite], for sites: [ImageReferenceSite], _ reason: String
    ) -> [FoundTarget] {
        let pins = candidates.filter(\.isPinned)
        if pins.isEmpty, candidates.count <= choiceLimit {
            return sites.map { _ in .failure(.unknown) }
        }
        let images = Set(candidates.map(\.image))
        return sites.map { site in
            images == [site.image] && candidates.count <= choiceLimit
                ? copy(candidates[0], site) : .failure(.notCopied(reason))
        }
    }

    private static func copy(_ old: ImageReferenceSite, _ new: ImageReferenceSite) -> FoundTarget {
        guard old.isPinned, !old.isSkipped else { return .failure(.unknown) }
        if let obstacle = old.obstacle {
            return .failure(.notCopied("the pin to copy cannot be read: \(obstacle.reason)"))
        }
        guard let pin = old.image, let digest = pin.digest, let image = new.image else {
            // A digest without a repository, of an image that only a rule identifies.
            return old.digest?.text == new.digest?.text
                ? .failure(.unknown)
                : .failure(.notCopied("the repository is unknown: copy the digest manually"))
        }
        guard pin.repository == image.repository else {
            return .failure(.otherRepository(pin.repository.description))
        }
        return .success(
            PinTarget(
                id: image.repository.lastComponent, repository: pin.repository, tag: pin.tag,
                resolvedTag: pin.tag, digest: digest))
    }
}

extension ImageReferenceSite {
    /// A Boolean value that indicates whether the file has a digest.
    fileprivate var isPinned: Bool {
        image?.digest != nil || (image == nil && digest?.text.isEmpty == false)
    }
}

extension SitePath {
    /// The path with `[*]` in place of the positions of elements.
    fileprivate var withoutPositions: SitePath {
        steps.reduce(SitePath()) { path, step in
            let isPosition = step.hasPrefix("[") && !step.contains("=")
            return path.appending(key: isPosition ? "[*]" : step)
        }
    }
}
