// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The type of the resource that a document describes.
///
/// Some types name images without pulling them: their values are keys or patterns that a tool
/// compares, so neither a digest nor another repository belongs there.
struct ResourceType {
    private struct Row {
        /// The prefix of `apiVersion`.
        let group: String
        let reason: String
        /// The only list or mapping that contains such names; `nil` for the whole document.
        var below: String?
        /// A key whose images are pulled nevertheless.
        var pulled: String?
    }

    private static let policy = "an admission policy compares it with other images"

    /// Source: the resources' own reference documentation.
    private static let rows = [
        Row(group: "image.toolkit.fluxcd.io/", reason: "Flux lists the tags of this repository"),
        Row(group: "kyverno.io/", reason: policy),
        Row(group: "policies.kyverno.io/", reason: policy),
        Row(group: "policy.sigstore.dev/", reason: policy),
        Row(group: "constraints.gatekeeper.sh/", reason: policy),
        Row(group: "mutations.gatekeeper.sh/", reason: policy),
        Row(group: "policies.kubewarden.io/", reason: policy),
        Row(
            group: "skaffold/", reason: "skaffold builds the image and finds it by this name",
            below: "artifacts"),
        Row(
            group: "kbld.k14s.io/", reason: "kbld finds images by this name", pulled: "newImage"),
        Row(group: "imgpkg.carvel.dev/", reason: "imgpkg has its own lock file"),
    ]

    /// The text of `apiVersion`; empty if there is none.
    private(set) var apiVersion = ""
    /// The text of `kind`; `nil` if there is none.
    private(set) var kind: String?
    /// The range of the value of `spec`, in bytes.
    private(set) var spec: Range<Int>?
    private var row: Row?

    /// Creates the type of a document that describes no resource.
    init() {}

    /// Creates the type of a document from its root.
    init(_ root: YAMLNode) {
        apiVersion = root["apiVersion"]?.text ?? ""
        kind = root["kind"]?.text
        spec = root["spec"]?.range
        guard !apiVersion.isEmpty else { return }
        row = Self.rows.first { apiVersion.hasPrefix($0.group) }
    }

    /// Returns the reason for which an image at the path is not pulled; `nil` if it can be.
    func reasonNotPulled(at path: SitePath) -> String? {
        guard let row, path.key == nil || path.key != row.pulled else { return nil }
        guard let below = row.below else { return row.reason }
        return path.reversedSteps.contains(below) ? row.reason : nil
    }
}

extension ImageText {
    /// Returns a Boolean value that indicates whether the values of a key such as `exemptImages` or
    /// `matchImages` are patterns that a tool compares with other images.
    static func isPatternKey(_ key: String) -> Bool {
        let key = key.lowercased()
        return ["match", "exempt", "exclude", "ignore", "allow", "deny", "block"]
            .contains { key.hasPrefix($0) }
    }
}
