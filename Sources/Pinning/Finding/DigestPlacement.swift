// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The table of fields that name an image but must not get its digest.
///
/// Their values are results of builds, keys, patterns or expectations that a tool compares. `pin`,
/// `lint` and `init` use the same rows. A rule or a directive with an id takes precedence.
struct DigestPlacement {
    /// A kind of file or resource, and the fields in it.
    struct Row: Sendable {
        /// The prefix of `apiVersion`; empty for all documents.
        var group = ""
        /// The values of `kind`; empty for all kinds of the group.
        var kinds: [String] = []
        /// The names of the files; empty for all files.
        var files: [Glob] = []
        /// The keys of which the root has one; empty for all documents.
        var rootKeys: [String] = []
        /// The fields, as ends of paths in lowercase; empty for the whole document.
        var fields: [Field] = []
        /// The key that the mapping with the field has; `nil` for all mappings.
        var beside: String?
        /// A key of the document whose value is pulled nevertheless.
        var pulled: String?
        let reason: String
    }

    /// The end of a path: steps in lowercase, with `*` as in ``Glob``.
    struct Field: Sendable {
        fileprivate let steps: [Substring]

        init(_ steps: String...) { self.steps = steps.map { Substring($0) } }

        /// Returns a Boolean value that indicates whether a path ends with the steps.
        fileprivate func matches(_ path: [Substring]) -> Bool {
            // The steps before the field are arbitrary.
            WildcardMatch.matches(
                ["**"] + steps, path, isDeep: { $0 == "**" }, matches: Glob.matchesName)
        }
    }

    private let rows: [Row]
    private let testTool: String?

    /// Creates the table without rows.
    init() {
        rows = []
        testTool = nil
    }

    /// Creates the part of the table that applies to a document.
    ///
    /// - Parameters:
    ///   - root: The value of the document.
    ///   - resource: The type of the document.
    ///   - file: The path of the file.
    ///   - testTool: The tool whose test data the file is; `nil` for other files.
    ///   - outer: The table of the document with the text that contains this one.
    init(
        _ root: YAMLNode, _ resource: ResourceType, file: String, testTool: String?,
        in outer: DigestPlacement
    ) {
        self.testTool = testTool
        let keys = Set((root.entries ?? []).compactMap(\.key.text))
        let specific = outer.rows.filter { !$0.group.isEmpty || !$0.rootKeys.isEmpty }
        rows =
            specific
            + Self.table.filter { row in
                resource.apiVersion.hasPrefix(row.group)
                    && (row.kinds.isEmpty || row.kinds.contains(resource.kind ?? ""))
                    && (row.rootKeys.isEmpty || row.rootKeys.contains(where: keys.contains))
                    && (row.files.isEmpty || row.files.contains { $0.matches(file) })
            }
    }

    /// Returns the reason for which an image at the path gets no digest.
    ///
    /// - Parameters:
    ///   - path: The path of the image.
    ///   - mapping: The mapping around it.
    /// - Returns: The reason; `nil` if the image can have a digest.
    func reason(at path: SitePath, in mapping: MergedMapping?) -> String? {
        if let testTool { return "the file is test data of \(testTool)" }
        guard !rows.isEmpty else { return nil }
        let steps = path.steps.map { Substring($0.lowercased()) }
        return rows.first { row in
            (row.pulled == nil || path.key != row.pulled)
                && (row.fields.isEmpty || row.fields.contains { $0.matches(steps) })
                && (row.beside.map { mapping?[$0] != nil } ?? true)
        }?.reason
    }

    /// Returns the reason for which the value of a command line option gets no digest.
    ///
    /// - Parameter option: The option with its dashes, without a value.
    /// - Returns: The reason; `nil` if the value can have a digest.
    static func reason(forOption option: some StringProtocol) -> String? {
        outputOptions.contains(option.lowercased()) ? "the option names the image to push" : nil
    }

    /// Source: the reference documentation of kaniko, Docker, Buildah, BuildKit, ko and pack.
    private static let outputOptions: Set<String> = [
        "--destination", "--dest", "-d", "--tag", "--tags", "-t", "--cache-repo", "--cache-to",
        "--cache-from", "--output", "--output-image", "--target-image", "--push-image", "--publish",
    ]
}
