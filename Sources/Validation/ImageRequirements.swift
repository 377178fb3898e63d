// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The requirements that an image is validated against.
public struct ImageRequirements: Hashable, Sendable {
    /// An exception that reduces the required platforms, with a reason.
    public struct Exception: Hashable, Sendable {
        /// The reason from mirror.yaml, shown in every report.
        public var reason: String
        /// The last day on which the exception is in force, as reports show it; `nil` if it has no
        /// end.
        public var until: String?
        /// The number of days until the exception ends; negative if it has expired, `nil` if it has
        /// no end.
        public var daysLeft: Int?
        /// The platforms that are required instead.
        public var platforms: [Platform]

        /// Creates an exception.
        public init(
            platforms: [Platform], reason: String, until: String? = nil, daysLeft: Int?
        ) {
            self.platforms = platforms
            self.reason = reason
            self.until = until
            self.daysLeft = daysLeft
        }

        /// A Boolean value that indicates whether the exception is in force.
        public var isInForce: Bool { (daysLeft ?? 0) >= 0 }
    }

    /// The required platforms, without regard to the exception.
    public var platforms: [Platform]
    /// The validation level.
    public var level: ValidationLevel
    /// A Boolean value that indicates whether the entry is an artifact, for which no rule runs.
    public var isArtifact: Bool
    /// Paths and commands that must exist on every required platform.
    public var paths: [String]
    /// The exception, if there is one.
    public var exception: Exception?

    /// Creates requirements.
    public init(
        platforms: [Platform], level: ValidationLevel, isArtifact: Bool = false,
        paths: [String] = [],
        exception: Exception? = nil
    ) {
        self.platforms = platforms
        self.level = level
        self.isArtifact = isArtifact
        self.paths = paths
        self.exception = exception
    }

    /// The required platforms, with regard to the exception.
    public var effectivePlatforms: [Platform] {
        guard let exception, exception.isInForce else { return platforms }
        return exception.platforms
    }
}
