// SPDX-License-Identifier: Apache-2.0

public import YAML

/// A finding about a pin.
public struct LintFinding: Hashable, Sendable {
    /// The kind of finding.
    public let code: LintCode
    /// The severity of the finding.
    public let severity: LintSeverity
    /// The position in the file.
    public let mark: YAMLMark
    /// The path in the document.
    public let path: SitePath
    /// The problem, the image, and the correction.
    public let message: String
}

/// The lint results for a file.
public struct LintedFile: Hashable, Sendable {
    /// The path of the file, as given.
    public let path: String
    /// The findings, in the order of the file.
    public var findings: [LintFinding] = []
    /// The number of images in the file.
    public var siteCount = 0
    /// The error for which the file could not be read.
    public var error: YAMLError?

    /// Creates the result for a file without findings.
    ///
    /// - Parameters:
    ///   - path: The path of the file, as given.
    ///   - error: The error for which the file could not be read.
    public init(path: String, error: YAMLError? = nil) {
        self.path = path
        self.error = error
    }
}
