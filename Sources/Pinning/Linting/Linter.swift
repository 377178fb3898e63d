// SPDX-License-Identifier: Apache-2.0

public import Lockfiles
internal import OCI
internal import TextSafety
internal import YAML

/// Lints the pins of files.
///
/// The linter does no I/O: it takes the bytes of files.
public struct Linter: Sendable {
    private let lock: LockView?
    private let incomplete: [Digest: [Platform]]
    private let rules: PinRules

    /// Creates a linter.
    ///
    /// - Parameters:
    ///   - lock: The lock file; without one, codes that need it are not reported.
    ///   - rules: The rules for images that shapes do not identify, and the severities.
    ///   - registry: The registry that the files use.
    public init(_ lock: Lockfile?, rules: PinRules = PinRules(), registry: PinRegistry = .mirror) {
        self.lock = lock.map { LockView($0, registry: registry) }
        self.rules = rules
        self.incomplete = lock.map(Self.incomplete) ?? [:]
    }

    /// Returns the images that lack a platform that more than half of the other images have.
    private static func incomplete(_ lock: Lockfile) -> [Digest: [Platform]] {
        let images = lock.images.values.filter { !$0.platforms.isEmpty }
        var counts: [Platform: Int] = [:]
        for platform in images.flatMap(\.platforms.keys) { counts[platform, default: 0] += 1 }
        let common = counts.filter { $0.value * 2 > images.count }.keys.sorted()
        var incomplete: [Digest: [Platform]] = [:]
        for image in images {
            let missing = common.filter { image.platforms[$0] == nil }
            if !missing.isEmpty { incomplete[image.digest] = missing }
        }
        return incomplete
    }

    /// Lints a file.
    ///
    /// - Parameters:
    ///   - bytes: The content of the file.
    ///   - path: The path of the file, for the rules.
    ///   - context: The data of other files about this file.
    /// - Returns: The findings that `pins.yaml` does not disable.
    public func lint(
        _ bytes: [UInt8], path: String, context: FileContext = FileContext()
    ) -> LintedFile {
        var file = LintedFile(path: path)
        let inputs = FinderInputs(rules: rules, context: context, lock: lock)
        let found: FoundSites
        do throws(YAMLError) {
            switch try FileScanResult(bytes, path: path, using: inputs) {
            case .skipped(let reason, let mark?, isTemplate: true):
                guard context.isChartTemplate else {
                    add(.templateSkipped, reason, at: mark, path: SitePath(), to: &file)
                    return file
                }
                let mentions = lock.map { TemplateMentions(in: bytes, of: $0).all } ?? []
                file.siteCount = mentions.count
                for mention in mentions {
                    add(
                        .unrecognized, TemplateMentions.reason, at: mention.mark, path: SitePath(),
                        to: &file)
                }
                return file
            case .skipped: return file
            case .sites(let sites): found = sites
            }
        } catch {
            file.error = error
            return file
        }
        let text = found.fragments[0].stream.text
        file.siteCount = found.sites.count
        for var site in found.sites {
            lock?.complete(&site)
            if found.signedDocuments.contains(site.document) { site.reject(FileText.signedReason) }
            let fragment = found.fragments[site.fragment]
            let start = fragment.fileOffset(site.start)
            let mark = text.mark(at: start)
            for (code, message) in issues(in: site.checked(against: context.reuse)) {
                add(code, message, at: mark, path: site.path, to: &file)
            }
        }
        for (word, mark) in found.unusedDirectives {
            add(
                .unusedDirective, PinDirectives.unusedReason(word), at: mark, path: SitePath(),
                to: &file)
        }
        file.findings.sort { ($0.mark, $0.code.rawValue) < ($1.mark, $1.code.rawValue) }
        return file
    }

    private func add(
        _ code: LintCode, _ message: String, at mark: YAMLMark, path: SitePath,
        to file: inout LintedFile
    ) {
        let severity = rules.severities[code] ?? code.severity
        guard severity != .off else { return }
        file.findings.append(
            LintFinding(code: code, severity: severity, mark: mark, path: path, message: message))
    }

    private typealias Issue = (code: LintCode, message: String)

    private func issues(in site: ImageReferenceSite) -> [Issue] {
        if !site.isSkipped, let obstacle = site.obstacle,
            site.shape == .sharedTag || obstacle.kind == .sharedTag
        {
            return [(.sharedTag, obstacle.reason)]
        }
        if site.isSkipped {
            return site.obstacle?.kind == .template
                ? [(.templateSkipped, "template text is not checked")] : []
        }
        if let obstacle = site.obstacle, obstacle.kind == .quotedText, site.statedDigest == nil {
            return [(.unrecognized, obstacle.reason)]
        }
        if site.isUncertain, site.id == nil, let obstacle = site.obstacle {
            return [(.unrecognized, obstacle.reason)]
        }
        if site.shape == .mention, let obstacle = site.obstacle {
            let code = obstacle.kind == .invalidDigest ? LintCode.digestForm : .unrecognized
            return [(code, obstacle.reason)]
        }
        var issues = form(of: site)
        guard let image = site.image else { return issues + unknownImage(of: site) }
        let name = UntrustedText(image.repository.description).display(limit: 200)
        var compared = lock.map { compare(image, named: name, at: site, with: $0) } ?? []
        if image.digest == nil, issues.isEmpty {
            issues.append((.unpinned, "\(name) has no digest\(nextStep(for: site, compared))"))
            compared.removeAll { $0.code == .notInLock }
        }
        if let issue = unquotedVersion(of: site) { issues.append(issue) }
        if let tag = image.tag, tag.isFloating {
            issues.append((.floatingTag, "\(name):\(tag) is a floating tag: use a version tag"))
        }
        if !site.usedAt.isEmpty {
            let positions = site.usedAt.map(\.description).joined(separator: ", ")
            issues.append((.aliasFanOut, "aliases use the same value at \(positions)"))
        }
        if image.digest != nil, site.pullPolicy?.text == "Always" {
            issues.append(
                (.pullPolicy, "\(name) cannot change under its digest: use IfNotPresent"))
        }
        return issues + compared
    }

    /// Returns what to do about a missing digest, after the statement that it is missing.
    private func nextStep(for site: ImageReferenceSite, _ compared: [Issue]) -> String {
        if let obstacle = site.obstacle { return ": \(obstacle.reason)" }
        // If the version differs, the finding about it gives the next step.
        if compared.contains(where: { $0.code == .versionDiffers }) { return "" }
        if compared.contains(where: { $0.code == .notInLock }) {
            return " and no lock entry: add it to mirror.yaml, run 'sync', then 'pin'"
        }
        let isElsewhere = (try? lock?.target(for: site))?.isInOtherRepository ?? false
        let options = [
            isElsewhere ? " --rewrite" : "", site.statedTag == nil ? " --update-tags" : "",
        ]
        return ": run 'ocimirror pin\(options.joined())'"
    }

    /// Returns the finding about an image that the file does not identify.
    private func unknownImage(of site: ImageReferenceSite) -> [Issue] {
        var issues: [Issue] = []
        if site.missingIDReason != nil, site.shape != .secondDigest, let obstacle = site.obstacle {
            issues.append((.repositoryElsewhere, obstacle.reason))
        }
        if let issue = unquotedVersion(of: site) { issues.append(issue) }
        return issues
    }

    /// Returns the finding about a tag that YAML readers do not read as text.
    private func unquotedVersion(of site: ImageReferenceSite) -> Issue? {
        guard let field = site.tag, field.part == nil,
            case .scalar(let text, .plain) = field.node.kind,
            field.node.tag == nil, !field.text.isEmpty, (try? Tag(parsing: text)) != nil,
            !YAMLQuoting.isSafePlain(text)
        else { return nil }
        let number: String? =
            switch YAMLScalar(plain: text) {
            case .int(let value): String(value)
            case .float(let value): "\(value)"
            case .null, .bool, .string: nil
            }
        let reading = number.map { "as the number \($0)" } ?? "as a value that is not text"
        return (.unquotedVersion, "YAML readers read the version \(text) \(reading): quote it")
    }

    /// Returns findings about the form of the digest, independent of its value.
    private func form(of site: ImageReferenceSite) -> [Issue] {
        var issues: [Issue] = []
        if let digest = site.digest?.text, !digest.isEmpty {
            if site.shape == .sha, digest.contains(":") {
                issues.append(
                    (.digestForm, "the chart adds 'sha256:': write only the digits"))
            } else if (try? Digest(parsing: digest.contains(":") ? digest : "sha256:\(digest)"))
                == nil
            {
                issues.append(
                    (.digestForm, "invalid digest: write sha256: and 64 digits"))
            }
            if let value = site.digestSwitch, value.text != "true" {
                issues.append((.switchOff, "'useDigest' is off, so the digest is not used"))
            }
        }
        if site.shape == .tag, site.tag?.text.contains("@") == true,
            let obstacle = site.obstacle
        {
            if obstacle.kind == .reusedTag { issues.append((.tagAtUnsafe, obstacle.reason)) }
            if obstacle.kind == .unknownTagUse { issues.append((.tagUseUnknown, obstacle.reason)) }
        }
        return issues
    }

    private func compare(
        _ image: Reference, named name: String, at site: ImageReferenceSite, with lock: LockView
    ) -> [Issue] {
        if let digest = image.digest, let id = lock.children[digest] {
            return [
                (
                    .childDigest,
                    "\(digest.short) is the digest of one platform of '\(id)': pin the index"
                )
            ]
        }
        let target: PinTarget
        do throws(LookupFailure) {
            target = try lock.target(for: site)
        } catch .ambiguous(let targets) where site.statedTag != nil || image.digest != nil {
            return [(.versionDiffers, StatedVersion.ambiguity(site, among: targets))]
        } catch .unknown {
            return [
                (
                    .notInLock,
                    "no lock entry for \(name): add it to mirror.yaml, then run 'ocimirror sync'"
                )
            ]
        } catch {
            return []
        }
        var issues: [Issue] = []
        if let missing = incomplete[target.digest] {
            let words = missing.map(\.description).joined(separator: ", ")
            issues.append((.missingPlatform, "the mirror lacks \(words) for '\(target.id)'"))
        }
        let version = StatedVersion(site: site, target: target)
        if site.statedTag != nil, !version.isSame {
            issues.append((.versionDiffers, version.difference))
        } else if let digest = image.digest, digest != target.digest {
            issues.append(
                target.tag == nil || image.tag == nil
                    ? (
                        .notInLock,
                        "the lock file has another digest for '\(target.id)': run 'ocimirror pin'"
                    )
                    : (
                        .tagDigestDisagree,
                        "the tag \(image.tag?.name ?? "") of '\(target.id)' has another digest in the lock file"
                    ))
        }
        return issues
    }
}
