// SPDX-License-Identifier: Apache-2.0

public import Lockfiles
internal import OCI
internal import TextSafety
public import YAML

/// Writes the digests of a lock file into other files.
///
/// The pinner does no I/O: it takes the bytes of a file and returns the new ones.
public struct Pinner: Sendable {
    /// The source of the pins.
    private enum Source: Sendable {
        case lock(LockView)
        case file(PinCopy)
    }

    private let source: Source
    private let rules: PinRules
    private let rewritesReferences: Bool
    private let updatesTags: Bool

    /// Creates a pinner that writes the digests of a lock file.
    ///
    /// - Parameters:
    ///   - lock: The lock file.
    ///   - rules: The rules for images that shapes do not identify.
    ///   - registry: The registry that the files use.
    ///   - rewritesReferences: A Boolean value that indicates whether references to the other
    ///     registry are rewritten.
    ///   - updatesTags: A Boolean value that indicates whether an image whose tag differs from the
    ///     lock file gets the tag of the lock file.
    public init(
        _ lock: Lockfile, rules: PinRules = PinRules(), registry: PinRegistry = .mirror,
        rewritesReferences: Bool = false, updatesTags: Bool = false
    ) {
        self.source = .lock(LockView(lock, registry: registry))
        self.rules = rules
        self.rewritesReferences = rewritesReferences
        self.updatesTags = updatesTags
    }

    /// Creates a pinner that copies the pins of another file.
    ///
    /// - Parameters:
    ///   - bytes: The content of the file to copy from.
    ///   - path: The path of that file, for shapes that depend on the name of the file.
    ///   - rules: The rules for images that shapes do not identify.
    ///   - selects: A closure that takes the last component of a repository and returns whether its
    ///     images are copied.
    /// - Throws: `YAMLError` if the file is not valid YAML.
    public init(
        copying bytes: [UInt8], path: String, rules: PinRules = PinRules(),
        selecting selects: @escaping @Sendable (String) -> Bool = { _ in true }
    ) throws(YAMLError) {
        let found =
            switch try FileScanResult(bytes, path: path, using: FinderInputs(rules: rules)) {
            case .sites(let sites): sites
            case .skipped: FoundSites(fragments: [])
            }
        self.source = .file(PinCopy(found, selecting: selects))
        self.rules = rules
        self.rewritesReferences = false
        self.updatesTags = true
    }

    /// Pins the images of a file.
    ///
    /// - Parameters:
    ///   - bytes: The content of the file.
    ///   - path: The path of the file, for rules and for shapes that depend on the name of the
    ///     file.
    ///   - context: The data of other files about this file.
    /// - Returns: The result; its `newBytes` differ from `bytes` only in the pins.
    public func pin(
        _ bytes: [UInt8], path: String, context: FileContext = FileContext()
    ) -> PinnedFile {
        var file = pinOnce(bytes, path: path, context: context)
        // A new tag or digest can be the own one of an image that had that of another image.
        for _ in 0..<Self.roundLimit {
            guard file.dependsOnOtherImages, let changed = file.newBytes else { break }
            let next = pinOnce(changed, path: path, context: context)
            guard next.newBytes != nil, file.merge(next) else { break }
        }
        return file
    }

    /// The maximum number of times that a file in which images depend on others is pinned again.
    private static let roundLimit = 32

    private func pinOnce(
        _ bytes: [UInt8], path: String, context: FileContext
    ) -> PinnedFile {
        var file = PinnedFile(path: path)
        let inputs = FinderInputs(
            rules: rules, context: context, lock: lock, updatesTags: updatesTags)
        let found: FoundSites
        do throws(YAMLError) {
            switch try FileScanResult(bytes, path: path, using: inputs) {
            case .skipped(let reason, let mark, _):
                file.skipped = reason
                file.skippedAt = mark
                if context.isChartTemplate, let lock {
                    file.add(TemplateMentions(in: bytes, of: lock))
                }
                return file
            case .sites(let sites): found = sites
            }
        } catch {
            file.error = error
            return file
        }
        file.dependsOnOtherImages = found.sites.contains { $0.obstacle?.canEnd ?? false }
        let targets = targets(for: found)
        let quoteStyles = found.fragments.map { QuoteStyle(of: $0.stream) }
        var drafts = found.sites.map {
            draft(
                $0.checked(against: context.reuse), target: targets[$0.number], in: found,
                quotedAs: quoteStyles[$0.fragment])
        }
        Self.rejectContradictions(&drafts)
        let edits = Set(drafts.flatMap(\.edits))
        if !edits.isEmpty {
            let edited = EditedFile(
                fragments: found.fragments, edits: Array(edits), limits: FileText.limits)
            do throws(EditError) {
                let bytes = try edited.bytes()
                try readBack(bytes, path: path, using: inputs, into: &drafts)
                file.newBytes = bytes
            } catch {
                let mark = drafts.first { !$0.edits.isEmpty }?.site.mark
                file.error = YAMLError(
                    at: mark ?? YAMLMark(line: 1, column: 1),
                    "\(error.reason); the file was not changed")
                for index in drafts.indices where !drafts[index].edits.isEmpty {
                    drafts[index].reject(.unpinnable, "the file was not changed")
                }
            }
        }
        file.sites = drafts.map(\.site).sorted { $0.mark < $1.mark }
        file.otherValues =
            (found.otherValues
            + found.unusedDirectives.map { word, mark in
                OtherValue(
                    mark: mark, path: SitePath(), reason: PinDirectives.unusedReason(word))
            }).sorted { $0.mark < $1.mark }
        return file
    }

    /// Reads the changed images back from the new bytes, so the report shows the content of the
    /// file.
    private func readBack(
        _ bytes: [UInt8], path: String, using inputs: FinderInputs, into drafts: inout [Draft]
    ) throws(EditError) {
        let mismatch = EditError(reason: "the edited file does not have the expected images")
        guard case .sites(let found)? = try? FileScanResult(bytes, path: path, using: inputs) else {
            throw mismatch
        }
        guard found.sites.count == drafts.count else { throw mismatch }
        for (index, site) in found.sites.enumerated() where !drafts[index].edits.isEmpty {
            // A value that only a rule identifies has no repository in the file.
            guard let image = site.image else { continue }
            guard image.digest == drafts[index].site.new?.digest else { throw mismatch }
            drafts[index].site.new = image
        }
    }

    /// The result for a site, and the edits that it needs.
    private struct Draft {
        var site: PinnedSite
        /// The values that the site consists of.
        var values: Set<Edit.Location> = []
        var edits: [Edit] = []

        mutating func reject(_ status: PinnedSite.Status, _ reason: String) {
            site.status = status
            site.reason = reason
            site.new = nil
            edits = []
        }
    }

    /// The lock file to find images with, in values that are not known to be images.
    private var lock: LockView? {
        if case .lock(let lock) = source { lock } else { nil }
    }

    private func targets(for found: FoundSites) -> [FoundTarget] {
        switch source {
        case .file(let copy): copy.targets(for: found)
        case .lock(let lock):
            found.sites.map { site in
                Result { () throws(LookupFailure) in
                    try lock.target(for: site)
                }
            }
        }
    }

    private func draft(
        _ found: ImageReferenceSite, target: FoundTarget, in file: FoundSites,
        quotedAs quoteStyle: QuoteStyle
    ) -> Draft {
        let fragment = file.fragments[found.fragment]
        let start = fragment.fileOffset(found.start)
        var draft = Draft(
            site: PinnedSite(
                mark: file.fragments[0].stream.text.mark(at: start), path: found.path,
                shape: found.shape, status: .pinned, id: found.id, old: found.image,
                usedAt: found.usedAt))
        draft.values = Set(
            found.fields.filter { $0.part == nil }.map { field in
                Edit.Location(fragment: found.fragment, range: field.node.range, isLine: false)
            })
        // Obstacles do not matter if there is no pin to copy.
        if case .file = source, !found.isSkipped {
            switch target {
            case .failure(let failure):
                Self.explain(failure, of: found, in: &draft)
                return draft
            case .success(let pin) where found.image == pin.reference:
                draft.site.id = pin.id
                return draft
            case .success: break
            }
        }
        if let obstacle = found.obstacle, !Self.hasDigest(found, of: target, despite: obstacle) {
            draft.reject(found.isSkipped ? .skipped : .unpinnable, obstacle.reason)
            return draft
        }
        do throws(LookupFailure) {
            let target = try target.get()
            draft.site.id = target.id
            draft.site.basis = Self.basis(of: found)
            guard rewritesReferences || !target.isInOtherRepository else {
                draft.reject(
                    .unpinnable, "the reference names another repository: change it with --rewrite")
                return draft
            }
            let version = StatedVersion(site: found, target: target)
            guard updatesTags || version.isSame else {
                draft.reject(.versionDiffers, version.difference)
                return draft
            }
            write(
                found, target: target, into: &draft, of: fragment.stream.text, quotedAs: quoteStyle)
            if file.signedDocuments.contains(found.document), !draft.edits.isEmpty {
                draft.reject(.unpinnable, FileText.signedReason)
            }
        } catch {
            Self.explain(error, of: found, in: &draft)
        }
        return draft
    }

    /// Returns a Boolean value that indicates whether an image that is not edited needs no change.
    private static func hasDigest(
        _ site: ImageReferenceSite, of target: FoundTarget, despite obstacle: Obstacle
    ) -> Bool {
        guard obstacle.kind == .quotedText, let digest = site.image?.digest,
            let target = try? target.get()
        else { return false }
        return digest == target.digest && StatedVersion(site: site, target: target).isSame
    }

    /// Returns the data of a site by which its lock entry was looked up.
    private static func basis(of site: ImageReferenceSite) -> String {
        if site.id != nil { return "the id of a rule or a directive" }
        return site.repositoryFile.map { "the repository in \($0)" } ?? "its repository"
    }

    private func write(
        _ found: ImageReferenceSite, target: PinTarget, into draft: inout Draft, of text: YAMLText,
        quotedAs quoteStyle: QuoteStyle
    ) {
        do throws(EditError) {
            let writer = try SiteWriter(found, target: target, in: text, quotedAs: quoteStyle)
            draft.edits = writer.edits
            draft.site.warnings = writer.warnings
            guard !writer.edits.isEmpty else { return }
            draft.site.status = .changed
            draft.site.new = writer.written
        } catch {
            draft.reject(.unpinnable, error.reason)
        }
    }

    private static func explain(
        _ failure: LookupFailure, of site: ImageReferenceSite, in draft: inout Draft
    ) {
        switch failure {
        case .unknown: draft.reject(.unknown, "no matching lock entry")
        case .notSelected: draft.reject(.skipped, "not selected")
        case .otherRepository(let name):
            draft.reject(
                .unpinnable,
                "the file to copy from has it in \(UntrustedText(name).display(limit: 300))")
        case .notCopied(let reason): draft.reject(.unpinnable, reason)
        case .unknownID(let id):
            draft.reject(
                .unknown, "the lock file has no entry '\(UntrustedText(id).display(limit: 100))'")
        case .ambiguous(let targets):
            draft.reject(.versionDiffers, StatedVersion.ambiguity(site, among: targets))
        case .insufficientlyValidated(let id):
            draft.reject(
                .unpinnable,
                "the lock entry '\(id)' is below the required validation level: run 'ocimirror sync'"
            )
        }
    }

    /// Rejects edits of values that another image uses and does not change in the same way.
    private static func rejectContradictions(_ drafts: inout [Draft]) {
        var users: [Edit.Location: [Int]] = [:]
        for index in drafts.indices {
            let locations = drafts[index].values.union(drafts[index].edits.map(\.location))
            for location in locations { users[location, default: []].append(index) }
        }
        var contradictory = users.keys.filter { location in
            let wanted = (users[location] ?? []).map { index in
                Set(drafts[index].edits.filter { $0.location == location })
            }
            return wanted.contains { $0.count > 1 || $0 != wanted.first }
        }
        // A rejected image changes none of its values, including those that it shares with other
        // images.
        while let location = contradictory.popLast() {
            for index in users.removeValue(forKey: location) ?? [] {
                let locations = drafts[index].edits.map(\.location)
                guard locations.contains(location) else { continue }
                drafts[index].reject(
                    .unpinnable, "another image uses the same value: give each image its own value")
                contradictory += locations
            }
        }
    }
}
