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
        /// A Boolean value that indicates whether the values of these keys are texts.
        var isRootText = false
        /// The fields, as ends of paths in lowercase; empty for the whole document.
        var fields: [Field] = []
        /// A Boolean value that indicates whether the fields are texts, which can be YAML, and not
        /// mappings with the parts of an image.
        var isText = false
        /// The names of files to which the row does not apply.
        var exceptFiles: [Glob] = []
        /// The key that the mapping with the field has; `nil` for all mappings.
        var beside: String?
        /// The text of that key; `nil` for any value.
        var besideText: String?
        /// The key that the mapping around that mapping has; `nil` for all mappings.
        var below: String?
        /// The beginning of that key's text; `nil` for any value.
        var belowText: String?
        /// A key of the document whose value is pulled nevertheless.
        var pulled: String?
        /// A Boolean value that indicates whether the fields can also be those of images to pull.
        var isDoubtful = false
        let reason: String
    }

    /// The end of a path: steps in lowercase, in which `*` matches any text, `^` any text that begins
    /// with a new word, and `**` any number of steps.
    ///
    /// Steps are bytes, because every image of a file is compared with every field.
    struct Field: Sendable {
        private enum Step: Sendable {
            case deep
            case exact([UInt8])
            case wildcard([UInt8])
            /// The first word of a name, and the end of the name.
            case words([UInt8], [UInt8])

            var isDeep: Bool { if case .deep = self { true } else { false } }

            func matches(_ name: Name) -> Bool {
                switch self {
                case .deep: true
                case .exact(let step): step == name.lowercase
                case .wildcard(let step):
                    WildcardMatch.matches(
                        step, name.lowercase, isDeep: { $0 == UInt8(ascii: "*") }, matches: ==)
                case .words(let first, let end):
                    name.lowercase.count >= first.count + end.count
                        && name.lowercase.starts(with: first)
                        && name.lowercase.suffix(end.count) == end[...]
                        && (name.lowercase.count == first.count + end.count
                            || name.beginsWord(at: first.count))
                }
            }
        }

        /// A step of the path of an image.
        struct Name {
            private let text: [UInt8]
            let lowercase: [UInt8]

            init(_ step: String) {
                text = Array(step.utf8)
                lowercase = text.map { Self.isUppercase($0) ? $0 | 0x20 : $0 }
            }

            /// Returns a Boolean value that indicates whether a word begins at an offset in the name:
            /// `skip|Images`, `skip|_images`.
            func beginsWord(at offset: Int) -> Bool {
                let byte = text[offset]
                guard Self.isUppercase(byte) else { return !(0x61...0x7A).contains(byte) }
                return !Self.isUppercase(text[offset - 1])
            }

            private static func isUppercase(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
        }

        /// The steps, after a wildcard for the arbitrary steps before them.
        private let steps: [Step]

        init(_ steps: String...) {
            self.steps = [.deep] + steps.map(Self.step)
        }

        /// Creates a path from the root of a document.
        init(root steps: String...) {
            self.steps = steps.map(Self.step)
        }

        private static func step(_ text: String) -> Step {
            if text == "**" { return .deep }
            let bytes = Array(text.utf8)
            if let mark = bytes.firstIndex(of: UInt8(ascii: "^")) {
                return .words(Array(bytes[..<mark]), Array(bytes[(mark + 1)...]))
            }
            return text.contains("*") ? .wildcard(bytes) : .exact(bytes)
        }

        /// Returns a Boolean value that indicates whether a path ends with the steps.
        fileprivate func matches(_ path: [Name]) -> Bool {
            // The last step decides for most fields.
            guard let last = path.last, let step = steps.last, step.matches(last) else {
                return false
            }
            return WildcardMatch.matches(
                steps, path, isDeep: \.isDeep, matches: { $0.matches($1) })
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
        let entries = root.entries ?? []
        let keys = Set(entries.compactMap(\.key.text))
        let texts = Set(entries.filter { $0.value.text != nil }.compactMap(\.key.text))
        let specific = outer.rows.filter { !$0.group.isEmpty || !$0.rootKeys.isEmpty }
        rows =
            specific
            + Self.table.filter { row in
                resource.apiVersion.hasPrefix(row.group)
                    && (row.kinds.isEmpty || row.kinds.contains(resource.kind ?? ""))
                    && (row.rootKeys.isEmpty
                        || row.rootKeys.contains(where: (row.isRootText ? texts : keys).contains))
                    && (row.files.isEmpty || row.files.contains { $0.matches(file) })
                    && !row.exceptFiles.contains { $0.matches(file) }
            } + (resource.isCloudBuild ? [Self.pushedSubstitutions(in: root)] : [])
    }

    /// Returns the reason for which an image at the path gets no digest.
    ///
    /// - Parameters:
    ///   - path: The path of the image.
    ///   - mapping: The mapping around it.
    ///   - outer: The mapping around that mapping.
    ///   - isText: A Boolean value that indicates whether the value at the path is a text.
    /// - Returns: The reason; `nil` if the image can have a digest.
    func reason(
        at path: SitePath, in mapping: @autoclosure () -> MergedMapping?,
        below outer: @autoclosure () -> MergedMapping? = nil, isText: Bool
    ) -> String? {
        if let testTool { return "the file is test data of \(testTool)" }
        return row(at: path, in: mapping(), below: outer(), isText: isText, isDoubtful: false)?
            .reason
    }

    /// Returns the reason for which an image at the path may be one that gets no digest; `nil` if there is
    /// none.
    func uncertainty(
        at path: SitePath, in mapping: @autoclosure () -> MergedMapping?,
        below outer: @autoclosure () -> MergedMapping? = nil, isText: Bool
    ) -> String? {
        row(at: path, in: mapping(), below: outer(), isText: isText, isDoubtful: true)?.reason
    }

    private func row(
        at path: SitePath, in mapping: @autoclosure () -> MergedMapping?,
        below outer: @autoclosure () -> MergedMapping?, isText: Bool, isDoubtful: Bool
    ) -> Row? {
        guard rows.contains(where: { $0.isDoubtful == isDoubtful }) else { return nil }
        let steps = path.steps.map(Field.Name.init)
        return rows.first { row in
            row.isDoubtful == isDoubtful && (isText || !row.isText)
                && (row.pulled == nil || path.key != row.pulled)
                && (row.fields.isEmpty || row.fields.contains { $0.matches(steps) })
                && Self.has(row.beside, in: mapping()) { text in
                    row.besideText.map { $0 == text } ?? true
                }
                && Self.has(row.below, in: outer()) { text in
                    row.belowText.map { text?.hasPrefix($0) ?? false } ?? true
                }
        }
    }

    /// Returns a Boolean value that indicates whether a mapping has a key with a permitted text.
    private static func has(
        _ key: String?, in mapping: @autoclosure () -> MergedMapping?,
        permits: (_ text: String?) -> Bool
    ) -> Bool {
        guard let key else { return true }
        guard let value = mapping()?[key], !value.isNull else { return false }
        return permits(value.text)
    }

    /// Returns the reason for which the images of a text that is YAML itself get no digest.
    func reason(forTextAt path: SitePath) -> String? {
        let steps = path.steps.map(Field.Name.init)
        return rows.first { row in row.isText && row.fields.contains { $0.matches(steps) } }?
            .reason
    }

    /// Returns a Boolean value that indicates whether the image of an annotation is pulled: the controller
    /// that the annotation is for adds a container with it.
    static func isPulled(annotation key: String) -> Bool {
        pulledAnnotations.contains { key.hasPrefix($0) }
    }

    /// Source: the documentation of Istio, Vault, Linkerd, Consul, Dapr, OpenTelemetry, Kuma, Jaeger and
    /// Datadog; kustomize, `config.kubernetes.io/function`.
    private static let pulledAnnotations = [
        "sidecar.istio.io/", "proxy.istio.io/", "inject.istio.io/", "vault.hashicorp.com/",
        "config.linkerd.io/", "consul.hashicorp.com/", "dapr.io/",
        "instrumentation.opentelemetry.io/", "sidecar.opentelemetry.io/", "kuma.io/",
        "sidecar.jaegertracing.io/", "admission.datadoghq.com/", "config.kubernetes.io/function",
    ]

    /// Returns the reason for which the value of a command line option gets no digest.
    ///
    /// - Parameters:
    ///   - option: The option with its dashes, without a value.
    ///   - isBuild: A Boolean value that indicates whether the command builds an image; `docker run`
    ///     has options of the same names.
    /// - Returns: The reason; `nil` if the value can have a digest.
    static func reason(
        forOption option: some StringProtocol, isBuild: Bool = false
    ) -> String? {
        let isOutput =
            outputOptions.contains(option.lowercased())
            || (isBuild && (option == "-t" || option == "-d"))
        return isOutput ? "the option names the image to push" : nil
    }

    /// Source: the reference documentation of kaniko, Docker, Buildah, BuildKit, ko and pack.
    private static let outputOptions: Set<String> = [
        "--destination", "--dest", "--tag", "--tags", "--cache-repo", "--cache-to",
        "--cache-from", "--output", "--output-image", "--target-image", "--push-image", "--publish",
    ]
}
