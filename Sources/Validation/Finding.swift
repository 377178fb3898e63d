// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A result of a validation rule.
///
/// An invalid image is a result, never a thrown error.
public struct Finding: Hashable, Sendable {
    /// The stable id of a finding; each has a section in `Documentation/findings.md`.
    public enum ID: String, Sendable, CaseIterable {
        /// A required platform has no image.
        case platformMissing = "platform-missing"
        /// The image is a single manifest, but several platforms are required.
        case notAnIndex = "not-an-index"
        /// The config of an image states another platform than its index entry.
        case configMismatch = "config-mismatch"
        /// The diff IDs in the config of an image do not match its layers.
        case diffIDMismatch = "diffid-mismatch"
        /// A layer that runtimes cannot unpack.
        case layerBroken = "layer-broken"
        /// A program that has to run is for another CPU architecture.
        case contentMismatch = "content-mismatch"
        /// The entrypoint, or a file that it requires, does not exist in the image.
        case entrypointMissing = "entrypoint-missing"
        /// A path or command that the configuration requires does not exist in the image.
        case pathMissing = "path-missing"
        /// Some programs are for other CPU architectures, and none of them has to run.
        case foreignExecutables = "foreign-executables"
        /// Two images of one index have the same platform.
        case platformTwice = "platform-twice"
        /// A layer whose license may prohibit its distribution.
        case foreignLayer = "foreign-layer"
        /// An exception has expired, or will soon.
        case exceptionExpired = "exception-expired"
        /// An exception is in force.
        case exceptionUsed = "exception-used"
        /// A version tag has changed.
        case tagMoved = "tag-moved"
        /// A policy of the target permits no one to pull the image.
        case targetBlocksPulls = "target-blocks-pulls"
        /// A required platform could not be validated completely.
        case notChecked = "not-checked"
        /// A registry rejected a credential; the finding belongs to a run, not to an image.
        case credentialsRejected = "credentials-rejected"
    }

    /// The severity of a finding.
    public enum Severity: String, Sendable, Comparable, CaseIterable {
        case note
        case warning
        /// The image is rejected.
        case error

        /// Orders severities from note to error.
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

    /// The confidence of a finding.
    public enum Certainty: String, Sendable, CaseIterable {
        /// The finding follows from the image alone. Only such a finding can reject an image.
        case certain
        /// The finding depends on something that validation cannot decide, such as a condition in
        /// a script.
        case likely
        /// Something could not be examined, so that it may be right or wrong.
        case notChecked = "not-checked"
    }

    /// A layer of an image.
    public struct Layer: Hashable, Sendable, CustomStringConvertible {
        /// The position in the manifest, from 1.
        public let position: Int
        /// The number of layers in the manifest.
        public let count: Int
        /// The digest of the layer.
        public let digest: Digest
        /// The command that created the layer, as the config states it: shortened, and escaped for
        /// display.
        public let createdBy: String?

        /// Creates a layer.
        public init(position: Int, count: Int, digest: Digest, createdBy: String?) {
            self.position = position
            self.count = count
            self.digest = digest
            self.createdBy = createdBy
        }

        /// The position and the command, such as `layer 3 of 5: COPY app /`.
        public var description: String {
            "layer \(position) of \(count)" + (createdBy.map { ": \($0)" } ?? "")
        }
    }

    /// The id of the finding.
    public let id: ID
    /// The severity.
    public let severity: Severity
    /// The certainty; an error is always certain.
    public let certainty: Certainty
    /// The platform, if the finding is about one.
    public let platform: Platform?
    /// The layer that added the file that the finding is about, if it is known.
    public let layer: Layer?
    /// The message without the layer.
    private let text: String
    /// The message, with the layer at its end: one line, escaped for display.
    public var message: String { text + (layer.map { "; \($0)" } ?? "") }

    /// Creates a finding that is certain or, with the id `not-checked`, about something that was
    /// not checked.
    public init(
        _ id: ID, _ severity: Severity, platform: Platform? = nil, layer: Layer? = nil,
        _ message: String
    ) {
        self.init(
            id, severity, certainty: id == .notChecked ? .notChecked : .certain, platform: platform,
            layer: layer, message: message)
    }

    /// Creates a warning about a likely problem.
    public init(
        likely id: ID, platform: Platform? = nil, layer: Layer? = nil, _ message: String
    ) {
        self.init(
            id, .warning, certainty: .likely, platform: platform, layer: layer, message: message)
    }

    private init(
        _ id: ID, _ severity: Severity, certainty: Certainty, platform: Platform?,
        layer: Layer?, message: String
    ) {
        self.id = id
        self.severity = severity
        self.certainty = certainty
        self.platform = platform
        self.layer = layer
        self.text = message
    }

    /// Returns the finding as one that depends on a condition: an error becomes a likely problem.
    ///
    /// - Parameter condition: The condition, which follows the message.
    /// - Returns: The finding, with the severity `warning` if it was an error.
    func likely(if condition: String) -> Finding {
        let isLikely = severity == .error || certainty == .likely
        return Finding(
            id, isLikely ? .warning : severity, certainty: isLikely ? .likely : certainty,
            platform: platform, layer: layer, message: "\(text) (\(condition))")
    }
}
