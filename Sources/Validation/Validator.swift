// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The answer to whether an image is what it has to be.
public struct ValidationReport: Hashable, Sendable {
    /// What was found, the gravest first.
    public let findings: [Finding]
    /// The level that was asked for and reached: where a scan was lost, `config` and no more, so that
    /// a later run tries again.
    public let level: ValidationLevel
    /// The runnable images by platform, sorted by platform; the first of equals counts.
    public let platforms: [PlatformEntry]

    /// One runnable image of the index.
    public struct PlatformEntry: Hashable, Sendable {
        /// The platform.
        public let platform: Platform
        /// What names its manifest.
        public let descriptor: Descriptor

        /// Makes an entry.
        public init(platform: Platform, descriptor: Descriptor) {
            self.platform = platform
            self.descriptor = descriptor
        }
    }

    /// Makes a report.
    public init(findings: [Finding], level: ValidationLevel, platforms: [PlatformEntry]) {
        self.findings = findings
        self.level = level
        self.platforms = platforms
    }

    /// Whether nothing speaks against the image.
    public var isAccepted: Bool { !findings.contains { $0.severity == .error } }
}

/// Asks every rule of a level about an image.
public struct Validator: Sendable {
    /// The rules, in the order in which they are asked.
    public static let rules: [any Rule] = [
        PlatformCoverageRule(), ConfigPlatformRule(), LayerCountRule(), ForeignLayerRule(),
        ExceptionRule(), LayerIntegrityRule(), EntrypointRule(), UserlandRule(),
        RequiredPathsRule(),
    ]

    /// Makes a validator.
    public init() {}

    /// Asks every rule of the required level.
    public func validate(_ image: LoadedImage, required: ImageRequirements) -> ValidationReport {
        var findings: [Finding] = []
        if !required.isArtifact {
            for rule in Self.rules where rule.level <= required.level {
                findings += rule.findings(about: image, required: required)
            }
        }
        if image.lookupBudget.isUsedUp {
            findings.append(
                Finding(
                    .notChecked, .warning,
                    "looking up the files that the image needs takes too many steps"))
        }
        var seen: Set<Platform> = []
        let platforms = image.images.compactMap { candidate in
            candidate.platform.map {
                ValidationReport.PlatformEntry(platform: $0, descriptor: candidate.descriptor)
            }
        }
        return ValidationReport(
            findings: findings.sorted { $0.severity > $1.severity },
            level: image.hasLostScans ? min(required.level, .config) : required.level,
            platforms: platforms.filter { seen.insert($0.platform).inserted }
                .sorted { $0.platform < $1.platform })
    }
}
