// SPDX-License-Identifier: Apache-2.0

internal import Hashing
internal import OCI
internal import StrictJSON
public import Validation

/// The rejections that an earlier run recorded, so that an unchanged image is not read again.
///
/// An image is immutable, so the same requirements and rules lead to the same rejection. The images
/// are found by a key of everything that the rejection depends on.
public struct RecordedRejections: Sendable {
    private let findings: [String: [Finding]]

    /// Creates the rejections from the findings by key.
    ///
    /// Only errors are kept: other findings can change with the tag or with time.
    ///
    /// - Parameter findings: The findings of each rejection; rejections without an error are ignored.
    public init(_ findings: [String: [Finding]] = [:]) {
        self.findings = findings.mapValues { $0.filter { $0.severity == .error } }
            .filter { !$0.value.isEmpty }
    }

    /// Returns the findings of the recorded rejection of an image, or `nil` if there is none.
    func findings(of digest: Digest?, _ required: ImageRequirements) -> [Finding]? {
        guard !findings.isEmpty, let digest else { return nil }
        return findings[Self.key(of: digest, required)]
    }

    /// Returns the key of a rejection: the hash of the digest, the platforms, the level, the required
    /// paths, whether it is an artifact, the exception with its end, and the version of the rules.
    static func key(of digest: Digest, _ required: ImageRequirements) -> String {
        let exception: JSONValue =
            required.exception.map { exception in
                [
                    "platforms": .strings(exception.platforms.sorted()),
                    "until": .optional(exception.until),
                    "inForce": .bool(exception.isInForce),
                ]
            } ?? .null
        let value: JSONValue = [
            "rules": .integer(Validator.rulesVersion),
            "digest": .string(digest.description),
            "platforms": .strings(required.platforms.sorted()),
            "level": .string(required.level.rawValue),
            "paths": .strings(required.paths.sorted()),
            "artifact": .bool(required.isArtifact),
            "exception": exception,
        ]
        return Digest.of(Array(value.compactText.utf8)).description
    }
}
