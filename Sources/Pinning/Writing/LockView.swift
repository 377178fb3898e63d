// SPDX-License-Identifier: Apache-2.0

internal import Lockfiles
internal import OCI

/// The registry from which an environment pulls.
public enum PinRegistry: String, Hashable, Sendable, CaseIterable {
    /// The target registry, whose repositories the lock file lists.
    case mirror
    /// The source registry.
    case upstream
}

/// A lock file, indexed by id and repository to look up the images that other files reference.
struct LockView: Sendable {
    private struct Entry {
        let target: PinTarget
        let isValidated: Bool
    }

    private var ids: [String: Entry] = [:]
    private var byRepository: [Repository: [Entry]] = [:]
    /// The names of repositories as files write them; those of Docker Hub without a registry.
    private var names: Set<String> = []
    /// The tags that are not floating.
    private var versions: Set<String> = []
    private(set) var digests: Set<Digest> = []
    private(set) var children: [Digest: String] = [:]

    init(_ lock: Lockfile, registry: PinRegistry) {
        for (id, image) in lock.images {
            let upstream = try? Reference(parsing: image.upstream)
            let source = try? Reference(parsing: image.source)
            let own = registry == .mirror ? image.repository : upstream?.repository
            guard let own else { continue }
            let entry = Entry(
                target: PinTarget(
                    id: id, repository: own, tag: image.tag,
                    resolvedTag: image.tag ?? source?.tag, digest: image.digest),
                isValidated: lock.validation.map { image.attemptedValidation >= $0 } ?? true)
            ids[id] = entry
            byRepository[own, default: []].append(entry)
            let other = registry == .mirror ? upstream?.repository : image.repository
            if let other, other != own {
                var target = entry.target
                target.isInOtherRepository = true
                byRepository[other, default: []].append(
                    Entry(target: target, isValidated: entry.isValidated))
            }
            for repository in [own, other].compactMap(\.self) {
                names.formUnion(Self.spellings(of: repository))
            }
            if let tag = image.tag { versions.insert(tag.name) }
            digests.insert(image.digest)
            for pin in image.platforms.values where pin.digest != image.digest {
                children[pin.digest] = id
            }
        }
    }

    /// Returns the image of the lock file to which a site refers.
    ///
    /// If several entries have the repository, the tag decides, then the digest.
    func target(for site: ImageReferenceSite) throws(LookupFailure) -> PinTarget {
        let image = site.image
        if let id = site.id {
            guard let entry = ids[id] else { throw .unknownID(id) }
            var target = try validated(entry)
            target.isInOtherRepository = image.map { $0.repository != target.repository } ?? false
            return target
        }
        guard let image, let entries = byRepository[image.repository] else { throw .unknown }
        if entries.count == 1, let entry = entries.first { return try validated(entry) }
        for candidates in [
            entries.filter { $0.target.resolvedTag != nil && $0.target.resolvedTag == image.tag },
            entries.filter { $0.target.digest == image.digest },
        ] {
            if candidates.count == 1, let entry = candidates.first { return try validated(entry) }
        }
        throw .ambiguous(entries.map(\.target).sorted { $0.id < $1.id })
    }

    /// Returns a Boolean value that indicates whether the lock file has an image of a repository.
    func has(_ repository: Repository) -> Bool { byRepository[repository] != nil }

    /// Returns a Boolean value that indicates whether a text is the version of an image of the lock file,
    /// and unlikely to be another version.
    func hasVersion(_ text: String) -> Bool {
        text.utf8.count > 3 && text.contains { $0.isNumber } && versions.contains(text)
    }

    private static func spellings(of repository: Repository) -> [String] {
        guard repository.registry == .dockerHub else { return [repository.description] }
        let library = "library/"
        let path = repository.path
        return [path, path.hasPrefix(library) ? String(path.dropFirst(library.utf8.count)) : path]
    }

    /// Returns a Boolean value that indicates whether a word can name an image of the lock file, without
    /// parsing it.
    ///
    /// Most words of a file do not. A registry can have capitals, and Docker Hub several names.
    func mayName(_ word: String) -> Bool {
        let text = word.utf8
        var end = text.firstIndex(of: UInt8(ascii: "@")) ?? text.endIndex
        let last = text[..<end].lastIndex(of: UInt8(ascii: "/")) ?? text.startIndex
        end = text[last..<end].firstIndex(of: UInt8(ascii: ":")) ?? end
        let name = word[..<end]
        return names.contains(String(name)) || name.contains("docker")
            || name.utf8.contains { (0x41...0x5A).contains($0) }
    }

    /// Returns a Boolean value that indicates whether a word names an image of the lock file.
    ///
    /// A short name with a number, such as `redis:6379`, can also be a host and a port, so that its
    /// tag must be that of the lock file.
    func names(_ image: Reference, writtenAs word: String) -> Bool {
        guard let entries = byRepository[image.repository] else { return false }
        guard image.tag != nil || image.digest != nil else { return ImageText.hasRegistry(word) }
        return word.contains("/")
            || entries.contains {
                $0.target.resolvedTag == image.tag || $0.target.digest == image.digest
            }
    }

    /// Returns a Boolean value that indicates whether an id can identify an image of a repository: the
    /// entry has the repository, or there is no such entry.
    func permits(_ id: String, for repository: Repository) -> Bool {
        ids[id] == nil || identifies(repository, by: id)
    }

    /// Returns a Boolean value that indicates whether the entry with an id has a repository.
    func identifies(_ repository: Repository, by id: String) -> Bool {
        byRepository[repository]?.contains { $0.target.id == id } ?? false
    }

    /// Returns a Boolean value that indicates whether two repositories have the same image, as a mirror and
    /// its source.
    func hasSameImages(_ one: Repository, _ other: Repository) -> Bool {
        byRepository[one]?.contains { identifies(other, by: $0.target.id) } ?? false
    }

    /// Sets the image of a site whose repository is defined elsewhere and whose id selects an entry.
    func complete(_ site: inout ImageReferenceSite) {
        guard site.image == nil, site.id != nil, let target = try? target(for: site) else { return }
        site.image = Reference(target.repository, tag: site.siblingTag, digest: site.statedDigest)
    }

    private func validated(_ entry: Entry) throws(LookupFailure) -> PinTarget {
        guard entry.isValidated else { throw .insufficientlyValidated(entry.target.id) }
        return entry.target
    }
}
