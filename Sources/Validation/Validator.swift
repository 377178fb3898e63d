// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The result of validating an image.
public struct ValidationReport: Hashable, Sendable {
    /// The findings: errors first, then by platform, then in the order of the rules.
    public let findings: [Finding]
    /// The level that was required and reached.
    ///
    /// It is at most `config` if the content of a platform could not be checked.
    public let level: ValidationLevel
    /// The required platforms whose content could not be checked for a lasting reason, sorted.
    ///
    /// It is empty if a scan failed, so that a later run scans again.
    public let notChecked: [Platform]
    /// The runnable images by platform, sorted by platform; the first of duplicates counts.
    public let platforms: [PlatformEntry]

    /// The image of one platform.
    public struct PlatformEntry: Hashable, Sendable {
        /// The platform.
        public let platform: Platform
        /// The descriptor of the image's manifest.
        public let descriptor: Descriptor

        /// Creates an entry.
        public init(platform: Platform, descriptor: Descriptor) {
            self.platform = platform
            self.descriptor = descriptor
        }
    }

    /// Creates a report.
    public init(
        findings: [Finding], level: ValidationLevel, notChecked: [Platform] = [],
        platforms: [PlatformEntry]
    ) {
        self.findings = findings
        self.level = level
        self.notChecked = notChecked
        self.platforms = platforms
    }

    /// A Boolean value that indicates whether the image passed validation.
    public var isAccepted: Bool { !findings.contains { $0.severity == .error } }
}

/// Runs every rule of a level on an image.
public struct Validator: Sendable {
    /// The version of the rules, which is increased when a rule is added or changes its result.
    ///
    /// A rejection that an earlier run recorded counts only for the same version.
    public static let rulesVersion = 1

    /// The rules about the metadata of an image, in the order in which they run.
    static let rules: [any Rule] = [
        PlatformCoverageRule(), ConfigPlatformRule(), LayerCountRule(), ForeignLayerRule(),
        ExceptionRule(),
    ]

    /// The rules about the layers of a platform, in the order in which they run.
    static let platformRules: [any PlatformRule] = [
        LayerIntegrityRule(), ProcessSettingsRule(), EntrypointRule(), LibraryRule(),
        UserlandRule(), RequiredPathsRule(),
    ]

    /// The budget of path lookups, over all validations.
    private let lookupBudget: LookupBudget

    /// Creates a validator with the default limit of path lookups.
    public init() { self.init(lookupBudget: LookupBudget()) }

    init(lookupBudget: LookupBudget) { self.lookupBudget = lookupBudget }

    /// Runs every rule of the required level.
    public func validate(_ image: LoadedImage, required: ImageRequirements) -> ValidationReport {
        var findings =
            required.isArtifact
            ? []
            : Self.rules.filter { $0.level <= required.level }.flatMap {
                $0.findings(about: image, required: required)
            }
        if required.level >= .content, !required.isArtifact {
            findings += contentFindings(about: image, required)
        }
        let unchecked = uncheckedPlatforms(image, findings, required)
        var seen: Set<Platform> = []
        let platforms = image.images.compactMap { candidate in
            candidate.platform.map {
                ValidationReport.PlatformEntry(platform: $0, descriptor: candidate.descriptor)
            }
        }
        return ValidationReport(
            findings: Self.sorted(findings),
            level: unchecked.isEmpty && !image.hasFailedScans
                ? required.level : min(required.level, .config),
            notChecked: image.hasFailedScans ? [] : unchecked,
            platforms: platforms.filter { seen.insert($0.platform).inserted }
                .sorted { $0.platform < $1.platform })
    }

    private static func sorted(_ findings: [Finding]) -> [Finding] {
        findings.enumerated().sorted { first, second in
            if first.element.severity != second.element.severity {
                return first.element.severity > second.element.severity
            }
            if first.element.platform != second.element.platform {
                guard let other = second.element.platform else { return false }
                return first.element.platform.map { $0 < other } ?? true
            }
            return first.offset < second.offset
        }.map(\.element)
    }

    /// Returns the findings about the layers of the required platforms.
    private func contentFindings(
        about image: LoadedImage, _ required: ImageRequirements
    ) -> [Finding] {
        func scanned(_ linkHandling: RootFileSystem.LinkHandling) -> [PlatformRootFS] {
            image.images(of: required).compactMap {
                PlatformRootFS($0, of: image, linkHandling: linkHandling, budget: lookupBudget)
            }
        }
        func findings(about platforms: [PlatformRootFS]) -> [Finding] {
            platforms.flatMap { platform in
                Self.platformRules.flatMap { $0.findings(about: platform, required: required) }
            }
        }
        let followed = scanned(.followed)
        var all = findings(about: followed)
        if let difference = UnpackingDifference(followed) {
            all = difference.merge(all, findings(about: scanned(.replaced)))
        }
        if lookupBudget.isExhausted {
            all.append(Finding(.notChecked, .warning, "path lookups exceed the step limit"))
        }
        return all
    }

    /// Returns the required platforms whose content could not be checked.
    private func uncheckedPlatforms(
        _ image: LoadedImage, _ findings: [Finding], _ required: ImageRequirements
    ) -> [Platform] {
        guard required.level >= .content, !required.isArtifact else { return [] }
        let unchecked = findings.filter { $0.id == .notChecked && $0.severity != .note }
        let platforms = image.images(of: required).compactMap(\.platform).filter { platform in
            lookupBudget.isExhausted
                || unchecked.contains { $0.platform?.matches(platform) == true }
        }
        return Set(platforms).sorted()
    }
}

/// A check of the metadata of an image: its index, manifests and configs.
protocol Rule: Sendable {
    /// The lowest validation level at which the rule runs.
    var level: ValidationLevel { get }

    /// Returns the findings of the rule about an image.
    func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding]
}

/// A check of the layers of one required platform, which runs at the level `content`.
protocol PlatformRule: Sendable {
    /// Returns the findings of the rule about the image of a platform.
    func findings(about scanned: PlatformRootFS, required: ImageRequirements) -> [Finding]
}
