// SPDX-License-Identifier: Apache-2.0

/// The data about a file that other files provide.
public struct FileContext: Sendable {
    /// The values that templates of the file's chart use as labels or versions.
    public var reuse: TagReuse
    /// The files below an overlay; `nil` if repositories are not looked up in other files.
    public var files: RepositoryFiles?
    /// The tool whose test data the file is; `nil` for other files.
    public var testTool: String?
    /// The `appVersion` of the chart whose default values the file has; `nil` for other files.
    public var appVersion: String?
    /// A Boolean value that indicates whether the file is a template of a chart.
    ///
    /// Only the images matter that it names itself.
    public var isChartTemplate = false

    /// Creates the context of a file.
    public init(
        reuse: TagReuse = TagReuse(), files: RepositoryFiles? = nil, testTool: String? = nil,
        appVersion: String? = nil, isChartTemplate: Bool = false
    ) {
        self.isChartTemplate = isChartTemplate
        self.reuse = reuse
        self.files = files
        self.testTool = testTool
        self.appVersion = appVersion
    }

    /// Returns the tool whose test data a directory has.
    ///
    /// - Parameter names: The names of the files in the directory.
    /// - Returns: The tool; `nil` for a directory without test data.
    ///
    /// Source: the documentation of Kyverno, chainsaw and kuttl.
    public static func testTool(amongFiles names: [String]) -> String? {
        for (tool, marker) in [("kyverno", "kyverno-test"), ("chainsaw", "chainsaw-test")]
        where names.contains("\(marker).yaml") || names.contains("\(marker).yml") {
            return tool
        }
        let isStep = names.contains { name in
            name.prefix { $0.isNumber }.count > 0
                && (name.hasSuffix("-assert.yaml") || name.hasSuffix("-errors.yaml"))
        }
        return isStep ? "kuttl" : nil
    }
}
