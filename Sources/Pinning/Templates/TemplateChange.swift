// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A change of values that a template makes for everything that it evaluates afterwards, such as
/// `set .Values.worker.image "tag" .Values.image.tag`.
struct TemplateChange: Hashable, Sendable {
    /// The value that changes, with everything below it.
    let target: TemplateValue
    /// The value that it can have afterwards.
    let value: TemplateValue
    /// A Boolean value that indicates whether only what is empty changes.
    let isFallback: Bool
    /// The conditions under which the template makes the change.
    var conditions: [TemplateWord.Condition] = []

    /// Returns the change with other values.
    func mapped(_ transform: (TemplateValue) -> TemplateValue) -> TemplateChange {
        TemplateChange(
            target: transform(target), value: transform(value), isFallback: isFallback,
            conditions: conditions.compactMap { $0.mapped(transform) })
    }

    /// Returns a value after the change; `nil` if the change does not concern it.
    func applied(to value: TemplateValue) -> TemplateValue? {
        guard let order = value.order else {
            var result = value
            for path in value.paths {
                if let other = replacement(of: path) { result.formUnion(other) }
            }
            return result == value ? nil : result
        }
        var isChanged = false
        let result = order.reduce(TemplateValue()) { result, alternative in
            guard case .path(let path) = alternative, let other = replacement(of: path) else {
                return result.or(TemplateValue(alternative))
            }
            isChanged = true
            return isFallback ? result.or(TemplateValue(path: path)).or(other) : result.or(other)
        }
        return isChanged ? result : nil
    }

    /// Returns the value that one at a path can have after the change; `nil` if it does not change.
    func replacement(of path: TemplateValue.Path) -> TemplateValue? {
        guard !target.isCopy else { return nil }
        for target in target.paths
        where target.first == "Values" && target.count > 1 && Self.begins(path, with: target) {
            let replacement = value.appending(path.dropFirst(target.count))
            return replacement.isEmpty && !replacement.hasConstant ? nil : replacement
        }
        return nil
    }

    private static func begins(
        _ path: TemplateValue.Path, with steps: TemplateValue.Path
    ) -> Bool {
        path.count >= steps.count
            && zip(path, steps).allSatisfy {
                $0 == $1 || $0 == TemplateValue.anyStep || $1 == TemplateValue.anyStep
            }
    }
}

// MARK: Values that are templates

extension TemplateChange {
    /// The maximum nesting of values that are templates.
    private static let depthLimit = 32

    /// Returns the changes that `tpl` makes to values of a chart that are templates with tags: the value of
    /// `workerTag: "{{ .Values.image.tag }}"` is the tag of another value.
    static func all(inValues values: [UInt8]) -> [TemplateChange] {
        guard values.contains(UInt8(ascii: "{")),
            let stream = try? YAMLDocumentStream(parsing: values, limits: FileText.limits),
            let root = stream.documents.first?.root
        else { return [] }
        var changes: [TemplateChange] = []
        add(to: &changes, from: root, at: ["Values"])
        return changes
    }

    private static func add(
        to changes: inout [TemplateChange], from node: YAMLNode, at path: TemplateValue.Path
    ) {
        guard path.count < depthLimit else { return }
        switch node.kind {
        case .mapping(let entries, _):
            for entry in entries {
                add(to: &changes, from: entry.value, at: path + [Substring(entry.key.text ?? "")])
            }
        case .sequence(let items, _):
            for item in items {
                add(to: &changes, from: item, at: path + [TemplateValue.anyStep])
            }
        case .scalar(let text, _):
            guard text.contains("{{") else { return }
            let value = TemplateExpression(
                TemplateAction(evaluating: text), dot: .root, variables: [:]
            ).result
            let key = String(path.last ?? "")
            let isImage = ImageKeys.isVersion(key) || ImageText.isImageKey(key)
            guard value.hasTag || (isImage && !value.calls.isEmpty) else { return }
            changes.append(
                TemplateChange(target: TemplateValue(path: path), value: value, isFallback: false))
        case .alias: break
        }
    }
}

extension TemplateValue {
    /// A Boolean value that indicates whether the value can be a tag or a digest of the values.
    fileprivate var hasTag: Bool {
        paths.contains { path in
            path.first == "Values" && ImageKeys.isVersion(String(path.last ?? ""))
        }
    }
}
