// SPDX-License-Identifier: Apache-2.0

public import YAML

/// Something about a pin that a person or a gate should know.
public struct LintFinding: Hashable, Sendable {
    /// What kind of thing.
    public let code: LintCode
    /// What it means for the verdict.
    public let severity: LintSeverity
    /// Where in the file.
    public let mark: YAMLMark
    /// Where in the document.
    public let path: SitePath
    /// What is wrong, which image, and what to do.
    public let message: String
}

/// What the linter says of a file.
public struct LintedFile: Hashable, Sendable {
    /// The path as it was given.
    public let path: String
    /// The findings, in the order of the file.
    public var findings: [LintFinding] = []
    /// How many images were looked at.
    public var siteCount = 0
    /// Why the file could not be read.
    public var refusal: YAMLError?

    /// Creates the record of a file without findings.
    ///
    /// - Parameters:
    ///   - path: the path as it was given.
    ///   - refusal: the reason for which the file could not be read.
    public init(path: String, refusal: YAMLError? = nil) {
        self.path = path
        self.refusal = refusal
    }
}
