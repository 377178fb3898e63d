// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import TextSafety
internal import YAML

extension ConfigurationReader {
    /// The parts of a `source` reference.
    struct SourceText {
        let source: ImageEntry.Source
        let tag: Tag?
        let digest: Digest?
    }

    mutating func source(_ text: String, at node: YAMLNode) -> SourceText? {
        do throws(ParseError) {
            if text.hasPrefix(LayoutReference.scheme) {
                return layout(try LayoutReference(parsing: text))
            }
            let reference = try Reference(parsing: Self.tagText(of: text))
            return SourceText(
                source: .repository(reference.repository), tag: reference.tag,
                digest: reference.digest)
        } catch {
            self.error(node, "source: \(error)")
            return nil
        }
    }

    /// Returns a reference with `_` for the `+` of a version in its tag.
    ///
    /// Source: Helm stores the chart version `1.2.4+build.1` under the tag `1.2.4_build.1`.
    private static func tagText(of text: String) -> String {
        guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("/") else {
            return text
        }
        return String(text[..<colon]) + text[colon...].replacing("+", with: "_")
    }

    private func layout(_ reference: LayoutReference) -> SourceText {
        let path = ConfigurationPath.absolute(reference.directory, in: loader.baseDirectory)
        return SourceText(
            source: .layout(directory: path, written: reference.directory), tag: reference.tag,
            digest: reference.digest)
    }

    /// Returns the list or pattern of `tags`, or `nil` if the key is absent or invalid.
    mutating func tags(of fields: Fields) -> ImageEntry.Selection? {
        guard let node = fields["tags"] else { return nil }
        if node.entries != nil { return pattern(node).map { .pattern($0) } }
        guard node.items != nil else {
            mismatch(
                node, "tags", expected: "a list of tags, or a mapping with semver or regex",
                hint: node.text?.isEmpty == false ? "use a list: tags: […]" : nil)
            return nil
        }
        var tags: [Tag] = []
        for item in list("tags", of: fields, "tags") ?? [] {
            guard let text = sourceText(item, "tags") else { continue }
            do throws(ParseError) {
                tags.append(try Tag(parsing: text.replacing("+", with: "_")))
            } catch {
                self.error(item, "tags: \(error)")
            }
        }
        return tags.isEmpty ? nil : .list(tags)
    }

    private mutating func pattern(_ node: YAMLNode) -> TagPattern? {
        guard let fields = fields(of: node, "tags", known: ConfigurationKeys.tags) else {
            return nil
        }
        var pattern = TagPattern()
        pattern.latest = integer("latest", of: fields, in: 1...Int.max)
        if let node = fields["semver"], let text = sourceText(node, "semver") {
            do throws(ParseError) {
                pattern.versions = try VersionRange(parsing: text)
            } catch {
                self.error(node, "semver: \(error)")
            }
        }
        if let node = fields["regex"], let text = string(node, "regex") {
            pattern.regex = text
            do throws(ParseError) {
                _ = try TagExpression(parsing: text)
            } catch {
                self.error(
                    node,
                    "regex: invalid regular expression \(report.quote(node) ?? "***"): \(error.reason)"
                )
            }
        }
        if fields.isMissing("semver"), fields.isMissing("regex"), !fields.hasUnknown {
            error(node, "tags: missing key 'semver' or 'regex'")
        }
        if fields["semver"] != nil, let regex = fields["regex"] {
            error(
                regex, "tags: semver and regex are mutually exclusive", hint: "remove one of them")
        }
        return pattern
    }

    /// Returns the selection of the source reference or of `tags`, which exclude each other.
    mutating func selection(
        _ source: SourceText, tags: ImageEntry.Selection?, at sourceNode: YAMLNode,
        _ fields: Fields
    ) -> ImageEntry.Selection? {
        let isNamed = source.tag != nil || source.digest != nil
        guard let node = fields["tags"] else {
            if isNamed { return .one(tag: source.tag, digest: source.digest) }
            guard fields.isMissing("tags") else { return nil }
            error(
                sourceNode,
                "source: \(report.quote(sourceNode) ?? "the value") has no tag or digest, and 'latest' is "
                    + "not assumed",
                hint: "add a tag, or select tags with 'tags'")
            return nil
        }
        if isNamed {
            error(
                node, "tags: the source already has \(source.tag == nil ? "a digest" : "a tag")",
                hint: "remove one of them")
            return nil
        }
        return tags
    }

    /// Reports floating tags, which require `floating: true`.
    mutating func rejectFloatingTags(
        _ selection: ImageEntry.Selection, at sourceNode: YAMLNode, _ fields: Fields
    ) {
        let hint = "use a version tag, or set floating: true"
        switch selection {
        case .one(let tag?, _) where tag.isFloating:
            error(sourceNode, "source: '\(tag)' is a floating tag", hint: hint)
        case .list:
            for item in fields["tags"]?.items ?? [] {
                guard let text = item.text, let tag = try? Tag(parsing: text), tag.isFloating
                else { continue }
                error(item, "tags: '\(tag)' is a floating tag", hint: hint)
            }
        case .one, .pattern:
            break
        }
    }
}
