// SPDX-License-Identifier: Apache-2.0

public import OCI

/// What an image has to be.
public struct ImageRequirements: Hashable, Sendable {
    /// A ruling that other platforms are required, with its reason.
    public struct Exception: Hashable, Sendable {
        /// Why, for every report; the configuration's own words.
        public var reason: String
        /// The last day on which it excuses, as reports show it; nil for ever.
        public var until: String?
        /// How many days are left before it stops excusing; negative once it has, nil for ever.
        public var daysLeft: Int?
        /// What is required instead.
        public var platforms: [Platform]

        /// Makes an exception.
        public init(
            platforms: [Platform], reason: String, until: String? = nil, daysLeft: Int?
        ) {
            self.platforms = platforms
            self.reason = reason
            self.until = until
            self.daysLeft = daysLeft
        }

        /// Whether it still excuses.
        public var isInForce: Bool { (daysLeft ?? 0) >= 0 }
    }

    /// The platforms that must be there.
    public var platforms: [Platform]
    /// How far each of them is to be proved.
    public var level: ValidationLevel
    /// Whether this is no container image, so that no platform is asked for.
    public var isArtifact: Bool
    /// Paths that must exist, and commands that must be found, on every required platform.
    public var paths: [String]
    /// What is excused.
    public var exception: Exception?

    /// Makes a requirement.
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

    /// The platforms that must be there, an exception in force considered.
    public var effectivePlatforms: [Platform] {
        guard let exception, exception.isInForce else { return platforms }
        return exception.platforms
    }
}
