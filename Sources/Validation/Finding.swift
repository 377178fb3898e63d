// SPDX-License-Identifier: Apache-2.0

public import OCI

/// Something that a rule found out about an image; a bad image is an answer, never an error.
public struct Finding: Hashable, Sendable {
    /// The stable name of what was found; each has a section in `Documentation/findings.md`.
    public enum ID: String, Sendable, CaseIterable {
        /// A required platform has no image.
        case platformMissing = "platform-missing"
        /// There is one image where an index of several was required.
        case notAnIndex = "not-an-index"
        /// An image's configuration says another platform than its index.
        case configMismatch = "config-mismatch"
        /// An image's configuration counts other layers than its manifest, or other contents.
        case diffIDMismatch = "diffid-mismatch"
        /// A layer is not what runtimes could unpack.
        case layerBroken = "layer-broken"
        /// What would run is a program for another machine.
        case contentMismatch = "content-mismatch"
        /// What would be started, or what that needs, is not in the image.
        case entrypointMissing = "entrypoint-missing"
        /// A path or a command that the configuration requires is not in the image.
        case pathMissing = "path-missing"
        /// Some programs of the image are for other machines, and none of them has to run.
        case foreignExecutables = "foreign-executables"
        /// Two images of one index are for the same platform.
        case platformTwice = "platform-twice"
        /// A layer may be kept out of registries by its licence.
        case foreignLayer = "foreign-layer"
        /// An exception has ended, or will soon.
        case exceptionExpired = "exception-expired"
        /// An exception excused something.
        case exceptionUsed = "exception-used"
        /// A tag that names a version stands for other bytes than before.
        case tagMoved = "tag-moved"
        /// A required platform could not be judged.
        case notChecked = "not-checked"
        /// A registry rejected a credential; it belongs to a run, not to one image.
        case credentialsRejected = "credentials-rejected"
    }

    /// How much a finding matters.
    public enum Severity: String, Sendable, Comparable, CaseIterable {
        case note
        case warning
        /// The image is refused.
        case error

        /// Orders by how much it matters.
        public static func < (first: Severity, second: Severity) -> Bool {
            first.rank < second.rank
        }

        private var rank: Int {
            switch self {
            case .note: 0
            case .warning: 1
            case .error: 2
            }
        }
    }

    /// What was found.
    public let id: ID
    /// How much it matters.
    public let severity: Severity
    /// The platform concerned, where it is one.
    public let platform: Platform?
    /// What was found, in one line that is safe to show.
    public let message: String

    /// Makes a finding.
    public init(_ id: ID, _ severity: Severity, platform: Platform? = nil, _ message: String) {
        self.id = id
        self.severity = severity
        self.platform = platform
        self.message = message
    }
}
