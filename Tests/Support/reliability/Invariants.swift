// SPDX-License-Identifier: Apache-2.0

import Content
import Hashing
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import TextSafety

/// The properties that hold at every moment of a run, whatever fails.
///
/// Each function returns its violations; an empty list means that the property holds.
enum Invariants {
    /// An image arrives whole or not at all: after every write, whatever the target has can be pulled.
    static func targetIsWhole(_ target: LoopbackRegistry) -> [String] {
        (target.violations + target.audit()).map { "the target is not whole: \($0)" }
    }

    /// The same for image layouts: whatever has a tag can be read.
    static func layoutsAreWhole(_ images: [ReferenceImages.Published], in folder: TemporaryFolder)
        async -> [String]
    {
        var violations: [String] = []
        for name in Set(images.map(\.repository))
        where !folder.read("\(CrashScene.layout)/\(name)/index.json").isEmpty {
            let path = "\(CrashScene.layout)/\(name)"
            let store = LayoutStore(directory: folder(path))
            do {
                for tag in try await store.tags() {
                    guard let root = try await store.resolve(.tag(tag)) else { continue }
                    let graph = try await ManifestGraph.read(
                        from: try await store.fetch(manifest: root), in: store)
                    violations += graph.blobs.map(\.digest).filter {
                        Digest.of(folder.read("\(path)/blobs/sha256/\($0.hex)")) != $0
                    }.map { "the layout \(name):\(tag) lacks the blob \($0.short)" }
                }
            } catch {
                violations.append("the layout \(name) cannot be read: \(error)")
            }
        }
        return violations
    }

    /// A lock file lists only what is at the target.
    ///
    /// - Parameters:
    ///   - lock: The lock file; `nil` if there is none.
    ///   - target: The target.
    ///   - isCurrent: A Boolean value that indicates whether the tags are those of the lock file; a
    ///     run that was killed may have moved one.
    /// - Returns: The violations.
    static func lockIsTrue(
        _ lock: Lockfile?, at target: LoopbackRegistry, isCurrent: Bool = true
    ) -> [String] {
        guard let lock else { return [] }
        var violations: [String] = []
        for (id, entry) in lock.images {
            let repository = entry.repository.path
            let manifests = target.manifests(of: repository)
            let listed =
                [entry.digest] + entry.platforms.values.map(\.digest)
                + entry.referrers.map(\.digest)
            violations += listed.filter { manifests[$0] == nil }.map {
                "the lock file lists \(id) with \($0.short), which is not at the target"
            }
            if isCurrent, let tag = entry.tag,
                target.tags(of: repository)[tag.description] != entry.digest
            {
                violations.append(
                    "the lock file lists \(id) as \(tag), which points to other content at the target"
                )
            }
        }
        return violations
    }

    /// A lock file on disk is whole: it can be read, and what is written again has the same bytes.
    static func lockIsWhole(_ bytes: [UInt8]) -> (lock: Lockfile?, violations: [String]) {
        do {
            let lock = try Lockfile(parsing: bytes, root: ["global", "ocimirror"])
            guard Array(lock.text.utf8) == bytes else {
                return (lock, ["the lock file has other bytes than its content"])
            }
            return (lock, [])
        } catch {
            return (nil, ["the lock file cannot be read: \(error)"])
        }
    }

    /// No secret is seen outside of the origin of its credentials, nor in any output.
    ///
    /// - Parameters:
    ///   - mirror: The registries, with the requests that they received.
    ///   - texts: The output.
    /// - Returns: The violations.
    static func secretsStay(in mirror: ReferenceMirror, _ texts: [String]) -> [String] {
        var violations: [String] = []
        let seen = ReferenceMirror.Side.allCases.map { side in
            Set(mirror.registry(side).requests.compactMap { $0.headers["Authorization"] })
        }
        violations += seen[0].intersection(seen[1]).map { _ in
            "a credential was sent to both registries"
        }
        violations += mirror.elsewhere.requests.filter(\.isAuthorized).map {
            "a credential was sent elsewhere: \($0)"
        }
        let secrets =
            ReferenceMirror.passwords.values
            + seen.joined().compactMap { $0.split(separator: " ").last.map(String.init) }
        let shown = SearchedText(texts),
            sent = SearchedText(mirror.elsewhere.requests.map(\.target))
        for secret in secrets {
            if shown.contains(secret) { violations.append("a secret is shown") }
            if sent.contains(secret) { violations.append("a secret was sent elsewhere") }
        }
        return violations
    }

    /// Output is safe to show: it has no control characters except line breaks, and no bidirectional overrides.
    static func outputIsSafe(_ texts: [String]) -> [String] {
        texts.filter { text in
            text.unicodeScalars.contains { scalar in
                scalar != "\n" && (scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value)
                    || 0x202A...0x202E ~= scalar.value || 0x2066...0x2069 ~= scalar.value
            }
        }.map { "unsafe output: \(UntrustedText($0).display(limit: 200))" }
    }

    /// An image that is reported as mirrored has, at the target, the content of the source.
    static func reportIsTrue(_ run: ReferenceMirror.Run, of mirror: ReferenceMirror) -> [String] {
        run.outcomes.filter(\.isDone).compactMap { outcome in
            guard let location = outcome.targets.first?.location,
                case .repository(let repository) = location,
                let tag = outcome.image.tag
            else { return nil }
            let published = mirror.images.published.first {
                "mirror/\($0.repository)" == repository.path && $0.tag == tag.description
            }
            let arrived = mirror.target.tags(of: repository.path)[tag.description]
            return arrived != nil && arrived == published?.image.digest
                ? nil
                : "\(outcome.image.id) is reported as \(outcome.status.rawValue), but is not at the target"
        }
    }
}

/// Texts in which many short texts are searched.
private struct SearchedText {
    private let bytes: [UInt8]

    init(_ texts: [String]) { bytes = Array(texts.joined(separator: "\n").utf8) }

    func contains(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        return bytes.indices.contains {
            bytes[$0] == wanted.first && bytes[$0...].starts(with: wanted)
        }
    }
}
